//! Other tools' names: under them the binary takes their flags and ends with their exit codes. One folder each.

pub(crate) mod falco;

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs another tool's command line, when the binary was called by its name or that is the first word.
pub(crate) fn run(words: &[OsString]) -> Option<ExitCode> {
    let called = |word: &OsString| std::path::Path::new(word).file_stem().map(|name| name.to_owned());
    let (first, rest) = words.split_first()?;
    if called(first)? == "falco" {
        return Some(falco::run(rest));
    }
    let (second, rest) = rest.split_first()?;
    (second == "falco").then(|| falco::run(rest))
}
