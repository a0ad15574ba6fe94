//! A report lowered to a scan: which image, what was found, what the report cannot tell.

use super::report::{DetectedVulnerability, Report, ScanResult};
use crate::scan::severity;
use crate::{Found, Scan, Status, network};
use model::{Diagnostic, Digest, Gap, ImageId, Level, Loaded, Reference, Ring, Timestamp, Vulnerability};
use std::sync::Arc;

/// Lowers a report. `document` is its file name, `diagnostics` what reading it brought: a part that could not be read
/// may hold a vulnerability, so it is unknown, not absent.
pub fn import(report: &Report, document: Arc<str>, diagnostics: &[Diagnostic]) -> Scan {
    let classes = |class: &str| report.results.iter().filter(|r| r.class == class).count();
    let packages = |r: &&ScanResult| {
        !matches!(r.class.as_str(), "config" | "secret" | "license" | "license-file" | "custom")
    };
    let looked = report.results.iter().any(|r| packages(&r));
    let mut out = Scan {
        image: image(report),
        at: report.created_at.parse().ok(),
        created: created(report),
        os: report
            .metadata
            .os
            .as_ref()
            .map(|os| inventory::Os { family: os.family.clone(), version: os.name.clone() }),
        end_of_life: report.metadata.os.as_ref().map(|os| os.eosl),
        found: report
            .results
            .iter()
            .filter(packages)
            .flat_map(|r| r.vulnerabilities.iter().map(|v| found(r, v)))
            .collect(),
        packages: report.results.iter().fold(0, |sum: u64, r| sum.saturating_add(r.packages.len() as u64)),
        looked,
        document,
        unknown: Vec::new(),
    };
    let name = out.document.clone();
    let mut unknown = |what: String, why: String, asked: bool| {
        out.unknown.push(Gap { ring: Ring::Images, what, why, asked, help: None });
    };
    for diagnostic in diagnostics.iter().filter(|d| d.level == Level::Error) {
        unknown(format!("a part of {name}"), diagnostic.message.clone(), true);
    }
    if !looked {
        unknown(
            format!("packages of {}", report.artifact_name),
            format!("{name} holds no result about packages"),
            true,
        );
    } else if report.metadata.os.is_some() && classes("os-pkgs") == 0 {
        let why = format!("{name} names the operating system, but holds no result about its packages");
        unknown(format!("system packages of {}", report.artifact_name), why, true);
    }
    out.found.sort_by(|a, b| key(a).cmp(&key(b)));
    out.found.dedup();
    out
}

/// Reproducible builds have the beginning of time for their date.
fn created(report: &Report) -> Option<Timestamp> {
    let text = report.metadata.image_config.as_ref()?.get("created")?.as_str()?;
    text.parse().ok().filter(|made: &Timestamp| made.as_second() > 0)
}

fn key(found: &Found) -> (&str, &str, &str, &str) {
    let v = &found.vulnerability;
    (&v.id, &v.package, &found.path, &v.installed)
}

/// The image a report is about: none, when it is about something else.
///
/// The config digest is content; a repository digest is the index's or the manifest's, the report does not tell.
fn image(report: &Report) -> ImageId {
    if !matches!(report.artifact_type.as_str(), "container_image" | "") {
        return ImageId::default();
    }
    let metadata = &report.metadata;
    let digests = metadata.repo_digests.iter().filter_map(|d| Digest::parse(d.rsplit_once('@')?.1));
    let mut unknown: Vec<Digest> = digests.collect();
    unknown.sort();
    unknown.dedup();
    ImageId {
        reference: reference(report),
        config: Digest::parse(&metadata.image_id).into_iter().collect(),
        unknown,
        ..ImageId::default()
    }
}

