//! Bills of materials: CycloneDX and SPDX in JSON, bare or as the predicate of an in-toto statement; SPDX in tags.
//!
//! Semantics: the two specifications, package URLs, and the properties by which Trivy's own documents tell a package's
//! source, file and layer (`aquasecurity:trivy:…` in CycloneDX, `Name: value` notes in SPDX).

use crate::sbom_tags::tags;
use crate::stack::unknown;
use crate::{Ecosystem, Inventory, Limits, Os, Package, SourcePackage};
use base64::Engine as _;
use model::Digest;
use serde_json::Value;
use std::collections::BTreeMap;

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SbomKind {
    /// CycloneDX.
    CycloneDx,
    /// SPDX.
    Spdx,
}

/// Why a document is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SbomError {
    /// Neither JSON nor SPDX's tags.
    #[error("neither JSON nor SPDX in tags and values: {0}")]
    Json(String),
    /// JSON of another kind.
    #[error("neither CycloneDX nor SPDX in JSON, nor an in-toto statement about one")]
    Kind,
    /// Larger than [`Limits::file_bytes`].
    #[error("it is over the limit of {0} bytes")]
    TooLarge(u64),
}

/// Statements within envelopes.
const DEPTH: usize = 4;

/// Reads a document. What of it names no package that can be judged is in [`Inventory::unknown`].
///
/// # Errors
/// When it is no bill of materials.
pub fn sbom(bytes: &[u8], limits: &Limits) -> Result<(Inventory, SbomKind), SbomError> {
    if bytes.len() as u64 > limits.file_bytes {
        return Err(SbomError::TooLarge(limits.file_bytes));
    }
    if let Some(value) = std::str::from_utf8(bytes).ok().and_then(|text| tags(text, limits)) {
        return document(&value, limits, 0);
    }
    let first = bytes.iter().position(|b| *b == b'\n').and_then(|end| bytes.get(..end));
    let value: Value = serde_json::from_slice(bytes)
        // One statement a line: the first counts.
        .or_else(|error| first.map_or(Err(error), serde_json::from_slice))
        .map_err(|error| SbomError::Json(error.to_string()))?;
    document(&value, limits, 0)
}

fn document(value: &Value, limits: &Limits, depth: usize) -> Result<(Inventory, SbomKind), SbomError> {
    if depth > DEPTH {
        return Err(SbomError::Kind);
    }
    if let Some(payload) = value.get("payload").and_then(Value::as_str) {
        let bytes = base64::engine::general_purpose::STANDARD.decode(payload).map_err(|_| SbomError::Kind)?;
        let inner = serde_json::from_slice(&bytes).map_err(|error| SbomError::Json(error.to_string()))?;
        return document(&inner, limits, depth.saturating_add(1));
    }
    if let Some(predicate) = value.get("predicate").filter(|_| value.get("predicateType").is_some()) {
        let inner = predicate.get("Data").unwrap_or(predicate);
        return document(inner, limits, depth.saturating_add(1));
    }
    let mut reader = Reader { out: Inventory::default(), limits, nameless: 0 };
    let kind = if value.get("bomFormat").and_then(Value::as_str) == Some("CycloneDX") {
        reader.cyclonedx(value);
        SbomKind::CycloneDx
    } else if value.get("spdxVersion").is_some() {
        reader.spdx(value);
        SbomKind::Spdx
    } else {
        return Err(SbomError::Kind);
    };
    Ok((reader.finish(), kind))
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// What is noted of a component beside its package URL.
type Notes = BTreeMap<String, String>;

struct Reader<'a> {
    out: Inventory,
    limits: &'a Limits,
    nameless: u64,
}

