//! build.sbt.lock: Java artefacts sbt has chosen.

use super::{Analyzer, Pattern, Stage};
use crate::json_lines::object_lines;
use crate::package::short;
use crate::{Ecosystem, Package, Packages};
use serde_json::Value;

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "sbt-lock",
    about: "sbt's lock file",
    files: &[Pattern::Name("build.sbt.lock")],
    stage: Stage::Declared,
    ecosystem: Some(Ecosystem::Maven),
    parse,
    join: None,
};

/// What the program is compiled or run with; what only tests need is left out, as Trivy has it.
fn parse(_path: &str, bytes: &[u8], out: &mut Packages) {
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(error) => return out.problem(format!("not JSON: {error}")),
    };
    let lines = object_lines(bytes);
    for (at, entry) in value.get("dependencies").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
        let kinds = entry.get("configurations").and_then(Value::as_array).into_iter().flatten();
        if !kinds.filter_map(Value::as_str).any(|kind| matches!(kind, "compile" | "runtime")) {
            continue;
        }
        if text("name").is_empty() {
            out.problem(format!("a dependency without a name: {}", short(text("org"))));
            continue;
        }
        let name = format!("{}:{}", text("org"), text("name"));
        let lines = lines.get(&format!("dependencies\n{at}")).copied().into_iter().collect();
        out.add(Package { lines, ..Package::new(Ecosystem::Maven, name, text("version")) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own() {
        let read = |text: &str| {
            let mut out = Packages::default();
            parse("build.sbt.lock", text.as_bytes(), &mut out);
            let line = |p: &Package| format!("{} {} {:?}", p.name, p.version, p.lines);
            (out.packages.iter().map(line).collect::<Vec<_>>(), out.problems.len())
        };
        let text = "{\"lockVersion\":1,\"dependencies\":[\n{\"org\":\"a\",\"name\":\"b\",\"version\":\"1\",\"configurations\":[\"compile\",\"test\"]},\n{\"org\":\"a\",\"name\":\"t\",\"version\":\"1\",\"configurations\":[\"test\"]},\n{\"org\":\"x\",\"configurations\":[\"runtime\"]}]}";
        assert_eq!(read(text), (vec!["a:b 1 [(2, 2)]".into()], 1));
        assert_eq!((read("{").1, read("{}").1), (1, 0));
    }
}
