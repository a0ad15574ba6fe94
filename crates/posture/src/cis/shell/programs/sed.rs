//! `sed` with scripts of `s` commands.

use super::{Job, Program, lines};
use crate::cis::shell::pattern::{Dialect, compile};
use regex::Regex;

pub(super) static PROGRAM: Program = Program { names: &["sed"], read };

struct Change {
    pattern: Regex,
    with: String,
    all: bool,
}

fn read(words: &[&str]) -> Option<Job> {
    let mut changes = Vec::new();
    let (mut rest, mut dialect) = (words.iter().skip(1).copied(), Dialect::Basic);
    while let Some(word) = rest.next() {
        match word {
            "-E" | "-r" => dialect = Dialect::Extended,
            "-e" => changes.push(change(rest.next()?, dialect)?),
            word if changes.is_empty() && !word.starts_with('-') => changes.push(change(word, dialect)?),
            _ => return None,
        }
    }
    if changes.is_empty() {
        return None;
    }
    Some(lines(move |input| {
        let of = |line: &str| {
            changes.iter().fold(line.to_owned(), |line, change| {
                let with = change.with.as_str();
                let limit = usize::from(!change.all);
                change.pattern.replacen(&line, limit, with).into_owned()
            })
        };
        input.map(of).collect()
    }))
}

/// `s%PATTERN%WITH%g`.
fn change(script: &str, dialect: Dialect) -> Option<Change> {
    let mut chars = script.strip_prefix('s')?.chars();
    let mark = chars.next().filter(|mark| mark.is_ascii_punctuation() && *mark != '\\')?;
    let rest = chars.as_str();
    let mut parts = rest.split(mark);
    let (pattern, with, flags) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || pattern.ends_with('\\') || with.ends_with('\\') {
        return None;
    }
    let all = match flags {
        "" => false,
        "g" => true,
        _ => return None,
    };
    Some(Change { pattern: compile(pattern, dialect, false)?, with: replacement(with)?, all })
}

/// `\1` and `&` as the regex crate writes them.
fn replacement(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next()? {
                digit if digit.is_ascii_digit() => out.push_str(&format!("${{{digit}}}")),
                '$' => out.push_str("$$"),
                other if other.is_ascii_punctuation() => out.push(other),
                _ => return None,
            },
            '&' => out.push_str("${0}"),
            '$' => out.push_str("$$"),
            other => out.push(other),
        }
    }
    Some(out)
}
