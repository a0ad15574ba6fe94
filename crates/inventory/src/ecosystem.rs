//! Where packages come from: one row an ecosystem, from which purl type and version scheme follow.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A family of packages that share names, versions and advisories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ecosystem {
    /// Alpine's and Wolfi's packages.
    Apk,
    /// Debian's and Ubuntu's packages.
    Deb,
    /// Red Hat's, SUSE's and their kin's packages.
    Rpm,
    /// Node modules.
    Npm,
    /// Python distributions.
    PyPi,
    /// Java artefacts.
    Maven,
    /// Go modules.
    Go,
    /// Rust crates.
    Cargo,
    /// PHP packages.
    Composer,
    /// Ruby gems.
    RubyGems,
    /// .NET packages.
    NuGet,
    /// Conda's packages, of any language: no advisories speak of them.
    Conda,
}

/// What follows from an ecosystem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EcosystemRow {
    /// The ecosystem.
    pub ecosystem: Ecosystem,
    /// Type of a package URL.
    pub purl: &'static str,
    /// Version scheme, by its id in crate `vuln`.
    pub scheme: &'static str,
    /// Name OSV gives it; distributions append `:release`.
    pub osv: &'static str,
    /// Prefix of the buckets of Trivy's database (`go::`), empty where the distribution's release names the bucket.
    pub bucket: &'static str,
    /// Whether the packages belong to the operating system.
    pub system: bool,
}

const fn system(
    ecosystem: Ecosystem,
    purl: &'static str,
    scheme: &'static str,
    osv: &'static str,
) -> EcosystemRow {
    EcosystemRow { ecosystem, purl, scheme, osv, bucket: "", system: true }
}

const fn language(
    ecosystem: Ecosystem,
    purl: &'static str,
    scheme: &'static str,
    osv: &'static str,
    bucket: &'static str,
) -> EcosystemRow {
    EcosystemRow { ecosystem, purl, scheme, osv, bucket, system: false }
}

/// Every ecosystem, in the order of the enum.
static ROWS: [EcosystemRow; 12] = [
    system(Ecosystem::Apk, "apk", "apk", "Alpine"),
    system(Ecosystem::Deb, "deb", "deb", "Debian"),
    system(Ecosystem::Rpm, "rpm", "rpm", "Red Hat"),
    language(Ecosystem::Npm, "npm", "npm", "npm", "npm::"),
    language(Ecosystem::PyPi, "pypi", "pep440", "PyPI", "pip::"),
    language(Ecosystem::Maven, "maven", "maven", "Maven", "maven::"),
    language(Ecosystem::Go, "golang", "go", "Go", "go::"),
    language(Ecosystem::Cargo, "cargo", "semver", "crates.io", "cargo::"),
    language(Ecosystem::Composer, "composer", "packagist", "Packagist", "composer::"),
    language(Ecosystem::RubyGems, "gem", "rubygems", "RubyGems", "rubygems::"),
    language(Ecosystem::NuGet, "nuget", "nuget", "NuGet", "nuget::"),
    language(Ecosystem::Conda, "conda", "pep440", "Conda", "conda::"),
];

impl Ecosystem {
    /// What follows from it.
    pub fn row(self) -> &'static EcosystemRow {
        // The table test proves that every ecosystem has its row.
        ROWS.iter().find(|row| row.ecosystem == self).unwrap_or(&ROWS[0])
    }

    /// The name under which advisories know a package: Python's names are equal but for case and separators (PEP 503).
    pub fn key(self, name: &str) -> Cow<'_, str> {
        match self {
            Self::PyPi => {
                let words = name.split(['-', '_', '.']).filter(|word| !word.is_empty());
                Cow::Owned(words.collect::<Vec<_>>().join("-").to_ascii_lowercase())
            }
            _ => Cow::Borrowed(name),
        }
    }

    /// Every ecosystem.
    pub fn all() -> &'static [EcosystemRow] {
        &ROWS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        assert_eq!(Ecosystem::PyPi.key("Zope.Interface__x"), "zope-interface-x");
        assert_eq!(Ecosystem::Maven.key("A:b_c"), "A:b_c");
    }

    #[test]
    fn every_ecosystem_has_its_own_row() {
        for (at, row) in ROWS.iter().enumerate() {
            assert_eq!(row.ecosystem as usize, at);
            assert_eq!(row.ecosystem.row(), row);
            assert_eq!(row.system, row.bucket.is_empty());
        }
        assert_eq!(ROWS.len(), Ecosystem::Conda as usize + 1);
    }
}
