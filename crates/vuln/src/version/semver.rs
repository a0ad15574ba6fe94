//! Semantic versions: `1.2.3-pre+build`.
//!
//! Semantics: semver.org 2.0.0, and what its users write besides: a leading `v`, fewer or more than three numbers.

use super::{Scheme, digits};
use std::cmp::Ordering;

pub(super) static SCHEME: Scheme = Scheme { id: "semver", about: "semantic versions", compare };

/// Compares two versions; `None` when one of them does not begin with a number.
pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (left, right) = (Version::read(a)?, Version::read(b)?);
    Some(left.numbers(&right).then_with(|| pre(left.pre, right.pre)))
}

struct Version<'a> {
    core: &'a str,
    pre: Option<&'a str>,
}

impl<'a> Version<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix(['v', 'V', '=']).unwrap_or(text);
        let text = text.split_once('+').map_or(text, |(text, _)| text);
        let (core, pre) = match text.split_once('-') {
            Some((core, pre)) => (core, Some(pre)),
            None => (text, None),
        };
        let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        core.split('.').all(number).then_some(Self { core, pre })
    }

    /// Missing numbers are 0.
    fn numbers(&self, other: &Self) -> Ordering {
        let (mut left, mut right) = (self.core.split('.'), other.core.split('.'));
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
}

/// A version with a pre-release comes before the one without; numbers before words; fewer parts before more.
fn pre(a: Option<&str>, b: Option<&str>) -> Ordering {
    let (left, right) = match (a, b) {
        (None, None) => return Ordering::Equal,
        (None, Some(_)) => return Ordering::Greater,
        (Some(_), None) => return Ordering::Less,
        (Some(left), Some(right)) => (left, right),
    };
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) => identifier(x, y),
        };
        if order.is_ne() {
            return order;
        }
    }
}

fn identifier(a: &str, b: &str) -> Ordering {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    match (number(a), number(b)) {
        (true, true) => digits(a, b),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => a.cmp(b),
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
            "1.0.0-alpha < 1.0.0-alpha.1\n1.0.0-alpha.1 < 1.0.0-beta\n1.0.0-rc.1 < 1.0.0\n1.2 = 1.2.0\n1 < 1.0.1\nv1.2.3 = 1.2.3\n\
             1.0.0+a = 1.0.0+b\n1.0.0-1 < 1.0.0-a\n10.0.0 > 9.0.0\n1.0.0-2 < 1.0.0-10",
        );
    }

    #[test]
    fn what_is_no_version() {
        for odd in ["", "latest", "1.x", "1..2", "v", "-1", "1.0a"] {
            assert_eq!(compare(odd, "1.0.0"), None, "{odd}");
        }
    }

    #[test]
    fn corpus() {
        vectors::corpus(&SCHEME, &["semver-versions.txt"], 40);
    }
}
