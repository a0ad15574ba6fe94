//! How each distribution's advisories are looked up and held against its packages: one row a distribution.
//!
//! Semantics: Trivy's `pkg/detector/ospkg`.

use super::database::{AdvisoryEntry, Database, DatabaseAdvisory, DatabaseError, severity_name, status};
use super::detect::{Unjudged, of_package};
use super::package::Pkg;
use super::report::DetectedVulnerability;
use crate::Status;
use crate::version::{Scheme, scheme};
use inventory::Os;
use model::Timestamp;
use std::cmp::Ordering;
use std::collections::BTreeMap;

type Found = Result<Vec<DetectedVulnerability>, DatabaseError>;

/// A distribution.
pub(crate) struct Family {
    name: &'static str,
    /// The bucket of its advisories.
    pub(crate) bucket: fn(&Os, Option<&Os>, Timestamp) -> String,
    /// Holds one package against them.
    pub(crate) detect: fn(&Pkg, &str, &Os, &Database, &mut Unjudged) -> Found,
}

/// The row of a family.
pub(crate) fn family(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.name == name)
}

static FAMILIES: [Family; 20] = [
    Family { name: "alpine", bucket: alpine, detect: by_origin },
    Family { name: "wolfi", bucket: |_, _, _| "wolfi".into(), detect: by_origin },
    Family { name: "chainguard", bucket: |_, _, _| "chainguard".into(), detect: by_origin },
    Family { name: "minimos", bucket: |_, _, _| "minimos".into(), detect: by_origin },
    Family { name: "debian", bucket: |os, _, _| format!("debian {}", parts(os, 1)), detect: debian },
    Family { name: "echo", bucket: |_, _, _| "echo".into(), detect: debian },
    Family { name: "ubuntu", bucket: ubuntu, detect: ubuntu_package },
    Family { name: "redhat", bucket: |_, _, _| "Red Hat".into(), detect: redhat },
    Family { name: "centos", bucket: |_, _, _| "Red Hat".into(), detect: redhat },
    Family { name: "rocky", bucket: |os, _, _| format!("rocky {}", parts(os, 1)), detect: modular },
    Family { name: "alma", bucket: |os, _, _| format!("alma {}", parts(os, 1)), detect: alma },
    Family { name: "oracle", bucket: |os, _, _| format!("Oracle Linux {}", parts(os, 1)), detect: oracle },
    Family { name: "amazon", bucket: amazon, detect: |p, b, _, d, u| binary(p, b, "deb", d, u) },
    Family { name: "opensuse-leap", bucket: |os, _, _| format!("openSUSE Leap {}", os.version), detect: rpm },
    Family { name: "opensuse-tumbleweed", bucket: |_, _, _| "openSUSE Tumbleweed".into(), detect: rpm },
    Family {
        name: "slem",
        bucket: |os, _, _| format!("SUSE Linux Enterprise Micro {}", os.version),
        detect: rpm,
    },
    Family { name: "sles", bucket: |os, _, _| format!("SUSE Linux Enterprise {}", os.version), detect: rpm },
    Family { name: "photon", bucket: |os, _, _| format!("Photon OS {}", os.version), detect: photon },
    Family { name: "azurelinux", bucket: |os, _, _| format!("Azure Linux {}", parts(os, 2)), detect: azure },
    Family { name: "cbl-mariner", bucket: |os, _, _| format!("CBL-Mariner {}", parts(os, 2)), detect: azure },
];

/// So many dotted parts of the version.
fn parts(os: &Os, count: usize) -> String {
    os.version.split('.').take(count).collect::<Vec<_>>().join(".")
}

/// The release of the repositories goes before the system's own word.
fn alpine(os: &Os, repository: Option<&Os>, _: Timestamp) -> String {
    let release = match repository.map(|r| r.version.as_str()).filter(|r| !r.is_empty()) {
        Some(release) => release.split('.').take(2).collect::<Vec<_>>().join("."),
        None => parts(os, 2),
    };
    format!("alpine {release}")
}

/// A release with extended support is looked up under its own name while the plain one is still supported.
fn ubuntu(os: &Os, _: Option<&Os>, now: Timestamp) -> String {
    let plain = Os { family: os.family.clone(), version: os.version.trim_end_matches("-ESM").to_owned() };
    let supported = plain.version != os.version && plain.end_of_life(now) == Some(false);
    format!("ubuntu {}", if supported { plain.version } else { os.version.clone() })
}

