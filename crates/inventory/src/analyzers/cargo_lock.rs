//! Cargo.lock: Rust crates.

use super::{Analyzer, Pattern, Stage};
use crate::tables::tables;
use crate::{Ecosystem, Package, Packages};
use std::collections::BTreeMap;

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "cargo-lock",
    about: "Cargo's lock file",
    files: &[Pattern::Name("Cargo.lock")],
    stage: Stage::Always,
    ecosystem: Some(Ecosystem::Cargo),
    parse,
};

/// One `[[package]]` a crate; what it needs is named alone where one version is there, else with its version.
fn parse(_path: &str, bytes: &[u8], out: &mut Packages) {
    let text = String::from_utf8_lossy(bytes);
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let tables = tables(&text);
    let packages = || tables.iter().filter(|table| table.name == "package");
    for table in packages() {
        versions.entry(table.text("name").to_owned()).or_default().push(table.text("version").to_owned());
    }
    for table in packages() {
        let (name, version) = (table.text("name"), table.text("version"));
        if name.is_empty() || version.is_empty() {
            out.problem(format!("the package at line {} has no name or no version", table.start));
            continue;
        }
        let id = |need: &String| {
            let mut words = need.split(' ');
            let name = words.next()?;
            let only = || versions.get(name).filter(|all| all.len() == 1)?.first().cloned();
            let version = words.next().map(str::to_owned).or_else(only)?;
            Some(format!("{name}@{version}"))
        };
        let mut needs: Vec<String> = table.list("dependencies").iter().filter_map(id).collect();
        needs.sort();
        let lines = vec![(table.start, table.end)];
        out.add(Package { needs, lines, ..Package::new(Ecosystem::Cargo, name, version) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, usize) {
        let mut out = Packages::default();
        parse("Cargo.lock", text.as_bytes(), &mut out);
        let line = |p: &Package| format!("{} {} {:?} {}", p.name, p.version, p.lines[0], p.needs.join(","));
        (out.packages.iter().map(line).collect(), out.problems.len())
    }

    #[test]
    fn own() {
        let text = "version = 3\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\ndependencies = [\n \"b\",\n \"c 2.0.0\",\n]\n\n[[package]]\nname = \"b\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"c\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"c\"\nversion = \"2.0.0\"\n";
        let (packages, problems) = read(text);
        assert_eq!(packages[0], "a 1.0.0 (3, 9) b@0.1.0,c@2.0.0");
        assert_eq!((packages.len(), problems), (4, 0));
        assert_eq!(read("[[package]]\nversion = \"1\"\n").1, 1);
        assert!(read("").0.is_empty());
    }

    #[test]
    fn corpus() {
        for name in ["cargo_normal.lock", "cargo_v3.lock"] {
            let path = format!("trivy/pkg/dependency/parser/rust/cargo/testdata/{name}");
            let Some(bytes) = crate::corpus::read(&path) else { return };
            let (packages, problems) = read(&String::from_utf8(bytes).unwrap());
            assert!(problems == 0 && !packages.is_empty(), "{name}: {packages:?}");
        }
    }
}
