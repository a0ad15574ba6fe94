//! pylock.toml (PEP 751): Python distributions any tool has chosen.

use super::{Analyzer, Pattern, Stage, pyproject};
use crate::beside::Beside;
use crate::{Ecosystem, Package, Packages, Relation, path};
use std::collections::{BTreeMap, BTreeSet};
use toml::{Table, Value};

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "pylock",
    about: "pylock.toml of any Python tool",
    files: &[Pattern::Suffix(".toml")],
    stage: Stage::Declared,
    ecosystem: Some(Ecosystem::PyPi),
    parse,
    join: Some(join),
};

/// `pylock.toml` or `pylock.NAME.toml`.
fn named(path: &str) -> bool {
    let name = path::name(path);
    let middle = name.strip_prefix("pylock.").and_then(|rest| rest.strip_suffix(".toml"));
    name == "pylock.toml" || middle.is_some_and(|middle| !middle.is_empty() && !middle.contains('.'))
}

/// One `[[packages]]` a distribution; one that is a directory is the project itself.
fn parse(path: &str, bytes: &[u8], out: &mut Packages) {
    if !named(path) {
        return;
    }
    let document = match toml::from_str::<Table>(&String::from_utf8_lossy(bytes)) {
        Ok(document) => document,
        Err(error) => return out.problem(format!("not TOML: {}", error.message())),
    };
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let id = |value: &Value| {
        let (name, version) = (text(value, "name"), text(value, "version"));
        let name = Ecosystem::PyPi.key(&name).into_owned();
        if version.is_empty() { name } else { format!("{name}@{version}") }
    };
    let all: Vec<&Value> = document.get("packages").and_then(Value::as_array).into_iter().flatten().collect();
    let ids: BTreeSet<String> = all.iter().map(|value| id(value)).collect();
    let mut found = BTreeMap::new();
    for value in all {
        let needs = value.get("dependencies").and_then(Value::as_array).into_iter().flatten();
        let mut needs: Vec<String> = needs.map(&id).filter(|id| ids.contains(id)).collect();
        needs.sort();
        let project = value.get("directory").is_some_and(|d| !text(d, "path").is_empty());
        let relation = if project { Relation::Root } else { Relation::Unknown };
        let name = Ecosystem::PyPi.key(&text(value, "name")).into_owned();
        let package = Package { relation, needs, ..Package::new(Ecosystem::PyPi, name, text(value, "version")) };
        found.insert(id(value), package);
    }
    out.packages.extend(found.into_values());
}

/// What the project asks for stands in its pyproject.toml.
fn join(path: &str, found: &mut Packages, beside: &Beside) {
    let Some(project) = beside.sibling(path, "pyproject.toml").and_then(pyproject::kept) else { return };
    let mut asked = Vec::new();
    for package in found.packages.iter_mut().filter(|p| p.relation != Relation::Root) {
        package.relation = Relation::Indirect;
        if project.main.contains(&package.name) {
            package.relation = Relation::Direct;
            asked.push(format!("{}@{}", package.name, package.version).trim_end_matches('@').to_owned());
        }
    }
    if let Some(root) = found.packages.iter_mut().rev().find(|p| p.relation == Relation::Root) {
        root.needs = asked;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "lock-version = \"1.0\"\n[[packages]]\nname = \"app\"\nversion = \"1\"\n[packages.directory]\npath = \".\"\n[[packages]]\nname = \"Fl_ask\"\nversion = \"2.0\"\ndependencies = [{name = \"click\", version = \"8.0\"}, {name = \"gone\"}]\n[[packages]]\nname = \"click\"\nversion = \"8.0\"\n";

    fn read(path: &str, text: &str) -> Packages {
        let mut out = Packages::default();
        parse(path, text.as_bytes(), &mut out);
        out
    }

    #[test]
    fn own() {
        let mut out = read("x/pylock.toml", LOCK);
        let beside = Beside::of(&[("x/pyproject.toml", r#"{"main":["fl-ask"],"groups":[]}"#)]);
        join("x/pylock.toml", &mut out, &beside);
        let line = |p: &Package| format!("{} {} {:?} {}", p.name, p.version, p.relation, p.needs.join(","));
        assert_eq!(
            out.packages.iter().map(line).collect::<Vec<_>>(),
            ["app 1 Root fl-ask@2.0", "click 8.0 Indirect ", "fl-ask 2.0 Direct click@8.0"]
        );
        assert_eq!(read("pylock.dev.toml", "[").problems.len(), 1);
        for other in ["Cargo.toml", "pylock.a.b.toml", "pylock..toml"] {
            assert_eq!(read(other, LOCK), Packages::default(), "{other}");
        }
    }
}
