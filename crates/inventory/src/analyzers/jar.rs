//! Java archives: jar, war, ear and what is nested in them.

use super::{Analyzer, Pattern, Stage};
use crate::package::short;
use crate::zip::Zip;
use crate::{Ecosystem, Package, Packages, path};
use std::collections::{BTreeMap, BTreeSet};

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "jar",
    about: "Java archives, nested ones included",
    files: &[
        Pattern::Suffix(".jar"),
        Pattern::Suffix(".war"),
        Pattern::Suffix(".ear"),
        Pattern::Suffix(".par"),
    ],
    stage: Stage::Installed,
    ecosystem: Some(Ecosystem::Maven),
    parse,
    join: None,
};

/// Archives within archives.
const DEPTH: usize = 8;
/// Members of one archive.
const MEMBERS: usize = 65_535;
/// Bytes of a manifest or of pom.properties.
const TEXT: u64 = 1 << 20;
/// Inflated bytes of everything nested in one file.
const NESTED: u64 = 256 << 20;

/// What is known of one archive's artefact.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Artifact {
    group: String,
    name: String,
    version: String,
}

/// Semantics: Trivy's jar parser without its database of checksums. An archive says what it is by pom.properties, else
/// by its manifest; a name alone names no group, so it is unknown, not clean.
fn parse(path: &str, bytes: &[u8], out: &mut Packages) {
    let mut found = BTreeSet::new();
    let mut left = NESTED;
    archive(path, bytes, 0, &mut left, &mut found, out);
    for (path, artifact) in found {
        let name = format!("{}:{}", artifact.group, artifact.name);
        out.add(Package { path, ..Package::new(Ecosystem::Maven, name, artifact.version) });
    }
}

fn archive(
    path: &str,
    bytes: &[u8],
    depth: usize,
    left: &mut u64,
    found: &mut BTreeSet<(String, Artifact)>,
    out: &mut Packages,
) {
    let zip = match Zip::read(bytes, MEMBERS) {
        Ok(zip) => zip,
        Err(error) => return out.problem(format!("{}: {error}", short(path))),
    };
    let mut own = Vec::new();
    let mut manifest = Artifact::default();
    for entry in &zip.entries {
        let name = entry.name.as_str();
        let text = || zip.body(entry, TEXT).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        if path::name(name) == "pom.properties" {
            match text() {
                Ok(text) => own.extend(properties(&text)),
                Err(error) => out.problem(format!("{}: {error}", short(name))),
            }
        } else if path::name(name) == "MANIFEST.MF" {
            manifest = text().map(|text| of_manifest(&text)).unwrap_or_default();
        } else if nested(name) {
            if depth >= DEPTH || entry.size > *left {
                out.problem(format!("{} is nested too deep or too large", short(name)));
                continue;
            }
            match zip.body(entry, *left) {
                Ok(inner) => {
                    *left = left.saturating_sub(inner.len() as u64);
                    archive(&format!("{path}/{name}"), &inner, depth.saturating_add(1), left, found, out);
                }
                Err(error) => out.problem(format!("{}: {error}", short(name))),
            }
        }
    }
    let stem = path::name(path).rsplit_once('.').map_or(path, |(stem, _)| stem);
    let named = own.iter().any(|a| stem == format!("{}-{}", a.name, a.version) || stem == a.name);
    if !named && complete(&manifest) {
        own.push(manifest);
    }
    if own.is_empty() && versioned(stem) {
        out.problem(format!("{} does not tell what it is; its checksum was not looked up", short(path)));
    }
    found.extend(own.into_iter().map(|artifact| (path.to_owned(), artifact)));
}

fn nested(name: &str) -> bool {
    [".jar", ".war", ".ear"].iter().any(|end| name.ends_with(end))
}

fn complete(artifact: &Artifact) -> bool {
    !artifact.group.is_empty() && !artifact.name.is_empty() && !artifact.version.is_empty()
}

