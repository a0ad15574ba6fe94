//! Debian's versions: `epoch:upstream-revision`.
//!
//! Semantics: Debian Policy 5.6.12 and dpkg's `lib/dpkg/version.c`: letters before other signs, `~` before the end.

use super::{Scheme, digits};
use std::cmp::Ordering;

pub(super) static SCHEME: Scheme =
    Scheme { id: "deb", about: "Debian's and Ubuntu's package versions, as dpkg orders them", compare };

fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (left, right) = (split(a)?, split(b)?);
    Some(
        digits(left.0, right.0).then_with(|| part(left.1, right.1)).then_with(|| part(left.2, right.2)),
    )
}

/// Epoch, upstream version, revision; a missing epoch is 0, a missing revision is the least there is.
fn split(text: &str) -> Option<(&str, &str, &str)> {
    let text = text.trim();
    let (epoch, rest) = text.split_once(':').unwrap_or(("0", text));
    if epoch.is_empty() || !epoch.bytes().all(|b| b.is_ascii_digit()) || rest.is_empty() {
        return None;
    }
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
    Some((epoch, upstream, revision))
}

/// Compares texts that alternate between signs and numbers.
fn part(mut a: &str, mut b: &str) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        let (left, right) = (take(&mut a, false), take(&mut b, false));
        let order = signs(left, right);
        if order.is_ne() {
            return order;
        }
        let (left, right) = (take(&mut a, true), take(&mut b, true));
        let order = digits(left, right);
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

/// Takes the digits, or all but digits, at the start.
fn take<'a>(text: &mut &'a str, numeric: bool) -> &'a str {
    let end = text.find(|c: char| c.is_ascii_digit() != numeric).unwrap_or(text.len());
    let (head, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    *text = rest;
    head
}

fn signs(a: &str, b: &str) -> Ordering {
    let weight = |c: Option<char>| match c {
        None => 0,
        Some('~') => -1,
        Some(c) if c.is_ascii_alphabetic() => i64::from(u32::from(c)),
        Some(c) => i64::from(u32::from(c)).saturating_add(256),
    };
    let (mut left, mut right) = (a.chars(), b.chars());
    loop {
        let (x, y) = (left.next(), right.next());
        if x.is_none() && y.is_none() {
            return Ordering::Equal;
        }
        let order = weight(x).cmp(&weight(y));
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
            "1.0-1 < 1.0-2\n1.0~rc1-1 < 1.0-1\n1.0-1 < 1.0+b1-1\n1:0.1 > 9.9\n0:1.0 = 1.0\n1.0-1 < 1.0-1.1\n1.0~~ < 1.0~\n\
             1.0a < 1.0+\n1.09 < 1.10\n1.0-1~bpo12+1 < 1.0-1\n1.0-0 = 1.0\n1-2-3 > 1-2-1",
        );
    }

    #[test]
    fn an_epoch_is_a_number() {
        for odd in ["", "a:1", ":1", "1:"] {
            assert_eq!(compare(odd, "1"), None, "{odd}");
        }
    }

    #[test]
    fn corpus() {
        vectors::corpus(&SCHEME, &["debian-versions.txt", "debian-versions-generated.txt"], 7000);
    }
}
