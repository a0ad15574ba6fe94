//! environment.yml: packages a Conda environment is to hold.

use super::{Analyzer, Pattern, Stage};
use crate::{Ecosystem, Package, Packages};
use serde_json::Value;

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "conda-environment",
    about: "environments Conda is to make",
    files: &[Pattern::Name("environment.yml"), Pattern::Name("environment.yaml")],
    stage: Stage::Declared,
    ecosystem: Some(Ecosystem::Conda),
    parse,
    join: None,
};

/// `dependencies`: texts, and lists of texts under the name of another tool. Only a version that is fixed is one.
fn parse(_path: &str, bytes: &[u8], out: &mut Packages) {
    let (documents, diagnostics) = yaml::read(bytes, &yaml::Caps::default());
    if let Some(first) = diagnostics.first() {
        return out.problem(format!("not YAML: {}", first.message));
    }
    let Some(document) = documents.first() else { return };
    let Some(list) = document.value.get("dependencies").and_then(Value::as_array) else { return };
    let mut places = yaml::Places::new(bytes, document.offset);
    let mut line = |pointer: &str| places.as_mut().and_then(|p| p.get(pointer)).map(|place| u64::from(place.value.line));
    for (at, entry) in list.iter().enumerate() {
        let pointer = format!("/dependencies/{at}");
        match entry {
            Value::String(text) => add(text, line(&pointer), out),
            Value::Object(tools) => match tools.iter().next() {
                Some((tool, Value::Array(inner))) => {
                    let tool = tool.replace('~', "~0").replace('/', "~1");
                    for (n, text) in inner.iter().enumerate() {
                        match text.as_str() {
                            Some(text) => add(text, line(&format!("{pointer}/{tool}/{n}")), out),
                            None => out.problem("a dependency that is no text"),
                        }
                    }
                }
                Some(_) => out.problem("a tool's dependencies are no list"),
                None => {}
            },
            _ => out.problem("a dependency that is no text"),
        }
    }
}

/// `numpy 1.8.1`, `numpy==1.8.1`, `numpy=1.8.1=py27_0`; a range says no version.
fn add(text: &str, line: Option<u64>, out: &mut Packages) {
    let text = text.replace('>', " >").replace('<', " <").replace('=', " ");
    let mut words = text.split_whitespace();
    let Some(name) = words.next() else { return };
    let version = words.next().filter(|word| version(word)).unwrap_or_default();
    let lines = line.map(|line| (line, line)).into_iter().collect();
    out.add(Package { lines, ..Package::new(Ecosystem::Conda, name, version) });
}

/// What Trivy's reader of versions takes: numbers, then perhaps a word.
fn version(text: &str) -> bool {
    let text = text.strip_prefix('v').unwrap_or(text);
    let core = text.split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default();
    let rest = text.strip_prefix(core).unwrap_or_default();
    let numbers = !core.is_empty() && core.split('.').all(|part| !part.is_empty());
    numbers && (rest.is_empty() || rest.starts_with(['-', '+', '~']) || rest.starts_with(|c: char| c.is_ascii_alphabetic())) && !rest.contains(['*', ','])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, usize) {
        let mut out = Packages::default();
        parse("environment.yml", text.as_bytes(), &mut out);
        let line = |p: &Package| format!("{} {} {:?}", p.name, p.version, p.lines);
        (out.packages.iter().map(line).collect(), out.problems.len())
    }

    #[test]
    fn own() {
        let text = "name: x\ndependencies:\n  - numpy=1.8.1=py27_0\n  - python>=3.8\n  - pip\n  - openssl 1.1.1q\n  - pip:\n    - pandas==2.1.4\n";
        let (packages, problems) = read(text);
        assert_eq!(
            packages,
            ["numpy 1.8.1 [(3, 3)]", "python  [(4, 4)]", "pip  [(5, 5)]", "openssl 1.1.1q [(6, 6)]", "pandas 2.1.4 [(8, 8)]"]
        );
        assert_eq!(problems, 0);
        assert_eq!((read("dependencies:\n- [a]\n").1, read("a: [").1, read("").1), (1, 1, 0));
    }
}
