//! package-lock.json and npm-shrinkwrap.json, lock file versions 1 to 3.

use super::{Analyzer, Pattern, Stage};
use super::package_json::{inside_modules, licenses, workspaces};
use crate::beside::Beside;
use crate::json_lines::object_lines;
use crate::licenses::of_node;
use crate::{Ecosystem, Package, Packages, Relation};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "npm-lock",
    about: "npm's lock files",
    files: &[Pattern::Name("package-lock.json"), Pattern::Name("npm-shrinkwrap.json")],
    stage: Stage::Declared,
    ecosystem: Some(Ecosystem::Npm),
    parse,
    join: Some(join),
};

/// One package by name and version, however often it is installed.
#[derive(Default)]
struct Entry {
    dev: bool,
    direct: bool,
    lines: Vec<(u64, u64)>,
    licenses: Vec<String>,
    needs: Vec<String>,
}

type Entries = BTreeMap<(String, String), Entry>;
type Lines = BTreeMap<String, (u64, u64)>;

/// What only development needs is marked. Lock files within node_modules are of nobody here.
fn parse(path: &str, bytes: &[u8], out: &mut Packages) {
    if inside_modules(path) {
        return;
    }
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(error) => return out.problem(format!("not JSON: {error}")),
    };
    let lines = object_lines(bytes);
    let mut found = Entries::new();
    let first = value.get("lockfileVersion").and_then(Value::as_u64) == Some(1);
    let (key, told) = if first { ("dependencies", false) } else { ("packages", true) };
    match value.get(key) {
        Some(Value::Object(all)) if first => nested(all, &[], key, &lines, &mut found),
        Some(Value::Object(all)) => flat(all, &lines, &mut found),
        None => {}
        _ => return out.problem("packages or dependencies is no object"),
    }
    for ((name, version), mut entry) in found {
        entry.lines.sort_unstable();
        entry.needs.sort_unstable();
        entry.needs.dedup();
        let Entry { dev, direct, lines, licenses, needs } = entry;
        // The first version does not say what the project itself asks for.
        let relation = match (told, direct) {
            (false, _) => Relation::Unknown,
            (true, true) => Relation::Direct,
            (true, false) => Relation::Indirect,
        };
        out.add(Package {
            dev,
            relation,
            lines,
            licenses,
            needs,
            ..Package::new(Ecosystem::Npm, name, version)
        });
    }
}

/// Licences that the lock file does not tell are those of the installed modules.
fn join(path: &str, found: &mut Packages, beside: &Beside) {
    let licenses = licenses(path, beside);
    for package in found.packages.iter_mut().filter(|p| p.licenses.is_empty()) {
        if let Some(known) = licenses.get(&format!("{}@{}", package.name, package.version)) {
            package.licenses.clone_from(known);
        }
    }
}

fn flag(entry: &Value, key: &str) -> bool {
    entry.get(key).and_then(Value::as_bool).unwrap_or(false)
}

fn text<'a>(entry: &'a Value, key: &str) -> &'a str {
    entry.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn id(name: &str, version: &str) -> String {
    if version.is_empty() { name.to_owned() } else { format!("{name}@{version}") }
}

fn note<'a>(out: &'a mut Entries, name: &str, entry: &Value, lines: Option<&(u64, u64)>) -> (&'a mut Entry, bool) {
    let key = (name.to_owned(), text(entry, "version").to_owned());
    let fresh = !out.contains_key(&key);
    let one = out.entry(key).or_default();
    // What is needed by the program in one place is needed.
    one.dev = flag(entry, "dev") && (fresh || one.dev);
    one.lines.extend(lines);
    (one, fresh)
}

/// Versions 2 and 3: one entry a directory; links are taken for what they lead to, other directories are no packages.
fn flat(packages: &Map<String, Value>, lines: &Lines, out: &mut Entries) {
    let (places, workspaces) = places(packages);
    let root = packages.get("");
    let asked = ["dependencies", "optionalDependencies", "devDependencies", "peerDependencies"];
    let names = asked.iter().filter_map(|key| root?.get(key)?.as_object()).flat_map(Map::keys);
    let direct: BTreeSet<String> =
        names.map(String::as_str).chain(workspaces.iter().copied()).map(|name| format!("node_modules/{name}")).collect();
    for (path, (entry, origin)) in &places {
        if !path.starts_with("node_modules") {
            continue;
        }
        // An alias is installed under another name than the package has.
        let name = Some(text(entry, "name")).filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| path.rsplit_once("node_modules/").map_or("", |(_, name)| name));
        let (one, fresh) = note(out, name, entry, lines.get(&format!("packages\n{origin}")));
        one.direct |= direct.contains(path);
        if one.licenses.is_empty() {
            one.licenses = of_node(entry.get("license"));
        }
        if fresh {
            let kinds = ["dependencies", "optionalDependencies", "peerDependencies"];
            let names = kinds.iter().filter_map(|key| entry.get(key)?.as_object()).flat_map(Map::keys);
            one.needs.extend(names.filter_map(|name| resolve(&places, path, name)));
        }
    }
}

/// Entries by the directory they are found under, each with the directory its entry is of.
type Places<'a> = BTreeMap<String, (&'a Value, &'a str)>;

