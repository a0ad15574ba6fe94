//! Versions of Ruby gems.
//!
//! Semantics: `Gem::Version`: runs of digits and of letters, zeros at the end of either part left out; letters come
//! before numbers, so that a version with them is a pre-release. A hyphen begins one.

use super::{Scheme, digits};
use std::cmp::Ordering;

pub(super) static SCHEME: Scheme = Scheme { id: "rubygems", about: "versions of Ruby gems", compare };

fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (a.trim(), b.trim());
    if !valid(a) || !valid(b) {
        return None;
    }
    Some(order(&segments(a), &segments(b)))
}

/// Digits, then words between dots, then perhaps a hyphen and more words; nothing is 0.
fn valid(text: &str) -> bool {
    let (core, pre) = text.split_once('-').unwrap_or((text, "x"));
    let first = core.starts_with(|c: char| c.is_ascii_digit());
    let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let after = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    text.is_empty() || first && core.split('.').all(word) && pre.split('.').all(after)
}

/// Numbers before the first word, then the rest, each without zeros at its end.
fn segments(text: &str) -> Vec<String> {
    let text = text.replace('-', ".pre.");
    let mut all: Vec<String> = Vec::new();
    let mut last = None;
    for c in text.chars() {
        let kind = c.is_ascii_alphanumeric().then(|| c.is_ascii_digit());
        match (kind, all.last_mut()) {
            (None, _) => {}
            (kind, Some(segment)) if kind == last => segment.push(c),
            _ => all.push(c.to_string()),
        }
        last = kind;
    }
    let zero = |segment: &String| segment.bytes().all(|b| b == b'0');
    let split = all.iter().position(|s| s.starts_with(|c: char| c.is_ascii_alphabetic())).unwrap_or(all.len());
    let mut rest = all.split_off(split);
    for part in [&mut all, &mut rest] {
        while part.last().is_some_and(zero) {
            part.pop();
        }
    }
    all.extend(rest);
    all
}

fn order(a: &[String], b: &[String]) -> Ordering {
    let number = |segment: &str| segment.starts_with(|c: char| c.is_ascii_digit());
    let (mut left, mut right) = (a.iter(), b.iter());
    loop {
        let (x, y) = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (x, y) => (x.map_or("0", String::as_str), y.map_or("0", String::as_str)),
        };
        let order = match (number(x), number(y)) {
            (true, true) => digits(x, y),
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => x.cmp(y),
        };
        if order.is_ne() {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::vectors;

    #[test]
    fn own_cases() {
        vectors::check(
            &SCHEME,
            "1.0.0 = 1\n1.0.b1 < 1.0\n1.0.a.2 < 1.0.b1\n1.0-rc1 < 1.0\n1.0.0.pre = 1.pre\n1.8.2.b < 1.8.2\n0.10 > 0.9\n1.0.a10 > 1.0.a9",
        );
        for odd in ["junk", "1..2", "a.1", "1.0-", "1_0"] {
            assert_eq!(compare(odd, "1.0"), None, "{odd}");
        }
        assert_eq!(compare("", "0"), Some(Ordering::Equal));
    }

    #[test]
    fn corpus() {
        vectors::corpus(&SCHEME, &["rubygems-versions.txt", "rubygems-versions-generated.txt"], 2000);
    }
}
