//! package.json beside lock files and in node_modules: names, licences, and what a project asks for.

use super::{Analyzer, Pattern, Stage};
use crate::beside::{Beside, sibling};
use crate::{Packages, licenses, path};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "package-json",
    about: "package.json that complete Node lock files",
    files: &[Pattern::Name("package.json")],
    stage: Stage::Declared,
    ecosystem: None,
    parse,
    join: None,
};

/// What of a package.json other files need.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Manifest {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) version: String,
    #[serde(default)]
    pub(super) licenses: Vec<String>,
    #[serde(default)]
    pub(super) dependencies: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) dev: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) workspaces: Vec<String>,
}

impl Manifest {
    /// `name@version`, or nothing for a project without one of them.
    pub(super) fn id(&self) -> Option<String> {
        (!self.name.is_empty() && !self.version.is_empty()).then(|| format!("{}@{}", self.name, self.version))
    }

    /// From what was kept.
    pub(super) fn kept(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

/// Nothing is found here. What cannot be read says nothing of a lock file beside it: its packages stand for themselves.
fn parse(at: &str, bytes: &[u8], out: &mut Packages) {
    let Ok(value) = serde_json::from_slice::<Value>(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)) else {
        return;
    };
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let map = |key: &str| {
        let pairs = value.get(key).and_then(Value::as_object).into_iter().flatten();
        pairs.filter_map(|(name, range)| Some((name.clone(), range.as_str()?.to_owned()))).collect()
    };
    let mut manifest = Manifest {
        name: text("name"),
        version: text("version"),
        licenses: licenses::of_node(value.get("license")),
        ..Manifest::default()
    };
    // What modules ask for is in the lock file.
    if !inside_modules(at) {
        let optional: BTreeMap<String, String> = map("optionalDependencies");
        manifest.dependencies = map("dependencies");
        manifest.dependencies.extend(optional);
        manifest.dev = map("devDependencies");
        manifest.workspaces = workspaces(value.get("workspaces"));
    }
    out.kept = serde_json::to_string(&manifest).ok();
}

/// Patterns of folders that belong to a project: a list, or an object with one.
pub(super) fn workspaces(value: Option<&Value>) -> Vec<String> {
    let list = value.and_then(|v| v.as_array().or_else(|| v.get("packages")?.as_array()));
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Whether a path is within node_modules.
pub(super) fn inside_modules(path: &str) -> bool {
    path.split('/').any(|part| part == "node_modules")
}

/// Licences of the modules installed beside a lock file, by `name@version`.
pub(super) fn licenses(lock: &str, beside: &Beside) -> BTreeMap<String, Vec<String>> {
    licenses_below(&sibling(lock, "node_modules"), beside)
}

/// Licences of the modules in a folder, by `name@version`.
pub(super) fn licenses_below(folder: &str, beside: &Beside) -> BTreeMap<String, Vec<String>> {
    let mut out = BTreeMap::new();
    for (_, text) in beside.below(folder).filter(|(at, _)| root_of_module(at)) {
        let Some(manifest) = Manifest::kept(text) else { continue };
        // A licence that is a file of its own is not classified.
        let file = |name: &String| name.starts_with("LicenseRef-") || name.starts_with("SEE LICENSE IN ");
        if let Some(id) = manifest.id()
            && !(manifest.licenses.is_empty() || manifest.licenses.iter().any(file))
        {
            out.insert(id, manifest.licenses);
        }
    }
    out
}

/// Whether a package.json is a package's own, not one deeper in a module.
pub(super) fn root_of_module(at: &str) -> bool {
    let parent = path::parent(at);
    let Some(within) = parent.rsplit_once("node_modules/").map(|(_, within)| within) else {
        return !parent.ends_with("node_modules");
    };
    match within.split('/').collect::<Vec<_>>().as_slice() {
        [name] => !name.starts_with('@'),
        [scope, _] => scope.starts_with('@'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(path: &str, text: &str) -> Option<Manifest> {
        let mut out = Packages::default();
        parse(path, text.as_bytes(), &mut out);
        Manifest::kept(&out.kept?)
    }

    #[test]
    fn manifests() {
        let text = r#"{"name":"a","version":"1.0.0","license":"MIT","dependencies":{"b":"^1"},"optionalDependencies":{"c":"2"},"devDependencies":{"d":"3"},"workspaces":{"packages":["x/*"]}}"#;
        let all = kept("app/package.json", text).unwrap();
        assert_eq!((all.id().as_deref(), all.dependencies.len(), all.dev.len()), (Some("a@1.0.0"), 2, 1));
        assert_eq!(all.workspaces, ["x/*"]);
        let module = kept("app/node_modules/a/package.json", text).unwrap();
        assert!(module.dependencies.is_empty() && module.licenses == ["MIT"]);
        assert!(kept("package.json", "{").is_none());
        assert_eq!(kept("package.json", "{}").unwrap().id(), None);
    }

    #[test]
    fn licences_of_modules() {
        let module = |name: &str, license: &str| {
            format!(r#"{{"name":"{name}","version":"1.0.0","licenses":["{license}"]}}"#)
        };
        let beside = Beside::of(&[
            ("x/node_modules/a/package.json", &module("a", "MIT")),
            ("x/node_modules/@s/b/package.json", &module("@s/b", "ISC")),
            ("x/node_modules/a/test/package.json", &module("t", "MIT")),
            ("x/node_modules/r/package.json", &module("r", "SEE LICENSE IN FILE")),
            ("y/node_modules/z/package.json", &module("z", "MIT")),
        ]);
        let got = licenses("x/package-lock.json", &beside);
        assert_eq!(got.keys().collect::<Vec<_>>(), ["@s/b@1.0.0", "a@1.0.0"]);
    }
}
