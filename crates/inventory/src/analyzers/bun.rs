//! bun.lock: Node modules Bun has chosen.

use super::package_json::licenses;
use super::{Analyzer, Pattern, Stage};
use crate::beside::Beside;
use crate::json_lines::list_lines;
use crate::package::short;
use crate::{Ecosystem, Package, Packages, Relation};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "bun",
    about: "Bun's lock file",
    files: &[Pattern::Name("bun.lock")],
    stage: Stage::Declared,
    ecosystem: Some(Ecosystem::Npm),
    parse,
    join: Some(join),
};

/// JSON with comments and commas at the end of lists: one list a package, whose first text names it. Workspaces and
/// what they need for more than development is needed. Semantics: Trivy's `pkg/dependency/parser/nodejs/bun`.
fn parse(_path: &str, bytes: &[u8], out: &mut Packages) {
    let plain = plain(bytes);
    let value: Value = match serde_json::from_slice(&plain) {
        Ok(value) => value,
        Err(error) => return out.problem(format!("not JSON: {error}")),
    };
    let lines = list_lines(&plain);
    let none = Map::new();
    let map = |value: &Value, key: &str| value.get(key).and_then(Value::as_object).cloned().unwrap_or_default();
    let workspaces = map(&value, "workspaces");
    let names = |kinds: &[&str]| -> BTreeSet<String> {
        let all = workspaces.values().flat_map(|w| kinds.iter().map(move |kind| map(w, kind)));
        all.flat_map(|m| m.into_iter().map(|(name, _)| name)).collect()
    };
    let asked = names(&["dependencies", "peerDependencies", "optionalDependencies"]);
    let dev = names(&["devDependencies"]);
    let packages = value.get("packages").and_then(Value::as_object).unwrap_or(&none);
    let mut found: BTreeMap<&str, (Package, Vec<String>)> = BTreeMap::new();
    for (name, entry) in packages {
        let parts = entry.as_array().map(Vec::as_slice).unwrap_or_default();
        let Some(id) = parts.first().and_then(Value::as_str) else {
            out.problem(format!("{} is no package", short(name)));
            continue;
        };
        let mut version = id.strip_prefix(&format!("{name}@")).unwrap_or(id).to_owned();
        let own = workspaces.get(name);
        if version.starts_with("workspace") {
            version = own.and_then(|w| w.get("version")?.as_str()).unwrap_or_default().to_owned();
        }
        let relation = match (own.is_some(), asked.contains(name) || dev.contains(name)) {
            (true, _) => Relation::Workspace,
            (false, true) => Relation::Direct,
            (false, false) => Relation::Indirect,
        };
        let meta = parts.get(if parts.len() > 3 { 2 } else { 1 });
        let needs = meta.map(|meta| map(meta, "dependencies").into_iter().map(|(name, _)| name).collect());
        let lines = lines.get(&format!("packages\n{name}")).copied().into_iter().collect();
        let package = Package { relation, lines, dev: true, ..Package::new(Ecosystem::Npm, name.as_str(), version) };
        found.insert(name, (package, needs.unwrap_or_default()));
    }
    needed(&mut found, &asked);
    let id = |p: &Package| if p.version.is_empty() { p.name.clone() } else { format!("{}@{}", p.name, p.version) };
    let ids: BTreeMap<String, String> =
        found.iter().map(|(name, (package, _))| ((*name).to_owned(), id(package))).collect();
    for (mut package, needs) in found.into_values() {
        package.needs = needs.iter().map(|need| ids.get(need).cloned().unwrap_or_default()).collect();
        out.add(package);
    }
}

/// Licences are those of the installed modules.
fn join(path: &str, found: &mut Packages, beside: &Beside) {
    let licenses = licenses(path, beside);
    for package in &mut found.packages {
        if let Some(known) = licenses.get(&format!("{}@{}", package.name, package.version)) {
            package.licenses.clone_from(known);
        }
    }
}

