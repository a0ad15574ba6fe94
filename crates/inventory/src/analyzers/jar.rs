//! Java archives: jar, war, ear and what is nested in them.

use super::{Analyzer, Pattern, Stage};
use crate::bounded::hex;
use crate::java::Artifact;
use crate::package::short;
use crate::zip::Zip;
use crate::{Ecosystem, JavaArchive, Package, Packages, path};
use sha1::Digest as _;
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

/// An archive says what it is by pom.properties; one that does not is noted, with its manifest and checksum, for
/// [`crate::java`] to tell.
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
    let mut main = BTreeMap::new();
    for entry in &zip.entries {
        let name = entry.name.as_str();
        let text = || zip.body(entry, TEXT).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        if path::name(name) == "pom.properties" {
            match text() {
                Ok(text) => own.extend(properties(&text)),
                Err(error) => out.problem(format!("{}: {error}", short(name))),
            }
        } else if path::name(name) == "MANIFEST.MF" {
            main = text().map(|text| main_section(&text)).unwrap_or_default();
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
    let name = path::name(path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let file = of_name(name);
    let is_it = |a: &Artifact| file.as_ref().is_some_and(|(name, version)| (name, version) == (&a.name, &a.version));
    if !own.iter().any(is_it) {
        let named = own.iter().any(|a| stem == format!("{}-{}", a.name, a.version) || stem == a.name);
        out.archives.push(JavaArchive {
            path: path.to_owned(),
            sha1: sha1(bytes),
            manifest: manifest(&main),
            silent: own.is_empty() && !clear(&main).complete() && versioned(stem),
            clear: clear(&main),
            named,
            file,
            layer: None,
        });
    }
    found.extend(own.into_iter().map(|artifact| (path.to_owned(), artifact)));
}

/// Name and version of `name-1.2.3.jar`: the last hyphen before a digit parts them.
fn of_name(name: &str) -> Option<(String, String)> {
    let stem = name.strip_suffix(".jar")?;
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let digit = |rest: &str| rest.get(1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let parts = stem.match_indices('-').filter_map(|(at, _)| stem.split_at_checked(at));
    let fits = parts.filter(|(name, rest)| !name.is_empty() && !name.ends_with(['-', '*']) && digit(rest));
    let (name, rest) = fits.last()?;
    let version = rest.strip_prefix('-')?;
    (name.chars().all(word) && !version.contains(char::is_whitespace)).then(|| (name.to_owned(), version.to_owned()))
}

fn nested(name: &str) -> bool {
    [".jar", ".war", ".ear"].iter().any(|end| name.ends_with(end))
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
    out.complete().then_some(out)
}

/// The manifest's main section; a line that begins with a space continues the one before (JAR file specification).
fn main_section(text: &str) -> BTreeMap<String, String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n").replace("\n ", "");
    let pairs = text.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split_once(':'));
    let pairs = pairs.map(|(key, value)| (key.to_owned(), value.trim().to_owned()));
    pairs.filter(|(_, value)| !value.is_empty() && !value.starts_with('%')).collect()
}

/// What the manifest says, in the order Trivy looks.
fn manifest(main: &BTreeMap<String, String>) -> Artifact {
    let first = |keys: &[&str]| keys.iter().find_map(|key| main.get(*key)).cloned().unwrap_or_default();
    let symbolic = main.get("Bundle-SymbolicName").map(|name| match name.rfind('.').filter(|at| *at > 0) {
        Some(at) => name.get(..at).unwrap_or_default().to_owned(),
        None => name.clone(),
    });
    let group = main.get("Implementation-Vendor-Id").cloned().or(symbolic);
    Artifact {
        group: group.unwrap_or_else(|| first(&["Implementation-Vendor", "Specification-Vendor"])),
        name: first(&["Implementation-Title", "Specification-Title", "Bundle-Name"]),
        version: first(&["Implementation-Version", "Specification-Version", "Bundle-Version"]),
    }
}

/// What the manifest says in words that can only be names: without a database to hold it against, only those count.
fn clear(main: &BTreeMap<String, String>) -> Artifact {
    let word = |value: &&String| !value.contains(' ') && !value.contains("${");
    let first = |keys: &[&str]| keys.iter().filter_map(|key| main.get(*key)).find(word).cloned().unwrap_or_default();
    let symbolic = main.get("Bundle-SymbolicName").map(|name| name.split(';').next().unwrap_or_default());
    let (bundle_group, bundle_name) = symbolic.and_then(|name| name.rsplit_once('.')).unwrap_or_default();
    let or = |text: String, other: &str| if text.is_empty() { other.to_owned() } else { text };
    Artifact {
        group: or(first(&["Implementation-Vendor-Id"]), bundle_group),
        name: or(first(&["Implementation-Title", "Specification-Title"]), bundle_name),
        version: first(&["Implementation-Version", "Specification-Version", "Bundle-Version"]),
    }
}

fn sha1(bytes: &[u8]) -> String {
    hex(&sha1::Sha1::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Inventory;
    use crate::zip::tests::zip;

    /// Packages and what is unknown, without a database.
    fn read(path: &str, bytes: &[u8]) -> (Vec<String>, Vec<String>) {
        let mut found = Packages::default();
        parse(path, bytes, &mut found);
        let mut out = Inventory { packages: found.packages, archives: found.archives, ..Inventory::default() };
        crate::java::alone(&mut out);
        out.packages.sort();
        let problems = found.problems.into_iter().chain(out.unknown.into_iter().map(|gap| gap.why));
        (out.packages.iter().map(|p| format!("{} {}", p.name, p.version)).collect(), problems.collect())
    }

    #[test]
    fn names_of_files() {
        for (name, want) in [
            ("commons-io-2.4.jar", Some(("commons-io", "2.4"))),
            ("spring-core-5.3.4-SNAPSHOT.jar", Some(("spring-core", "5.3.4-SNAPSHOT"))),
            ("a-1.0-2.jar", Some(("a-1.0", "2"))),
            ("a.jar", None),
            ("a-b.jar", None),
            ("a-1.war", None),
            ("-1.jar", None),
        ] {
            assert_eq!(of_name(name), want.map(|(n, v)| (n.to_owned(), v.to_owned())), "{name}");
        }
    }

    #[test]
    fn manifests() {
        let main = main_section(
            "Bundle-SymbolicName: com.example.lib\r\nBundle-Name: A li\r\n b\r\nBundle-Version: 1.0\r\nX: %y\r\n\r\nName: a\r\nImplementation-Title: z\r\n",
        );
        let got = manifest(&main);
        assert_eq!((got.group.as_str(), got.name.as_str(), got.version.as_str()), ("com.example", "A lib", "1.0"));
        assert_eq!(clear(&main).name, "lib");
        assert_eq!(sha1(b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
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
