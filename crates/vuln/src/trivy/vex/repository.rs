//! Repositories of VEX documents: an index of packages, and a document each.
//!
//! Semantics: the VEX Repository Specification 0.1 and Trivy's `pkg/vex/repo.go`. Files are the shell's to read.

use super::super::locator::Locator;
use super::super::purl::escape;
use super::{Vex, VexError};
use serde_json::Value;
use std::collections::BTreeMap;

/// A repository: the documents that were read, by package.
#[derive(Clone, Debug, Default)]
pub struct Repository {
    /// Documents, by package URL without version.
    pub documents: BTreeMap<String, Vex>,
}

impl Repository {
    pub(super) fn document(&self, key: &str) -> Option<&Vex> {
        self.documents.get(key)
    }
}

/// The index of a repository: where the document about a package is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// Place by package URL without version.
    pub packages: BTreeMap<String, String>,
}

impl Index {
    /// Reads an index; keys in capitals or not.
    ///
    /// # Errors
    /// When it is no JSON or has no packages.
    pub fn read(bytes: &[u8]) -> Result<Self, VexError> {
        let value: Value =
            serde_json::from_slice(bytes).map_err(|error| VexError::Json(error.to_string()))?;
        let list = field(&value, "packages").and_then(Value::as_array);
        let list = list.ok_or(VexError::Malformed("an index", "it has no packages".to_owned()))?;
        let text = |entry: &Value, key: &str| field(entry, key).and_then(Value::as_str).map(str::to_owned);
        let packages = list.iter().filter_map(|entry| Some((text(entry, "id")?, text(entry, "location")?)));
        Ok(Self { packages: packages.collect() })
    }
}

fn field<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    value.as_object()?.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)
}

/// A package as an index names it: without version, and of an image with its repository.
pub(super) fn key(locator: &Locator) -> String {
    let mut out = format!("pkg:{}/", locator.kind);
    for part in locator.namespace.split('/').filter(|part| !part.is_empty()) {
        out.push_str(&escape(part, false));
        out.push('/');
    }
    out.push_str(&escape(&locator.name, false));
    if let Some(url) = locator.qualifiers.get("repository_url").filter(|_| locator.kind == "oci") {
        out.push_str(&format!("?repository_url={}", escape(url, false)));
    }
    out
}
