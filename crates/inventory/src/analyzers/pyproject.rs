//! pyproject.toml beside Python lock files: what a project asks for.

use super::{Analyzer, Pattern, Stage};
use crate::{Ecosystem, Packages};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use toml::{Table, Value};

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "pyproject",
    about: "pyproject.toml that complete Python lock files",
    files: &[Pattern::Name("pyproject.toml")],
    stage: Stage::Declared,
    ecosystem: None,
    parse,
    join: None,
};

/// Names a project asks for, in the spelling of PEP 503.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Project {
    /// For the program itself, extras included.
    pub(super) main: BTreeSet<String>,
    /// In groups of Poetry.
    pub(super) groups: BTreeSet<String>,
}

/// `project` goes before `tool.poetry`, as Trivy has it.
fn parse(_path: &str, bytes: &[u8], out: &mut Packages) {
    let Ok(document) = toml::from_str::<Table>(&String::from_utf8_lossy(bytes)) else { return };
    let table = |path: &[&str]| {
        path.iter().try_fold(&document, |at, key| at.get(*key)?.as_table())
    };
    let mut project = Project::default();
    let standard = table(&["project"]);
    let own = standard.and_then(|p| p.get("dependencies"));
    let extras = table(&["project", "optional-dependencies"]);
    match own.is_some() || extras.is_some() {
        true => {
            project.main.extend(own.into_iter().flat_map(names));
            project.main.extend(extras.into_iter().flat_map(Table::values).flat_map(names));
        }
        false => {
            let poetry = table(&["tool", "poetry"]).and_then(|p| p.get("dependencies"));
            project.main.extend(poetry.into_iter().flat_map(names));
        }
    }
    let groups = table(&["tool", "poetry", "group"]).into_iter().flat_map(Table::values);
    project.groups.extend(groups.filter_map(|group| group.get("dependencies")).flat_map(names));
    out.kept = serde_json::to_string(&project).ok();
}

/// From what was kept.
pub(super) fn kept(text: &str) -> Option<Project> {
    serde_json::from_str(text).ok()
}

fn names(value: &Value) -> Vec<String> {
    let key = |name: &str| Ecosystem::PyPi.key(name).into_owned();
    match value {
        Value::Table(table) => table.keys().map(|name| key(name)).collect(),
        Value::Array(list) => {
            let texts = list.iter().filter_map(Value::as_str);
            texts.filter_map(|text| text.split(['>', '<', '=', '(', '[', ' ', '\t']).find(|part| !part.is_empty())).map(key).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, Vec<String>) {
        let mut out = Packages::default();
        parse("pyproject.toml", text.as_bytes(), &mut out);
        let project = kept(&out.kept.unwrap()).unwrap();
        (project.main.into_iter().collect(), project.groups.into_iter().collect())
    }

    #[test]
    fn both_forms() {
        let poetry = "[tool.poetry.dependencies]\npython = \"^3\"\nZope_x = {version = \"1\"}\n[tool.poetry.group.dev.dependencies]\npytest = \"8\"\n";
        assert_eq!(read(poetry), (vec!["python".into(), "zope-x".into()], vec!["pytest".into()]));
        let standard = "[project]\ndependencies = [\"Flask == 1.1.4\", \"pluggy[x](==0.13)\"]\n[project.optional-dependencies]\njson = [\"orjson>=3\"]\n[tool.poetry.dependencies]\nold = \"1\"\n";
        assert_eq!(read(standard).0, ["flask", "orjson", "pluggy"]);
        assert_eq!(read(""), (vec![], vec![]));
        let mut out = Packages::default();
        parse("pyproject.toml", b"[", &mut out);
        assert_eq!(out, Packages::default());
    }
}
