//! A package as a report lists it, read back from the report.

use super::Json;
use super::report::{Layer, PkgIdentifier};
use serde::Deserialize;

/// What writers look at of a package.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Listed {
    #[serde(rename = "ID")]
    pub(super) id: String,
    pub(super) name: String,
    pub(super) identifier: PkgIdentifier,
    pub(super) version: String,
    pub(super) release: String,
    pub(super) epoch: i64,
    pub(super) src_name: String,
    pub(super) src_version: String,
    pub(super) src_release: String,
    pub(super) src_epoch: i64,
    pub(super) licenses: Option<Vec<String>>,
    pub(super) maintainer: String,
    pub(super) modularitylabel: String,
    pub(super) build_info: Option<BuildInfo>,
    pub(super) relationship: String,
    pub(super) depends_on: Option<Vec<String>>,
    pub(super) layer: Layer,
    pub(super) file_path: String,
    pub(super) digest: String,
}

/// Of Red Hat's images: where their packages are from.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct BuildInfo {
    pub(super) content_sets: Option<Vec<String>>,
    pub(super) nvr: String,
    pub(super) arch: String,
}

impl Listed {
    /// Reads one; nothing of it when it is malformed.
    pub(super) fn read(json: &Json) -> Self {
        serde_json::to_value(json)
            .ok()
            .and_then(|value| serde_json::from_value(value).ok())
            .unwrap_or_default()
    }

    /// Its version with epoch and release.
    pub(super) fn full_version(&self) -> String {
        full(self.epoch, &self.version, &self.release)
    }

    /// Its source's.
    pub(super) fn source_version(&self) -> String {
        full(self.src_epoch, &self.src_version, &self.src_release)
    }

    /// What joins it to its vulnerabilities: the hash, or in old reports without one the id and the file.
    pub(super) fn key(&self) -> String {
        match self.identifier.uid.as_str() {
            "" => format!("{}\0{}", self.id, self.file_path),
            uid => uid.to_owned(),
        }
    }

    /// What it needs.
    pub(super) fn needs(&self) -> &[String] {
        self.depends_on.as_deref().unwrap_or_default()
    }
}

/// Epoch, version and release as one text.
fn full(epoch: i64, version: &str, release: &str) -> String {
    let epoch = if epoch == 0 { String::new() } else { format!("{epoch}:") };
    let release = if release.is_empty() { String::new() } else { format!("-{release}") };
    format!("{epoch}{version}{release}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_back() {
        let json: Json = serde_json::from_str(
            r#"{"Name":"bash","Version":"4.2","Release":"31.el7","Epoch":1,"SrcName":"bash","DependsOn":null,"Layer":{"DiffID":"sha256:0"}}"#,
        )
        .unwrap();
        let read = Listed::read(&json);
        assert_eq!((read.full_version().as_str(), read.source_version().as_str()), ("1:4.2-31.el7", ""));
        assert_eq!((read.needs().len(), read.layer.diff_id.as_str()), (0, "sha256:0"));
        assert_eq!(Listed::read(&Json::Null), Listed::default());
    }
}
