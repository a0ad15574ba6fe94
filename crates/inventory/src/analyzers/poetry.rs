//! poetry.lock: Python distributions Poetry has chosen.

use super::{Analyzer, Pattern, Stage};
use crate::tables::tables;
use crate::{Ecosystem, Package, Packages};
use std::collections::BTreeMap;

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "poetry",
    about: "Poetry's lock file",
    files: &[Pattern::Name("poetry.lock")],
    stage: Stage::Declared,
    ecosystem: Some(Ecosystem::PyPi),
    parse,
};

/// One `[[package]]` a distribution, its needs in the table after it. What only development needs is marked (lock
/// file versions before 2 call it category `dev`).
fn parse(_path: &str, bytes: &[u8], out: &mut Packages) {
    let text = String::from_utf8_lossy(bytes);
    let tables = tables(text.strip_prefix('\u{feff}').unwrap_or(&text));
    let mut needs: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let first = out.packages.len();
    for table in &tables {
        match table.name.as_str() {
            "package" => {
                let (name, version) = (table.text("name"), table.text("version"));
                if name.is_empty() || version.is_empty() {
                    out.problem(format!("the package at line {} has no name or no version", table.start));
                    continue;
                }
                let dev = table.text("category") == "dev";
                out.add(Package { dev, ..Package::new(Ecosystem::PyPi, name, version) });
            }
            "package.dependencies" => {
                if let Some(last) = out.packages.len().checked_sub(1) {
                    needs.entry(last).or_default().extend(table.keys().map(str::to_owned));
                }
            }
            _ => {}
        }
    }
    let known: BTreeMap<String, String> = out
        .packages
        .iter()
        .skip(first)
        .map(|p| (Ecosystem::PyPi.key(&p.name).into_owned(), format!("{}@{}", p.name, p.version)))
        .collect();
    for (at, names) in needs {
        let mut ids: Vec<String> =
            names.iter().filter_map(|name| known.get(&*Ecosystem::PyPi.key(name)).cloned()).collect();
        ids.sort();
        if let Some(package) = out.packages.get_mut(at) {
            package.needs = ids;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, usize) {
        let mut out = Packages::default();
        parse("poetry.lock", text.as_bytes(), &mut out);
        let line = |p: &Package| format!("{} {} {}", p.name, p.version, p.needs.join(","));
        (out.packages.iter().map(line).collect(), out.problems.len())
    }

    #[test]
    fn own() {
        let text = "[[package]]\nname = \"click\"\nversion = \"8.1.3\"\n\n[package.dependencies]\nColor_ama = {version = \"*\"}\nnone = \"*\"\n\n[[package]]\nname = \"color-ama\"\nversion = \"0.4.6\"\n\n[metadata]\nlock-version = \"2.0\"\n";
        assert_eq!(read(text), (vec!["click 8.1.3 color-ama@0.4.6".into(), "color-ama 0.4.6 ".into()], 0));
        assert_eq!(read("[[package]]\nname = \"a\"\n").1, 1);
        assert_eq!(read(""), (vec![], 0));
    }

    #[test]
    fn corpus() {
        let root = "trivy/pkg/dependency/parser/python/poetry/testdata";
        for (name, least) in [("poetry_normal.lock", 1), ("poetry_flask.lock", 5)] {
            let Some(bytes) = crate::corpus::read(&format!("{root}/{name}")) else { return };
            let (packages, problems) = read(&String::from_utf8(bytes).unwrap());
            assert!(problems == 0 && packages.len() >= least, "{name}: {packages:?}");
        }
    }
}
