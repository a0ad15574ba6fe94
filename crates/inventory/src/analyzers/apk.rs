//! apk's database of installed packages (Alpine, Wolfi).

use super::{Analyzer, Pattern, Stage};
use crate::bounded::hex;
use crate::package::{resolve, short};
use crate::{Ecosystem, Package, Packages, SourcePackage};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::{BTreeMap, BTreeSet};

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "apk",
    about: "apk's database of installed packages",
    files: &[Pattern::Path("lib/apk/db/installed"), Pattern::Path("usr/lib/apk/db/installed")],
    stage: Stage::System,
    ecosystem: Some(Ecosystem::Apk),
    parse,
    join: None,
};

/// One paragraph a package, one `K:value` line a field; keys are case sensitive (apk-tools, installed database v2).
fn parse(_path: &str, bytes: &[u8], out: &mut Packages) {
    let text = String::from_utf8_lossy(bytes);
    let mut entry = Entry::default();
    let (mut names, mut provided) = (BTreeSet::new(), BTreeMap::new());
    for line in text.lines() {
        if line.is_empty() {
            std::mem::take(&mut entry).finish(&mut names, &mut provided, out);
            continue;
        }
        let Some((key, value)) = line.split_once(':') else {
            out.problem(format!("a line without a key: {}", short(line)));
            continue;
        };
        match key {
            "P" => entry.name = value.to_owned(),
            "V" => entry.version = value.to_owned(),
            "A" => entry.arch = Some(value.to_owned()),
            "o" => entry.origin = value.to_owned(),
            "L" => entry.licenses = value.split_whitespace().filter(|w| !operator(w)).map(str::to_owned).collect(),
            "C" => entry.digest = checksum(value),
            "m" => entry.maintainer = Some(value.to_owned()),
            "p" => entry.provides = value.split_whitespace().map(bare).collect(),
            // What begins with `!` must not be there.
            "D" => entry.needs = value.split_whitespace().filter(|w| !w.starts_with('!')).map(bare).collect(),
            "F" => entry.directory = value.to_owned(),
            "R" => out.owned.push(match entry.directory.is_empty() {
                true => value.to_owned(),
                false => format!("{}/{value}", entry.directory),
            }),
            _ => {}
        }
    }
    entry.finish(&mut names, &mut provided, out);
    resolve(&mut out.packages, |need| provided.get(need));
}

/// A name without the versions that will do: `so:libssl.so.1.1=1.1`, `musl>=1.2`.
fn bare(word: &str) -> String {
    word.split(['<', '>', '=']).next().unwrap_or(word).to_owned()
}

/// Words that join licences in an expression.
fn operator(word: &str) -> bool {
    matches!(word.to_ascii_uppercase().as_str(), "AND" | "OR" | "WITH")
}

#[derive(Default)]
struct Entry {
    name: String,
    version: String,
    origin: String,
    arch: Option<String>,
    licenses: Vec<String>,
    maintainer: Option<String>,
    digest: Option<String>,
    directory: String,
    provides: Vec<String>,
    needs: Vec<String>,
}

/// `Q1` and a SHA-1 in base64; without `Q1` an MD5.
fn checksum(value: &str) -> Option<String> {
    let (kind, text) = value.strip_prefix("Q1").map_or(("md5", value), |text| ("sha1", text));
    Some(format!("{kind}:{}", hex(&STANDARD.decode(text).ok()?)))
}

impl Entry {
    /// A name is installed once: of two the first counts, as for apk and Trivy.
    fn finish(
        self,
        names: &mut BTreeSet<String>,
        provided: &mut BTreeMap<String, String>,
        out: &mut Packages,
    ) {
        match (self.name.is_empty(), self.version.is_empty()) {
            (true, true) => return,
            (false, false) => {}
            (false, true) => return out.problem(format!("{} has no version", short(&self.name))),
            (true, false) => return out.problem(format!("version {} has no name", short(&self.version))),
        }
        if !names.insert(self.name.clone()) {
            return out.problem(format!("{} is there twice", short(&self.name)));
        }
        let id = format!("{}@{}", self.name, self.version);
        for what in std::iter::once(self.name.clone()).chain(self.provides) {
            provided.insert(what, id.clone());
        }
        // Packages built before origins were recorded are their own.
        let origin = if self.origin.is_empty() { self.name.clone() } else { self.origin };
        out.add(Package {
            source: Some(SourcePackage { name: origin, version: self.version.clone() }),
            arch: self.arch,
            licenses: self.licenses,
            maintainer: self.maintainer,
            needs: self.needs,
            digest: self.digest,
            ..Package::new(Ecosystem::Apk, self.name, self.version)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Packages {
        let mut out = Packages::default();
        parse("lib/apk/db/installed", text.as_bytes(), &mut out);
        out
    }

    #[test]
    fn fields_origin_and_files() {
        let out = read("C:Q1x=\nP:libssl1.1\nV:1.1.1c-r0\nA:x86_64\nL:OpenSSL AND MIT\no:openssl\nF:lib\nR:libssl.so.1.1\nF:\nR:top\n\n");
        let [package] = out.packages.as_slice() else { panic!("one package") };
        assert_eq!((package.name.as_str(), package.version.as_str()), ("libssl1.1", "1.1.1c-r0"));
        assert_eq!(package.source_or_self(), ("openssl", "1.1.1c-r0"));
        assert_eq!(package.licenses, ["OpenSSL", "MIT"]);
        assert_eq!(out.owned, ["lib/libssl.so.1.1", "top"]);
        assert!(out.problems.is_empty());
    }

    #[test]
    fn the_last_paragraph_needs_no_blank_line_and_no_origin() {
        let out = read("P:a\nV:1-r0\n\nP:b\nV:2-r0");
        let got: Vec<_> = out.packages.iter().map(|p| p.source_or_self()).collect();
        assert_eq!(got, [("a", "1-r0"), ("b", "2-r0")]);
    }

    #[test]
    fn what_a_package_needs() {
        let out = read("P:a\nV:1-r0\nD:!b so:libb.so.1>=1 nowhere b>1 b\n\nP:b\nV:2-r0\np:so:libb.so.1=1.2\n");
        assert_eq!((&out.packages[0].needs, &out.packages[1].needs), (&vec!["b@2-r0".to_owned()], &vec![]));
    }

    #[test]
    fn corpus() {
        let path = "trivy/pkg/fanal/analyzer/pkg/apk/testdata/apk";
        let Some(bytes) = crate::corpus::read(path) else { return };
        let out = read(&String::from_utf8(bytes).unwrap());
        assert_eq!(out.problems, ["invalidPackageWithoutAVersion has no version"]);
        assert!(out.packages.len() == 15);
        let ssl = out.packages.iter().find(|p| p.name == "libssl1.0").unwrap();
        assert_eq!(ssl.source_or_self().0, "openssl");
        assert!(out.owned.contains(&"bin/busybox".to_owned()));
    }

    #[test]
    fn what_is_broken_is_named() {
        let out = read("P:invalidPackageWithoutAVersion\n\nV:1\n\ngarbage\nP:ok\nV:1-r0\n");
        assert_eq!(out.packages.len(), 1);
        assert_eq!(out.problems.len(), 3);
        assert!(read("").packages.is_empty());
        let twice = read("P:a\nV:1-r0\n\nP:a\nV:2-r0\n");
        assert_eq!((twice.packages.len(), twice.problems.as_slice()), (1, &["a is there twice".to_owned()][..]));
    }
}
