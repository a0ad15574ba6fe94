//! rpm's versions: `epoch:version-release`.
//!
//! Semantics: rpm's `rpmio/rpmvercmp.c` for each of the three parts; a missing epoch is 0.

use super::{Scheme, digits};
use std::cmp::Ordering;

pub(super) static SCHEME: Scheme =
    Scheme { id: "rpm", about: "versions of Red Hat, SUSE and their kin, as rpm orders them", compare };

fn compare(a: &str, b: &str) -> Option<Ordering> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let (left, right) = (split(a), split(b));
    Some(part(left.0, right.0).then_with(|| part(left.1, right.1)).then_with(|| part(left.2, right.2)))
}

fn split(text: &str) -> (&str, &str, &str) {
    let (epoch, rest) = text.split_once(':').unwrap_or(("0", text));
    let (version, release) = rest.split_once('-').unwrap_or((rest, ""));
    (epoch, version, release)
}

/// Segments of digits or letters; anything else but `~` and `^` only separates. `~` is before the end, `^` after it but
/// before any further segment; digits are after letters.
fn part(mut a: &str, mut b: &str) -> Ordering {
    loop {
        let separator = |c: char| !c.is_ascii_alphanumeric() && c != '~' && c != '^';
        (a, b) = (a.trim_start_matches(separator), b.trim_start_matches(separator));
        match (a.strip_prefix('~'), b.strip_prefix('~')) {
            (Some(x), Some(y)) => {
                (a, b) = (x, y);
                continue;
            }
            (Some(_), None) => return Ordering::Less,
            (None, Some(_)) => return Ordering::Greater,
            (None, None) => {}
        }
        match (a.strip_prefix('^'), b.strip_prefix('^')) {
            (Some(x), Some(y)) => {
                (a, b) = (x, y);
                continue;
            }
            (Some(_), None) => return if b.is_empty() { Ordering::Greater } else { Ordering::Less },
            (None, Some(_)) => return if a.is_empty() { Ordering::Less } else { Ordering::Greater },
            (None, None) => {}
        }
        match (a.is_empty(), b.is_empty()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) => {}
        }
        let numeric = a.starts_with(|c: char| c.is_ascii_digit());
        let (left, right) = (take(&mut a, numeric), take(&mut b, numeric));
        if right.is_empty() {
            return if numeric { Ordering::Greater } else { Ordering::Less };
        }
        let order = if numeric { digits(left, right) } else { left.cmp(right) };
        if order.is_ne() {
            return order;
        }
    }
}

fn take<'a>(text: &mut &'a str, numeric: bool) -> &'a str {
    let other = |c: char| if numeric { !c.is_ascii_digit() } else { !c.is_ascii_alphabetic() };
    let (head, rest) = text.split_at_checked(text.find(other).unwrap_or(text.len())).unwrap_or((text, ""));
    *text = rest;
    head
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::vectors;

    #[test]
    fn own_cases() {
        vectors::check(
            &SCHEME,
            "1.0-1 < 1.0-2\n1:0 > 9\n1.0~rc1 < 1.0\n1.0 < 1.0^git1\n1.0^git1 < 1.0.1\n1.0^a < 1.0^b\n1.0a > 1.0\n1.a < 1.1\n\
             1.01 = 1.1\n3.10.0-957.el7 < 3.10.0-1062.el7\n1.0^~1 < 1.0^1\n2.0-1.el7_9 > 2.0-1.el7",
        );
    }

    #[test]
    fn nothing_is_no_version() {
        assert_eq!(compare("", "1"), None);
    }

    #[test]
    fn corpus() {
        vectors::corpus(&SCHEME, &["redhat-versions.txt"], 60);
    }
}