/// The name the image goes by. An artefact's name may be the path of an archive, which reads like a reference too:
/// it counts only when the metadata has no better.
fn reference(report: &Report) -> Option<Reference> {
    let metadata = &report.metadata;
    let archive = [".tar", ".tar.gz", ".tgz"].iter().any(|end| report.artifact_name.ends_with(end));
    let asked: Option<Reference> = report.artifact_name.parse().ok().filter(|_| !archive);
    let known =
        || metadata.repo_tags.iter().chain(&metadata.repo_digests).filter_map(|text| text.parse().ok());
    let confirmed = asked.as_ref().filter(|asked| {
        metadata.image_id.is_empty()
            || known()
                .any(|k: Reference| (&k.registry, &k.repository) == (&asked.registry, &asked.repository))
    });
    let written = (!metadata.reference.is_empty()).then(|| metadata.reference.parse().ok()).flatten();
    written.or_else(|| confirmed.cloned()).or_else(|| known().next()).or(asked)
}

fn found(result: &ScanResult, one: &DetectedVulnerability) -> Found {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Found {
        vulnerability: Vulnerability {
            id: one.id.clone(),
            package: one.pkg_name.clone(),
            installed: one.installed_version.clone(),
            fixed: one.fixed_version.clone(),
            severity: severity(&one.severity),
            network: vector(one),
            known_exploited: false,
            epss: None,
            loaded: Loaded::Unknown,
        },
        status: status(one),
        title: text(&one.title),
        url: text(&one.primary_url),
        severity_source: text(&one.severity_source),
        path: if one.pkg_path.is_empty() { result.target.clone() } else { one.pkg_path.clone() },
        layer: one.layer.as_ref().and_then(|layer| Digest::parse(&layer.diff_id)),
    }
}

/// Reports before statuses existed say only whether there is a fixed version.
fn status(one: &DetectedVulnerability) -> Status {
    match Status::parse(&one.status) {
        Some(status) => status,
        None if one.fixed_version.is_empty() => Status::Affected,
        None => Status::Fixed,
    }
}

/// The attack vector by the source of the severity; where it has none, by NVD, GitHub, Red Hat, then anyone.
fn vector(one: &DetectedVulnerability) -> Option<bool> {
    let of = |source: &str| {
        let cvss = one.cvss.get(source)?;
        [&cvss.v40_vector, &cvss.v3_vector, &cvss.v2_vector].into_iter().find_map(|vector| network(vector))
    };
    let first = [one.severity_source.as_str(), "nvd", "ghsa", "redhat"];
    first.into_iter().chain(one.cvss.keys().map(String::as_str)).find_map(of)
}

#[cfg(test)]
mod tests {
    use super::super::{Caps, read};
    use super::*;
    use model::Severity;

    pub(crate) fn load(text: &str) -> Scan {
        let (report, diagnostics) = read(text.as_bytes(), &Caps::default());
        import(&report, "report.json".into(), &diagnostics)
    }

