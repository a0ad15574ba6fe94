//! An inventory as a report: targets, packages, and what the database knows of them.
//!
//! Semantics: Trivy's `pkg/scan` (service, ospkg, langpkg) and `pkg/fingerprint`.

use super::database::{Database, DatabaseError};
use super::detect::{Unjudged, language_packages, system_packages};
use super::fill::fill;
use super::package::{Kind, Pkg};
use super::report::{Layer, Metadata, Os as ReportOs, Report, ScanResult, Tool};
use super::{Json, config, secrets, system};
use inventory::{Ecosystem, Inventory, Os};
use model::{Gap, Reference, Ring, Timestamp};
use std::collections::BTreeMap;

/// What is asked, and what a report says of its own making.
#[derive(Clone, Debug)]
pub struct Request {
    /// The artefact, as the user named it.
    pub name: String,
    /// `container_image`, `filesystem`, `repository`, `cyclonedx`, `spdx`.
    pub kind: &'static str,
    /// The reference the image was asked for by; else its first tag.
    pub reference: Option<String>,
    /// Whether packages of the system count (`--pkg-types os`).
    pub system: bool,
    /// Whether packages of languages count (`--pkg-types library`).
    pub language: bool,
    /// Whether what only development needs counts (`--include-dev-deps`).
    pub dev: bool,
    /// Whether checksums of the files of installed packages are told.
    pub checksums: bool,
    /// Sources a severity may be from, in order; `auto` is the advisory's own, then NVD.
    pub severity_sources: Vec<String>,
    /// The system to take the image for (`--distro`).
    pub distro: Option<Os>,
    /// Version of the program that writes the report.
    pub version: String,
    /// A version 7 UUID.
    pub report_id: String,
    /// When.
    pub now: Timestamp,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            name: String::new(),
            kind: "container_image",
            reference: None,
            system: true,
            language: true,
            dev: false,
            checksums: false,
            severity_sources: vec!["auto".to_owned()],
            distro: None,
            version: String::new(),
            report_id: String::new(),
            now: Timestamp::UNIX_EPOCH,
        }
    }
}

/// Reports an inventory. Without a database packages are listed and nothing is held against anything.
///
/// The gaps are what could not be judged; those of the inventory itself are among them.
///
/// # Errors
/// When the database cannot be read.
pub fn report(
    inventory: &Inventory,
    database: Option<&Database>,
    request: &Request,
) -> Result<(Report, Vec<Gap>), DatabaseError> {
    let mut unjudged = Unjudged::new();
    let mut results = Vec::new();
    let os = request.distro.clone().or_else(|| inventory.os.clone());
    if let Some(os) = os.as_ref().filter(|_| request.system) {
        results.extend(system_result(inventory, os, database, request, &mut unjudged)?);
    }
    if request.language {
        results.extend(language_results(inventory, database, request, &mut unjudged)?);
    }
    results.extend(secrets::results(inventory, &request.name));
    for result in results.iter_mut().filter(|_| database.is_some()) {
        if let Some(database) = database {
            fill(&mut result.vulnerabilities, &request.severity_sources, database)?;
        }
    }
    let eosl = os.as_ref().is_some_and(|os| database.is_some() && os.end_of_life(request.now) == Some(true));
    let metadata = metadata(inventory, os.as_ref(), eosl, request);
    let mut report = Report {
        schema_version: 2,
        trivy: Some(Tool { version: request.version.clone() }),
        report_id: request.report_id.clone(),
        created_at: request.now.to_string(),
        artifact_id: artifact_id(&metadata, request),
        artifact_name: request.name.clone(),
        artifact_type: request.kind.to_owned(),
        metadata,
        results,
    };
    fingerprints(&mut report);
    let mut gaps = inventory.unknown.clone();
    gaps.extend(summed(unjudged));
    gaps.sort();
    gaps.dedup();
    Ok((report, gaps))
}

/// The packages, as a report lists them; those of the system first.
fn packages<'a>(
    inventory: &'a Inventory,
    system: bool,
    request: &'a Request,
) -> impl Iterator<Item = (&'static Kind, Ecosystem, &'a str, Pkg)> {
    let wanted = move |p: &&inventory::Package| p.ecosystem.row().system == system && (request.dev || !p.dev);
    inventory.packages.iter().filter(wanted).filter_map(move |package| {
        let kind = Kind::of(package)?;
        // A checksum of the file is told by bills of materials alone; the system's packages have one of their own.
        let told = system || request.checksums || package.digest.is_none();
        let bare = (!told).then(|| inventory::Package { digest: None, ..package.clone() });
        let listed = Pkg::new(bare.as_ref().unwrap_or(package), kind, inventory, &request.name);
        Some((kind, package.ecosystem, package.path.as_str(), listed))
    })
}

