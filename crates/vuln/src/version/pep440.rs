//! Versions of Python distributions.
//!
//! Semantics: PEP 440 as `packaging.version` orders it. Texts that are none sort before all that are, among each other
//! by the rules of setuptools that came before (`LegacyVersion`).

use super::{Scheme, digits};
use std::cmp::Ordering;

pub(super) static SCHEME: Scheme =
    Scheme { id: "pep440", about: "versions of Python distributions, PEP 440 and older", compare };

fn compare(a: &str, b: &str) -> Option<Ordering> {
    if a.trim().is_empty() || b.trim().is_empty() {
        return None;
    }
    let (left, right) = (a.trim().to_ascii_lowercase(), b.trim().to_ascii_lowercase());
    Some(match (Version::read(&left), Version::read(&right)) {
        (Some(x), Some(y)) => x.compare(&y),
        (Some(_), None) => Ordering::Greater,
        (None, Some(_)) => Ordering::Less,
        (None, None) => legacy(&left).cmp(&legacy(&right)),
    })
}

/// A version of PEP 440. Numbers stay texts: they have no upper bound.
struct Version<'a> {
    epoch: &'a str,
    release: &'a str,
    /// Rank (alpha, beta, candidate) and number.
    pre: Option<(u8, &'a str)>,
    post: Option<&'a str>,
    dev: Option<&'a str>,
    local: Option<&'a str>,
}

/// Spellings of a pre-release, the longer before what they begin with.
const PRE: [(&str, u8); 8] =
    [("alpha", 0), ("beta", 1), ("preview", 2), ("pre", 2), ("rc", 2), ("a", 0), ("b", 1), ("c", 2)];
const POST: [(&str, u8); 3] = [("post", 0), ("rev", 0), ("r", 0)];
const DEV: [(&str, u8); 1] = [("dev", 0)];

impl<'a> Version<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let (text, local) = match text.split_once('+') {
            Some((text, local)) => (text, Some(local)),
            None => (text, None),
        };
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
        if local.is_some_and(|local| !local.split(['-', '_', '.']).all(plain)) {
            return None;
        }
        let (epoch, mut rest) = match text.split_once('!') {
            Some((epoch, rest)) if !epoch.is_empty() && epoch.bytes().all(|b| b.is_ascii_digit()) => (epoch, rest),
            Some(_) => return None,
            None => ("0", text),
        };
        let release = release(&mut rest)?;
        let pre = tag(&mut rest, &PRE);
        let post = implicit_post(&mut rest).or_else(|| tag(&mut rest, &POST).map(|(_, number)| number));
        let dev = tag(&mut rest, &DEV).map(|(_, number)| number);
        rest.is_empty().then_some(Self { epoch, release, pre, post, dev, local })
    }

    fn compare(&self, other: &Self) -> Ordering {
        digits(self.epoch, other.epoch)
            .then_with(|| numbers(self.release, other.release))
            .then_with(|| self.pre_key().0.cmp(&other.pre_key().0))
            .then_with(|| digits(self.pre_key().1, other.pre_key().1))
            .then_with(|| optional(self.post, other.post, Ordering::Less))
            .then_with(|| optional(self.dev, other.dev, Ordering::Greater))
            .then_with(|| local(self.local, other.local))
    }

    /// A development release of a final one comes before all its pre-releases, a final one after them.
    fn pre_key(&self) -> (u8, &'a str) {
        match self.pre {
            Some((rank, number)) => (rank.saturating_add(1), number),
            None if self.post.is_none() && self.dev.is_some() => (0, ""),
            None => (9, ""),
        }
    }
}

fn release<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let (mut head, _) = rest.split_at_checked(end)?;
    // A dot before a word belongs to the word.
    head = head.strip_suffix('.').filter(|_| end < rest.len()).unwrap_or(head);
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !head.split('.').all(number) {
        return None;
    }
    *rest = rest.get(head.len()..)?;
    Some(head)
}

