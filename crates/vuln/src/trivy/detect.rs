//! Packages held against Trivy's database.

use super::constraint::{Dialect, vulnerable};
use super::database::{Database, DatabaseAdvisory, DatabaseError};
use super::package::Pkg;
use super::report::{DetectedVulnerability, Layer};
use super::system;
use inventory::{Ecosystem, Os};

/// What could not be judged, and why.
pub(crate) type Unjudged = Vec<(String, String)>;

/// A finding's part that the package gives.
pub(crate) fn of_package(pkg: &Pkg, advisory: &DatabaseAdvisory) -> DetectedVulnerability {
    DetectedVulnerability {
        id: advisory.id.clone(),
        vendor_ids: advisory.vendor_ids.clone(),
        pkg_id: pkg.id.clone(),
        pkg_name: pkg.name.clone(),
        pkg_path: pkg.file_path.clone(),
        pkg_identifier: Some(pkg.identifier.clone()),
        installed_version: pkg.full_version(),
        layer: (pkg.layer != Layer::default()).then(|| pkg.layer.clone()),
        data_source: advisory.source.clone(),
        ..DetectedVulnerability::default()
    }
}

/// The vulnerabilities of a system's packages.
pub(crate) fn system_packages(
    packages: &[Pkg],
    os: &Os,
    repository: Option<&Os>,
    database: &Database,
    now: model::Timestamp,
    unjudged: &mut Unjudged,
) -> Result<Vec<DetectedVulnerability>, DatabaseError> {
    let Some(family) = system::family(&os.family) else {
        unjudged.push((format!("packages of {os}"), "no advisories are read for this distribution".into()));
        return Ok(Vec::new());
    };
    let bucket = (family.bucket)(os, repository, now);
    if !database.knows(&bucket) {
        let why = format!("the database has no advisories for {bucket}");
        unjudged.push((format!("packages of {os}"), why));
        return Ok(Vec::new());
    }
    let own = packages.iter().filter(|pkg| {
        // Advisories of a distribution do not speak of other people's packages; keys are kept as packages.
        pkg.name != "gpg-pubkey" && pkg.repository.as_ref().is_none_or(|r| r.class != "third-party")
    });
    let mut out = Vec::new();
    for pkg in own {
        out.extend((family.detect)(pkg, &bucket, os, database, unjudged)?);
    }
    Ok(out)
}

/// The vulnerabilities of a language's packages.
pub(crate) fn language_packages(
    packages: &[Pkg],
    ecosystem: Ecosystem,
    database: &Database,
    unjudged: &mut Unjudged,
) -> Result<Vec<DetectedVulnerability>, DatabaseError> {
    let row = ecosystem.row();
    if ecosystem == Ecosystem::Conda {
        let why = "Conda's packages are listed; no source of advisories speaks of them".to_owned();
        unjudged.push(("conda packages".to_owned(), why));
        return Ok(Vec::new());
    }
    if !database.knows(row.bucket) {
        let why = format!("the database has no advisories for {}", row.bucket.trim_end_matches(':'));
        unjudged.push((format!("{} packages", row.purl), why));
        return Ok(Vec::new());
    }
    let dialect = Dialect::of(row.scheme);
    let mut out = Vec::new();
    // A project's own modules have no version to hold against anything.
    for pkg in packages.iter().filter(|pkg| !pkg.version.is_empty()) {
        for advisory in database.advisories(row.bucket, &key(ecosystem, &pkg.name))? {
            match vulnerable(&pkg.version, &advisory, dialect) {
                Some(false) => {}
                Some(true) => out.push(DetectedVulnerability {
                    fixed_version: fixed(&advisory),
                    ..of_package(pkg, &advisory)
                }),
                None => unjudged.push((
                    format!("{} {}", pkg.name, pkg.version),
                    format!("its version cannot be held against {}", advisory.id),
                )),
            }
        }
    }
    Ok(out)
}

/// The name advisories know a package by (trivy-db's `NormalizePkgName`).
fn key(ecosystem: Ecosystem, name: &str) -> String {
    match ecosystem {
        Ecosystem::PyPi => name.to_lowercase().replace('_', "-"),
        Ecosystem::Go => name.to_owned(),
        _ => name.to_lowercase(),
    }
}

/// Versions without it: as the advisory lists them, else the upper ends of what is vulnerable.
fn fixed(advisory: &DatabaseAdvisory) -> String {
    let mut out: Vec<&str> = advisory.patched_versions.iter().map(String::as_str).collect();
    if out.is_empty() {
        let parts = advisory.vulnerable_versions.iter().flat_map(|versions| versions.split(','));
        let ends = parts.map(str::trim).filter(|part| !part.starts_with("<="));
        out = ends.filter_map(|part| part.strip_prefix('<')).map(str::trim).collect();
    }
    let mut seen = std::collections::BTreeSet::new();
    out.retain(|version| seen.insert(*version));
    out.join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::database::tests::database;
    use super::*;

    const LINES: &[(&str, &str)] = &[
        (
            "pip::g|zope-interface|CVE-1",
            r#"{"VulnerableVersions":["<2.0","<=3.0, >=2.9"],"VendorIDs":["GHSA-x"]}"#,
        ),
        (
            "pip::g|zope-interface|CVE-2",
            r#"{"PatchedVersions":["2.0","2.0","3.0"],"VulnerableVersions":["<5"]}"#,
        ),
        ("pip::g|zope-interface|CVE-3", r#"{"VulnerableVersions":["<0.5"]}"#),
        ("pip::g|zope-interface|CVE-4", r#"{"VulnerableVersions":["<<"]}"#),
        ("vulnerability|CVE-1", "{}"),
    ];

    #[test]
    fn languages() {
        let pkg =
            |version: &str| Pkg { name: "Zope_Interface".into(), version: version.into(), ..Pkg::default() };
        let mut unjudged = Vec::new();
        let all = database(LINES);
        let found = language_packages(&[pkg("1.0"), pkg("")], Ecosystem::PyPi, &all, &mut unjudged).unwrap();
        let short: Vec<_> = found.iter().map(|f| (f.id.as_str(), f.fixed_version.as_str())).collect();
        assert_eq!(short, [("CVE-1", "2.0"), ("CVE-2", "2.0, 3.0")]);
        assert_eq!(unjudged.len(), 1, "a constraint that is none is not silence");
        assert!(language_packages(&[pkg("1.0")], Ecosystem::Npm, &all, &mut unjudged).unwrap().is_empty());
        assert_eq!(unjudged.len(), 2);
    }
}
