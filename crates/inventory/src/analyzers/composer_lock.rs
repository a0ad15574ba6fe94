//! composer.lock: PHP packages.

use super::{Analyzer, Pattern, Stage};
use crate::json_lines::object_lines;
use crate::package::short;
use crate::{Ecosystem, Package, Packages};
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "composer-lock",
    about: "Composer's lock file",
    files: &[Pattern::Name("composer.lock")],
    stage: Stage::Declared,
    ecosystem: Some(Ecosystem::Composer),
    parse,
};

/// `packages` and `packages-dev`; a leading `v` of a version does not count.
fn parse(_path: &str, bytes: &[u8], out: &mut Packages) {
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(error) => return out.problem(format!("not JSON: {error}")),
    };
    let _ = object_lines;
    let list = |key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let all: Vec<(bool, Value)> = list("packages")
        .into_iter()
        .map(|entry| (false, entry))
        .chain(list("packages-dev").into_iter().map(|entry| (true, entry)))
        .collect();
    let text = |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let ids: BTreeMap<String, String> = all
        .iter()
        .map(|(_, entry)| {
            let (name, version) = (text(entry, "name"), text(entry, "version"));
            (name.clone(), format!("{name}@{}", version.trim_start_matches('v')))
        })
        .collect();
    for (dev, entry) in &all {
        let (name, version) = (text(entry, "name"), text(entry, "version"));
        if name.is_empty() || version.is_empty() {
            out.problem(format!("a package without name or version: {}", short(&name)));
            continue;
        }
        let needs = entry.get("require").and_then(Value::as_object).into_iter().flatten();
        let mut needs: Vec<String> = needs.filter_map(|(name, _)| ids.get(name).cloned()).collect();
        needs.sort();
        let licenses = entry.get("license").and_then(Value::as_array).into_iter().flatten();
        let licenses = licenses.filter_map(Value::as_str).map(str::to_owned).collect();
        let version = version.trim_start_matches('v');
        out.add(Package { dev: *dev, needs, licenses, ..Package::new(Ecosystem::Composer, name, version) });
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
            "packages-dev":[{"name":"e/f","version":"1"}]}"#;
        assert_eq!(read(text), (vec!["a/b 1.2 c/d@2.0".into(), "c/d 2.0 ".into(), "e/f 1 ".into()], 1));
        assert_eq!((read("{").1, read("{}").1), (1, 0));
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