impl Reader<'_> {
    fn cyclonedx(&mut self, value: &Value) {
        // Components hold components; each is looked at on its own.
        let mut open: Vec<&Value> = list(value, "components").collect();
        while let Some(component) = open.pop() {
            open.extend(list(component, "components"));
            let notes: Notes = list(component, "properties")
                .filter_map(|p| {
                    Some((
                        text(p, "name").strip_prefix("aquasecurity:trivy:")?.to_owned(),
                        text(p, "value").to_owned(),
                    ))
                })
                .collect();
            match text(component, "type") {
                "operating-system" => self.system(text(component, "name"), text(component, "version")),
                "library" | "application" | "framework" | "platform" | ""
                    if !text(component, "purl").is_empty() =>
                {
                    self.package(text(component, "purl"), &notes, text(component, "version"));
                }
                "library" | "framework" => self.nameless = self.nameless.saturating_add(1),
                _ => {}
            }
        }
    }

    fn spdx(&mut self, value: &Value) {
        for entry in list(value, "packages") {
            let id = text(entry, "SPDXID");
            let mut notes: Notes = list(entry, "attributionTexts")
                .chain(list(entry, "annotations").filter_map(|a| a.get("comment")))
                .filter_map(|note| note.as_str()?.split_once(": "))
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect();
            if let Some((name, version)) = text(entry, "sourceInfo")
                .strip_prefix("built package from: ")
                .and_then(|source| source.rsplit_once(' '))
            {
                notes.insert("SrcName".into(), name.to_owned());
                notes.insert("Source".into(), version.to_owned());
            }
            let purl = list(entry, "externalRefs").find(|r| text(r, "referenceType") == "purl");
            let system =
                text(entry, "primaryPackagePurpose") == "OPERATING-SYSTEM" || id.contains("OperatingSystem");
            match purl {
                _ if system => self.system(text(entry, "name"), text(entry, "versionInfo")),
                Some(purl) => {
                    self.package(text(purl, "referenceLocator"), &notes, text(entry, "versionInfo"))
                }
                // Files, images and applications are packages as well in SPDX.
                None if ["SPDXRef-Package-", "SPDXRef-Library-"].iter().any(|p| id.starts_with(p)) => {
                    self.nameless = self.nameless.saturating_add(1);
                }
                None => {}
            }
        }
    }

    fn system(&mut self, name: &str, version: &str) {
        if !name.is_empty() {
            self.out
                .os
                .get_or_insert(Os { family: Os::family_of(name).to_owned(), version: version.to_owned() });
        }
    }

    fn package(&mut self, purl: &str, notes: &Notes, version: &str) {
        if self.out.packages.len() >= self.limits.packages {
            return unknown(
                &mut self.out,
                "packages",
                "the document holds more packages than the limit",
                None,
            );
        }
        match package(purl, notes, version) {
            Some(package) => self.out.packages.push(package),
            None if purl.starts_with("pkg:oci/") || purl.starts_with("pkg:docker/") => {}
            None => {
                let what = crate::package::short(purl);
                unknown(&mut self.out, &what, "packages of this kind are not judged", None);
            }
        }
    }

    fn finish(mut self) -> Inventory {
        if self.nameless > 0 {
            let what = format!("{} components", self.nameless);
            unknown(&mut self.out, &what, "they have no package URL", None);
        }
        if self.out.os.is_none() && self.out.packages.iter().any(|p| p.ecosystem.row().system) {
            let why = "the document names no operating system";
            unknown(&mut self.out, "packages of the system", why, None);
        }
        self.out.packages.sort();
        self.out.packages.dedup();
        self.out.unknown.sort();
        self.out.unknown.dedup();
        self.out
    }
}

/// Analyzer that finds packages of a type where they are installed.
const KINDS: [(&str, Ecosystem, &str); 9] = [
    ("apk", Ecosystem::Apk, "apk"),
    ("deb", Ecosystem::Deb, "dpkg"),
    ("rpm", Ecosystem::Rpm, "rpm"),
    ("npm", Ecosystem::Npm, "node-module"),
    ("pypi", Ecosystem::PyPi, "python"),
    ("maven", Ecosystem::Maven, "jar"),
    ("golang", Ecosystem::Go, "go-binary"),
    ("cargo", Ecosystem::Cargo, "cargo-lock"),
    ("composer", Ecosystem::Composer, "composer-lock"),
];

