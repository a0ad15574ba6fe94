//! Versions of Node modules: semantic versions.

use super::{Scheme, semver};

pub(super) static SCHEME: Scheme =
    Scheme { id: "npm", about: "versions of Node modules, as node-semver orders them", compare: semver::compare };

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::vectors;

    #[test]
    fn own_cases() {
        vectors::check(&SCHEME, "1.0.0-rc.1 < 1.0.0\n4.17.20 < 4.17.21\n3.0.0-beta < 3.0.0-beta.1\n=1.0.0 = 1.0.0");
        assert_eq!((SCHEME.compare)("git://registry.test/x", "1.0.0"), None);
    }

    #[test]
    fn corpus() {
        vectors::corpus(&SCHEME, &["semver-versions.txt"], 40);
    }
}
