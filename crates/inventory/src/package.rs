//! What an analyzer finds in one file.

use crate::{Ecosystem, JavaArchive, Os};
use model::Digest;
use serde::{Deserialize, Serialize};

/// The package another one was built from; advisories of distributions name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourcePackage {
    /// Name (Alpine's origin, Debian's source).
    pub name: String,
    /// Version, which may differ from the binary package's.
    pub version: String,
}

/// How a package came to be there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Relation {
    /// Not told.
    #[default]
    Unknown,
    /// It is the application itself.
    Root,
    /// It is a part of the project.
    Workspace,
    /// The application asks for it.
    Direct,
    /// Something the application asks for needs it.
    Indirect,
}

/// Whether a package is the distribution's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Origin {
    /// Not told.
    #[default]
    Unstated,
    /// The distribution's: its advisories speak of it.
    Official,
    /// Somebody else's: advisories of the distribution do not speak of it, and the files it owns are judged themselves.
    ThirdParty,
}

/// One installed package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Package {
    /// Name, as its ecosystem writes it.
    pub name: String,
    /// Full version, with epoch and release where the ecosystem has them.
    pub version: String,
    /// Where its packages come from.
    pub ecosystem: Ecosystem,
    /// What it was built from, where the database tells.
    pub source: Option<SourcePackage>,
    /// Architecture, as the ecosystem writes it.
    pub arch: Option<String>,
    /// Licences, as declared.
    pub licenses: Vec<String>,
    /// Who maintains it, as declared.
    pub maintainer: Option<String>,
    /// Checksum the database of the system keeps of it, `sha1:…` or `md5:…`.
    #[serde(default)]
    pub digest: Option<String>,
    /// `name:stream:version:context` of the module it belongs to (Red Hat's and its kin's).
    #[serde(default)]
    pub module: Option<String>,
    /// Whether it is the distribution's own.
    #[serde(default)]
    pub origin: Origin,
    /// How it came to be there.
    #[serde(default)]
    pub relation: Relation,
    /// Whether only development needs it.
    #[serde(default)]
    pub dev: bool,
    /// Its id among the packages of its file, where that is not made of name and version.
    #[serde(default)]
    pub id: Option<String>,
    /// What it needs, as ids of its file.
    #[serde(default)]
    pub needs: Vec<String>,
    /// First and last line of its entry in a lock file.
    #[serde(default)]
    pub lines: Vec<(u64, u64)>,
    /// Id of the analyzer that found it.
    #[serde(default)]
    pub found_by: String,
    /// The file it was read from; what is nested in an archive follows the archive's path.
    pub path: String,
    /// Uncompressed digest of the layer that file is in.
    pub layer: Option<Digest>,
}

impl Package {
    /// A package with a name and a version; the reader of the file fills in path and layer.
    pub fn new(ecosystem: Ecosystem, name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            ecosystem,
            source: None,
            arch: None,
            licenses: Vec::new(),
            maintainer: None,
            digest: None,
            module: None,
            origin: Origin::default(),
            relation: Relation::default(),
            dev: false,
            id: None,
            needs: Vec::new(),
            lines: Vec::new(),
            found_by: String::new(),
            path: String::new(),
            layer: None,
        }
    }

    /// Name and version advisories of a distribution are about: the source's, else its own.
    pub fn source_or_self(&self) -> (&str, &str) {
        match &self.source {
            Some(source) => (&source.name, &source.version),
            None => (&self.name, &self.version),
        }
    }

    /// Package URL without qualifiers.
    pub fn purl(&self) -> String {
        let mut out = format!("pkg:{}/", self.ecosystem.row().purl);
        encode(&self.name, &mut out);
        if !self.version.is_empty() {
            out.push('@');
            encode(&self.version, &mut out);
        }
        out
    }
}

/// Percent-encodes what a package URL's name or version must not hold; `/` separates a namespace.
fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~' | b'/' | b':') {
            out.push(char::from(byte));
        } else {
            let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0').to_ascii_uppercase();
            out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
}

/// What an analyzer found in one file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packages {
    /// Packages.
    pub packages: Vec<Package>,
    /// The operating system, from a file that names it.
    pub os: Option<Os>,
    /// Files the packages own, relative to the root: what is in them is the system's to judge.
    pub owned: Vec<String>,
    /// The package those files are of, where the file is about one.
    #[serde(default)]
    pub owner: Option<String>,
    /// Java archives that do not say what they are.
    #[serde(default)]
    pub archives: Vec<JavaArchive>,
    /// Releases of the repositories packages come from.
    #[serde(default)]
    pub repositories: Vec<Os>,
    /// What other files' packages need of this file ([`crate::beside`]); gone once they had it.
    #[serde(skip)]
    pub(crate) kept: Option<String>,
    /// What of the file could not be read, in words. Named as unknown in the inventory.
    pub problems: Vec<String>,
}

impl Packages {
    /// Adds a package.
    pub fn add(&mut self, package: Package) {
        self.packages.push(package);
    }

    /// Notes that a part of the file could not be read. At most 16 are kept a file.
    pub fn problem(&mut self, what: impl Into<String>) {
        if self.problems.len() < 16 {
            self.problems.push(what.into());
        }
    }
}

/// Puts the installed package in the place of each name that is needed, sorted; what nobody provides is left out.
pub(crate) fn resolve<'a>(packages: &mut [Package], provider: impl Fn(&str) -> Option<&'a String>) {
    for package in packages {
        package.needs = package.needs.iter().filter_map(|need| provider(need).cloned()).collect();
        package.needs.sort();
        package.needs.dedup();
    }
}

/// At most 80 characters of a foreign text, for a message.
pub(crate) fn short(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purl_escapes() {
        for (ecosystem, name, version, want) in [
            (Ecosystem::Apk, "libc++", "1.2-r0", "pkg:apk/libc%2B%2B@1.2-r0"),
            (Ecosystem::Npm, "@babel/core", "7.0.0", "pkg:npm/%40babel/core@7.0.0"),
            (
                Ecosystem::Go,
                "example.com/a",
                "v1.0.0+incompatible",
                "pkg:golang/example.com/a@v1.0.0%2Bincompatible",
            ),
            (Ecosystem::Go, "example.com/a", "", "pkg:golang/example.com/a"),
        ] {
            assert_eq!(Package::new(ecosystem, name, version).purl(), want);
        }
    }

    #[test]
    fn source_falls_back_to_the_package() {
        let mut package = Package::new(Ecosystem::Apk, "libssl1.1", "1-r0");
        assert_eq!(package.source_or_self(), ("libssl1.1", "1-r0"));
        package.source = Some(SourcePackage { name: "openssl".into(), version: "1-r0".into() });
        assert_eq!(package.source_or_self(), ("openssl", "1-r0"));
    }
}
