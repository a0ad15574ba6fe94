//! packages.lock.json: .NET packages NuGet has chosen.

use super::{Analyzer, Pattern, Stage};
use crate::json_lines::object_lines;
use crate::{Ecosystem, Package, Packages, Relation};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "nuget-lock",
    about: "NuGet's lock file",
    files: &[Pattern::Name("packages.lock.json")],
    stage: Stage::Always,
    ecosystem: Some(Ecosystem::NuGet),
    parse,
    join: None,
};

/// One list a target framework; what is the same for several is one. Projects are no packages.
fn parse(_path: &str, bytes: &[u8], out: &mut Packages) {
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(error) => return out.problem(format!("not JSON: {error}")),
    };
    let lines = object_lines(bytes);
    let text = |value: Option<&Value>, key: &str| {
        value.and_then(|v| v.get(key)?.as_str()).unwrap_or_default().to_owned()
    };
    let id = |name: &str, version: &str| {
        if version.is_empty() { name.to_owned() } else { format!("{name}@{version}") }
    };
    let mut found: BTreeMap<String, (Package, BTreeSet<String>)> = BTreeMap::new();
    for (target, list) in value.get("dependencies").and_then(Value::as_object).into_iter().flatten() {
        for (name, entry) in list.as_object().into_iter().flatten() {
            let (kind, version) = (text(Some(entry), "type"), text(Some(entry), "resolved"));
            if kind == "Project" {
                continue;
            }
            let needs = entry.get("dependencies").and_then(Value::as_object).into_iter().flatten();
            let needs = needs.map(|(need, _)| id(need, &text(list.get(need), "resolved")));
            let relation = if kind == "Direct" { Relation::Direct } else { Relation::Indirect };
            let fresh = Package { relation, ..Package::new(Ecosystem::NuGet, name.as_str(), version.as_str()) };
            let (package, all) = found.entry(id(name, &version)).or_insert_with(|| (fresh, BTreeSet::new()));
            package.lines.extend(lines.get(&format!("dependencies\n{target}\n{name}")));
            all.extend(needs);
        }
    }
    for (mut package, needs) in found.into_values() {
        package.lines.sort_unstable();
        package.needs = needs.into_iter().collect();
        out.add(package);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own() {
        let text = r#"{"version":1,"dependencies":{
"net5.0":{"A":{"type":"Direct","resolved":"1.0.0","dependencies":{"B":"2.0.0"}},"B":{"type":"Transitive","resolved":"2.0.0"}},
"net6.0":{"A":{"type":"Direct","resolved":"1.0.0"},"app":{"type":"Project"}}}}"#;
        let mut out = Packages::default();
        parse("packages.lock.json", text.as_bytes(), &mut out);
        let line = |p: &Package| format!("{} {} {:?} {:?} {}", p.name, p.version, p.relation, p.lines, p.needs.join(","));
        let got: Vec<String> = out.packages.iter().map(line).collect();
        assert_eq!(got, ["A 1.0.0 Direct [(2, 2), (3, 3)] B@2.0.0", "B 2.0.0 Indirect [(2, 2)] "]);
        let mut bad = Packages::default();
        parse("packages.lock.json", b"[", &mut bad);
        assert_eq!(bad.problems.len(), 1);
    }
}
