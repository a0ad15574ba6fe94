//! pnpm-lock.yaml, lock file versions 5 to 9.

use super::package_json::{inside_modules, licenses};
use super::{Analyzer, Pattern, Stage};
use crate::beside::Beside;
use crate::{Ecosystem, Package, Packages, Relation};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "pnpm",
    about: "pnpm's lock files",
    files: &[Pattern::Name("pnpm-lock.yaml")],
    stage: Stage::Declared,
    ecosystem: Some(Ecosystem::Npm),
    parse,
    join: Some(join),
};

/// Semantics: Trivy's `pkg/dependency/parser/nodejs/pnpm`. Of several documents the one of the project counts, not the
/// one of the environment. What only development needs is left out before version 9, and marked since.
fn parse(path: &str, bytes: &[u8], out: &mut Packages) {
    if inside_modules(path) {
        return;
    }
    let (documents, diagnostics) = yaml::read(bytes, &yaml::Caps::default());
    if let Some(first) = diagnostics.first() {
        out.problem(format!("not YAML: {}", first.message));
    }
    let project = documents.iter().map(|document| &document.value).find(|value| value.is_object() && !environment(value));
    let Some(lock) = project else { return };
    let version = match lock.get("lockfileVersion") {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.parse().ok(),
        _ => None,
    };
    match version {
        Some(version) if version >= 9.0 => ninth(lock, out),
        Some(version) => early(lock, version, out),
        None => out.problem("it does not say which version of a lock file it is"),
    }
}

fn environment(value: &Value) -> bool {
    let importers = map(value, "importers").into_iter().flatten();
    importers.into_iter().any(|(_, importer)| {
        ["configDependencies", "packageManagerDependencies"].iter().any(|key| importer.get(key).is_some())
    })
}

fn map<'a>(value: &'a Value, key: &str) -> Option<&'a Map<String, Value>> {
    value.get(key).and_then(Value::as_object)
}

/// A scalar as its text; a version may read as a number.
fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn id(name: &str, version: &str) -> String {
    if version.is_empty() { name.to_owned() } else { format!("{name}@{version}") }
}

/// Versions 5 and 6: the key of a package is a path with its name and version.
fn early(lock: &Value, version: f64, out: &mut Packages) {
    let direct: BTreeSet<&String> = map(lock, "dependencies").into_iter().flatten().map(|(name, _)| name).collect();
    for (key, entry) in map(lock, "packages").into_iter().flatten() {
        if entry.get("dev").and_then(Value::as_bool) == Some(true) {
            continue;
        }
        let mut name = text(entry.get("name"));
        let mut of = text(entry.get("version"));
        if name.is_empty() {
            let (known, raw) = split(key, version);
            (name, of) = (known, plain(&raw, version));
        }
        let needs = map(entry, "dependencies").into_iter().flatten();
        let mut needs: Vec<String> = needs.map(|(name, version)| id(name, &text(Some(version)))).collect();
        needs.sort();
        let relation = if direct.contains(&name) { Relation::Direct } else { Relation::Indirect };
        out.add(Package { relation, needs, ..Package::new(Ecosystem::Npm, name, of) });
    }
}

/// Version 9: what was installed is told by snapshots, whose keys name the peers too.
fn ninth(lock: &Value, out: &mut Packages) {
    let packages = map(lock, "packages");
    let importers = || map(lock, "importers").into_iter().flatten();
    let asked = |kind: &str| -> BTreeSet<String> {
        let all = importers().flat_map(|(_, importer)| map(importer, kind).into_iter().flatten());
        all.map(|(name, entry)| id(name, peerless(&text(entry.get("version")), 9.0))).collect()
    };
    let (needed, dev) = (asked("dependencies"), asked("devDependencies"));
    let mut found: BTreeMap<&String, Package> = BTreeMap::new();
    for (key, snapshot) in map(lock, "snapshots").into_iter().flatten() {
        let (name, raw) = split(key, 9.0);
        let own = id(&name, &raw);
        let told = packages.and_then(|all| all.get(&own)).map(|entry| text(entry.get("version")));
        let version = told.filter(|version| !version.is_empty()).unwrap_or_else(|| plain(&raw, 9.0));
        let direct = needed.contains(&own) || dev.contains(&own);
        let mut both = map(snapshot, "optionalDependencies").cloned().unwrap_or_default();
        both.extend(map(snapshot, "dependencies").cloned().unwrap_or_default());
        let known = |name: &str, version: &str| {
            packages.is_some_and(|all| all.contains_key(&id(name, peerless(version, 9.0))))
        };
        let pairs = both.iter().map(|(name, version)| (name, text(Some(version))));
        let needs = pairs.filter(|(name, version)| known(name, version)).map(|(name, version)| id(name, &version));
        let mut needs: Vec<String> = needs.collect();
        needs.sort();
        let package = Package {
            relation: if direct { Relation::Direct } else { Relation::Indirect },
            dev: !needed.contains(&own),
            id: Some(key.clone()),
            needs,
            ..Package::new(Ecosystem::Npm, name, version)
        };
        found.insert(key, package);
    }
    let mut open: Vec<String> = found.iter().filter(|(_, p)| !p.dev).map(|(key, _)| (*key).clone()).collect();
    let mut seen = BTreeSet::new();
    while let Some(key) = open.pop() {
        if seen.insert(key.clone())
            && let Some(package) = found.get_mut(&key)
        {
            package.dev = false;
            open.extend(package.needs.iter().cloned());
        }
    }
    out.packages.extend(found.into_values());
}

