//! yarn.lock of Yarn 1 and of its later versions.

use super::npm_lock::fits;
use super::package_json::{Manifest, inside_modules, licenses, licenses_below, root_of_module};
use super::{Analyzer, Pattern, Stage, package_json};
use crate::beside::{Beside, sibling};
use crate::zip::Zip;
use crate::{Ecosystem, Package, Packages, Relation, path, ranges};
use std::collections::{BTreeMap, BTreeSet};

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "yarn",
    about: "Yarn's lock files",
    files: &[Pattern::Name("yarn.lock"), Pattern::Under(".yarn/cache/", ".zip")],
    stage: Stage::Declared,
    ecosystem: Some(Ecosystem::Npm),
    parse,
    join: Some(join),
};

/// Members of an archive of the cache.
const MEMBERS: usize = 65_535;
/// Bytes of a package.json in it.
const TEXT: u64 = 1 << 20;

/// Ids to the patterns that lead to them.
type Patterns = BTreeMap<String, Vec<String>>;

/// One block a package: the patterns that were asked for, then its version and what it needs. Blocks of other
/// protocols than npm's (workspaces, files, git) are no packages. Semantics: Trivy's parser, line by line.
fn parse(path: &str, bytes: &[u8], out: &mut Packages) {
    if path.ends_with(".zip") {
        return cached(bytes, out);
    }
    if path::parent(path).split('/').any(|part| matches!(part, "node_modules" | ".yarn")) {
        return;
    }
    let text = String::from_utf8_lossy(bytes);
    let (mut ids, mut patterns) = (BTreeMap::new(), Patterns::new());
    let mut needs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for block in blocks(&text) {
        let id = id(&block.name, &block.version);
        ids.extend(block.patterns.iter().map(|pattern| (pattern.clone(), id.clone())));
        if !block.needs.is_empty() {
            needs.insert(id.clone(), block.needs);
        }
        patterns.insert(id, block.patterns);
        let lines = vec![block.lines];
        out.add(Package { lines, ..Package::new(Ecosystem::Npm, block.name, block.version) });
    }
    for package in &mut out.packages {
        let of = needs.get(&id(&package.name, &package.version)).into_iter().flatten();
        // A need whose pattern has no block stays without a name, as Trivy lists it.
        package.needs = of.map(|pattern| ids.get(pattern).cloned().unwrap_or_default()).collect();
    }
    out.kept = serde_json::to_string(&patterns).ok();
}

fn id(name: &str, version: &str) -> String {
    if version.is_empty() { name.to_owned() } else { format!("{name}@{version}") }
}

#[derive(Debug, Default)]
struct Block {
    name: String,
    version: String,
    patterns: Vec<String>,
    needs: Vec<String>,
    lines: (u64, u64),
}

/// The blocks of a lock file, which empty lines part.
fn blocks(text: &str) -> Vec<Block> {
    let mut out = Vec::new();
    let mut open: Option<(u64, Vec<&str>)> = None;
    let mut number = 0_u64;
    for line in text.lines().chain([""]) {
        number = number.saturating_add(1);
        if line.is_empty() {
            if let Some((start, lines)) = open.take() {
                out.extend(block(&lines, start));
            }
        } else {
            open.get_or_insert((number, Vec::new())).1.push(line);
        }
    }
    out
}

fn block(lines: &[&str], start: u64) -> Option<Block> {
    let mut out = Block::default();
    let mut inside = false;
    for line in lines {
        if line.starts_with('#') {
            continue;
        }
        if line.starts_with("__metadata") {
            return None;
        }
        if inside {
            match need(line) {
                Some(need) => {
                    out.needs.extend(need);
                    continue;
                }
                None => {
                    inside = false;
                    continue;
                }
            }
        }
        let line = line.trim();
        let line = line.strip_prefix('"').unwrap_or(line);
        if let Some(rest) = line.strip_prefix("version") {
            out.version = version(rest)?;
        } else if line.starts_with("dependencies:") {
            inside = true;
        } else if let Some((name, protocol, _)) = pattern(line.split(", ").next().unwrap_or_default()) {
            if !matches!(protocol, "" | "npm") {
                return None;
            }
            let of = |text: &str| pattern(text).map_or(String::new(), |(_, _, version)| version.to_owned());
            out.patterns = line.split(", ").map(|text| id(name, &of(text))).collect();
            name.clone_into(&mut out.name);
        }
    }
    let length = u64::try_from(lines.len()).unwrap_or(0);
    out.lines = (start, start.saturating_add(length).saturating_sub(1));
    (!out.name.is_empty()).then_some(out)
}