/// Marks what is needed for more than development.
fn needed(found: &mut BTreeMap<&str, (Package, Vec<String>)>, asked: &BTreeSet<String>) {
    let mut open: Vec<String> = Vec::new();
    for (name, (package, _)) in found.iter_mut() {
        match package.relation {
            Relation::Workspace => package.dev = false,
            Relation::Direct if asked.contains(*name) => open.push((*name).to_owned()),
            _ => {}
        }
    }
    let mut seen = BTreeSet::new();
    while let Some(name) = open.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        if let Some((package, needs)) = found.get_mut(name.as_str()) {
            package.dev = false;
            open.extend(needs.iter().cloned());
        }
    }
}

/// The text with comments and last commas blanked out, so that lines stay where they are.
fn plain(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let (mut at, mut inside) = (0_usize, false);
    let mut comma = None;
    while let Some(byte) = bytes.get(at).copied() {
        let next = bytes.get(at.saturating_add(1)).copied();
        if inside {
            out.push(byte);
            if byte == b'\\' {
                out.extend(next);
                at = at.saturating_add(1);
            }
            inside = byte != b'"';
        } else if byte == b'/' && matches!(next, Some(b'/' | b'*')) {
            let rest = bytes.get(at..).unwrap_or_default();
            let end = match next {
                Some(b'/') => memchr::memchr(b'\n', rest),
                _ => memchr::memmem::find(rest, b"*/").map(|end| end.saturating_add(2)),
            };
            let comment = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            out.extend(comment.iter().map(|b| if *b == b'\n' { b'\n' } else { b' ' }));
            at = at.saturating_add(comment.len());
            continue;
        } else {
            if matches!(byte, b'}' | b']')
                && let Some(place) = comma.and_then(|at: usize| out.get_mut(at))
            {
                *place = b' ';
            }
            if byte == b',' {
                comma = Some(out.len());
            } else if !byte.is_ascii_whitespace() {
                comma = None;
            }
            inside = byte == b'"';
            out.push(byte);
        }
        at = at.saturating_add(1);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, usize) {
        let mut out = Packages::default();
        parse("bun.lock", text.as_bytes(), &mut out);
        let line = |p: &Package| format!("{} {} {:?} {} {:?}", p.name, p.version, p.relation, p.dev, p.needs);
        (out.packages.iter().map(line).collect(), out.problems.len())
    }

    #[test]
    fn own() {
        let text = r#"{ // comment, with a "quote"
  "lockfileVersion": 1,
  "workspaces": {"": {"name":"app","dependencies":{"a":"^1",},"devDependencies":{"d":"^1"},}, "w": {"name":"w","version":"0.1.0"},},
  "packages": {
    "a": ["a@1.0.0", "", {"dependencies":{"b":"^2"}}, "sha512-//x"],
    "b": ["b@2.0.0", "", {}, "sha512-y"],
    "d": ["d@1.0.0", "", {"dependencies":{"b":"^2"}}, "sha512-z"],
    "w": ["w@workspace:w"],
  }, /* end */
}"#;
        let (packages, problems) = read(text);
        assert_eq!(
            packages,
            [
                r#"a 1.0.0 Direct false ["b@2.0.0"]"#,
                "b 2.0.0 Indirect false []",
                r#"d 1.0.0 Direct true ["b@2.0.0"]"#,
                "w 0.1.0 Workspace false []"
            ]
        );
        assert_eq!(problems, 0);
        let mut out = Packages::default();
        parse("x/bun.lock", text.as_bytes(), &mut out);
        let kept = r#"{"name":"a","version":"1.0.0","licenses":["MIT"]}"#;
        join("x/bun.lock", &mut out, &Beside::of(&[("x/node_modules/a/package.json", kept)]));
        assert_eq!(out.packages[0].licenses, ["MIT"]);
        assert_eq!((read("{").1, read("{}").1, read(r#"{"packages":{"a":7}}"#).1), (1, 0, 1));
    }
}
