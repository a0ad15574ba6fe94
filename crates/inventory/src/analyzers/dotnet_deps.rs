//! *.deps.json: .NET packages a program was built with.

use super::{Analyzer, Pattern, Stage};
use crate::json_lines::object_lines;
use crate::package::short;
use crate::{Ecosystem, Package, Packages, Relation};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "dotnet-deps",
    about: "packages of .NET programs",
    files: &[Pattern::Suffix(".deps.json")],
    stage: Stage::Always,
    ecosystem: Some(Ecosystem::NuGet),
    parse,
    join: None,
};

/// Name to what its target says of it, by `name/version`.
type Target<'a> = BTreeMap<String, &'a Value>;

/// `libraries` of kind package, project or runtimepack; what the chosen target does not bring to run time is left out.
/// Semantics: Trivy's `pkg/dependency/parser/dotnet/core_deps`.
fn parse(_path: &str, bytes: &[u8], out: &mut Packages) {
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(error) => return out.problem(format!("not JSON: {error}")),
    };
    let none = Map::new();
    let libraries = value.get("libraries").and_then(Value::as_object).unwrap_or(&none);
    let chosen = value.get("runtimeTarget").and_then(|t| t.get("name")?.as_str()).unwrap_or_default();
    let target = value.get("targets").and_then(|t| t.get(chosen)?.as_object());
    let target: Option<Target<'_>> = target.map(|all| all.iter().map(|(key, entry)| (id(key), entry)).collect());
    let lines = object_lines(bytes);
    let (mut found, mut projects) = (BTreeMap::new(), Vec::new());
    for (key, library) in libraries {
        let kind = library.get("type").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
        let Some((name, version)) = key.split_once('/') else {
            out.problem(format!("a library without a version: {}", short(key)));
            continue;
        };
        let own = id(key);
        let runs = target.as_ref().is_none_or(|target| target.get(&own).is_none_or(|entry| brings(entry)));
        if !matches!(kind.as_str(), "package" | "project" | "runtimepack") || !runs {
            continue;
        }
        if kind == "project" {
            projects.push(own.clone());
        }
        let lines = lines.get(&format!("libraries\n{key}")).copied().into_iter().collect();
        let package = Package { lines, ..Package::new(Ecosystem::NuGet, bare(name), version) };
        found.insert(own, package);
    }
    relate(&mut found, &projects, &target.unwrap_or_default());
    out.packages.extend(found.into_values());
}

/// A name without the prefix the SDK gives a runtime that is packed in.
fn bare(name: &str) -> &str {
    name.strip_prefix("runtimepack.").unwrap_or(name)
}

fn id(key: &str) -> String {
    let (name, version) = key.split_once('/').unwrap_or((key, ""));
    join(name, version)
}

fn join(name: &str, version: &str) -> String {
    if version.is_empty() { bare(name).to_owned() } else { format!("{}/{version}", bare(name)) }
}

fn brings(entry: &Value) -> bool {
    ["runtime", "runtimeTargets", "native"].iter().any(|key| entry.get(key).is_some_and(|value| !value.is_null()))
}

fn needs(entry: Option<&&Value>) -> Vec<String> {
    let pairs = entry.and_then(|e| e.get("dependencies")?.as_object()).into_iter().flatten();
    pairs.map(|(name, version)| join(name, version.as_str().unwrap_or_default())).collect()
}

/// The program is the one project no other library needs.
fn relate(found: &mut BTreeMap<String, Package>, projects: &[String], target: &Target<'_>) {
    let referenced: BTreeSet<String> = target.values().flat_map(|entry| needs(Some(entry))).collect();
    let roots: Vec<&String> = projects.iter().filter(|project| !referenced.contains(*project)).collect();
    let root = if let [only] = roots.as_slice() { Some(*only) } else { None };
    let direct = root.map(|root| needs(target.get(root))).unwrap_or_default();
    let known: BTreeSet<String> = found.keys().cloned().collect();
    for (own, package) in found.iter_mut() {
        package.relation = match root {
            Some(root) if own == root => Relation::Root,
            Some(_) if projects.contains(own) => Relation::Workspace,
            _ if direct.is_empty() => Relation::Unknown,
            _ if direct.contains(own) => Relation::Direct,
            _ => Relation::Indirect,
        };
        package.needs = needs(target.get(own)).into_iter().filter(|need| known.contains(need)).collect();
        package.needs.sort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, usize) {
        let mut out = Packages::default();
        parse("app.deps.json", text.as_bytes(), &mut out);
        let line = |p: &Package| format!("{} {} {:?} {}", p.name, p.version, p.relation, p.needs.join(","));
        (out.packages.iter().map(line).collect(), out.problems.len())
    }

    #[test]
    fn own() {
        let text = r#"{"runtimeTarget":{"name":"net6"},"targets":{"net6":{
 "App/1.0.0":{"dependencies":{"A":"1.0.0","runtimepack.R":"6.0"},"runtime":{"App.dll":{}}},
 "A/1.0.0":{"dependencies":{"B":"2.0.0","Build":"1.0.0"},"runtime":{"A.dll":{}}},
 "B/2.0.0":{"native":{}},"Build/1.0.0":{}, "runtimepack.R/6.0":{"runtime":{"r":{}}}}},
 "libraries":{"App/1.0.0":{"type":"project"},"A/1.0.0":{"type":"package"},"B/2.0.0":{"type":"Package"},"Build/1.0.0":{"type":"package"},
 "runtimepack.R/6.0":{"type":"runtimepack"},"odd":{"type":"package"},"X/1":{"type":"reference"}}}"#;
        let (packages, problems) = read(text);
        assert_eq!(
            packages,
            ["A 1.0.0 Direct B/2.0.0", "App 1.0.0 Root A/1.0.0,R/6.0", "B 2.0.0 Indirect ", "R 6.0 Direct "]
        );
        assert_eq!(problems, 1);
        assert_eq!(read(r#"{"libraries":{"A/1":{"type":"package"}}}"#).0, ["A 1 Unknown "]);
        assert_eq!(read("{").1, 1);
    }
}