/// The package of a package URL.
fn package(purl: &str, notes: &Notes, fallback: &str) -> Option<Package> {
    let rest = purl.strip_prefix("pkg:")?;
    let rest = rest.split('#').next()?;
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (kind, path) = path.split_once('/')?;
    let (path, version) = match path.rsplit_once('@') {
        Some((path, version)) if !version.contains('/') => (path, decode(version)),
        _ => (path, fallback.to_owned()),
    };
    let (_, ecosystem, found_by) = KINDS.iter().find(|(known, _, _)| *known == kind)?;
    let parts: Vec<String> = path.split('/').map(decode).collect();
    let name = match ecosystem {
        // A distribution's namespace is its family.
        Ecosystem::Apk | Ecosystem::Deb | Ecosystem::Rpm => parts.last()?.clone(),
        Ecosystem::Maven => match parts.split_last()? {
            (name, []) => name.clone(),
            (name, group) => format!("{}:{name}", group.join(".")),
        },
        _ => parts.join("/"),
    };
    let qualifier = |key: &str| {
        query.split('&').filter_map(|q| q.split_once('=')).find(|(k, _)| *k == key).map(|(_, v)| decode(v))
    };
    let note = |key: &str| notes.get(key).filter(|value| !value.is_empty());
    let epoch = qualifier("epoch").filter(|epoch| epoch != "0");
    let full = |epoch: Option<&String>, version: &str| match epoch {
        Some(epoch) => format!("{epoch}:{version}"),
        None => version.to_owned(),
    };
    let version = full(epoch.as_ref(), &version);
    let source = note("SrcName").map(|name| {
        let written = note("SrcVersion").map(|version| match note("SrcRelease") {
            Some(release) => full(note("SrcEpoch"), &format!("{version}-{release}")),
            None => full(note("SrcEpoch"), version),
        });
        let version = written.or_else(|| note("Source").cloned()).unwrap_or_else(|| version.clone());
        SourcePackage { name: name.clone(), version }
    });
    Some(Package {
        source,
        arch: qualifier("arch"),
        module: note("Modularitylabel").cloned().or_else(|| qualifier("modularitylabel")),
        path: note("FilePath").cloned().unwrap_or_default(),
        layer: note("LayerDiffID").and_then(|text| Digest::parse(text)),
        found_by: (*found_by).to_owned(),
        ..Package::new(*ecosystem, name, version)
    })
}

/// Percent-decoding; what is malformed stays.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match (first, hex) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_urls() {
        for (purl, want) in [
            ("pkg:rpm/centos/bash@4.2.46-31.el7?arch=x86_64&epoch=1", Some("bash 1:4.2.46-31.el7")),
            ("pkg:npm/%40babel/core@7.0.0", Some("@babel/core 7.0.0")),
            ("pkg:npm/@babel/core", Some("@babel/core 9")),
            (
                "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1",
                Some("org.apache.logging.log4j:log4j-core 2.14.1"),
            ),
            ("pkg:golang/example.com/a@v1.0.0%2Bincompatible#sub", Some("example.com/a v1.0.0+incompatible")),
            ("pkg:apk/alpine/libc%2B%2B@1-r0", Some("libc++ 1-r0")),
            ("pkg:swift/x/y@1", None),
            ("npm/x", None),
        ] {
            let got = package(purl, &Notes::new(), "9").map(|p| format!("{} {}", p.name, p.version));
            assert_eq!(got.as_deref(), want, "{purl}");
        }
    }

    #[test]
    fn what_cannot_be_judged_is_named() {
        let text = br#"{"bomFormat":"CycloneDX","components":[{"type":"library","name":"x"},{"type":"library","purl":"pkg:swift/a@1"},
            {"type":"application","name":"app","components":[{"type":"library","purl":"pkg:npm/a@1"}]},{"type":"library","purl":"pkg:deb/debian/b@1"}]}"#;
        let (out, kind) = sbom(text, &Limits::default()).unwrap();
        assert_eq!((out.packages.len(), out.unknown.len(), kind), (2, 3, SbomKind::CycloneDx));
        assert_eq!(sbom(b"{}", &Limits::default()), Err(SbomError::Kind));
        assert!(matches!(sbom(b"SPDX: SPDX-2.3", &Limits::default()), Err(SbomError::Json(_))));
        let nested = (0..9).fold(r#"{"bomFormat":"CycloneDX"}"#.to_owned(), |inner, _| {
            format!(r#"{{"predicateType":"x","predicate":{inner}}}"#)
        });
        assert_eq!(sbom(nested.as_bytes(), &Limits::default()), Err(SbomError::Kind));
    }

    #[test]
    fn corpus() {
        let root = "trivy/integration/testdata/fixtures/sbom";
        for (name, source) in [
            ("centos-7-cyclonedx.json", "openssl"),
            ("centos-7-cyclonedx.intoto.jsonl", "openssl"),
            // This one says that it was built from a package of its own name.
            ("centos-7-spdx.json", "openssl-libs"),
            ("centos-7-spdx.txt", "openssl-libs"),
        ] {
            let Some(bytes) = crate::corpus::read(&format!("{root}/{name}")) else { return };
            let (out, _) = sbom(&bytes, &Limits::default()).unwrap();
            assert_eq!(out.os.as_ref().unwrap().to_string(), "centos 7.6.1810", "{name}");
            let ssl = out.packages.iter().find(|p| p.name == "openssl-libs").unwrap();
            assert_eq!((ssl.version.as_str(), ssl.source_or_self().0), ("1:1.0.2k-16.el7", source), "{name}");
            assert!(ssl.layer.is_some() && out.unknown.is_empty(), "{name}: {:?}", out.unknown);
        }
    }
}
