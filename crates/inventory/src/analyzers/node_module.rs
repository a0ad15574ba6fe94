//! package.json of installed Node modules.

use super::{Analyzer, Pattern, Stage};
use crate::{Ecosystem, Package, Packages};
use serde_json::Value;

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "node-module",
    about: "package.json of installed Node modules",
    files: &[Pattern::Name("package.json")],
    stage: Stage::Installed,
    ecosystem: Some(Ecosystem::Npm),
    parse,
    join: None,
};

/// A package.json without name or version belongs to an application or a test and is no module.
fn parse(_path: &str, bytes: &[u8], out: &mut Packages) {
    let value: Value = match serde_json::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)) {
        Ok(value) => value,
        Err(error) => return out.problem(format!("not JSON: {error}")),
    };
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    if text("name").is_empty() || text("version").is_empty() {
        return;
    }
    let license = value.get("license");
    let license = license.and_then(|l| l.as_str().or_else(|| l.get("type").and_then(Value::as_str)));
    let licenses = license.map(str::to_owned).into_iter().collect();
    out.add(Package { licenses, ..Package::new(Ecosystem::Npm, text("name"), text("version")) });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Packages {
        let mut out = Packages::default();
        parse("app/node_modules/a/package.json", bytes, &mut out);
        out
    }

    #[test]
    fn modules() {
        let out = read(br#"{"name":"@babel/parser","version":"7.23.6","license":{"type":"MIT"}}"#);
        assert_eq!(out.packages[0].purl(), "pkg:npm/%40babel/parser@7.23.6");
        assert_eq!(out.packages[0].licenses, ["MIT"]);
        assert_eq!(read(br#"{"private":true}"#), Packages::default());
        assert_eq!(read(b"{").problems.len(), 1);
    }

    #[test]
    fn corpus() {
        let root = "trivy/pkg/fanal/analyzer/language/nodejs/npm/testdata/happy/node_modules";
        for (path, version) in [("ms", "2.1.1"), ("body-parser/node_modules/debug", "2.6.9")] {
            let Some(bytes) = crate::corpus::read(&format!("{root}/{path}/package.json")) else { return };
            let out = read(&bytes);
            // Test data may leave the version out; then there is no module.
            assert!(out.problems.is_empty() && out.packages.iter().all(|p| p.version == version), "{path}: {out:?}");
        }
    }
}
