//! Pipfile.lock: Python distributions Pipenv has chosen.

use super::{Analyzer, Pattern, Stage};
use crate::json_lines::object_lines;
use crate::{Ecosystem, Package, Packages};
use serde_json::Value;

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "pipenv",
    about: "Pipenv's lock file",
    files: &[Pattern::Name("Pipfile.lock")],
    stage: Stage::Declared,
    ecosystem: Some(Ecosystem::PyPi),
    parse,
    join: None,
};

/// The distributions of `default`; what only development needs (`develop`) is not read, as Trivy has it.
fn parse(_path: &str, bytes: &[u8], out: &mut Packages) {
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(error) => return out.problem(format!("not JSON: {error}")),
    };
    let lines = object_lines(bytes);
    for (name, entry) in value.get("default").and_then(Value::as_object).into_iter().flatten() {
        let version = entry.get("version").and_then(Value::as_str).unwrap_or_default().trim_start_matches('=');
        let lines = lines.get(&format!("default\n{name}")).copied().into_iter().collect();
        out.add(Package { lines, ..Package::new(Ecosystem::PyPi, name.as_str(), version) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own() {
        let mut out = Packages::default();
        let text = "{\n \"default\": {\n  \"flask\": {\n   \"version\": \"==1.0\"\n  },\n  \"local\": {\"path\": \".\"}\n },\n \"develop\": {\"pytest\": {\"version\": \"==8\"}}\n}";
        parse("Pipfile.lock", text.as_bytes(), &mut out);
        let got: Vec<_> = out.packages.iter().map(|p| (p.name.as_str(), p.version.as_str(), p.lines[0])).collect();
        assert_eq!(got, [("flask", "1.0", (3, 5)), ("local", "", (6, 6))]);
        let mut bad = Packages::default();
        parse("Pipfile.lock", b"{", &mut bad);
        assert_eq!(bad.problems.len(), 1);
    }
}
