//! package-lock.json and npm-shrinkwrap.json, lock file versions 1 to 3.

use super::{Analyzer, Pattern, Stage};
use crate::json_lines::object_lines;
use crate::{Ecosystem, Package, Packages};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "npm-lock",
    about: "npm's lock files",
    files: &[Pattern::Name("package-lock.json"), Pattern::Name("npm-shrinkwrap.json")],
    stage: Stage::Declared,
    ecosystem: Some(Ecosystem::Npm),
    parse,
};

/// One package by name and version, however often it is installed.
#[derive(Default)]
struct Entry {
    dev: bool,
    lines: Vec<(u64, u64)>,
    needs: Vec<String>,
}

type Entries = BTreeMap<(String, String), Entry>;

/// What only development needs is marked.
fn parse(_path: &str, bytes: &[u8], out: &mut Packages) {
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(error) => return out.problem(format!("not JSON: {error}")),
    };
    let lines = object_lines(bytes);
    let mut found = Entries::new();
    match (value.get("packages"), value.get("dependencies")) {
        (Some(Value::Object(packages)), _) => flat(packages, &lines, &mut found),
        (None, Some(Value::Object(dependencies))) => nested(dependencies, &[], "dependencies", &lines, &mut found),
        (None, None) => {}
        _ => out.problem("packages or dependencies is no object"),
    }
    for ((name, version), mut entry) in found {
        entry.lines.sort_unstable();
        entry.lines.dedup();
        entry.needs.sort_unstable();
        entry.needs.dedup();
        let Entry { dev, lines, needs } = entry;
        out.add(Package { dev, lines, needs, ..Package::new(Ecosystem::Npm, name, version) });
    }
}

fn flag(entry: &Value, key: &str) -> bool {
    entry.get(key).and_then(Value::as_bool).unwrap_or(false)
}

fn text<'a>(entry: &'a Value, key: &str) -> &'a str {
    entry.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn note(out: &mut Entries, name: &str, entry: &Value, lines: Option<&(u64, u64)>, needs: Vec<String>) {
    let key = (name.to_owned(), text(entry, "version").to_owned());
    let fresh = !out.contains_key(&key);
    let one = out.entry(key).or_default();
    // What is needed by the program in one place is needed.
    one.dev = flag(entry, "dev") && (fresh || one.dev);
    one.lines.extend(lines);
    one.needs.extend(needs);
}

/// Versions 2 and 3: one entry a directory; what is no node_modules directory is the project's own.
fn flat(packages: &Map<String, Value>, lines: &BTreeMap<String, (u64, u64)>, out: &mut Entries) {
    for (path, entry) in packages {
        let Some((_, name)) = path.rsplit_once("node_modules/") else { continue };
        if flag(entry, "link") || text(entry, "version").is_empty() {
            continue;
        }
        // An alias is installed under another name than the package has.
        let name = entry.get("name").and_then(Value::as_str).unwrap_or(name);
        let mut needs = Vec::new();
        for kind in ["dependencies", "optionalDependencies"] {
            let names = entry.get(kind).and_then(Value::as_object).into_iter().flatten();
            needs.extend(names.filter_map(|(name, _)| resolve(packages, path, name)));
        }
        note(out, name, entry, lines.get(&format!("packages\n{path}")), needs);
    }
}

/// The module a directory sees under a name: its own, or that of the nearest directory above.
fn resolve(packages: &Map<String, Value>, path: &str, name: &str) -> Option<String> {
    let mut base = path;
    loop {
        let prefix = if base.is_empty() { String::new() } else { format!("{base}/") };
        if let Some(found) = packages.get(&format!("{prefix}node_modules/{name}")) {
            return Some(format!("{name}@{}", text(found, "version")));
        }
        base = match base.rfind("/node_modules/").or_else(|| base.rfind("node_modules/")) {
            Some(at) => base.get(..at)?,
            None => return None,
        };
    }
}

/// Version 1: dependencies within dependencies, as deep as the JSON reader goes.
fn nested(
    dependencies: &Map<String, Value>,
    above: &[&Map<String, Value>],
    at: &str,
    lines: &BTreeMap<String, (u64, u64)>,
    out: &mut Entries,
) {
    for (name, entry) in dependencies {
        let own = entry.get("dependencies").and_then(Value::as_object);
        let here = format!("{at}\n{name}");
        if !text(entry, "version").is_empty() {
            let names = entry.get("requires").and_then(Value::as_object).into_iter().flatten();
            let see = |name: &String| {
                let scopes = own.into_iter().chain([dependencies]).chain(above.iter().rev().copied());
                let found = scopes.into_iter().find_map(|scope| scope.get(name))?;
                Some(format!("{name}@{}", text(found, "version")))
            };
            let needs = names.filter_map(|(name, _)| see(name)).collect();
            note(out, name, entry, lines.get(&here), needs);
        }
        if let Some(inner) = own {
            let above: Vec<_> = above.iter().copied().chain([dependencies]).collect();
            nested(inner, &above, &format!("{here}\ndependencies"), lines, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (Vec<String>, usize) {
        let mut out = Packages::default();
        parse("package-lock.json", bytes, &mut out);
        let shown = out.packages.iter().filter(|p| !p.dev).map(|p| format!("{}@{}", p.name, p.version));
        (shown.collect(), out.problems.len())
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
