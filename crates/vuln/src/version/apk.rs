//! Alpine's versions: `1.2.3a_rc1-r4`.
//!
//! Semantics: apk-tools (`src/version.c`). It compares token by token and stops at what it does not know, so texts that
//! are no versions are ordered too, as the latest release of apk-tools orders them; real versions never were odd.

use super::{Scheme, digits};
use std::cmp::Ordering;

pub(super) static SCHEME: Scheme =
    Scheme { id: "apk", about: "Alpine's package versions, as apk-tools orders them", compare };

/// What a token is, in the order in which kinds may follow each other; of two versions that differ in kind, the one
/// whose kind comes later is older (it ends sooner).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// A number after a dot: with a leading zero it is a fraction.
    Fraction,
    Number,
    Letter,
    Suffix,
    SuffixNumber,
    Revision,
    End,
    /// What is not known ends the comparison.
    Invalid,
}

/// The value of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value<'a> {
    None,
    /// Fewer leading zeros are more: `.1` > `.01` > `.001`.
    Zeros(usize),
    Number(&'a str),
    Rank(i32),
}

impl Value<'_> {
    fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Value::Number(a), Value::Number(b)) => digits(a, b),
            (Value::Zeros(a), Value::Zeros(b)) => b.cmp(&a),
            (Value::Rank(a), Value::Rank(b)) => a.cmp(&b),
            // A number that starts with a zero is a fraction and less than one that does not.
            (Value::Zeros(_), Value::Number(_)) => Ordering::Less,
            (Value::Number(_), Value::Zeros(_)) => Ordering::Greater,
            _ => Ordering::Equal,
        }
    }
}

/// Suffixes before a release, then after it; `p` is a patch.
const BEFORE: [&str; 4] = ["alpha", "beta", "pre", "rc"];
const AFTER: [&str; 5] = ["cvs", "svn", "git", "hg", "p"];

struct Tokens<'a> {
    rest: &'a str,
    kind: Kind,
}

impl<'a> Tokens<'a> {
    fn new(text: &'a str) -> Self {
        Self { rest: text, kind: Kind::Number }
    }

    /// Reads the token the scanner stands at, and finds out what kind follows.
    fn next(&mut self) -> Value<'a> {
        if self.rest.is_empty() {
            self.kind = Kind::End;
            return Value::None;
        }
        let value = match self.kind {
            Kind::Fraction if self.rest.starts_with('0') => {
                let zeros = self.run(|c| c == '0').len();
                // The digits after the zeros, even if there are none, are the next token.
                self.kind = Kind::Number;
                return Value::Zeros(zeros);
            }
            Kind::Fraction | Kind::Number | Kind::SuffixNumber | Kind::Revision => {
                Value::Number(self.run(|c| c.is_ascii_digit()))
            }
            Kind::Letter => Value::Rank(self.letter()),
            Kind::Suffix => match self.suffix() {
                Some(rank) => Value::Rank(rank),
                None => {
                    self.kind = Kind::Invalid;
                    return Value::Rank(-1);
                }
            },
            Kind::Invalid | Kind::End => {
                self.kind = Kind::Invalid;
                return Value::Rank(-1);
            }
        };
        self.follow();
        value
    }

    fn run(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        run
    }

    fn letter(&mut self) -> i32 {
        let mut chars = self.rest.chars();
        let rank = chars.next().map_or(0, |c| i32::try_from(u32::from(c)).unwrap_or(0));
        self.rest = chars.as_str();
        rank
    }

    /// The rank of the suffix that follows: below zero before a release, above it after.
    fn suffix(&mut self) -> Option<i32> {
        let before = BEFORE.iter().zip([-4, -3, -2, -1]);
        let after = AFTER.iter().zip([0, 1, 2, 3, 4]);
        let (rest, rank) =
            before.chain(after).find_map(|(name, rank)| Some((self.rest.strip_prefix(name)?, rank)))?;
        self.rest = rest;
        Some(rank)
    }

    fn revision(&self) -> bool {
        let rest = self.rest.strip_prefix("-r");
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphabetic()))
    }

    /// What kind of token follows, given the one that was read.
    fn follow(&mut self) {
        let Some(first) = self.rest.chars().next() else {
            self.kind = Kind::End;
            return;
        };
        let strip = |text: &'a str, n: usize| text.split_at_checked(n).map_or("", |(_, rest)| rest);
        let next = match (self.kind, first) {
            (Kind::Fraction | Kind::Number, 'a'..='z') => Kind::Letter,
            (Kind::Letter, '0'..='9') => Kind::Number,
            (Kind::Suffix, '0'..='9') => Kind::SuffixNumber,
            (_, '.') => {
                self.rest = strip(self.rest, 1);
                Kind::Fraction
            }
            (_, '_') => {
                self.rest = strip(self.rest, 1);
                Kind::Suffix
            }
            // A word that begins with r is no revision; `-r` without a number is one.
            (_, '-') if self.revision() => {
                self.rest = strip(self.rest, 2);
                Kind::Revision
            }
            _ => Kind::Invalid,
        };
        let back = matches!(
            (next, self.kind),
            (Kind::Fraction, Kind::Number) | (Kind::Suffix, Kind::SuffixNumber) | (Kind::Number, Kind::Letter)
        );
        self.kind = if next < self.kind && !back { Kind::Invalid } else { next };
    }
}

fn compare(a: &str, b: &str) -> Option<Ordering> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let (mut left, mut right) = (Tokens::new(a), Tokens::new(b));
    loop {
        let order = left.next().compare(right.next());
        if order.is_ne() {
            return Some(order);
        }
        if left.kind != right.kind {
            break;
        }
        if matches!(left.kind, Kind::End | Kind::Invalid) {
            return Some(Ordering::Equal);
        }
    }
    // All that both have is equal: the longer is newer, unless what it has more says that it comes before.
    let early = |tokens: &mut Tokens<'_>| {
        tokens.kind == Kind::Suffix && matches!(tokens.next(), Value::Rank(rank) if rank < 0)
    };
    let (left_kind, right_kind) = (left.kind, right.kind);
    Some(match (early(&mut left), early(&mut right)) {
        (true, _) => Ordering::Less,
        (_, true) => Ordering::Greater,
        _ => right_kind.cmp(&left_kind),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::vectors;

    #[test]
    fn own_cases() {
        vectors::check(
            &SCHEME,
            "1.2.3 < 1.2.10\n1.2-r0 < 1.2-r1\n1.2 < 1.2-r0\n1.2_rc1 < 1.2\n1.2 < 1.2_p1\n1.2_git20200101 > 1.2\n\
             1.1.1c-r0 < 1.1.1d-r0\n1.1.1 < 1.1.1a\n1.01 < 1.1\n1.001 < 1.01\n1.10 > 1.9\n1.0 = 1.0\n\
             1.2_alpha < 1.2_beta\n1.2_alpha2 < 1.2_alpha10\n99999999999999999999 > 99999999999999999998\n0-r0 < 1-r0",
        );
    }

    #[test]
    fn nothing_is_no_version() {
        assert_eq!(compare("", "1"), None);
        assert_eq!(compare("1", ""), None);
    }

    #[test]
    fn corpus() {
        vectors::corpus(&SCHEME, &["alpine-versions.txt", "alpine-versions-generated.txt"], 7000);
    }
}