/// `version "1.0.0"` and `version: 1.0.0`, without the word.
fn version(rest: &str) -> Option<String> {
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    let rest = rest.strip_prefix('"').unwrap_or(rest);
    let value = rest.trim_start();
    if value.len() == rest.len() {
        return None;
    }
    let value = value.strip_prefix('"').unwrap_or(value);
    Some(value.split('"').next().unwrap_or_default().to_owned()).filter(|value| !value.is_empty())
}

/// `name@protocol:version` with perhaps quotes around and a colon after it.
fn pattern(text: &str) -> Option<(&str, &str, &str)> {
    let text = text.trim().trim_start_matches(['\\', '"']);
    let text = text.strip_suffix(':').unwrap_or(text);
    let text = text.strip_suffix('"').unwrap_or(text).trim_end_matches('\\');
    let scope = usize::from(text.starts_with('@'));
    let at = text.get(scope..)?.find('@')?.saturating_add(scope);
    let (name, rest) = (text.get(..at)?, text.get(at.saturating_add(1)..)?);
    if name.is_empty() || rest.is_empty() || name.contains(char::is_whitespace) {
        return None;
    }
    match rest.split_once(':') {
        Some((protocol, version)) if !protocol.is_empty() && !protocol.contains(char::is_whitespace) && !version.is_empty() => {
            Some((name, protocol, version))
        }
        _ => Some((name, "", rest)),
    }
}

/// A line of a list of needs; `Some(None)` for one that is not npm's, `None` past the end of the list.
fn need(line: &str) -> Option<Option<String>> {
    if !line.starts_with("    ") {
        return None;
    }
    let line = line.trim();
    let line = line.strip_prefix('"').unwrap_or(line);
    let (name, rest) = line.split_once([' ', '\t'])?;
    let name = name.strip_suffix(':').unwrap_or(name).trim_end_matches('"');
    let rest = rest.trim_start().trim_start_matches('"');
    let rest = rest.split('"').next().unwrap_or_default();
    match rest.split_once(':') {
        Some((protocol, version)) if !protocol.contains(char::is_whitespace) && !version.is_empty() => {
            Some((protocol == "npm").then(|| id(name, version)))
        }
        _ => Some(Some(id(name, rest))),
    }
}

/// A package of Yarn's cache: the archive's own package.json tells its licence.
fn cached(bytes: &[u8], out: &mut Packages) {
    let Ok(zip) = Zip::read(bytes, MEMBERS) else { return };
    let own = |name: &str| {
        name.starts_with("node_modules/") && path::name(name) == "package.json" && root_of_module(name)
    };
    let Some(entry) = zip.entries.iter().find(|entry| own(&entry.name)) else { return };
    if let Ok(text) = zip.body(entry, TEXT) {
        let mut inner = Packages::default();
        (package_json::ANALYZER.parse)(&entry.name, &text, &mut inner);
        out.kept = inner.kept;
    }
}

/// What package.json beside it says: the project and its parts, what they ask for, and what only development needs.
fn join(path: &str, found: &mut Packages, beside: &Beside) {
    let patterns: Patterns = beside.text(path).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let manifest = sibling(path, "package.json");
    if let Some(root) = beside.text(&manifest).and_then(Manifest::kept) {
        relate(&manifest, &root, found, &patterns, beside);
    }
    let modules = sibling(path, "node_modules");
    let licenses = match beside.below(&modules).next() {
        Some(_) => licenses(path, beside),
        None => {
            let mut all = licenses_below(&sibling(path, ".yarn/unplugged"), beside);
            let cache = sibling(path, ".yarn/cache");
            let kept = beside.below(&cache).filter_map(|(_, text)| Manifest::kept(text));
            all.extend(kept.filter_map(|m| Some((m.id()?, m.licenses))));
            all
        }
    };
    for package in &mut found.packages {
        if let Some(known) = licenses.get(&id(&package.name, &package.version)) {
            package.licenses.clone_from(known);
        }
    }
}