fn listed(packages: &[Pkg]) -> Vec<Json> {
    // What was written as JSON is read as JSON.
    let value = |pkg: &Pkg| serde_json::to_string(pkg).ok().and_then(|text| serde_json::from_str(&text).ok());
    packages.iter().filter_map(value).collect()
}

fn system_result(
    inventory: &Inventory,
    os: &Os,
    database: Option<&Database>,
    request: &Request,
    unjudged: &mut Unjudged,
) -> Result<Option<ScanResult>, DatabaseError> {
    let inventory = &Inventory { os: Some(os.clone()), ..inventory.clone() };
    let mut all: Vec<Pkg> = packages(inventory, true, request).map(|(_, _, _, pkg)| pkg).collect();
    all.sort_by(Pkg::order);
    // The same package in two places of one database is one.
    all.dedup_by(|a, b| (&a.id, &a.file_path) == (&b.id, &b.file_path));
    let repository = inventory.repository.as_ref().filter(|_| request.distro.is_none());
    let vulnerabilities = match database {
        Some(database) => system_packages(&all, os, repository, database, request.now, unjudged)?,
        None => Vec::new(),
    };
    if database.is_some() && system::family(&os.family).is_none() {
        return Ok(None);
    }
    Ok(Some(ScanResult {
        target: format!("{} ({} {})", request.name, os.family, os.version),
        class: "os-pkgs".to_owned(),
        kind: os.family.clone(),
        packages: listed(&all),
        vulnerabilities,
        ..ScanResult::default()
    }))
}