/// `name-1.2.3`: what artefacts of a repository are called.
fn versioned(stem: &str) -> bool {
    let parts = stem.match_indices('-').filter_map(|(at, _)| stem.get(at.saturating_add(1)..));
    parts.into_iter().any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// `key=value` lines.
fn properties(text: &str) -> Option<Artifact> {
    let mut out = Artifact::default();
    for line in text.lines() {
        match line.split_once('=').map(|(key, value)| (key.trim(), value.trim())) {
            Some(("groupId", value)) => out.group = value.to_owned(),
            Some(("artifactId", value)) => out.name = value.to_owned(),
            Some(("version", value)) => out.version = value.to_owned(),
            _ => {}
        }
    }
    complete(&out).then_some(out)
}

/// The manifest's main section; a line that begins with a space continues the one before (JAR file specification).
fn of_manifest(text: &str) -> Artifact {
    let text = text.replace("\r\n", "\n").replace("\n ", "");
    let pairs = text.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split_once(':'));
    let fields: BTreeMap<&str, &str> = pairs.map(|(key, value)| (key.trim(), value.trim())).collect();
    let first = |keys: &[&str], plain: fn(&str) -> bool| {
        let values = keys.iter().filter_map(|key| fields.get(key));
        values.into_iter().find(|value| !value.is_empty() && plain(value)).map(|v| (*v).to_owned()).unwrap_or_default()
    };
    let word = |value: &str| !value.contains(' ') && !value.contains("${");
    let symbolic = fields.get("Bundle-SymbolicName").map(|name| name.split(';').next().unwrap_or_default());
    let (bundle_group, bundle_name) = symbolic.and_then(|name| name.rsplit_once('.')).unwrap_or_default();
    let or = |text: String, other: &str| if text.is_empty() { other.to_owned() } else { text };
    Artifact {
        group: or(first(&["Implementation-Vendor-Id"], word), bundle_group),
        name: or(first(&["Implementation-Title", "Specification-Title"], word), bundle_name),
        version: first(&["Implementation-Version", "Specification-Version", "Bundle-Version"], word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zip::tests::zip;

    fn read(path: &str, bytes: &[u8]) -> (Vec<String>, Vec<String>) {
        let mut out = Packages::default();
        parse(path, bytes, &mut out);
        (out.packages.iter().map(|p| format!("{} {}", p.name, p.version)).collect(), out.problems)
    }

    const LOG4J: &[u8] = b"#Generated\nversion=2.14.1\ngroupId=org.apache.logging.log4j\nartifactId=log4j-core\n";
    const PROPERTIES: &str = "META-INF/maven/org.apache.logging.log4j/log4j-core/pom.properties";

    #[test]
    fn nested_archives() {
        let core = zip(&[(PROPERTIES, LOG4J)]);
        let boot = zip(&[("BOOT-INF/lib/log4j-core-2.14.1.jar", &core)]);
        let war = zip(&[("WEB-INF/lib/boot.jar", &boot)]);
        assert_eq!(read("opt/app.war", &war), (vec!["org.apache.logging.log4j:log4j-core 2.14.1".into()], vec![]));
        // Shaded: another artefact's properties within.
        let shaded = zip(&[(PROPERTIES, LOG4J), ("META-INF/MANIFEST.MF", b"Implementation-Vendor-Id: com.example\r\nImplementation-Title: a\r\n pp\r\nImplementation-Version: 1.0\r\n")]);
        assert_eq!(read("app.jar", &shaded).0, ["com.example:app 1.0", "org.apache.logging.log4j:log4j-core 2.14.1"]);
    }

    #[test]
    fn what_is_not_known_is_named() {
        let empty = zip(&[("a.class", b"")]);
        assert_eq!(read("lib/commons-io-2.4.jar", &empty).1.len(), 1);
        assert_eq!(read("lib/rt.jar", &empty), (vec![], vec![]));
        assert_eq!(read("lib/a.jar", b"noise").1.len(), 1);
        let mut deep = zip(&[(PROPERTIES, LOG4J)]);
        for _ in 0..50 {
            deep = zip(&[("inner.jar", &deep)]);
        }
        let (packages, problems) = read("deep.jar", &deep);
        assert_eq!((packages.len(), problems.len()), (0, 1));
        let bomb = zip(&[("inner.jar", &vec![0; 300 << 20])]);
        assert_eq!(read("bomb.jar", &bomb).1.len(), 1);
    }

    #[test]
    fn corpus() {
        let root = "trivy/pkg/dependency/parser/java/jar/testdata";
        for (name, has) in [
            ("maven.war", "com.fasterxml.jackson.core:jackson-core 2.9.10"),
            ("nested.jar", "test:nested3 0.0.3"),
            ("io.quarkus.gizmo.gizmo-1.1.jar", "log4j:log4j 1.2.17"),
            ("hadoop-shaded-guava-1.1.0-SNAPSHOT.jar", "org.apache.hadoop.thirdparty:hadoop-shaded-guava 1.1.0-SNAPSHOT"),
        ] {
            let Some(bytes) = crate::corpus::read(&format!("{root}/{name}")) else { return };
            let (packages, problems) = read(name, &bytes);
            assert!(packages.iter().any(|p| p == has), "{name}: {packages:?} {problems:?}");
        }
    }
}
