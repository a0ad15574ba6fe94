//! poetry.lock: Python distributions Poetry has chosen.

use super::{Analyzer, Pattern, Stage, pyproject};
use crate::beside::Beside;
use crate::package::short;
use crate::{Ecosystem, Package, Packages, Relation, ranges};
use std::collections::{BTreeMap, BTreeSet};
use toml::{Table, Value};

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "poetry",
    about: "Poetry's lock file",
    files: &[Pattern::Name("poetry.lock")],
    stage: Stage::Declared,
    ecosystem: Some(Ecosystem::PyPi),
    parse,
    join: Some(join),
};

/// One `[[package]]` a distribution with what it needs. What only development needs is marked: category `dev` before
/// lock files of version 2, groups without `main` since. Semantics: Trivy's `pkg/dependency/parser/python/poetry`.
fn parse(_path: &str, bytes: &[u8], out: &mut Packages) {
    let document = match toml::from_str::<Table>(&String::from_utf8_lossy(bytes)) {
        Ok(document) => document,
        Err(error) => return out.problem(format!("not TOML: {}", error.message())),
    };
    let all: Vec<&Value> = document.get("package").and_then(Value::as_array).into_iter().flatten().collect();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for entry in all.iter().filter(|entry| text(entry, "category") != "dev") {
        versions.entry(text(entry, "name")).or_default().push(text(entry, "version"));
    }
    for entry in all {
        let (name, version) = (text(entry, "name"), text(entry, "version"));
        if name.is_empty() || version.is_empty() {
            out.problem(format!("a package has no name or no version: {}", short(name)));
            continue;
        }
        let groups = entry.get("groups").and_then(Value::as_array);
        let main = groups.is_none_or(|groups| groups.is_empty() || groups.iter().any(|g| g.as_str() == Some("main")));
        let needs = entry.get("dependencies").and_then(Value::as_table).into_iter().flatten();
        let mut needs: Vec<String> = needs.filter_map(|(name, range)| need(name, range, &versions)).collect();
        needs.sort();
        let dev = text(entry, "category") == "dev" || !main;
        out.add(Package { dev, needs, ..Package::new(Ecosystem::PyPi, name, version) });
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The locked version of what a distribution needs; of several the first in the range.
fn need(name: &str, range: &Value, versions: &BTreeMap<&str, Vec<&str>>) -> Option<String> {
    let name = Ecosystem::PyPi.key(name);
    let known = versions.get(&*name)?;
    let range = range.as_str().unwrap_or_else(|| text(range, "version"));
    let inside = known.iter().find(|version| ranges::within(version, range));
    let version = if let [only] = known.as_slice() { only } else { inside? };
    Some(format!("{name}@{version}"))
}

/// pyproject.toml says what the project asks for; what nothing of the program needs is development's.
fn join(path: &str, found: &mut Packages, beside: &Beside) {
    let Some(project) = beside.sibling(path, "pyproject.toml").and_then(pyproject::kept) else { return };
    let id = |p: &Package| format!("{}@{}", p.name, p.version);
    let needs: BTreeMap<String, Vec<String>> = found.packages.iter().map(|p| (id(p), p.needs.clone())).collect();
    let asked = found.packages.iter().filter(|p| project.main.contains(&p.name));
    let mut open: Vec<String> = asked.map(id).collect();
    let mut needed = BTreeSet::new();
    while let Some(key) = open.pop() {
        let further = needs.get(&key).cloned().unwrap_or_default();
        if needed.insert(key) {
            open.extend(further);
        }
    }
    for package in &mut found.packages {
        package.dev |= !needed.contains(&id(package));
        let direct = project.main.contains(&package.name) || project.groups.contains(&package.name);
        package.relation = if direct { Relation::Direct } else { Relation::Indirect };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, usize) {
        let mut out = Packages::default();
        parse("poetry.lock", text.as_bytes(), &mut out);
        let line = |p: &Package| format!("{} {} {}", p.name, p.version, p.needs.join(","));
        (out.packages.iter().map(line).collect(), out.problems.len())
    }

    #[test]
    fn own() {
        let text = "[[package]]\nname = \"click\"\nversion = \"8.1.3\"\n\n[package.dependencies]\nColor_ama = {version = \"*\"}\nnone = \"*\"\n\n[[package]]\nname = \"color-ama\"\nversion = \"0.4.6\"\n\n[metadata]\nlock-version = \"2.0\"\n";
        assert_eq!(read(text), (vec!["click 8.1.3 color-ama@0.4.6".into(), "color-ama 0.4.6 ".into()], 0));
        assert_eq!(read("[[package]]\nname = \"a\"\n").1, 1);
        assert_eq!(read(""), (vec![], 0));
        assert_eq!(read("[").1, 1);
    }

    #[test]
    fn what_the_project_asks_for() {
        let text = "[[package]]\nname = \"a\"\nversion = \"1\"\ngroups = [\"main\"]\n[package.dependencies]\nB = \"*\"\n[[package]]\nname = \"b\"\nversion = \"2\"\n[[package]]\nname = \"t\"\nversion = \"3\"\ngroups = [\"dev\"]\n[[package]]\nname = \"u\"\nversion = \"4\"\n";
        let mut out = Packages::default();
        parse("x/poetry.lock", text.as_bytes(), &mut out);
        let beside = Beside::of(&[("x/pyproject.toml", r#"{"main":["a","python"],"groups":["t"]}"#)]);
        join("x/poetry.lock", &mut out, &beside);
        let got: Vec<_> = out.packages.iter().map(|p| (p.name.as_str(), p.dev, p.relation)).collect();
        assert_eq!(
            got,
            [
                ("a", false, Relation::Direct),
                ("b", false, Relation::Indirect),
                ("t", true, Relation::Direct),
                ("u", true, Relation::Indirect)
            ]
        );
    }

    #[test]
    fn corpus() {
        let root = "trivy/pkg/dependency/parser/python/poetry/testdata";
        for (name, least) in [("poetry_normal.lock", 1), ("poetry_flask.lock", 5)] {
            let Some(bytes) = crate::corpus::read(&format!("{root}/{name}")) else { return };
            let (packages, problems) = read(&String::from_utf8(bytes).unwrap());
            assert!(problems == 0 && packages.len() >= least, "{name}: {packages:?}");
        }
    }
}