fn amazon(os: &Os, _: Option<&Os>, _: Timestamp) -> String {
    let major = os.version.split(['.', ' ']).next().unwrap_or_default();
    format!("amazon linux {}", if matches!(major, "2" | "2022" | "2023") { major } else { "1" })
}

/// One comparison, with what cannot be compared named.
struct Against<'a> {
    pkg: &'a Pkg,
    version: String,
    scheme: &'static Scheme,
}

impl<'a> Against<'a> {
    fn new(pkg: &'a Pkg, version: String, id: &'static str) -> Option<Self> {
        Some(Self { pkg, version, scheme: scheme(id)? })
    }

    fn order(&self, bound: &str, id: &str, unjudged: &mut Unjudged) -> Option<Ordering> {
        let order = (self.scheme.compare)(&self.version, bound);
        if order.is_none() {
            let what = format!("{} {}", self.pkg.name, self.version);
            unjudged.push((what, format!("its version cannot be held against {id} (fixed in {bound})")));
        }
        order
    }

    /// Whether the version is before the fixed one.
    fn before(&self, fixed: &str, id: &str, unjudged: &mut Unjudged) -> bool {
        self.order(fixed, id, unjudged).is_some_and(Ordering::is_lt)
    }
}

/// Alpine and its kin: by what a package was built from.
fn by_origin(pkg: &Pkg, bucket: &str, _: &Os, database: &Database, unjudged: &mut Unjudged) -> Found {
    let name = if pkg.src_name.is_empty() { &pkg.name } else { &pkg.src_name };
    let Some(against) = Against::new(pkg, pkg.source_version(), "apk") else { return Ok(Vec::new()) };
    let mut out = Vec::new();
    for advisory in database.advisories(bucket, name)? {
        let DatabaseAdvisory { id, affected_version, fixed_version, .. } = &advisory;
        let not_yet = !affected_version.is_empty()
            && !against.order(affected_version, id, unjudged).is_some_and(Ordering::is_ge);
        if not_yet || !(fixed_version.is_empty() || against.before(fixed_version, id, unjudged)) {
            continue;
        }
        let fixed_version = fixed_version.clone();
        out.push(DetectedVulnerability {
            fixed_version,
            vendor_ids: Vec::new(),
            ..of_package(pkg, &advisory)
        });
    }
    Ok(out)
}

/// Debian: by source and its version; what is not fixed is told as well, with a severity for the package.
fn debian(pkg: &Pkg, bucket: &str, _: &Os, database: &Database, unjudged: &mut Unjudged) -> Found {
    by_source(pkg, bucket, database, unjudged, |advisory, found| {
        found.vendor_ids.clone_from(&advisory.vendor_ids);
        found.status = known(status(advisory.status));
        if advisory.severity >= 1.0 {
            found.severity_source = "debian".into();
            found.severity = severity_name(advisory.severity).into();
        }
    })
}

fn ubuntu_package(pkg: &Pkg, bucket: &str, _: &Os, database: &Database, unjudged: &mut Unjudged) -> Found {
    by_source(pkg, bucket, database, unjudged, |_, found| found.vendor_ids.clear())
}

fn by_source(
    pkg: &Pkg,
    bucket: &str,
    database: &Database,
    unjudged: &mut Unjudged,
    more: fn(&DatabaseAdvisory, &mut DetectedVulnerability),
) -> Found {
    let Some(against) = Against::new(pkg, pkg.source_version(), "deb") else { return Ok(Vec::new()) };
    let mut out = Vec::new();
    for advisory in database.advisories(bucket, &pkg.src_name)? {
        let fixed = &advisory.fixed_version;
        if fixed.is_empty() || against.before(fixed, &advisory.id, unjudged) {
            let mut found =
                DetectedVulnerability { fixed_version: fixed.clone(), ..of_package(pkg, &advisory) };
            more(&advisory, &mut found);
            out.push(found);
        }
    }
    Ok(out)
}

/// A status as a finding has it before what is fixed is known.
fn known(status: Status) -> String {
    if status == Status::Unknown { String::new() } else { status.name().to_owned() }
}

