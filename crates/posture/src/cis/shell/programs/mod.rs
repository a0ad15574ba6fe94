//! The programs that audit commands call, one a file: each reads its words, and what it does is a function.

use super::{Printed, Stop};
use crate::cis::node::NodeReport;

/// What a program does with what was looked at and with its standard input.
pub(super) type Job = Box<dyn Fn(&NodeReport, &str) -> Result<Printed, Stop>>;

/// A program.
pub(super) struct Program {
    /// Its names.
    pub(super) names: &'static [&'static str],
    /// Reads its words, its own name first; `None` for options that are not known.
    pub(super) read: fn(&[&str]) -> Option<Job>,
}

macro_rules! programs {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*
        /// Every program.
        static PROGRAMS: &[&Program] = &[$(&$name::PROGRAM),*];
    };
}

programs![
    awk, cat, cut, echo, find, grep, head, journalctl, ps, sed, sh, sort, stat, test, tr, truth, uniq, wc,
    xargs
];

/// What a command of these words does; `None` where that is not known.
pub(super) fn job(words: &[String]) -> Option<Job> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let name = name_of(words.first()?);
    let program = PROGRAMS.iter().find(|program| program.names.contains(&name))?;
    (program.read)(&words)
}

/// A program's name without its folder; nothing where the folder is none of the system's.
pub(super) fn name_of(word: &str) -> &str {
    match word.rsplit_once('/') {
        None => word,
        Some(("/bin" | "/usr/bin" | "/usr/sbin" | "/sbin", name)) => name,
        Some(_) => "",
    }
}

/// A job that changes its input line by line, and never fails.
fn lines(change: impl Fn(&mut dyn Iterator<Item = &str>) -> Vec<String> + 'static) -> Job {
    Box::new(move |_, input| Ok(printed(change(&mut input.lines()))))
}

/// Lines as a program prints them.
fn printed(lines: Vec<String>) -> Printed {
    let mut text = lines.join("\n");
    if !lines.is_empty() {
        text.push('\n');
    }
    Printed { text, status: 0 }
}

/// The standard input, or the files named instead of it; the status is 1 when one cannot be read.
fn input_of(node: &NodeReport, input: &str, files: &[String]) -> Result<Printed, Stop> {
    if files.is_empty() {
        return Ok(Printed { text: input.to_owned(), status: 0 });
    }
    let mut out = Printed::default();
    for path in files {
        let folder = node.file(path)?.and_then(|file| file.followed()).map(|file| file.kind);
        let text = match folder {
            Some(crate::cis::FileKind::File) => node.content(path)?,
            _ => None,
        };
        match text {
            Some(text) => out.text.push_str(text),
            None => out.status = 1,
        }
    }
    Ok(out)
}
