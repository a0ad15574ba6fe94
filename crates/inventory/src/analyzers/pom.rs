//! pom.xml: Java artefacts a Maven project asks for, as far as the file itself tells.

use super::{Analyzer, Pattern, Stage};
use crate::{Ecosystem, Package, Packages, Relation};
use std::collections::BTreeMap;

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "pom",
    about: "pom.xml of Maven projects",
    files: &[Pattern::Name("pom.xml")],
    stage: Stage::Declared,
    ecosystem: Some(Ecosystem::Maven),
    parse,
    join: None,
};

/// Elements within elements.
const DEPTH: usize = 64;

/// Reads the project and its direct dependencies, with `${properties}` of the file itself. What the parents, imported
/// bills of materials and dependencies of dependencies add is not in the file and would be fetched by Maven.
fn parse(path: &str, bytes: &[u8], out: &mut Packages) {
    let text = String::from_utf8_lossy(bytes);
    let Some(leaves) = leaves(&text) else { return out.problem("not XML, or nested too deep") };
    let value = |path: &str| leaves.iter().find(|(p, _, _)| p == path).map(|(_, v, _)| v.as_str());
    let own = |key: &str| value(&format!("project/{key}")).or_else(|| value(&format!("project/parent/{key}")));
    let mut properties: BTreeMap<String, String> = leaves
        .iter()
        .filter_map(|(p, v, _)| Some((p.strip_prefix("project/properties/")?.to_owned(), v.clone())))
        .collect();
    for key in ["groupId", "artifactId", "version"] {
        for prefix in ["project.", "pom.", ""] {
            let own = own(key).unwrap_or_default().to_owned();
            properties.entry(format!("{prefix}{key}")).or_insert(own);
        }
    }
    let project = Entry {
        group: own("groupId").unwrap_or_default().to_owned(),
        name: value("project/artifactId").unwrap_or_default().to_owned(),
        version: own("version").unwrap_or_default().to_owned(),
        ..Entry::default()
    };
    add(&project, &properties, Relation::Root, out);
    let managed = entries(&leaves, "project/dependencyManagement/dependencies/dependency/");
    for mut entry in entries(&leaves, "project/dependencies/dependency/") {
        if matches!(entry.scope.as_str(), "test" | "provided" | "system") || entry.optional == "true" {
            continue;
        }
        let manager = managed.iter().find(|m| (&m.group, &m.name) == (&entry.group, &entry.name));
        if entry.version.is_empty() {
            entry.version = manager.map(|m| m.version.clone()).unwrap_or_default();
        }
        add(&entry, &properties, Relation::Direct, out);
    }
    let needs = out.packages.iter().filter(|p| p.relation == Relation::Direct && !p.version.is_empty());
    let mut needs: Vec<String> = needs.map(|p| format!("{}:{}", p.name, p.version)).collect();
    needs.sort();
    // Projects that test a plugin of Maven (its Invoker) are for development.
    let dev = format!("/{path}").contains("/src/it/");
    for package in &mut out.packages {
        package.dev = dev;
        if package.relation == Relation::Root {
            package.needs.clone_from(&needs);
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Entry {
    group: String,
    name: String,
    version: String,
    scope: String,
    optional: String,
    lines: (u64, u64),
}

fn add(entry: &Entry, properties: &BTreeMap<String, String>, relation: Relation, out: &mut Packages) {
    let [group, name, version] = [&entry.group, &entry.name, &entry.version].map(|text| resolve(text, properties));
    if name.is_empty() {
        return;
    }
    let full = format!("{group}:{name}");
    if version.is_empty() || version.contains("${") {
        if relation != Relation::Root {
            out.problem(format!("the version of {full} is not in the file"));
        }
        return;
    }
    // `[1.0]` asks for exactly this version; any other range says none.
    let exact = version.strip_prefix('[').and_then(|v| v.strip_suffix(']')).filter(|v| !v.contains(','));
    let range = version.contains(['[', '(', ',']);
    let version = exact.unwrap_or(if range { "" } else { &version }).to_owned();
    let lines = if relation == Relation::Root { Vec::new() } else { vec![entry.lines] };
    out.add(Package { relation, lines, ..Package::new(Ecosystem::Maven, full, version) });
}

/// Replaces `${name}`, a few levels deep.
fn resolve(text: &str, properties: &BTreeMap<String, String>) -> String {
    let mut out = text.to_owned();
    for _ in 0..8 {
        let Some((before, rest)) = out.split_once("${") else { break };
        let Some((name, after)) = rest.split_once('}') else { break };
        let Some(value) = properties.get(name).filter(|value| value.len() < 1024) else { break };
        out = format!("{before}{value}{after}");
    }
    out
}

/// The elements named so, each with its leaves.
fn entries(leaves: &[(String, String, u64)], prefix: &str) -> Vec<Entry> {
    let mut out: Vec<Entry> = Vec::new();
    for (path, value, line) in leaves {
        let Some(key) = path.strip_prefix(prefix) else { continue };
        if key.is_empty() {
            // The end of an element: its first line is the value.
            if let Some(last) = out.last_mut() {
                last.lines = (value.parse().unwrap_or(0), *line);
            }
            continue;
        }
        let fresh = out.last().is_none_or(|last| last.lines.1 != 0);
        if fresh {
            out.push(Entry::default());
        }
        let Some(last) = out.last_mut() else { continue };
        match key {
            "groupId" => last.group.clone_from(value),
            "artifactId" => last.name.clone_from(value),
            "version" => last.version.clone_from(value),
            "scope" => last.scope.clone_from(value),
            "optional" => last.optional.clone_from(value),
            _ => {}
        }
    }
    out
}

/// Every element's path with its text, in order of their ends; an element with elements in it ends with its path and a
/// slash, its first line as text.
fn leaves(text: &str) -> Option<Vec<(String, String, u64)>> {
    let mut out = Vec::new();
    let mut path: Vec<(&str, u64, bool)> = Vec::new();
    let mut line = 1_u64;
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        line = line.saturating_add(lines(before));
        if let Some(comment) = after.strip_prefix("!--") {
            let (inside, tail) = comment.split_once("-->")?;
            line = line.saturating_add(lines(inside));
            rest = tail;
            continue;
        }
        let (tag, tail) = after.split_once('>')?;
        let start = line;
        line = line.saturating_add(lines(tag));
        rest = tail;
        if tag.starts_with(['?', '!']) || tag.ends_with('/') {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            let full = path.iter().map(|(name, _, _)| *name).collect::<Vec<_>>().join("/");
            let (open, first, inner) = path.pop()?;
            if open != name.trim() {
                return None;
            }
            match inner {
                true => out.push((format!("{full}/"), first.to_string(), line)),
                false => out.push((full, unescape(before.trim()), line)),
            }
            continue;
        }
        if path.len() >= DEPTH {
            return None;
        }
        if let Some(parent) = path.last_mut() {
            parent.2 = true;
        }
        path.push((tag.split_whitespace().next().unwrap_or_default(), start, false));
    }
    (path.is_empty() && !out.is_empty()).then_some(out)
}

fn lines(text: &str) -> u64 {
    text.bytes().filter(|b| *b == b'\n').count() as u64
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, usize) {
        let mut out = Packages::default();
        parse("pom.xml", text.as_bytes(), &mut out);
        let line = |p: &Package| format!("{} {} {:?} {:?}", p.name, p.version, p.relation, p.lines);
        (out.packages.iter().map(line).collect(), out.problems.len())
    }

    #[test]
    fn own() {
        let text = "<?xml version=\"1.0\"?>\n<project>\n <groupId>g</groupId>\n <artifactId>app</artifactId>\n <version>1</version>\n <properties><v>2.9</v></properties>\n <!-- <x> -->\n <dependencies>\n  <dependency>\n   <groupId>a</groupId>\n   <artifactId>b</artifactId>\n   <version>${v}.1</version>\n   <exclusions><exclusion><artifactId>z</artifactId></exclusion></exclusions>\n  </dependency>\n  <dependency><groupId>a</groupId><artifactId>t</artifactId><version>1</version><scope>test</scope></dependency>\n  <dependency><groupId>a</groupId><artifactId>n</artifactId></dependency>\n </dependencies>\n</project>\n";
        let (packages, problems) = read(text);
        assert_eq!(packages, ["g:app 1 Root []", "a:b 2.9.1 Direct [(9, 14)]"]);
        assert_eq!(problems, 1, "a version from elsewhere is not known");
        let range = |version: &str| format!("<project><artifactId>a</artifactId><version>1</version><dependencies><dependency><artifactId>b</artifactId><version>{version}</version></dependency></dependencies></project>");
        assert!(read(&range("(,1.0]")).0[1].starts_with(":b  Direct") && read(&range("[1.5]")).0[1].starts_with(":b 1.5"));
        assert_eq!(read("<project>").1, 1);
        assert_eq!(read(&"<a>".repeat(100)).1, 1);
    }
}