/// Puts what links lead to where the links are. Also the names of the project's own parts.
fn places(packages: &Map<String, Value>) -> (Places<'_>, Vec<&str>) {
    let mut out: Places<'_> = packages.iter().map(|(path, entry)| (path.clone(), (entry, path.as_str()))).collect();
    let links: Vec<(&str, &str)> = packages
        .iter()
        .filter(|(_, entry)| flag(entry, "link"))
        .map(|(path, entry)| (path.as_str(), text(entry, "resolved")))
        .collect();
    let patterns = workspaces(packages.get("").and_then(|root| root.get("workspaces")));
    let mut own = Vec::new();
    for (path, target) in &links {
        if target.is_empty() {
            out.remove(*path);
        }
    }
    for (path, entry) in packages.iter().filter(|(path, entry)| !path.is_empty() && !flag(entry, "link")) {
        let Some((link, target)) = links.iter().find(|(_, target)| !target.is_empty() && path.starts_with(*target)) else {
            continue;
        };
        out.remove(path);
        out.insert(path.replacen(*target, link, 1), (entry, path.as_str()));
        if patterns.iter().any(|pattern| fits(pattern, path)) {
            own.extend(link.rsplit_once("node_modules/").map(|(_, name)| name));
        }
    }
    (out, own)
}

/// Whether a path is one of a pattern with `*` for any part of a name.
pub(super) fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, path) = (pattern.trim_start_matches("./").trim_end_matches('/'), path);
    let parts = pattern.split('/').count() == path.split('/').count();
    parts && pattern.split('/').zip(path.split('/')).all(|(pattern, name)| fits_name(pattern, name))
}

fn fits_name(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(start) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, after)) = left.split_once(part) else { return false };
        left = after;
    }
    left.ends_with(last)
}

/// The module a directory sees under a name: its own, or that of the nearest directory above.
fn resolve(places: &Places<'_>, path: &str, name: &str) -> Option<String> {
    let whole = format!("{path}/node_modules");
    let ends = whole.match_indices("node_modules").map(|(at, part)| at.saturating_add(part.len()));
    let folders: Vec<&str> = ends.filter_map(|end| whole.get(..end)).collect();
    let found = folders.iter().rev().find_map(|folder| places.get(&format!("{folder}/{name}")))?;
    Some(id(name, text(found.0, "version")))
}

/// Version 1: dependencies within dependencies, as deep as the JSON reader goes.
fn nested(dependencies: &Map<String, Value>, above: &[&Map<String, Value>], at: &str, lines: &Lines, out: &mut Entries) {
    for (name, entry) in dependencies {
        let own = entry.get("dependencies").and_then(Value::as_object);
        let here = format!("{at}\n{name}");
        let names = entry.get("requires").and_then(Value::as_object).into_iter().flatten();
        let see = |name: &String| {
            let scopes = own.into_iter().chain([dependencies]).chain(above.iter().rev().copied());
            let found = scopes.into_iter().find_map(|scope| scope.get(name))?;
            Some(id(name, text(found, "version")))
        };
        let needs: Vec<String> = names.filter_map(|(name, _)| see(name)).collect();
        note(out, name, entry, lines.get(&here)).0.needs.extend(needs);
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
        let three = br#"{"lockfileVersion":3,"packages":{"":{"name":"app","workspaces":["w*"],"dependencies":{"a":"^1"}},
            "node_modules/a":{"version":"1.0.0","license":"MIT","peerDependencies":{"@s/b":"*"}},
            "node_modules/a/node_modules/@s/b":{"version":"2.0.0"},"node_modules/w":{"link":true,"resolved":"w"},"w":{"version":"1.5.0","dependencies":{"real":"1"}},
            "node_modules/gone":{"link":true},
            "node_modules/alias":{"name":"real","version":"3.0.0"},"node_modules/d":{"version":"1.0.0","dev":true}}}"#;
        assert_eq!(read(three).0, ["@s/b@2.0.0", "a@1.0.0", "real@3.0.0", "w@1.5.0"]);
        let mut out = Packages::default();
        parse("package-lock.json", three, &mut out);
        let of = |name: &str| out.packages.iter().find(|p| p.name == name).unwrap();
        assert_eq!((of("a").relation, of("a").needs.as_slice()), (Relation::Direct, &["@s/b@2.0.0".to_owned()][..]));
        assert_eq!((of("w").relation, of("real").relation), (Relation::Direct, Relation::Indirect));
        assert_eq!(of("a").licenses, ["MIT"]);
    }

    #[test]
    fn licences_of_installed_modules() {
        let mut out = Packages::default();
        parse("x/package-lock.json", br#"{"packages":{"node_modules/a":{"version":"1.0.0"}}}"#, &mut out);
        let kept = r#"{"name":"a","version":"1.0.0","licenses":["ISC"]}"#;
        join("x/package-lock.json", &mut out, &Beside::of(&[("x/node_modules/a/package.json", kept)]));
        assert_eq!(out.packages[0].licenses, ["ISC"]);
        let mut inner = Packages::default();
        parse("node_modules/a/package-lock.json", b"{", &mut inner);
        assert_eq!(inner, Packages::default());
    }

    #[test]
    fn patterns() {
        for (pattern, path, want) in
            [("w*", "w1", true), ("packages/*", "packages/a", true), ("packages/*", "packages/a/b", false), ("./a", "a", true), ("a*b*c", "axbyc", true), ("a*b", "axc", false)]
        {
            assert_eq!(fits(pattern, path), want, "{pattern} {path}");
        }
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