fn relate(at: &str, root: &Manifest, found: &mut Packages, patterns: &Patterns, beside: &Beside) {
    let mut all: BTreeMap<String, Package> =
        found.packages.drain(..).map(|p| (id(&p.name, &p.version), p)).collect();
    let folder = path::parent(at);
    let parts: Vec<(String, Manifest)> = beside
        .below(folder)
        .filter(|(path, _)| *path != at && path::name(path) == "package.json" && !inside_modules(path))
        .filter(|(path, _)| {
            let below = path.strip_prefix(folder).unwrap_or(path).trim_start_matches('/');
            root.workspaces.iter().any(|pattern| path::ancestors(below).any(|part| fits(pattern, part)))
        })
        .filter_map(|(path, text)| Some((path.to_owned(), Manifest::kept(text)?)))
        .collect();
    let mut projects = vec![(at.to_owned(), root, Relation::Root)];
    projects.extend(parts.iter().map(|(path, manifest)| (path.clone(), manifest, Relation::Workspace)));
    let own = |path: &String, manifest: &Manifest| manifest.id().unwrap_or_else(|| path.clone());
    let workspaces: Vec<String> = parts.iter().map(|(path, manifest)| own(path, manifest)).collect();
    for (path, manifest, relation) in projects {
        let mut needs = if relation == Relation::Root { workspaces.clone() } else { Vec::new() };
        for (asked, dev) in [(&manifest.dev, true), (&manifest.dependencies, false)] {
            walk(asked, dev, &mut all, patterns, &mut needs);
        }
        needs.sort();
        let id = own(&path, manifest);
        let package = Package {
            relation,
            needs,
            licenses: manifest.licenses.clone(),
            id: manifest.id().is_none().then(|| id.clone()),
            ..Package::new(Ecosystem::Npm, manifest.name.clone(), manifest.version.clone())
        };
        all.insert(id, package);
    }
    found.packages = all.into_values().collect();
}

/// `npm:name@range` as an alias asks for it: the name and the range.
fn alias(range: &str) -> Option<(&str, &str)> {
    let (protocol, rest) = range.split_once(':')?;
    if protocol.contains(char::is_whitespace) || protocol.is_empty() {
        return None;
    }
    let scope = usize::from(rest.starts_with('@'));
    let at = rest.get(scope..)?.find('@').map(|at| at.saturating_add(scope));
    match at {
        Some(at) => Some((rest.get(..at)?, rest.get(at.saturating_add(1)..)?)),
        None => Some((rest, "")),
    }
}

/// Marks what is asked for, and what that needs in turn.
fn walk(
    asked: &BTreeMap<String, String>,
    dev: bool,
    all: &mut BTreeMap<String, Package>,
    patterns: &Patterns,
    needs: &mut Vec<String>,
) {
    let mut seen = BTreeSet::new();
    let keys: Vec<String> = all.keys().cloned().collect();
    for key in keys {
        let Some(package) = all.get_mut(&key) else { continue };
        let Some(range) = asked.get(&package.name) else { continue };
        let (name, range) = alias(range).unwrap_or((&package.name, range));
        let locked = patterns.get(&key).is_some_and(|of| of.contains(&id(name, range)));
        if !locked && !ranges::within(&package.version, range) {
            continue;
        }
        if name != package.name {
            // It keeps the id of the name it goes by.
            package.id = Some(key.clone());
            package.name = name.to_owned();
        }
        // What the program needs stays needed, whatever development asks for.
        if package.relation == Relation::Unknown || package.dev {
            package.dev = dev;
        }
        package.relation = Relation::Direct;
        let (dev, further) = (package.dev, package.needs.clone());
        seen.insert(key.clone());
        needs.push(key);
        indirect(further, dev, all, &mut seen);
    }
}

