//! Cargo.lock: Rust crates.

use super::npm_lock::fits;
use super::{Analyzer, Pattern, Stage};
use crate::beside::{Beside, sibling};
use crate::cargo_toml::{self, Manifest};
use crate::tables::tables;
use crate::{Ecosystem, Package, Packages, Relation, path, ranges};
use std::collections::BTreeMap;

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "cargo-lock",
    about: "Cargo's lock file",
    files: &[Pattern::Name("Cargo.lock"), Pattern::Name("Cargo.toml")],
    stage: Stage::Always,
    ecosystem: Some(Ecosystem::Cargo),
    parse,
    join: Some(join),
};

/// One `[[package]]` a crate; what it needs is named alone where one version is there, else with its version.
fn parse(path: &str, bytes: &[u8], out: &mut Packages) {
    if path.ends_with("Cargo.toml") {
        out.kept = cargo_toml::kept(bytes);
        return;
    }
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

/// Cargo.toml says what the project and its members ask for; what nothing but their development needs is left out.
///
/// Semantics: Trivy's `pkg/fanal/analyzer/language/rust/cargo`.
fn join(lock: &str, found: &mut Packages, beside: &Beside) {
    let manifest = sibling(lock, "Cargo.toml");
    let Some(root) = beside.text(&manifest).and_then(Manifest::kept) else { return };
    let folder = path::parent(lock);
    let mut asked = root.dependencies.clone();
    let mut members = Vec::new();
    for pattern in &root.members {
        let fit = beside.below(folder).filter(|(at, _)| {
            let below = at.strip_prefix(folder).unwrap_or(at).trim_start_matches('/');
            below.strip_suffix("/Cargo.toml").is_some_and(|member| fits(pattern, member))
        });
        for member in fit.filter_map(|(_, text)| Manifest::kept(text)) {
            members.push(member.id(&root.workspace_version));
            for (name, range) in member.dependencies {
                asked.entry(name).or_insert(range);
            }
        }
    }
    let all: BTreeMap<String, Package> =
        found.packages.drain(..).map(|p| (format!("{}@{}", p.name, p.version), p)).collect();
    let mut kept = reached(&all, &asked);
    let own = root.id(&root.workspace_version);
    for (id, package) in &all {
        let relation = match id {
            id if *id == own => Relation::Root,
            id if members.contains(id) => Relation::Workspace,
            _ => continue,
        };
        let mut package = Package { relation, ..package.clone() };
        package.needs.retain(|need| kept.contains_key(need));
        kept.insert(id.clone(), package);
    }
    if !kept.contains_key(&own) {
        let package =
            Package { relation: Relation::Root, id: Some(own.clone()), needs: members, ..Package::new(Ecosystem::Cargo, "", "") };
        kept.insert(own, package);
    }
    found.packages = kept.into_values().collect();
}

/// The locked crates that are asked for, and what they need in turn.
fn reached(all: &BTreeMap<String, Package>, asked: &BTreeMap<String, Option<String>>) -> BTreeMap<String, Package> {
    let mut kept = BTreeMap::new();
    for (name, range) in asked {
        let Some(range) = range else { continue };
        let range = if ranges::plain(range) { format!("^{range}") } else { range.clone() };
        let fit = |(_, p): &(&String, &Package)| p.name == *name && ranges::within(&p.version, &range);
        if let Some((id, package)) = all.iter().find(fit) {
            kept.insert(id.clone(), Package { relation: Relation::Direct, ..package.clone() });
        }
    }
    let mut open: Vec<String> = kept.values().flat_map(|p| p.needs.clone()).collect();
    while let Some(id) = open.pop() {
        if kept.contains_key(&id) {
            continue;
        }
        if let Some(package) = all.get(&id) {
            open.extend(package.needs.iter().cloned());
            kept.insert(id, Package { relation: Relation::Indirect, ..package.clone() });
        }
    }
    kept
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
    fn what_the_project_asks_for() {
        let block = |name: &str, needs: &str| format!("[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\ndependencies = [{needs}]\n\n");
        let lock = [block("app", "\"a\", \"t\", \"m\""), block("m", "\"c\""), block("a", "\"b\""), block("b", ""), block("c", ""), block("t", "")].concat();
        let run = |manifest: &str| {
            let mut out = Packages::default();
            parse("x/Cargo.lock", lock.as_bytes(), &mut out);
            let kept = |text: &str| cargo_toml::kept(text.as_bytes()).unwrap();
            let member = kept("[package]\nname = \"m\"\nversion.workspace = true\n[dependencies]\nc = \"1\"\n");
            join("x/Cargo.lock", &mut out, &Beside::of(&[("x/Cargo.toml", &kept(manifest)), ("x/crates/m/Cargo.toml", &member)]));
            let line = |p: &Package| format!("{} {:?} {}", p.name, p.relation, p.needs.join(","));
            (out.packages.iter().map(line).collect::<Vec<_>>(), out.packages[0].id.clone())
        };
        let one = "[package]\nname = \"app\"\nversion = \"1.0.0\"\n[dependencies]\na = { version = \"1\" }\n[dev-dependencies]\nt = \"1\"\n[workspace]\nmembers = [\"crates/*\"]\npackage.version = \"1.0.0\"\n";
        assert_eq!(run(one).0, ["a Direct b@1.0.0", "app Root a@1.0.0", "b Indirect ", "c Direct ", "m Workspace c@1.0.0"]);
        let (packages, id) = run("[workspace]\nmembers = [\"crates/*\"]\npackage.version = \"1.0.0\"\n");
        assert_eq!(packages, [" Root m@1.0.0", "c Direct ", "m Workspace c@1.0.0"]);
        assert_eq!(id.as_deref(), Some("6f023dbb39ee5651"));
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
