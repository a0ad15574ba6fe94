//! composer.lock: PHP packages.

use super::{Analyzer, Pattern, Stage};
use crate::beside::Beside;
use crate::json_lines::object_lines;
use crate::package::short;
use crate::{Ecosystem, Package, Packages, Relation};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "composer-lock",
    about: "Composer's lock file",
    files: &[Pattern::Name("composer.lock"), Pattern::Name("composer.json")],
    stage: Stage::Declared,
    ecosystem: Some(Ecosystem::Composer),
    parse,
    join: Some(join),
};

/// `packages` and `packages-dev`; composer.json beside it says what the project itself asks for.
fn parse(path: &str, bytes: &[u8], out: &mut Packages) {
    // What a package of PHP brought along is not the project's.
    if path.split('/').any(|part| part == "vendor") {
        return;
    }
    match path.ends_with(".json") {
        true => out.kept = asked(bytes),
        false => lock(bytes, out),
    }
}

/// The names a composer.json asks for.
fn asked(bytes: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    let names = |key: &str| value.get(key).and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.clone());
    let all: BTreeSet<String> = names("require").chain(names("require-dev")).collect();
    serde_json::to_string(&all).ok()
}

/// Reads what Composer has locked or installed: they are written alike.
pub(super) fn lock(bytes: &[u8], out: &mut Packages) {
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(error) => return out.problem(format!("not JSON: {error}")),
    };
    let lines = object_lines(bytes);
    let mut found: BTreeMap<String, (Package, Vec<String>)> = BTreeMap::new();
    for (key, dev) in [("packages", false), ("packages-dev", true)] {
        let list = value.get(key).and_then(Value::as_array).into_iter().flatten();
        for (at, entry) in list.enumerate() {
            let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
            let (name, version) = (text("name"), text("version"));
            if name.is_empty() || version.is_empty() {
                out.problem(format!("a package without name or version: {}", short(name)));
                continue;
            }
            // What the program needs goes before what development needs.
            if found.contains_key(name) {
                continue;
            }
            let needs = entry.get("require").and_then(Value::as_object).into_iter().flatten();
            let needs = needs.map(|(name, _)| name.clone()).filter(|name| name != "php" && !name.starts_with("ext"));
            let lines = lines.get(&format!("{key}\n{at}")).copied().into_iter().collect();
            let licenses = licenses(entry.get("license"));
            let package = Package { dev, lines, licenses, ..Package::new(Ecosystem::Composer, name, version) };
            found.insert(name.to_owned(), (package, needs.collect()));
        }
    }
    let ids: BTreeMap<String, String> =
        found.iter().map(|(name, (package, _))| (name.clone(), format!("{name}@{}", package.version))).collect();
    for (mut package, needs) in found.into_values() {
        package.needs = needs.iter().filter_map(|name| ids.get(name).cloned()).collect();
        package.needs.sort();
        out.add(package);
    }
}

fn licenses(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => crate::licenses::split(text),
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Tells what the project asks for from what that needs.
fn join(path: &str, found: &mut Packages, beside: &Beside) {
    let asked = beside.sibling(path, "composer.json");
    let Some(asked) = asked.and_then(|text| serde_json::from_str::<BTreeSet<String>>(text).ok()) else { return };
    for package in &mut found.packages {
        package.relation = if asked.contains(&package.name) { Relation::Direct } else { Relation::Indirect };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, usize) {
        let mut out = Packages::default();
        parse("composer.lock", text.as_bytes(), &mut out);
        let line = |p: &Package| format!("{} {} {}", p.name, p.version, p.needs.join(","));
        (out.packages.iter().map(line).collect(), out.problems.len())
    }

    #[test]
    fn own() {
        let text = r#"{"packages":[{"name":"a/b","version":"v1.2","require":{"php":">=8","c/d":"*"}},{"name":"c/d","version":"2.0","license":["MIT"]},{}],
            "packages-dev":[{"name":"e/f","version":"1","license":"MIT or ISC"},{"name":"c/d","version":"9"}]}"#;
        assert_eq!(read(text), (vec!["a/b v1.2 c/d@2.0".into(), "c/d 2.0 ".into(), "e/f 1 ".into()], 1));
        assert_eq!((read("{").1, read("{}").1), (1, 0));
        let mut out = Packages::default();
        parse("x/composer.lock", text.as_bytes(), &mut out);
        let mut manifest = Packages::default();
        parse("x/composer.json", br#"{"require":{"a/b":"*"},"require-dev":{"e/f":"*"}}"#, &mut manifest);
        join("x/composer.lock", &mut out, &Beside::of(&[("x/composer.json", &manifest.kept.unwrap())]));
        let got: Vec<_> = out.packages.iter().map(|p| (p.name.as_str(), p.dev, p.relation)).collect();
        assert_eq!(got, [("a/b", false, Relation::Direct), ("c/d", false, Relation::Indirect), ("e/f", true, Relation::Direct)]);
        assert_eq!((out.packages[0].lines[0], out.packages[2].licenses.len()), ((1, 1), 2));
    }

    #[test]
    fn corpus() {
        let path = "trivy/integration/testdata/fixtures/repo/composer/composer.lock";
        let Some(bytes) = crate::corpus::read(path) else { return };
        let (packages, problems) = read(&String::from_utf8(bytes).unwrap());
        assert_eq!(problems, 0);
        assert!(packages.iter().any(|p| p.starts_with("guzzlehttp/psr7 1.8.3")), "{packages:?}");
    }
}