    const REPORT: &str = r#"{"SchemaVersion":2,"CreatedAt":"2026-11-24T09:12:00Z","ArtifactName":"registry.test/shop/web:1.4",
        "ArtifactType":"container_image","Metadata":{"OS":{"Family":"alpine","Name":"3.21.3"},
        "ImageID":"sha256:2948098e7863e475572c81863d412b05ac25fe908a9ca51b8454ab58e1e486d7",
        "RepoTags":["registry.test/shop/web:1.4"],
        "RepoDigests":["registry.test/shop/web@sha256:11504b8c12653863774d9d3930d3691b7e2174f866ef5e93b0147092c9dc9fc5"]},
        "Results":[{"Target":"t","Class":"os-pkgs","Type":"alpine","Vulnerabilities":[{"VulnerabilityID":"CVE-2026-41001",
        "PkgName":"libfoo","InstalledVersion":"2.1","FixedVersion":"2.2","SeveritySource":"nvd","Severity":"HIGH",
        "CVSS":{"ghsa":{"V3Vector":"CVSS:3.1/AV:L"},"nvd":{"V3Vector":"CVSS:3.1/AV:N/AC:L"}}}]},
        {"Target":"s","Class":"secret","Vulnerabilities":[{"VulnerabilityID":"X-1","PkgName":"not a package"}]}]}"#;

    #[test]
    fn image_and_vulnerability() {
        let scan = load(REPORT);
        assert_eq!(scan.image.reference.as_ref().unwrap().to_string(), "registry.test/shop/web:1.4");
        assert_eq!((scan.image.config.len(), scan.image.unknown.len()), (1, 1));
        let [one] = scan.found.as_slice() else { panic!("one: {:?}", scan.found) };
        assert_eq!((one.vulnerability.severity, one.vulnerability.network), (Severity::High, Some(true)));
        assert_eq!((one.status, one.vulnerability.loaded), (Status::Fixed, Loaded::Unknown));
        assert!(scan.unknown.is_empty() && scan.looked && scan.at.is_some());
        assert_eq!(scan.end_of_life, Some(false));
    }

    #[test]
    fn vectors_by_source() {
        let by = |from: &str, to: &str| load(&REPORT.replace(from, to)).found[0].vulnerability.network;
        assert_eq!(by(r#""SeveritySource":"nvd""#, r#""SeveritySource":"ghsa""#), Some(false));
        assert_eq!(
            by(r#""SeveritySource":"nvd""#, r#""SeveritySource":"alpine""#),
            Some(true),
            "falls back to NVD"
        );
        assert_eq!(by("V3Vector", "V3Score\":1,\"x"), None);
    }

    #[test]
    fn names() {
        let name = |change: &[(&str, &str)]| {
            let text = change.iter().fold(REPORT.to_owned(), |text, (from, to)| text.replace(from, to));
            load(&text).image.reference.map(|r| r.to_string())
        };
        let asked = r#""ArtifactName":"registry.test/shop/web:1.4""#;
        assert_eq!(
            name(&[(asked, r#""ArtifactName":"out/web.tar""#)]).as_deref(),
            Some("registry.test/shop/web:1.4")
        );
        // A path without an ending reads like a reference, but the tags know better.
        assert_eq!(
            name(&[(asked, r#""ArtifactName":"out/web""#)]).as_deref(),
            Some("registry.test/shop/web:1.4")
        );
        let pinned =
            "registry.test/shop/web@sha256:11504b8c12653863774d9d3930d3691b7e2174f866ef5e93b0147092c9dc9fc5";
        assert_eq!(name(&[(asked, &format!(r#""ArtifactName":"{pinned}""#))]).as_deref(), Some(pinned));
        assert_eq!(name(&[("container_image", "filesystem")]), None);
    }

    #[test]
    fn what_a_report_does_not_say_is_unknown() {
        let none = load(r#"{"SchemaVersion":2,"ArtifactName":"a","ArtifactType":"container_image"}"#);
        assert!(!none.looked && none.unknown.len() == 1 && none.facts().is_empty());
        let no_os = load(&REPORT.replace("os-pkgs", "lang-pkgs"));
        assert_eq!(no_os.unknown.len(), 1);
        let broken = load(&REPORT.replace(r#""VulnerabilityID":"CVE-2026-41001","#, ""));
        assert_eq!((broken.found.len(), broken.unknown.len()), (0, 1));
    }

    #[test]
    fn goldens() {
        for (name, image, os, found) in [
            ("alpine-310", true, Some("alpine 3.10.2"), 4),
            ("debian-buster", true, Some("debian 10.1"), 2),
            ("centos-7", true, Some("centos 7.6.1810"), 3),
            ("npm", false, None, 1),
        ] {
            let path = format!("trivy/integration/testdata/{name}.json.golden");
            let Some(text) = crate::corpus::read(&path) else { return };
            let (report, diagnostics) = read(&text, &Caps::default());
            assert!(diagnostics.is_empty(), "{name}: {diagnostics:?}");
            let scan = import(&report, name.into(), &diagnostics);
            assert_eq!(scan.image.config.len() == 1, image, "{name}");
            assert_eq!(scan.os.as_ref().map(ToString::to_string).as_deref(), os, "{name}");
            assert!(scan.found.len() >= found, "{name}: {}", scan.found.len());
            assert!(scan.unknown.is_empty(), "{name}: {:?}", scan.unknown);
        }
    }
}
