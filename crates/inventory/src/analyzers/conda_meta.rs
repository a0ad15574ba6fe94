//! conda-meta: packages installed in Conda's environments.

use super::{Analyzer, Pattern, Stage};
use crate::{Ecosystem, Package, Packages, licenses, path};
use serde_json::Value;

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "conda-meta",
    about: "packages installed in Conda's environments",
    files: &[Pattern::Under("/conda-meta/", ".json")],
    stage: Stage::Installed,
    ecosystem: Some(Ecosystem::Conda),
    parse,
    join: None,
};

/// `envs/NAME/conda-meta/NAME-VERSION-BUILD.json`; what lies elsewhere is not an environment's.
fn parse(path: &str, bytes: &[u8], out: &mut Packages) {
    let environment = path.split_once("/envs/").is_some_and(|(_, rest)| rest.contains("/conda-meta/"));
    let parts = path::name(path).split('-').filter(|part| !part.is_empty()).count();
    if !environment || parts < 3 {
        return;
    }
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(error) => return out.problem(format!("not JSON: {error}")),
    };
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    if text("name").is_empty() || text("version").is_empty() {
        return out.problem("a package without name or version");
    }
    let licenses = licenses::split(text("license"));
    out.add(Package { licenses, ..Package::new(Ecosystem::Conda, text("name"), text("version")) });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str, text: &str) -> Packages {
        let mut out = Packages::default();
        parse(path, text.as_bytes(), &mut out);
        out
    }

    #[test]
    fn own() {
        let text = r#"{"name":"pip","version":"22.2.2","license":"MIT or BSD"}"#;
        let out = read("opt/envs/x/conda-meta/pip-22.2.2-py38.json", text);
        assert_eq!((out.packages[0].purl().as_str(), out.packages[0].licenses.len()), ("pkg:conda/pip@22.2.2", 2));
        for other in ["opt/conda-meta/pip-22.2.2-py38.json", "opt/envs/x/conda-meta/history.json"] {
            assert_eq!(read(other, text), Packages::default(), "{other}");
        }
        assert_eq!(read("a/envs/x/conda-meta/a-1-0.json", "{}").problems.len(), 1);
        assert_eq!(read("a/envs/x/conda-meta/a-1-0.json", "{").problems.len(), 1);
    }

    #[test]
    fn corpus() {
        let at = "integration/testdata/fixtures/repo/conda/miniconda3/envs/testenv/conda-meta/openssl-1.1.1q-h7f8727e_0.json";
        let Some(bytes) = crate::corpus::read(&format!("trivy/{at}")) else { return };
        assert_eq!(read(at, &String::from_utf8(bytes).unwrap()).packages[0].version, "1.1.1q");
    }
}