/// Name and version of a key: `/@s/a/1.0.0_peer` (5), `/@s/a@1.0.0(peer)` (6), `@s/a@1.0.0(peer)` (9); before 9 a
/// registry may stand in front.
fn split(key: &str, version: f64) -> (String, String) {
    let rest = if version < 9.0 { key.split_once('/').map_or("", |(_, rest)| rest) } else { key };
    let (scope, rest) = match rest.starts_with('@') {
        true => rest.split_once('/').map_or((rest, ""), |(scope, rest)| (scope, rest)),
        false => ("", rest),
    };
    let (name, rest) = rest.split_once(if version < 6.0 { '/' } else { '@' }).unwrap_or((rest, ""));
    let name = if scope.is_empty() { name.to_owned() } else { format!("{scope}/{name}") };
    (name, peerless(rest, version).to_owned())
}

/// A version without the peers it was resolved with.
fn peerless(version: &str, lock: f64) -> &str {
    version.split(if lock < 6.0 { '_' } else { '(' }).next().unwrap_or_default()
}

/// A version that is one; files and addresses are none.
fn plain(version: &str, lock: f64) -> String {
    let address = lock < 9.0 && (version.starts_with("file:") || version.starts_with("http"));
    let core = version.trim_start_matches('v').split(['-', '+']).next().unwrap_or_default();
    let numbers = core.split('.').count() <= 3
        && core.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    if !address && numbers { version.to_owned() } else { String::new() }
}

/// Licences are those of the installed modules.
fn join(path: &str, found: &mut Packages, beside: &Beside) {
    let licenses = licenses(path, beside);
    for package in &mut found.packages {
        if let Some(known) = licenses.get(&id(&package.name, &package.version)) {
            package.licenses.clone_from(known);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, usize) {
        let mut out = Packages::default();
        parse("pnpm-lock.yaml", text.as_bytes(), &mut out);
        let line = |p: &Package| {
            format!("{} {} {:?} {} {}", p.name, p.version, p.relation, p.dev, p.needs.join(","))
        };
        (out.packages.iter().map(line).collect(), out.problems.len())
    }

    #[test]
    fn versions() {
        let five = "lockfileVersion: 5.4\ndependencies:\n  a: 1.0.0\npackages:\n  /a/1.0.0_b@2.0.0:\n    dependencies:\n      '@s/b': 2.0.0\n  /@s/b/2.0.0: {}\n  /d/1.0.0: {dev: true}\n  file:x/z:\n    name: z\n    version: 3.0.0\n";
        assert_eq!(read(five).0, ["@s/b 2.0.0 Indirect false ", "a 1.0.0 Direct false @s/b@2.0.0", "z 3.0.0 Indirect false "]);
        let six = "lockfileVersion: '6.0'\ndependencies:\n  a:\n    version: 1.0.0\npackages:\n  /a@1.0.0(b@2.0.0):\n    dev: false\n  registry.test/@s/b@2.0.0: {}\n";
        assert_eq!(read(six).0, ["a 1.0.0 Direct false ", "@s/b 2.0.0 Indirect false "]);
        let nine = "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a: {specifier: ^1, version: 1.0.0(b@2.0.0)}\n    devDependencies:\n      d: {specifier: ^1, version: 1.0.0}\npackages:\n  a@1.0.0: {}\n  b@2.0.0: {}\n  c@https://registry.test/c: {version: 4.0.0}\n  d@1.0.0: {}\nsnapshots:\n  a@1.0.0(b@2.0.0):\n    dependencies:\n      b: 2.0.0\n  b@2.0.0: {}\n  c@https://registry.test/c: {}\n  d@1.0.0:\n    optionalDependencies:\n      b: 2.0.0\n      gone: 1.0.0\n";
        assert_eq!(
            read(nine).0,
            ["a 1.0.0 Direct false b@2.0.0", "b 2.0.0 Indirect false ", "c 4.0.0 Indirect true ", "d 1.0.0 Direct true b@2.0.0"]
        );
    }

    #[test]
    fn several_documents_and_none() {
        let two = "lockfileVersion: '9.0'\nimporters:\n  .:\n    configDependencies: {}\n---\nlockfileVersion: '9.0'\nsnapshots:\n  a@1.0.0: {}\n";
        assert_eq!(read(two).0, ["a 1.0.0 Indirect true "]);
        assert_eq!((read("").1, read("packages: {}\n").1, read("a: [").1), (0, 1, 1));
    }

    #[test]
    fn versions_that_are_none() {
        for (version, lock, want) in
            [("1.0.0", 9.0, "1.0.0"), ("1.0.0-rc1", 9.0, "1.0.0-rc1"), ("file:x", 5.0, ""), ("https://x", 9.0, ""), ("", 9.0, "")]
        {
            assert_eq!(plain(version, lock), want, "{version}");
        }
    }
}
