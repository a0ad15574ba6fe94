//! Where advisories come from: one file and one line a format.

use crate::Advisories;
use model::Diagnostic;

/// One format of advisories.
#[derive(Debug)]
pub struct AdvisorySource {
    /// Stable id, kebab-case.
    pub id: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// Where its publisher keeps it.
    pub url: &'static str,
    /// Reads one document and adds what it says. A bad part becomes a diagnostic, the rest is read.
    pub read: fn(text: &[u8], caps: &yaml::Caps, out: &mut Advisories) -> Vec<Diagnostic>,
}

macro_rules! sources {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*
        /// Every format.
        pub static SOURCES: &[&AdvisorySource] = &[$(&$name::SOURCE),*];
    };
}

sources![alpine_secdb, osv];

/// The format of an id.
pub fn source(id: &str) -> Option<&'static AdvisorySource> {
    SOURCES.iter().copied().find(|source| source.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registry_laws() {
        for (at, one) in SOURCES.iter().enumerate() {
            assert!(SOURCES.iter().skip(at + 1).all(|other| other.id != one.id));
            for noise in [&b""[..], b"\xff\xfe", b"[]", b"a: [", b"\0", b"{\"packages\":3}"] {
                let mut out = Advisories::default();
                let diagnostics = (one.read)(noise, &yaml::Caps::default(), &mut out);
                assert!(!diagnostics.is_empty(), "{} takes {noise:?} for a database", one.id);
                assert!(out.is_empty());
            }
        }
    }
}
