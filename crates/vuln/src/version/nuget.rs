//! Versions of .NET packages.
//!
//! Semantics: NuGet's `SemVer 2.0.0` with a fourth number: missing numbers are 0, pre-releases are compared whatever
//! their case, what follows `+` does not count.

use super::{Scheme, semver};
use std::cmp::Ordering;

pub(super) static SCHEME: Scheme = Scheme { id: "nuget", about: "versions of .NET packages", compare };

fn compare(a: &str, b: &str) -> Option<Ordering> {
    semver::compare(&a.to_ascii_lowercase(), &b.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::vectors;

    #[test]
    fn own_cases() {
        vectors::check(
            &SCHEME,
            "1.0.0-BETA = 1.0.0-beta\n1.0 = 1.0.0.0\n1.0.0.1 > 1.0.0\n1.0.0-alpha.2 < 1.0.0-alpha.10\n1.0.0+a = 1.0.0+b\n1.0.01 = 1.0.1",
        );
        assert_eq!(compare("latest", "1"), None);
    }

    #[test]
    fn corpus() {
        vectors::corpus(&SCHEME, &["nuget-versions.txt"], 17);
    }
}
