//! Versions of many languages: numbers, then perhaps a pre-release, with or without a hyphen between.
//!
//! Semantics: aquasecurity/go-version, which Trivy holds Go, Rust and PHP packages against advisories with.

use super::{Scheme, semver};
use std::borrow::Cow;
use std::cmp::Ordering;

pub(super) static SCHEME: Scheme =
    Scheme { id: "generic", about: "versions that are nearly semantic versions", compare };

fn compare(a: &str, b: &str) -> Option<Ordering> {
    semver::compare(&hyphen(a), &hyphen(b))
}

/// `1.2.3alpha` as `1.2.3-alpha`.
fn hyphen(text: &str) -> Cow<'_, str> {
    let bare = text.strip_prefix('v').unwrap_or(text);
    let end = bare.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(bare.len());
    match bare.split_at_checked(end) {
        Some((core, rest)) if rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '~') && !core.is_empty() => {
            Cow::Owned(format!("{core}-{rest}"))
        }
        _ => Cow::Borrowed(text),
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
            "1.2.3alpha < 1.2.3\n1.2.3alpha < 1.2.3beta\nv1.21rc2 < v1.21.0\n1.0.0-0 < 1.0.0-rc.1\n1 = 1.0.0\nv1.2 < 1.10",
        );
        assert_eq!(compare("dev-main", "1.0"), None);
    }

    #[test]
    fn corpus() {
        vectors::corpus(&SCHEME, &["semver-versions.txt"], 40);
    }
}
