//! package-lock.json and npm-shrinkwrap.json, lock file versions 1 to 3.

use super::{Analyzer, Pattern, Stage};
use crate::{Ecosystem, Package, Packages};
use serde_json::{Map, Value};

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "npm-lock",
    about: "npm's lock files",
    files: &[Pattern::Name("package-lock.json"), Pattern::Name("npm-shrinkwrap.json")],
    stage: Stage::Declared,
    ecosystem: Some(Ecosystem::Npm),
    parse,
};

/// Packages that only development needs are left out, as Trivy does unless asked.
fn parse(_path: &str, bytes: &[u8], out: &mut Packages) {
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(error) => return out.problem(format!("not JSON: {error}")),
    };
    let mut found = Vec::new();
    match (value.get("packages"), value.get("dependencies")) {
        (Some(Value::Object(packages)), _) => flat(packages, &mut found),
        (None, Some(Value::Object(dependencies))) => nested(dependencies, &mut found),
        (None, None) => {}
        _ => out.problem("packages or dependencies is no object"),
    }
    found.sort();
    found.dedup();
    for (name, version) in found {
        out.add(Package::new(Ecosystem::Npm, name, version));
    }
}

fn flag(entry: &Value, key: &str) -> bool {
    entry.get(key).and_then(Value::as_bool).unwrap_or(false)
}

/// Versions 2 and 3: one entry a directory; what is no node_modules directory is the project's own.
fn flat(packages: &Map<String, Value>, out: &mut Vec<(String, String)>) {
    for (path, entry) in packages {
        let Some((_, name)) = path.rsplit_once("node_modules/") else { continue };
        if flag(entry, "dev") || flag(entry, "link") {
            continue;
        }
        // An alias is installed under another name than the package has.
        let name = entry.get("name").and_then(Value::as_str).unwrap_or(name);
        let version = entry.get("version").and_then(Value::as_str).unwrap_or_default();
        if !version.is_empty() {
            out.push((name.to_owned(), version.to_owned()));
        }
    }
}

/// Version 1: dependencies within dependencies, as deep as the JSON reader goes.
fn nested(dependencies: &Map<String, Value>, out: &mut Vec<(String, String)>) {
    for (name, entry) in dependencies {
        if flag(entry, "dev") {
            continue;
        }
        let version = entry.get("version").and_then(Value::as_str).unwrap_or_default();
        if !version.is_empty() {
            out.push((name.clone(), version.to_owned()));
        }
        if let Some(Value::Object(inner)) = entry.get("dependencies") {
            nested(inner, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (Vec<String>, usize) {
        let mut out = Packages::default();
        parse("package-lock.json", bytes, &mut out);
        (out.packages.iter().map(|p| format!("{}@{}", p.name, p.version)).collect(), out.problems.len())
    }

    #[test]
    fn three_versions() {
        let one = br#"{"lockfileVersion":1,"dependencies":{"a":{"version":"1.0.0","dependencies":{"b":{"version":"2.0.0"}}},"d":{"version":"1.0.0","dev":true}}}"#;
        assert_eq!(read(one).0, ["a@1.0.0", "b@2.0.0"]);
        let three = br#"{"lockfileVersion":3,"packages":{"":{"name":"app"},"node_modules/a":{"version":"1.0.0"},
            "node_modules/a/node_modules/@s/b":{"version":"2.0.0"},"node_modules/w":{"link":true,"resolved":"w"},"w":{"version":"1.0.0"},
            "node_modules/alias":{"name":"real","version":"3.0.0"},"node_modules/d":{"version":"1.0.0","dev":true}}}"#;
        assert_eq!(read(three).0, ["@s/b@2.0.0", "a@1.0.0", "real@3.0.0"]);
    }

    #[test]
    fn broken() {
        assert_eq!(read(b"{").1, 1);
        assert_eq!(read(br#"{"packages":[]}"#).1, 1);
        assert_eq!(read(b"{}"), (vec![], 0));
    }

    #[test]
    fn corpus() {
        for (name, has) in [("v1", "debug@2.6.9"), ("v2", "debug@2.6.9"), ("v3", "debug@2.6.9"), ("v3_with_workspace", "debug@2.6.9")] {
            let path = format!("trivy/pkg/dependency/parser/nodejs/npm/testdata/package-lock_{name}.json");
            let Some(bytes) = crate::corpus::read(&path) else { return };
            let (packages, problems) = read(&bytes);
            assert!(problems == 0 && packages.iter().any(|p| p == has), "{name}: {packages:?}");
        }
    }
}