fn indirect(needs: Vec<String>, dev: bool, all: &mut BTreeMap<String, Package>, seen: &mut BTreeSet<String>) {
    let mut open: Vec<(String, bool)> = needs.into_iter().map(|need| (need, dev)).collect();
    while let Some((key, dev)) = open.pop() {
        if seen.contains(&key) {
            continue;
        }
        let Some(package) = all.get_mut(&key) else { continue };
        if package.relation == Relation::Unknown || package.dev {
            package.dev = dev;
        }
        package.relation = Relation::Indirect;
        let dev = package.dev;
        open.extend(package.needs.iter().map(|need| (need.clone(), dev)));
        seen.insert(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "# yarn lockfile v1\n\n\n\"@s/a@^1.0.0\", \"@s/a@~1.0.1\":\n  version \"1.0.2\"\n  resolved \"https://registry.test/a\"\n  dependencies:\n    b \"2 || 3\"\n    gone \"1\"\n\n\"b@2 || 3\", b@^2.0.0:\n  version \"2.1.0\"\n\nc@^3.0.0:\n  version \"3.0.0\"\n\nd@file:../d:\n  version \"1.0.0\"\n";
    const BERRY: &str = "__metadata:\n  version: 6\n\n\"a@npm:^1.0.0\":\n  version: 1.0.2\n  resolution: \"a@npm:1.0.2\"\n  dependencies:\n    b: ^2.0.0\n    w: \"workspace:*\"\n  languageName: node\n\n\"app@workspace:.\":\n  version: 0.0.0-use.local\n\n\"b@npm:^2.0.0\":\n  version: 2.1.0\n";

    fn read(text: &str) -> Packages {
        let mut out = Packages::default();
        parse("x/yarn.lock", text.as_bytes(), &mut out);
        out
    }

    fn shown(out: &Packages) -> Vec<String> {
        let line = |p: &Package| format!("{}@{} {:?} {}", p.name, p.version, p.lines[0], p.needs.join(","));
        out.packages.iter().map(line).collect()
    }

    #[test]
    fn both_forms() {
        assert_eq!(shown(&read(ONE)), ["@s/a@1.0.2 (4, 9) b@2.1.0,", "b@2.1.0 (11, 12) ", "c@3.0.0 (14, 15) "]);
        assert_eq!(shown(&read(BERRY)), ["a@1.0.2 (4, 10) b@2.1.0", "b@2.1.0 (15, 16) "]);
        assert_eq!(read("").packages.len(), 0);
        assert_eq!(read("\0\u{fffd}").packages.len(), 0);
    }

    #[test]
    fn relations() {
        let mut out = read(ONE);
        let kept = out.kept.take().unwrap();
        let root = r#"{"name":"app","version":"1.0.0","dependencies":{"@s/a":"^1.0.0"},"dev":{"c":"^3.0.0","b":"^2.0.0"},"workspaces":["packages/*"]}"#;
        let part = r#"{"name":"","version":"","dependencies":{"c":"^3.0.0"}}"#;
        let beside = Beside::of(&[("x/yarn.lock", &kept), ("x/package.json", root), ("x/packages/p/package.json", part)]);
        join("x/yarn.lock", &mut out, &beside);
        let show = |p: &Package| format!("{} {:?} {} {:?}", p.name, p.relation, p.dev, p.needs);
        let got: Vec<String> = out.packages.iter().map(show).collect();
        assert_eq!(
            got,
            [
                r#"@s/a Direct false ["b@2.1.0", ""]"#,
                r#"app Root false ["@s/a@1.0.2", "b@2.1.0", "c@3.0.0", "x/packages/p/package.json"]"#,
                r#"b Indirect false []"#,
                r#"c Direct false []"#,
                r#" Workspace false ["c@3.0.0"]"#,
            ]
        );
    }

    #[test]
    fn aliases() {
        assert_eq!(alias("npm:real@^1.0.0"), Some(("real", "^1.0.0")));
        assert_eq!(alias("npm:@s/real@1"), Some(("@s/real", "1")));
        assert_eq!((alias("^1.0.0"), alias("npm:x")), (None, Some(("x", ""))));
    }
}