/// By the binary's name, where every advisory has a fix.
fn binary(
    pkg: &Pkg,
    bucket: &str,
    scheme: &'static str,
    database: &Database,
    unjudged: &mut Unjudged,
) -> Found {
    named(pkg, &pkg.name, bucket, scheme, database, unjudged)
}

fn rpm(pkg: &Pkg, bucket: &str, _: &Os, database: &Database, unjudged: &mut Unjudged) -> Found {
    binary(pkg, bucket, "rpm", database, unjudged)
}

fn photon(pkg: &Pkg, bucket: &str, _: &Os, database: &Database, unjudged: &mut Unjudged) -> Found {
    named(pkg, &pkg.src_name, bucket, "rpm", database, unjudged)
}

fn named(
    pkg: &Pkg,
    name: &str,
    bucket: &str,
    scheme: &'static str,
    database: &Database,
    unjudged: &mut Unjudged,
) -> Found {
    let Some(against) = Against::new(pkg, pkg.full_version(), scheme) else { return Ok(Vec::new()) };
    let mut out = Vec::new();
    for advisory in database.advisories(bucket, name)? {
        let fixed_version = advisory.fixed_version.clone();
        if !fixed_version.is_empty() && against.before(&fixed_version, &advisory.id, unjudged) {
            out.push(DetectedVulnerability {
                fixed_version,
                vendor_ids: Vec::new(),
                ..of_package(pkg, &advisory)
            });
        }
    }
    Ok(out)
}

/// Azure's advisories name sources, and tell what is not fixed.
fn azure(pkg: &Pkg, bucket: &str, _: &Os, database: &Database, unjudged: &mut Unjudged) -> Found {
    let Some(against) = Against::new(pkg, pkg.source_version(), "rpm") else { return Ok(Vec::new()) };
    let mut out = Vec::new();
    for advisory in database.advisories(bucket, &pkg.src_name)? {
        let fixed = &advisory.fixed_version;
        if fixed.is_empty() || against.before(fixed, &advisory.id, unjudged) {
            out.push(DetectedVulnerability {
                pkg_id: String::new(),
                vendor_ids: Vec::new(),
                fixed_version: plain_rpm(fixed),
                ..of_package(pkg, &advisory)
            });
        }
    }
    Ok(out)
}

/// A version as rpm's tools print it: without an epoch of 0.
fn plain_rpm(version: &str) -> String {
    version.strip_prefix("0:").unwrap_or(version).to_owned()
}

/// `nodejs:12::npm` for a package of a module.
fn module_name(pkg: &Pkg) -> String {
    let mut label = pkg.modularitylabel.split(':');
    match (label.next(), label.next(), label.next()) {
        (Some(module), Some(stream), Some(_)) => format!("{module}:{stream}::{}", pkg.name),
        _ => pkg.name.clone(),
    }
}

/// Rocky: by module and architecture.
fn modular(pkg: &Pkg, bucket: &str, _: &Os, database: &Database, unjudged: &mut Unjudged) -> Found {
    let Some(against) = Against::new(pkg, pkg.full_version(), "rpm") else { return Ok(Vec::new()) };
    let mut out = Vec::new();
    for advisory in database.advisories(bucket, &module_name(pkg))? {
        for entry in entries(&advisory, &pkg.arch) {
            if !entry.fixed_version.is_empty() && against.before(&entry.fixed_version, &advisory.id, unjudged)
            {
                out.push(DetectedVulnerability {
                    fixed_version: plain_rpm(&entry.fixed_version),
                    vendor_ids: Vec::new(),
                    ..of_package(pkg, &advisory)
                });
            }
        }
    }
    Ok(out)
}

/// The parts of an advisory for an architecture; older databases have the version alone.
fn entries(advisory: &DatabaseAdvisory, arch: &str) -> Vec<AdvisoryEntry> {
    if advisory.entries.is_empty() {
        let fixed_version = advisory.fixed_version.clone();
        return vec![AdvisoryEntry { fixed_version, ..AdvisoryEntry::default() }];
    }
    advisory.entries.iter().filter(|entry| entry.arches.iter().any(|a| a == arch)).cloned().collect()
}