fn language_results(
    inventory: &Inventory,
    database: Option<&Database>,
    request: &Request,
    unjudged: &mut Unjudged,
) -> Result<Vec<ScanResult>, DatabaseError> {
    let mut targets: BTreeMap<(String, &'static str), (Ecosystem, Vec<Pkg>)> = BTreeMap::new();
    for (kind, ecosystem, path, pkg) in packages(inventory, false, request) {
        let target = if kind.target.is_empty() { path } else { kind.target };
        let entry = targets.entry((target.to_owned(), kind.name)).or_insert((ecosystem, Vec::new()));
        entry.1.push(pkg);
    }
    let mut out = Vec::new();
    for ((target, kind), (ecosystem, mut all)) in targets {
        all.sort_by(Pkg::order);
        let vulnerabilities = match database {
            Some(database) => language_packages(&all, ecosystem, database, unjudged)?,
            None => Vec::new(),
        };
        out.push(ScanResult {
            target,
            class: "lang-pkgs".to_owned(),
            kind: kind.to_owned(),
            packages: listed(&all),
            vulnerabilities,
            ..ScanResult::default()
        });
    }
    Ok(out)
}

fn metadata(inventory: &Inventory, os: Option<&Os>, eosl: bool, request: &Request) -> Metadata {
    let os = os.map(|os| ReportOs {
        family: os.family.clone(),
        name: os.version.clone(),
        eosl,
        ..ReportOs::default()
    });
    if request.kind != "container_image" {
        return Metadata { os, ..Metadata::default() };
    }
    let size = |bytes: Option<u64>| i64::try_from(bytes.unwrap_or(0)).unwrap_or(i64::MAX);
    let layers: Vec<Layer> = inventory
        .layers
        .iter()
        .map(|layer| Layer {
            size: size(layer.bytes),
            digest: layer.digest.as_ref().map(ToString::to_string).unwrap_or_default(),
            diff_id: layer.diff_id.to_string(),
            ..Layer::default()
        })
        .collect();
    Metadata {
        size: layers.iter().fold(0_i64, |sum, layer| sum.saturating_add(layer.size)),
        os,
        image_id: inventory.image.config.first().map(ToString::to_string).unwrap_or_default(),
        diff_ids: layers.iter().map(|layer| layer.diff_id.clone()).collect(),
        repo_tags: inventory.tags.clone(),
        repo_digests: inventory.repo_digests.clone(),
        reference: reference(inventory, request).unwrap_or_default(),
        image_config: config::ordered(&inventory.config),
        layers,
        ..Metadata::default()
    }
}

fn reference(inventory: &Inventory, request: &Request) -> Option<String> {
    let first = || inventory.tags.first().or(inventory.repo_digests.first()).cloned();
    request.reference.clone().or_else(first)
}

/// For an image, a hash over what it is and where it is kept; the tag does not count.
fn artifact_id(metadata: &Metadata, request: &Request) -> String {
    if request.kind != "container_image" || metadata.image_id.is_empty() {
        return String::new();
    }
    match metadata.reference.parse::<Reference>() {
        Ok(reference) if !metadata.reference.is_empty() => {
            let registry = match &*reference.registry {
                "docker.io" => "index.docker.io",
                other => other,
            };
            hash(&format!("{}:{registry}/{}", metadata.image_id, reference.repository))
        }
        _ => metadata.image_id.clone(),
    }
}

fn hash(text: &str) -> String {
    inventory::sha256(text.as_bytes()).map(|digest| digest.to_string()).unwrap_or_default()
}

fn fingerprints(report: &mut Report) {
    for result in &mut report.results {
        for one in &mut result.vulnerabilities {
            one.fingerprint =
                hash(&format!("{}:{}:{}:{}", report.artifact_id, result.target, one.pkg_id, one.id));
        }
    }
}

/// One gap a reason, however many packages have it.
fn summed(unjudged: Unjudged) -> Vec<Gap> {
    let mut by: BTreeMap<String, (u64, String)> = BTreeMap::new();
    for (what, why) in unjudged {
        let entry = by.entry(why).or_insert((0, what));
        entry.0 = entry.0.saturating_add(1);
    }
    let gap = |(why, (count, first)): (String, (u64, String))| {
        let what = if count == 1 { first } else { format!("{first} and {} more", count.saturating_sub(1)) };
        Gap { ring: Ring::Images, what, why, asked: true, help: None }
    };
    by.into_iter().map(gap).collect()
}

#[cfg(test)]
mod tests {
    use super::super::database::tests::database;
    use super::*;
    use inventory::Package;

    #[test]
    fn targets() {
        let package = |by: &str, ecosystem, name: &str, path: &str| Package {
            found_by: by.into(),
            path: path.into(),
            ..Package::new(ecosystem, name, "1.0.0")
        };
        let inventory = Inventory {
            os: Some(Os::from_release("alpine", "3.10.2")),
            packages: vec![
                package("apk", Ecosystem::Apk, "musl", "lib/apk/db/installed"),
                package("node-module", Ecosystem::Npm, "a", "x/node_modules/a/package.json"),
                package("node-module", Ecosystem::Npm, "b", "x/node_modules/b/package.json"),
                package("cargo-lock", Ecosystem::Cargo, "c", "y/Cargo.lock"),
                Package { dev: true, ..package("cargo-lock", Ecosystem::Cargo, "d", "y/Cargo.lock") },
            ],
            ..Inventory::default()
        };
        let all = database(&[
            ("alpine 3.10|musl|CVE-1", r#"{"FixedVersion":"2"}"#),
            ("npm::x|a|CVE-2", r#"{"VulnerableVersions":["<2"]}"#),
            ("vulnerability|CVE-1", r#"{"VendorSeverity":{"nvd":3}}"#),
        ]);
        let request = Request { name: "app.tar".into(), ..Request::default() };
        let (report, gaps) = report(&inventory, Some(&all), &request).unwrap();
        let short: Vec<_> = report
            .results
            .iter()
            .map(|r| (r.target.as_str(), r.kind.as_str(), r.packages.len(), r.vulnerabilities.len()))
            .collect();
        assert_eq!(
            short,
            [
                ("app.tar (alpine 3.10.2)", "alpine", 1, 1),
                ("Node.js", "node-pkg", 2, 1),
                ("y/Cargo.lock", "cargo", 1, 0)
            ]
        );
        let one = &report.results[0].vulnerabilities[0];
        assert_eq!((one.severity.as_str(), one.status.as_str()), ("HIGH", "fixed"));
        assert_eq!(one.fingerprint.len(), 71);
        assert_eq!(report.results[1].vulnerabilities[0].pkg_path, "x/node_modules/a/package.json");
        assert_eq!(gaps.len(), 1, "no advisories for cargo: {gaps:?}");
    }
}
