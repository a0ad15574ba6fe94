//! Other tools' names: under them the binary takes their flags and ends with their exit codes. One module each.

mod cosign;
pub(crate) mod falco;
mod trivy;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

/// A tool whose command line is understood.
struct Tool {
    name: &'static str,
    /// Runs the words after the name.
    run: fn(&[OsString]) -> ExitCode,
}

const TOOLS: &[Tool] = &[
    Tool { name: "cosign", run: cosign::run },
    Tool { name: "falco", run: falco::run },
    Tool { name: "trivy", run: trivy::run },
];

/// Runs another tool's command line, when the binary was called by its name or that is the first word.
pub(crate) fn run(words: &[OsString]) -> Option<ExitCode> {
    let (first, rest) = words.split_first()?;
    let tool = |name: &OsStr| TOOLS.iter().find(|tool| *tool.name == *name);
    if let Some(tool) = Path::new(first).file_stem().and_then(tool) {
        return Some((tool.run)(rest));
    }
    let (second, rest) = rest.split_first()?;
    tool(second).map(|tool| (tool.run)(rest))
}