/// Alma's modular packages without a label cannot be told apart; they are named, not judged.
fn alma(pkg: &Pkg, bucket: &str, _: &Os, database: &Database, unjudged: &mut Unjudged) -> Found {
    if pkg.release.contains(".module_el") && pkg.modularitylabel.is_empty() {
        unjudged.push((pkg.name.clone(), "it belongs to a module, but its label does not say which".into()));
        return Ok(Vec::new());
    }
    let mut found = named(pkg, &module_name(pkg), bucket, "rpm", database, unjudged)?;
    for one in &mut found {
        one.fixed_version = plain_rpm(&one.fixed_version);
    }
    Ok(found)
}

/// Oracle: a fix counts only for packages of its own flavour.
fn oracle(pkg: &Pkg, bucket: &str, _: &Os, database: &Database, unjudged: &mut Unjudged) -> Found {
    let flavour = |version: &str| {
        let version = version.to_lowercase();
        let ksplice = version.split('.').any(|part| part.starts_with("ksplice"));
        if version.ends_with("_fips") { 2 } else { u8::from(ksplice) }
    };
    let Some(against) = Against::new(pkg, pkg.full_version(), "rpm") else { return Ok(Vec::new()) };
    let mut out = Vec::new();
    for advisory in database.advisories(bucket, &pkg.name)? {
        for entry in entries(&advisory, &pkg.arch) {
            let fixed = &entry.fixed_version;
            if flavour(fixed) == flavour(&pkg.release) && against.before(fixed, &advisory.id, unjudged) {
                out.push(DetectedVulnerability {
                    fixed_version: fixed.clone(),
                    vendor_ids: Vec::new(),
                    ..of_package(pkg, &advisory)
                });
            }
        }
    }
    Ok(out)
}

/// The repositories a release of Red Hat's has by default.
const REPOSITORIES: [(&str, [&str; 2]); 4] = [
    ("6", ["rhel-6-server-rpms", "rhel-6-server-extras-rpms"]),
    ("7", ["rhel-7-server-rpms", "rhel-7-server-extras-rpms"]),
    ("8", ["rhel-8-for-x86_64-baseos-rpms", "rhel-8-for-x86_64-appstream-rpms"]),
    ("9", ["rhel-9-for-x86_64-baseos-rpms", "rhel-9-for-x86_64-appstream-rpms"]),
];

