//! Cargo.toml beside Cargo.lock: what a project, its targets and its workspace ask for.

use crate::structure::{Struct, flag, fnv, list, map, number, text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use toml::{Table, Value};

/// What of a manifest counts.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Manifest {
    name: String,
    /// `None` when it is the workspace's.
    version: Option<String>,
    /// Version of the workspace's packages.
    pub(crate) workspace_version: String,
    /// Names with the range that is asked for; `None` for what is not a version (a path, a repository).
    pub(crate) dependencies: BTreeMap<String, Option<String>>,
    /// Folders of members, `*` for any part of a name.
    pub(crate) members: Vec<String>,
    /// What it is called when it has no name.
    hash: String,
}

impl Manifest {
    /// From what was kept.
    pub(crate) fn kept(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// `name@version`; a workspace without a package of its own has a hash for a name.
    pub(crate) fn id(&self, workspace_version: &str) -> String {
        match (self.name.as_str(), self.version.as_deref().unwrap_or(workspace_version)) {
            ("", _) => self.hash.clone(),
            (name, "") => name.to_owned(),
            (name, version) => format!("{name}@{version}"),
        }
    }
}

/// Reads a manifest; `None` for what is none.
pub(crate) fn kept(bytes: &[u8]) -> Option<String> {
    let document: Table = toml::from_str(&String::from_utf8_lossy(bytes)).ok()?;
    let table = |path: &[&str]| path.iter().try_fold(&document, |at, key| at.get(*key)?.as_table());
    let package = table(&["package"]);
    let text = |table: Option<&Table>, key: &str| {
        table.and_then(|t| t.get(key)?.as_str()).unwrap_or_default().to_owned()
    };
    let inherited = |value: &Value| value.get("workspace").and_then(Value::as_bool) == Some(true);
    let version = match package.and_then(|p| p.get("version")) {
        None => None,
        Some(Value::String(version)) => Some(version.clone()),
        Some(other) if inherited(other) => None,
        Some(_) => Some(String::new()),
    };
    let mut dependencies = BTreeMap::new();
    let targets = table(&["target"])
        .into_iter()
        .flat_map(Table::values)
        .filter_map(|t| t.get("dependencies")?.as_table());
    for list in
        table(&["dependencies"]).into_iter().chain(targets).chain(table(&["workspace", "dependencies"]))
    {
        for (name, value) in list {
            let range = value.as_str().or_else(|| value.get("version")?.as_str());
            dependencies.insert(name.clone(), range.map(str::to_owned));
        }
    }
    let members = table(&["workspace"]).and_then(|w| w.get("members")?.as_array()).into_iter().flatten();
    let manifest = Manifest {
        name: text(package, "name"),
        version,
        workspace_version: text(table(&["workspace", "package"]), "version"),
        dependencies,
        members: members.filter_map(Value::as_str).map(str::to_owned).collect(),
        hash: format!("{:x}", hash(&document)),
    };
    serde_json::to_string(&manifest).ok()
}

/// The hash over the parts Trivy's struct has, in its order and by its names.
fn hash(document: &Table) -> u64 {
    let part = |key: &str| document.get(key).and_then(Value::as_table);
    let string = |table: Option<&Table>, key: &str| {
        table.and_then(|t| t.get(key)?.as_str()).filter(|v| !v.is_empty()).map(text)
    };
    let field = |table: Option<&Table>, key: &str| table.and_then(|t| t.get(key)).map(value);
    let none = |hash: u64, empty: u64| (hash != empty).then_some(hash);
    let package = part("package");
    let own = Struct::new("Package")
        .field("Name", string(package, "name"))
        .field("Version", field(package, "version"));
    let workspace = part("workspace");
    let inner = Struct::new("")
        .field("Version", string(workspace.and_then(|w| w.get("package")?.as_table()), "version"));
    let (own, inner) = (own.hash(), inner.hash());
    let space = Struct::new("cargoTomlWorkspace")
        .field("Dependencies", field(workspace, "dependencies"))
        .field("Members", field(workspace, "members"))
        .field("Package", none(inner, Struct::new("").hash()))
        .hash();
    let targets = part("target").map(|all| {
        map(all.iter().map(|(name, target)| {
            let tables = target.as_table().into_iter().flatten().filter(|(_, v)| v.is_table());
            (text(name), map(tables.map(|(key, table)| (text(key), value(table)))))
        }))
    });
    Struct::new("cargoToml")
        .field("Package", none(own, Struct::new("Package").hash()))
        .field("Dependencies", part("dependencies").map(|table| value(&Value::Table(table.clone()))))
        .field("Target", targets)
        .field("Workspace", none(space, Struct::new("cargoTomlWorkspace").hash()))
        .hash()
}

fn value(value_of: &Value) -> u64 {
    match value_of {
        Value::String(string) => text(string),
        Value::Integer(integer) => number(*integer),
        Value::Boolean(boolean) => flag(*boolean),
        Value::Float(float) => fnv(&float.to_le_bytes()),
        Value::Array(all) => list(all.iter().map(value)),
        Value::Table(all) => map(all.iter().map(|(key, inner)| (text(key), value(inner)))),
        Value::Datetime(when) => text(&when.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Manifest {
        Manifest::kept(&kept(text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn manifests() {
        let one = read(
            "[package]\nname = \"a\"\nversion = \"1.0.0\"\n[dependencies]\nb = \"1\"\nc = { version = \"2\", optional = true }\nd = { path = \"d\" }\n[target.'cfg(unix)'.dependencies]\ne = \"3\"\n[dev-dependencies]\nf = \"4\"\n",
        );
        assert_eq!(one.id(""), "a@1.0.0");
        let got: Vec<_> = one.dependencies.iter().map(|(k, v)| (k.as_str(), v.as_deref())).collect();
        assert_eq!(got, [("b", Some("1")), ("c", Some("2")), ("d", None), ("e", Some("3"))]);
        let member = read("[package]\nname = \"m\"\nversion.workspace = true\n");
        assert_eq!(member.id("9.0.0"), "m@9.0.0");
        assert_eq!(kept(b"["), None);
        assert_eq!(read("").id("").len(), read("[workspace]\n").id("").len());
    }
}
