//! `--format github`: a snapshot of dependencies for GitHub's dependency graph.
//!
//! Semantics: Trivy's `pkg/report/github`.

use super::json::go;
use super::listed::Listed;
use super::report::ScanResult;
use super::{Report, Setting, WriteError};
use serde::Serialize;
use std::collections::BTreeMap;

type Texts<'a> = BTreeMap<&'a str, String>;

#[derive(Serialize)]
struct Snapshot<'a> {
    version: u8,
    detector: Detector<'a>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: Texts<'a>,
    #[serde(rename = "ref", skip_serializing_if = "str::is_empty")]
    reference: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    sha: &'a str,
    job: Job<'a>,
    scanned: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    manifests: BTreeMap<&'a str, Manifest<'a>>,
}

#[derive(Serialize)]
struct Detector<'a> {
    name: &'static str,
    version: &'a str,
    url: &'static str,
}

#[derive(Serialize)]
struct Job<'a> {
    correlator: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    id: &'a str,
}

#[derive(Serialize)]
struct Manifest<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<File>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    resolved: BTreeMap<String, Package<'a>>,
}

#[derive(Serialize)]
struct File {
    #[serde(skip_serializing_if = "String::is_empty")]
    source_location: String,
}

#[derive(Serialize)]
struct Package<'a> {
    #[serde(skip_serializing_if = "String::is_empty")]
    package_url: String,
    relationship: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dependencies: Vec<String>,
    scope: &'static str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: Texts<'a>,
}

/// Writes the packages of a report; findings are not in this format.
pub(super) fn write(report: &Report, setting: &Setting) -> Result<String, WriteError> {
    let world = &setting.world;
    let variable = |name: &str| world.environment.get(name).map(String::as_str).unwrap_or_default();
    let mut metadata = Texts::new();
    for (key, list) in [
        ("aquasecurity:trivy:RepoTag", &report.metadata.repo_tags),
        ("aquasecurity:trivy:RepoDigest", &report.metadata.repo_digests),
    ] {
        if !list.is_empty() {
            metadata.insert(key, list.join(", "));
        }
    }
    let listed = report.results.iter().filter(|result| !result.packages.is_empty());
    let snapshot = Snapshot {
        version: 0,
        detector: Detector {
            name: "trivy",
            version: &world.version,
            url: "https://github.com/aquasecurity/trivy",
        },
        metadata,
        reference: variable("GITHUB_REF"),
        sha: variable("GITHUB_SHA"),
        job: Job {
            correlator: format!("{}_{}", variable("GITHUB_WORKFLOW"), variable("GITHUB_JOB")),
            id: variable("GITHUB_RUN_ID"),
        },
        scanned: super::setting::seconds(world.now),
        manifests: listed.map(|result| (result.target.as_str(), manifest(report, result))).collect(),
    };
    Ok(go(&snapshot))
}

fn manifest<'a>(report: &Report, result: &'a ScanResult) -> Manifest<'a> {
    let file = (result.class == "lang-pkgs").then(|| File { source_location: place(report, result) });
    let packages = result.packages.iter().map(Listed::read);
    Manifest { name: &result.kind, file, resolved: packages.map(|p| (p.name.clone(), package(p))).collect() }
}

/// The file, or the image by tag and digest.
fn place(report: &Report, result: &ScanResult) -> String {
    if report.artifact_type != "container_image" {
        return result.target.clone();
    }
    let tags = report.metadata.repo_tags.join(", ");
    match report.metadata.repo_digests.join(", ").split_once('@') {
        Some((_, digest)) => format!("{tags}@{digest}"),
        None => tags,
    }
}

fn package<'a>(listed: Listed) -> Package<'a> {
    let mut metadata = Texts::new();
    if !listed.file_path.is_empty() {
        metadata.insert("source_location", listed.file_path);
    }
    Package {
        package_url: listed.identifier.purl,
        relationship: if listed.relationship == "indirect" { "indirect" } else { "direct" },
        dependencies: listed.depends_on.unwrap_or_default(),
        scope: "runtime",
        metadata,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Caps, read};
    use super::*;
    use crate::template::World;

    fn world() -> World {
        let environment = [
            ("GITHUB_REF", "/ref/feature-1"),
            ("GITHUB_SHA", "39da54a1ff04120a31df8cbc94ce9ede251d21a3"),
            ("GITHUB_WORKFLOW", "workflow-name"),
            ("GITHUB_JOB", "integration"),
            ("GITHUB_RUN_ID", "1910764383"),
        ];
        World {
            now: "2021-08-25T12:20:30.000000005Z".parse().unwrap(),
            environment: environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            version: "dev".to_owned(),
        }
    }

    #[test]
    fn golden() {
        let corpus =
            |name: &str| crate::corpus::read(&format!("trivy/integration/testdata/alpine-310.{name}.golden"));
        let (Some(report), Some(want)) = (corpus("json"), corpus("gsbom")) else { return };
        let mut report = read(&report, &Caps::default()).0;
        // The report the golden was made from lists its packages; this one does not.
        let wanted: serde_json::Value = serde_json::from_slice(&want).unwrap();
        let resolved = wanted["manifests"].as_object().unwrap().values().next().unwrap()["resolved"].clone();
        let package = |(name, entry): (&String, &serde_json::Value)| {
            let value = serde_json::json!({
                "Name": name, "Identifier": {"PURL": entry["package_url"]}, "DependsOn": entry["dependencies"],
            });
            serde_json::from_value(value).unwrap()
        };
        report.results[0].packages = resolved.as_object().unwrap().iter().map(package).collect();
        let got = write(&report, &Setting { world: world(), ..Setting::default() }).unwrap();
        assert_eq!(got, String::from_utf8(want).unwrap());
    }

    #[test]
    fn own() {
        let text = r#"{"SchemaVersion":2,"ArtifactName":"i","ArtifactType":"container_image",
          "Metadata":{"RepoTags":["a:1","b:1"],"RepoDigests":["a@sha256:0"]},"Results":[
          {"Target":"Node.js","Class":"lang-pkgs","Type":"node-pkg","Packages":[{"Name":"x","Relationship":"indirect","FilePath":"p.json"}]},
          {"Target":"none","Class":"os-pkgs"}]}"#;
        let report = read(text.as_bytes(), &Caps::default()).0;
        let got: serde_json::Value =
            serde_json::from_str(&write(&report, &Setting::default()).unwrap()).unwrap();
        let manifests = got["manifests"].as_object().unwrap();
        assert_eq!(manifests.len(), 1);
        assert_eq!(manifests["Node.js"]["file"]["source_location"], "a:1, b:1@sha256:0");
        assert_eq!(manifests["Node.js"]["resolved"]["x"]["relationship"], "indirect");
        assert_eq!(manifests["Node.js"]["resolved"]["x"]["metadata"]["source_location"], "p.json");
        assert_eq!((got.get("ref"), &got["job"]["correlator"]), (None, &"_".into()));
    }
}