/// Red Hat: by module, product and architecture; of several errata about one vulnerability the latest fix counts.
fn redhat(pkg: &Pkg, bucket: &str, os: &Os, database: &Database, unjudged: &mut Unjudged) -> Found {
    let major = parts(os, 1);
    let repositories = REPOSITORIES.iter().find(|(release, _)| *release == major).map(|(_, names)| names);
    let products = database.products(repositories.map_or(&[][..], |names| names), &[])?;
    if products.is_empty() {
        let why = format!("the database does not know the products of release {major}");
        unjudged.push((format!("packages of {os}"), why));
        return Ok(Vec::new());
    }
    let Some(against) = Against::new(pkg, pkg.full_version(), "rpm") else { return Ok(Vec::new()) };
    let mut best: BTreeMap<String, (AdvisoryEntry, f64, Vec<String>)> = BTreeMap::new();
    for advisory in database.advisories(bucket, &module_name(pkg))? {
        for entry in &advisory.entries {
            let arch = entry.arches.is_empty() || pkg.arch == "noarch" || entry.arches.contains(&pkg.arch);
            if !arch || !entry.affected.iter().any(|product| products.binary_search(product).is_ok()) {
                continue;
            }
            for cve in &entry.cves {
                let own = advisory.id.starts_with("CVE-");
                let id = if own { advisory.id.clone() } else { cve.id.clone() };
                let vendor = if own { Vec::new() } else { vec![advisory.id.clone()] };
                let later = best.get(&id).is_none_or(|(old, _, _)| {
                    (against.scheme.compare)(&old.fixed_version, &entry.fixed_version)
                        .is_some_and(Ordering::is_lt)
                        || old.fixed_version.is_empty() && !entry.fixed_version.is_empty()
                });
                if later {
                    best.insert(id, (entry.clone(), cve.severity, vendor));
                }
            }
        }
    }
    let mut out = Vec::new();
    for (id, (entry, severity, vendor_ids)) in best {
        if entry.fixed_version.is_empty() || against.before(&entry.fixed_version, &id, unjudged) {
            let advisory = DatabaseAdvisory { id, vendor_ids, ..DatabaseAdvisory::default() };
            out.push(DetectedVulnerability {
                fixed_version: plain_rpm(&entry.fixed_version),
                status: known(status(entry.status)),
                severity: severity_name(severity).into(),
                severity_source: "redhat".into(),
                ..of_package(pkg, &advisory)
            });
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::super::database::tests::database;
    use super::*;

    /// Family, version; name, source, full version, architecture, module; finding (id, fixed, status).
    type Case<'a> =
        (&'a str, &'a str, &'a str, &'a str, &'a str, &'a str, &'a str, &'a [(&'a str, &'a str, &'a str)]);

    const LINES: &[(&str, &str)] = &[
        ("alpine 3.10|openssl|CVE-1", r#"{"FixedVersion":"1.1.1d-r0"}"#),
        ("alpine edge|git|CVE-2", r#"{"FixedVersion":"2.35.2-r0"}"#),
        ("debian 12|glibc|CVE-3", r#"{"FixedVersion":"2.36-9","VendorIDs":["DSA-1"]}"#),
        ("debian 12|glibc|CVE-4", r#"{"Severity":1.0,"Status":5}"#),
        ("ubuntu 22.04|glibc|CVE-5", "{}"),
        (
            "Red Hat|bash|CVE-6",
            r#"{"Entries":[{"Affected":[5],"Cves":[{"Severity":1.0}],"Arches":["x86_64"],"Status":5}]}"#,
        ),
        ("Red Hat|bash|CVE-7", r#"{"Entries":[{"Affected":[6],"Cves":[{"Severity":1.0}]}]}"#),
        (
            "Red Hat|nodejs:12::npm|RHSA-1",
            r#"{"Entries":[{"Affected":[5],"Cves":[{"ID":"CVE-8","Severity":3}],"FixedVersion":"1:2-1.el8"}]}"#,
        ),
        (
            "Red Hat|nodejs:12::npm|RHSA-2",
            r#"{"Entries":[{"Affected":[5],"Cves":[{"ID":"CVE-8","Severity":3}],"FixedVersion":"1:3-1.el8"}]}"#,
        ),
        ("Red Hat CPE|repository|rhel-8-for-x86_64-baseos-rpms", "[5]"),
        (
            "rocky 8|bash|CVE-9",
            r#"{"Entries":[{"FixedVersion":"0:5-1","Arches":["aarch64"]},{"FixedVersion":"4-1","Arches":["x86_64"]}]}"#,
        ),
        ("alma 8|bash|CVE-10", r#"{"FixedVersion":"0:5-1"}"#),
        (
            "Oracle Linux 8|bash|CVE-11",
            r#"{"Entries":[{"FixedVersion":"5-1.ksplice1","Arches":["x86_64"]}]}"#,
        ),
        ("amazon linux 2|bash|CVE-12", r#"{"FixedVersion":"5-1"}"#),
        ("openSUSE Leap 15.3|bash|CVE-13", r#"{"FixedVersion":"5-1"}"#),
        ("Photon OS 3.0|srcbash|CVE-14", r#"{"FixedVersion":"5-1"}"#),
        ("CBL-Mariner 2.0|srcbash|CVE-15", "{}"),
        ("vulnerability|CVE-1", "{}"),
    ];

    #[test]
    fn distributions() {
        let all = database(LINES);
        let cases: &[Case<'_>] = &[
            ("alpine", "3.10.2", "libssl", "openssl", "1.1.1c-r0", "", "", &[("CVE-1", "1.1.1d-r0", "")]),
            ("alpine", "3.10.2", "libssl", "openssl", "1.1.1d-r0", "", "", &[]),
            (
                "debian",
                "12.4",
                "libc6",
                "glibc",
                "2.36-8",
                "",
                "",
                &[("CVE-3", "2.36-9", ""), ("CVE-4", "", "will_not_fix")],
            ),
            ("ubuntu", "22.04", "libc6", "glibc", "2.35-1", "", "", &[("CVE-5", "", "")]),
            ("redhat", "8.4", "bash", "", "4-1", "x86_64", "", &[("CVE-6", "", "will_not_fix")]),
            ("redhat", "8.4", "bash", "", "4-1", "s390x", "", &[]),
            (
                "redhat",
                "8.4",
                "npm",
                "",
                "1:1-1.el8",
                "x86_64",
                "nodejs:12:1:x",
                &[("CVE-8", "1:3-1.el8", "")],
            ),
            ("redhat", "8.4", "npm", "", "1:1-1.el8", "x86_64", "", &[]),
            ("rocky", "8.4", "bash", "", "3-1", "x86_64", "", &[("CVE-9", "4-1", "")]),
            ("rocky", "8.4", "bash", "", "4-1", "x86_64", "", &[]),
            ("alma", "8.4", "bash", "", "3-1", "x86_64", "", &[("CVE-10", "5-1", "")]),
            ("oracle", "8.4", "bash", "", "3-1", "x86_64", "", &[]),
            (
                "oracle",
                "8.4",
                "bash",
                "",
                "3-1.ksplice1.el8",
                "x86_64",
                "",
                &[("CVE-11", "5-1.ksplice1", "")],
            ),
            ("amazon", "2 (Karoo)", "bash", "", "4-1", "", "", &[("CVE-12", "5-1", "")]),
            ("opensuse-leap", "15.3", "bash", "", "4-1", "", "", &[("CVE-13", "5-1", "")]),
            ("photon", "3.0", "bash", "srcbash", "4-1", "", "", &[("CVE-14", "5-1", "")]),
            ("cbl-mariner", "2.0.20220101", "bash", "srcbash", "4-1", "", "", &[("CVE-15", "", "")]),
        ];
        for (name, version, package, source, full, arch, module, want) in cases {
            let os = Os { family: (*name).into(), version: (*version).into() };
            let (epoch, v, release) = super::super::package::split(full);
            let (v, release) = if *name == "alpine" { (*full, "") } else { (v, release) };
            let pkg = Pkg {
                name: (*package).into(),
                version: v.into(),
                release: release.into(),
                epoch,
                src_name: (*source).into(),
                src_version: v.into(),
                src_release: release.into(),
                src_epoch: epoch,
                arch: (*arch).into(),
                modularitylabel: (*module).into(),
                ..Pkg::default()
            };
            let row = family(name).unwrap();
            let bucket = (row.bucket)(&os, None, Timestamp::UNIX_EPOCH);
            let mut unjudged = Vec::new();
            let found = (row.detect)(&pkg, &bucket, &os, &all, &mut unjudged).unwrap();
            let got: Vec<_> =
                found.iter().map(|f| (f.id.as_str(), f.fixed_version.as_str(), f.status.as_str())).collect();
            assert_eq!((got.as_slice(), unjudged.len()), (*want, 0), "{name} {package} {full}: {unjudged:?}");
        }
    }

    #[test]
    fn releases() {
        let os = |version: &str| Os { family: "alpine".into(), version: version.into() };
        assert_eq!(alpine(&os("3.10.2"), Some(&os("edge")), Timestamp::UNIX_EPOCH), "alpine edge");
        assert_eq!(alpine(&os("3.10.2"), None, Timestamp::UNIX_EPOCH), "alpine 3.10");
        let ubuntu_at = |version: &str, now: &str| {
            ubuntu(&Os { family: "ubuntu".into(), version: version.into() }, None, now.parse().unwrap())
        };
        assert_eq!(ubuntu_at("18.04-ESM", "2022-01-01T00:00:00Z"), "ubuntu 18.04");
        assert_eq!(ubuntu_at("18.04-ESM", "2024-01-01T00:00:00Z"), "ubuntu 18.04-ESM");
    }

    #[test]
    fn versions_that_are_none_are_named() {
        let all =
            database(&[("debian 12|a|CVE-1", r#"{"FixedVersion":":1"}"#), ("vulnerability|CVE-1", "{}")]);
        let pkg = Pkg {
            name: "a".into(),
            src_name: "a".into(),
            src_version: "1".into(),
            version: "1".into(),
            ..Pkg::default()
        };
        let os = Os::from_release("debian", "12");
        let mut unjudged = Vec::new();
        let found = debian(&pkg, "debian 12", &os, &all, &mut unjudged).unwrap();
        assert_eq!((found.len(), unjudged.len()), (0, 1));
    }
}