/// One of the words with an optional number, separators before and between; nothing is taken when none is there.
fn tag<'a>(rest: &mut &'a str, words: &[(&str, u8)]) -> Option<(u8, &'a str)> {
    let separators = ['-', '_', '.'];
    let start = rest.strip_prefix(separators).unwrap_or(rest);
    let (after, rank) = words.iter().find_map(|(word, rank)| Some((start.strip_prefix(word)?, *rank)))?;
    let spaced = after.strip_prefix(separators).unwrap_or(after);
    let number = run(spaced);
    *rest = if number.is_empty() { after } else { spaced.get(number.len()..).unwrap_or_default() };
    Some((rank, number))
}

/// `1.0-1` is the first post-release of 1.0.
fn implicit_post<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let number = run(rest.strip_prefix('-')?);
    if number.is_empty() {
        return None;
    }
    *rest = rest.get(number.len().saturating_add(1)..)?;
    Some(number)
}

fn run(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// Trailing zeros do not count.
fn numbers(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.split('.'), b.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (x, y) => digits(x.unwrap_or("0"), y.unwrap_or("0")),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// `missing` is how a version without the part compares with one that has it.
fn optional(a: Option<&str>, b: Option<&str>, missing: Ordering) -> Ordering {
    match (a, b) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => missing,
        (Some(_), None) => missing.reverse(),
        (Some(a), Some(b)) => digits(a, b),
    }
}

/// Words before numbers, fewer parts before more.
fn local(a: Option<&str>, b: Option<&str>) -> Ordering {
    let (Some(a), Some(b)) = (a, b) else { return a.is_some().cmp(&b.is_some()) };
    let separators = ['-', '_', '.'];
    let (mut left, mut right) = (a.split(separators), b.split(separators));
    loop {
        let number = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) => match (number(x), number(y)) {
                (true, true) => digits(x, y),
                (false, false) => x.cmp(y),
                (x, y) => x.cmp(&y),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// The parts of a text that is no PEP 440 version: numbers padded to eight digits, words marked so that they come
/// before numbers, and those that mean "not yet" before the mark of the end.
fn legacy(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let kind = |c: char| (c.is_ascii_digit(), c.is_ascii_lowercase());
        let single = !first.is_ascii_digit() && !first.is_ascii_lowercase();
        let end = match single {
            true if matches!(first, '.' | '-') => first.len_utf8(),
            true => rest.find(|c: char| kind(c) != (false, false) || matches!(c, '.' | '-')).unwrap_or(rest.len()),
            false => rest.find(|c: char| kind(c) != kind(first)).unwrap_or(rest.len()),
        };
        let (part, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
        rest = tail;
        let part = match part {
            "." => continue,
            "pre" | "preview" | "rc" => "*c".to_owned(),
            "-" => "*final-".to_owned(),
            "dev" => "*@".to_owned(),
            part if part.starts_with(|c: char| c.is_ascii_digit()) => format!("{part:0>8}"),
            part => format!("*{part}"),
        };
        push(&mut parts, part);
    }
    push(&mut parts, "*final".to_owned());
    parts
}

/// Before a word that means "not yet" dashes do not count; before any word zeros do not.
fn push(parts: &mut Vec<String>, part: String) {
    if part.starts_with('*') {
        if part.as_str() < "*final" {
            while parts.last().is_some_and(|last| last == "*final-") {
                parts.pop();
            }
        }
        while parts.last().is_some_and(|last| last == "00000000") {
            parts.pop();
        }
    }
    parts.push(part);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::vectors;

    #[test]
    fn own_cases() {
        vectors::check(
            &SCHEME,
            "1.0.dev1 < 1.0a1\n1.0a1 < 1.0b1\n1.0b1 < 1.0rc1\n1.0rc1 < 1.0\n1.0 < 1.0.post1\n1.0 = 1.0.0\n1.0-1 = 1.0.post1\n\
             1.0c1 = 1.0rc1\n1!0.1 > 9\nv1.0 = 1.0\n1.0+a < 1.0+1\n1.0 < 1.0+a\n1.0A1 = 1.0.alpha-1\n1.0.post1.dev1 < 1.0.post1\n\
             trunk < 0.1\n1.0a = 1.0a0\n1.0+ubuntu.1 < 1.0+ubuntu.2",
        );
    }

    #[test]
    fn nothing_is_no_version() {
        assert_eq!(compare(" ", "1"), None);
    }

    #[test]
    fn corpus() {
        vectors::corpus(&SCHEME, &["pypi-versions.txt", "pypi-versions-generated.txt"], 6000);
    }
}
