//! The report as Trivy writes it: fields in its order, empty ones left out, what is not read kept as it is.

use super::Json;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// `null` where Go had a nil slice or map is the same as nothing.
fn or_empty<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A whole report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Report {
    /// 2.
    pub schema_version: u64,
    /// The program that wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trivy: Option<Tool>,
    /// Version 7 UUID.
    #[serde(rename = "ReportID", skip_serializing_if = "String::is_empty")]
    pub report_id: String,
    /// When it was made, RFC 3339 with nanoseconds.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub created_at: String,
    /// Stable id of the artefact.
    #[serde(rename = "ArtifactID", skip_serializing_if = "String::is_empty")]
    pub artifact_id: String,
    /// Reference or path, as asked for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub artifact_name: String,
    /// `container_image`, `filesystem`, `repository`, `cyclonedx`, `spdx`, `vm`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub artifact_type: String,
    /// About the artefact.
    #[serde(skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
    /// One entry a target: an operating system, a lock file, a file with secrets.
    #[serde(deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<ScanResult>,
}

/// The program that wrote a report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Tool {
    /// Its version.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
}

/// About the artefact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Metadata {
    /// Bytes.
    #[serde(skip_serializing_if = "zero")]
    pub size: i64,
    /// The operating system.
    #[serde(rename = "OS", skip_serializing_if = "Option::is_none")]
    pub os: Option<Os>,
    /// Digest of the image's config.
    #[serde(rename = "ImageID", skip_serializing_if = "String::is_empty")]
    pub image_id: String,
    /// Digests of the uncompressed layers.
    #[serde(rename = "DiffIDs", deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    pub diff_ids: Vec<String>,
    /// Tags.
    #[serde(deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    pub repo_tags: Vec<String>,
    /// `repository@digest`.
    #[serde(deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    pub repo_digests: Vec<String>,
    /// The reference that was asked for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reference: String,
    /// The image's config.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_config: Option<Json>,
    /// The layers.
    #[serde(deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<Layer>,
    /// The repository a repository scan read.
    #[serde(rename = "RepoURL", skip_serializing_if = "String::is_empty")]
    pub repo_url: String,
    /// Branch.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub branch: String,
    /// Git tags.
    #[serde(deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Commit.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub commit: String,
    /// Its message.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub commit_msg: String,
    /// Its author.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub author: String,
    /// Its committer.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub committer: String,
}

impl Metadata {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn zero(value: &i64) -> bool {
    *value == 0
}

fn no(value: &bool) -> bool {
    !*value
}

/// The operating system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Os {
    /// Family.
    pub family: String,
    /// Version.
    pub name: String,
    /// Past its end of life.
    #[serde(rename = "EOSL", skip_serializing_if = "no")]
    pub eosl: bool,
    /// With extended support.
    #[serde(skip_serializing_if = "no")]
    pub extended: bool,
}

/// A layer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Layer {
    /// Bytes.
    #[serde(skip_serializing_if = "zero")]
    pub size: i64,
    /// Digest as stored.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// Digest uncompressed.
    #[serde(rename = "DiffID", skip_serializing_if = "String::is_empty")]
    pub diff_id: String,
    /// The instruction that made it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub created_by: String,
}

/// What was found in one target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ScanResult {
    /// Name of the target.
    pub target: String,
    /// `os-pkgs`, `lang-pkgs`, `config`, `secret`, `license`, `license-file`, `custom`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub class: String,
    /// Distribution or package manager.
    #[serde(rename = "Type", skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Packages, when asked for.
    #[serde(deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<Json>,
    /// Vulnerabilities.
    #[serde(deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    pub vulnerabilities: Vec<DetectedVulnerability>,
    /// Counts of misconfigurations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub misconf_summary: Option<Json>,
    /// Misconfigurations.
    #[serde(deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    pub misconfigurations: Vec<Json>,
    /// Secrets.
    #[serde(deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Json>,
    /// Licences.
    #[serde(deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<Json>,
    /// Resources of custom analyzers.
    #[serde(deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    pub custom_resources: Vec<Json>,
    /// Findings that were taken out, and why.
    #[serde(deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    pub experimental_modified_findings: Vec<Json>,
}

/// A package's names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PkgIdentifier {
    /// Package URL.
    #[serde(rename = "PURL", skip_serializing_if = "String::is_empty")]
    pub purl: String,
    /// Hash over the package.
    #[serde(rename = "UID", skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// Its name in a bill of materials.
    #[serde(rename = "BOMRef", skip_serializing_if = "String::is_empty")]
    pub bom_ref: String,
}

/// Where an advisory is from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DataSource {
    /// Id.
    #[serde(rename = "ID", skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// The source it derives from.
    #[serde(rename = "BaseID", skip_serializing_if = "String::is_empty")]
    pub base_id: String,
    /// Name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Address.
    #[serde(rename = "URL", skip_serializing_if = "String::is_empty")]
    pub url: String,
}

/// Scores of one source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Cvss {
    /// CVSS 2.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub v2_vector: String,
    /// CVSS 3.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub v3_vector: String,
    /// CVSS 4.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub v40_vector: String,
    /// CVSS 2.
    #[serde(skip_serializing_if = "none")]
    pub v2_score: f64,
    /// CVSS 3.
    #[serde(skip_serializing_if = "none")]
    pub v3_score: f64,
    /// CVSS 4.
    #[serde(skip_serializing_if = "none")]
    pub v40_score: f64,
}

fn none(value: &f64) -> bool {
    *value == 0.0
}

/// One vulnerability of one package.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DetectedVulnerability {
    /// CVE or other id.
    #[serde(rename = "VulnerabilityID", skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// The vendor's ids.
    #[serde(rename = "VendorIDs", deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    pub vendor_ids: Vec<String>,
    /// Name and version.
    #[serde(rename = "PkgID", skip_serializing_if = "String::is_empty")]
    pub pkg_id: String,
    /// Name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pkg_name: String,
    /// File, for packages that are files.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pkg_path: String,
    /// Names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pkg_identifier: Option<PkgIdentifier>,
    /// Version.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub installed_version: String,
    /// First version without it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fixed_version: String,
    /// What the maintainers say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// Layer of the package.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<Layer>,
    /// Who gave the severity.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub severity_source: String,
    /// Where to read more.
    #[serde(rename = "PrimaryURL", skip_serializing_if = "String::is_empty")]
    pub primary_url: String,
    /// Where the advisory is from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_source: Option<DataSource>,
    /// Stable id of this finding.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fingerprint: String,
    /// Custom data of plugins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<Json>,
    /// One line.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Many lines.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// `CRITICAL` to `UNKNOWN`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub severity: String,
    /// Weaknesses.
    #[serde(rename = "CweIDs", deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    pub cwe_ids: Vec<String>,
    /// Severity by source, 0 (unknown) to 4 (critical).
    #[serde(deserialize_with = "or_empty", skip_serializing_if = "BTreeMap::is_empty")]
    pub vendor_severity: BTreeMap<String, i64>,
    /// Scores by source.
    #[serde(rename = "CVSS", deserialize_with = "or_empty", skip_serializing_if = "BTreeMap::is_empty")]
    pub cvss: BTreeMap<String, Cvss>,
    /// Links.
    #[serde(deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// When it was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published_date: Option<String>,
    /// When its text last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_modified_date: Option<String>,
}
