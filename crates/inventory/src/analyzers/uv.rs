//! uv.lock: Python distributions uv has chosen.

use super::{Analyzer, Pattern, Stage};
use crate::{Ecosystem, Package, Packages, Relation};
use std::collections::{BTreeMap, BTreeSet};
use toml::{Table, Value};

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "uv",
    about: "uv's lock file",
    files: &[Pattern::Name("uv.lock")],
    stage: Stage::Declared,
    ecosystem: Some(Ecosystem::PyPi),
    parse,
    join: None,
};

/// One `[[package]]` a distribution; the project is the one in the lock file's own directory. What the project needs
/// only for development is marked. Semantics: Trivy's `pkg/dependency/parser/python/uv`.
fn parse(_path: &str, bytes: &[u8], out: &mut Packages) {
    let document = match toml::from_str::<Table>(&String::from_utf8_lossy(bytes)) {
        Ok(document) => document,
        Err(error) => return out.problem(format!("not TOML: {}", error.message())),
    };
    let all: Vec<Entry> = document.get("package").and_then(Value::as_array).into_iter().flatten().map(Entry::new).collect();
    if all.is_empty() {
        return;
    }
    let roots: Vec<&Entry> = all.iter().filter(|entry| entry.root).collect();
    let [root] = roots.as_slice() else {
        return out.problem(format!("it has {} projects in its own directory instead of one", roots.len()));
    };
    // Of several versions of a name the last counts.
    let known: BTreeMap<&str, &Entry> = all.iter().map(|entry| (entry.name, entry)).collect();
    let mut needed = BTreeSet::new();
    let mut open = vec![root.name];
    while let Some(name) = open.pop() {
        if needed.insert(name) {
            open.extend(known.get(name).into_iter().flat_map(|entry| entry.needs.iter().copied()));
        }
    }
    for entry in &all {
        let relation = match entry {
            entry if entry.root => Relation::Root,
            entry if root.needs.contains(entry.name) || root.dev.contains(entry.name) => Relation::Direct,
            _ => Relation::Indirect,
        };
        let needs = entry.needs.union(&entry.dev).filter_map(|name| known.get(name));
        let mut needs: Vec<String> = needs.map(|entry| entry.id()).collect();
        needs.sort();
        let dev = !needed.contains(entry.name);
        out.add(Package { relation, needs, dev, ..Package::new(Ecosystem::PyPi, entry.name, entry.version) });
    }
}

struct Entry<'a> {
    name: &'a str,
    version: &'a str,
    root: bool,
    needs: BTreeSet<&'a str>,
    dev: BTreeSet<&'a str>,
}

impl<'a> Entry<'a> {
    fn new(value: &'a Value) -> Self {
        let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
        let names = |list: Option<&'a Value>| {
            let list = list.and_then(Value::as_array).into_iter().flatten();
            list.filter_map(|one| one.get("name")?.as_str()).collect::<Vec<&str>>()
        };
        let groups = |key: &str| {
            let groups = value.get(key).and_then(Value::as_table).into_iter().flat_map(Table::values);
            groups.flat_map(|list| names(Some(list))).collect::<Vec<&str>>()
        };
        let here = |key: &str| value.get("source").and_then(|s| s.get(key)?.as_str()) == Some(".");
        let needs = names(value.get("dependencies")).into_iter().chain(groups("optional-dependencies"));
        Self {
            name: text("name"),
            version: text("version"),
            root: here("editable") || here("virtual"),
            needs: needs.collect(),
            dev: groups("dev-dependencies").into_iter().collect(),
        }
    }

    fn id(&self) -> String {
        if self.version.is_empty() { self.name.to_owned() } else { format!("{}@{}", self.name, self.version) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, usize) {
        let mut out = Packages::default();
        parse("uv.lock", text.as_bytes(), &mut out);
        let line = |p: &Package| format!("{} {} {:?} {} {}", p.name, p.version, p.relation, p.dev, p.needs.join(","));
        (out.packages.iter().map(line).collect(), out.problems.len())
    }

    const LOCK: &str = r#"
version = 1

[[package]]
name = "app"
version = "0.1.0"
source = { virtual = "." }
dependencies = [{ name = "a" }]

[package.optional-dependencies]
json = [{ name = "o" }]

[package.dev-dependencies]
dev = [{ name = "d" }]

[[package]]
name = "a"
version = "1.0"
source = { registry = "https://registry.test/simple" }
dependencies = [{ name = "b", marker = "x" }, { name = "gone" }]

[[package]]
name = "b"
version = "2.0"

[[package]]
name = "d"
version = "3.0"

[[package]]
name = "o"
version = "4.0"
"#;

    #[test]
    fn own() {
        let (packages, problems) = read(LOCK);
        assert_eq!(
            packages,
            [
                "app 0.1.0 Root false a@1.0,d@3.0,o@4.0",
                "a 1.0 Direct false b@2.0",
                "b 2.0 Indirect false ",
                "d 3.0 Direct true ",
                "o 4.0 Direct false "
            ]
        );
        assert_eq!(problems, 0);
    }

    #[test]
    fn without_a_project_it_is_unknown() {
        assert_eq!(read("[[package]]\nname = \"a\"\nversion = \"1\"\n"), (vec![], 1));
        assert_eq!((read("[").1, read("").1), (1, 0));
    }
}
