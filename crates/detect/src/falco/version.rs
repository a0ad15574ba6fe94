//! Versions of the engine and of plugins that rules may require.

use std::fmt;

/// A version of three numbers; what follows them is not compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

impl Version {
    /// Reads `x.y.z`, with an optional pre-release or build part.
    pub fn parse(text: &str) -> Option<Self> {
        let numbers = text.split(['-', '+']).next()?;
        let mut parts = numbers.split('.').map(|part| part.parse::<u32>().ok());
        let version = Self(parts.next()??, parts.next()??, parts.next()??);
        parts.next().is_none().then_some(version)
    }

    /// A required engine version: a whole number N stands for 0.N.0.
    pub fn parse_engine(text: &str) -> Option<Self> {
        text.parse::<u32>().map(|minor| Self(0, minor, 0)).ok().or_else(|| Self::parse(text))
    }

    /// Whether this version does what `required` does: the same major, and not older.
    pub fn serves(self, required: Self) -> bool {
        self.0 == required.0 && self >= required
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// The rules language this engine follows.
pub const ENGINE: Version = Version(0, 63, 0);

/// Plugins whose fields are built in, with the version they follow.
pub static PLUGINS: &[(&str, Version)] =
    &[("container", Version(0, 7, 2)), ("json", Version(0, 7, 4)), ("k8saudit", Version(0, 19, 0))];

/// A plugin rules need, by name and version; one of several may do.
pub(super) type Requirement = Vec<(String, Version)>;

/// The first alternative that is built in.
pub(super) fn satisfied(requirement: &Requirement) -> bool {
    requirement
        .iter()
        .any(|(name, version)| PLUGINS.iter().any(|(plugin, has)| plugin == name && has.serves(*version)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for (text, want) in [
            ("0.57.0", Some(Version(0, 57, 0))),
            ("15", Some(Version(0, 15, 0))),
            ("1.2.3-rc1+b", Some(Version(1, 2, 3))),
            ("1.2", None),
            ("x", None),
            ("", None),
            ("1.2.3.4", None),
            ("-1", None),
        ] {
            assert_eq!(Version::parse_engine(text), want, "{text}");
        }
        assert!(ENGINE.serves(Version(0, 57, 0)));
        assert!(!ENGINE.serves(Version(0, 64, 0)) && !ENGINE.serves(Version(1, 0, 0)));
        assert!(Version(0, 1, 5).serves(Version(0, 1, 5)) && !Version(0, 1, 5).serves(Version(0, 1, 6)));
        assert!(satisfied(&vec![("x".into(), Version(0, 1, 0)), ("json".into(), Version(0, 7, 0))]));
    }
}
