//! Versions of Go modules and of Go itself.
//!
//! Semantics: golang.org/x/mod/semver; `go1.21rc2` of the toolchain is a pre-release of 1.21 (Go's `go/version`).

use super::{Scheme, semver};
use std::borrow::Cow;
use std::cmp::Ordering;

pub(super) static SCHEME: Scheme =
    Scheme { id: "go", about: "versions of Go modules and toolchains", compare };

fn compare(a: &str, b: &str) -> Option<Ordering> {
    semver::compare(&toolchain(a), &toolchain(b))
}

/// `go1.21rc2` as `1.21-rc.2`; anything else as it is.
fn toolchain(text: &str) -> Cow<'_, str> {
    let bare = text.strip_prefix("go").unwrap_or(text);
    for word in ["rc", "beta"] {
        if let Some((core, number)) = bare.split_once(word)
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
            && core.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        {
            return Cow::Owned(format!("{core}-{word}.{number}"));
        }
    }
    Cow::Borrowed(bare)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::vectors;

    #[test]
    fn own_cases() {
        vectors::check(
            &SCHEME,
            "v1.2.3 < v1.2.4\nv2.0.0+incompatible = v2.0.0\nv0.0.0-20210101000000-abcdef012345 < v0.0.0-20220101000000-000000000000\n\
             v0.0.0-20220101000000-000000000000 < v0.0.1\ngo1.20.12 < go1.21rc2\ngo1.21rc2 < go1.21.0\n1.21beta1 < 1.21rc1\n1.21 = 1.21.0",
        );
        assert_eq!(compare("(devel)", "v1.0.0"), None, "a main module without version is unknown");
    }

    #[test]
    fn corpus() {
        vectors::corpus(&SCHEME, &["semver-versions.txt"], 40);
    }
}
