//! Packages held against advisories.

use crate::advisory::{Advisories, Advisory, Affected, Key, Range};
use crate::version::{Scheme, scheme};
use crate::{Found, Scan, Status};
use inventory::{Ecosystem, Inventory, Package};
use model::{Gap, Loaded, Ring, Severity, Timestamp, Vulnerability};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Matches an image's packages. `document` names what was read, `now` is for the end of the system's life.
///
/// A distribution's packages are matched by what they were built from (Alpine's origin, Debian's source), as its
/// advisories are written. Packages without a source of advisories, or with a version that is none, are unknown.
pub fn scan(inventory: &Inventory, advisories: &Advisories, document: Arc<str>, now: Timestamp) -> Scan {
    let mut out = Scan {
        image: inventory.image.clone(),
        document,
        at: Some(now),
        created: inventory.created.filter(|made| made.as_second() > 0),
        os: inventory.os.clone(),
        end_of_life: inventory.os.as_ref().and_then(|os| os.end_of_life(now)),
        looked: true,
        unknown: inventory.unknown.clone(),
        ..Scan::default()
    };
    let release =
        inventory.os.as_ref().map(|os| format!("{} {}", os.family, os.release()).trim_end().to_owned());
    let mut unjudged: BTreeMap<String, (u64, String)> = BTreeMap::new();
    for package in &inventory.packages {
        match judge(package, release.as_deref(), advisories, &mut out) {
            Ok(()) => out.packages = out.packages.saturating_add(1),
            Err(why) => {
                let entry = unjudged.entry(why).or_insert((0, package.name.clone()));
                entry.0 = entry.0.saturating_add(1);
            }
        }
    }
    for (why, (count, first)) in unjudged {
        let what =
            if count == 1 { format!("package {first}") } else { format!("{count} packages ({first}, …)") };
        out.unknown.push(Gap { ring: Ring::Images, what, why, asked: true, help: None });
    }
    out.found.sort_by(|a, b| key(a).cmp(&key(b)));
    out.found.dedup();
    out.unknown.sort();
    out
}

fn key(found: &Found) -> (&str, &str, &str, &str) {
    let v = &found.vulnerability;
    (&v.id, &v.package, &found.path, &v.installed)
}

/// Holds one package against its advisories.
fn judge(
    package: &Package,
    release: Option<&str>,
    advisories: &Advisories,
    out: &mut Scan,
) -> Result<(), String> {
    let row = package.ecosystem.row();
    let key = match (row.system, release) {
        (true, Some(release)) => Key::Bucket(release),
        (true, None) => return Err("the distribution it belongs to is not known".into()),
        (false, _) => Key::Prefix(row.bucket),
    };
    if !advisories.knows(key) {
        let (Key::Bucket(name) | Key::Prefix(name)) = key;
        return Err(format!("no advisories for {name} are at hand"));
    }
    let scheme =
        scheme(row.scheme).ok_or_else(|| format!("versions of scheme {} are not compared", row.scheme))?;
    // Red Hat's advisories and their kin name binary packages, Debian's and Alpine's what they were built from.
    let (name, version) = match package.ecosystem {
        Ecosystem::Rpm => (package.name.as_str(), package.version.as_str()),
        _ => package.source_or_self(),
    };
    let name = &package.ecosystem.key(name);
    let mut seen = BTreeSet::new();
    let mut failed = None;
    for advisory in advisories.of(key, name) {
        match affects(advisory, version, scheme) {
            Some(true) if seen.insert(advisory.id.as_str()) => out.found.push(found(package, advisory)),
            Some(_) => {}
            None => failed = Some(format!("version {version} cannot be held against {}", advisory.id)),
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Whether a version is affected; `None` when the scheme cannot tell.
pub(crate) fn affects(advisory: &Advisory, version: &str, scheme: &Scheme) -> Option<bool> {
    let before = |bound: &str| (scheme.compare)(version, bound).map(Ordering::is_lt);
    match &advisory.affected {
        Affected::All => Some(true),
        Affected::Before(fixed) => before(fixed),
        Affected::Ranges(ranges) => {
            let mut any = false;
            for range in ranges {
                any |= inside(range, version, scheme)?;
            }
            Some(any)
        }
    }
}

fn inside(range: &Range, version: &str, scheme: &Scheme) -> Option<bool> {
    let against = |bound: &str| (scheme.compare)(version, bound);
    let started =
        range.introduced.is_empty() || range.introduced == "0" || against(&range.introduced)?.is_ge();
    let not_fixed = range.fixed.as_deref().map_or(Some(true), |fixed| against(fixed).map(Ordering::is_lt))?;
    let not_past = range.last.as_deref().map_or(Some(true), |last| against(last).map(Ordering::is_le))?;
    Some(started && not_fixed && not_past)
}

fn found(package: &Package, advisory: &Advisory) -> Found {
    let fixed = match &advisory.affected {
        Affected::Before(fixed) => fixed.clone(),
        Affected::All => String::new(),
        Affected::Ranges(ranges) => {
            let all: Vec<&str> = ranges.iter().filter_map(|range| range.fixed.as_deref()).collect();
            all.join(", ")
        }
    };
    let status = if fixed.is_empty() { advisory.status } else { Status::Fixed };
    Found {
        vulnerability: Vulnerability {
            id: advisory.id.clone(),
            package: package.name.clone(),
            installed: package.version.clone(),
            fixed,
            severity: advisory.severity.unwrap_or(Severity::Unknown),
            network: advisory.vector.as_deref().and_then(crate::network),
            known_exploited: false,
            epss: None,
            loaded: Loaded::Unknown,
        },
        status,
        title: advisory.title.clone(),
        url: None,
        severity_source: advisory.severity.map(|_| advisory.source.to_owned()),
        path: package.path.clone(),
        layer: package.layer.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use inventory::SourcePackage;

    fn image(packages: &[(&str, &str, &str)]) -> Inventory {
        let package = |(name, origin, version): &(&str, &str, &str)| Package {
            source: Some(SourcePackage { name: (*origin).into(), version: (*version).into() }),
            ..Package::new(Ecosystem::Apk, *name, *version)
        };
        Inventory {
            os: Some(inventory::Os::from_release("alpine", "3.10.2")),
            packages: packages.iter().map(package).collect(),
            ..Inventory::default()
        }
    }

    fn database() -> Advisories {
        let mut all = Advisories::default();
        let advisory = |id: &str, affected| Advisory {
            id: id.into(),
            affected,
            status: Status::Affected,
            severity: None,
            vector: None,
            title: None,
            source: "alpine-secdb",
        };
        all.add("alpine 3.10", "openssl", advisory("CVE-1", Affected::Before("1.1.1d-r0".into())));
        all.add("alpine 3.10", "openssl", advisory("CVE-0", Affected::Before("0".into())));
        all.add("alpine 3.10", "musl", advisory("CVE-2", Affected::All));
        let range = Range { introduced: "1.1".into(), fixed: Some("1.3".into()), last: None };
        let last = Range { introduced: String::new(), fixed: None, last: Some("0.9".into()) };
        all.add("alpine 3.10", "zlib", advisory("CVE-3", Affected::Ranges(vec![range, last])));
        all
    }

    fn ids(inventory: &Inventory, advisories: &Advisories) -> (Vec<String>, Vec<String>) {
        let now = "2020-01-01T00:00:00Z".parse().unwrap();
        let scan = scan(inventory, advisories, "t".into(), now);
        let found = scan.found.iter().map(|f| format!("{} {}", f.vulnerability.id, f.vulnerability.package));
        (found.collect(), scan.unknown.iter().map(|gap| gap.why.clone()).collect())
    }

    #[test]
    fn by_origin_and_range() {
        let cases: &[(&str, &str, &str, &[&str])] = &[
            ("libssl1.1", "openssl", "1.1.1c-r0", &["CVE-1 libssl1.1"]),
            ("libssl1.1", "openssl", "1.1.1d-r0", &[]),
            ("openssl", "openssl-other", "1.1.1c-r0", &[]),
            ("musl", "musl", "9-r0", &["CVE-2 musl"]),
            ("zlib", "zlib", "1.2-r0", &["CVE-3 zlib"]),
            ("zlib", "zlib", "1.0-r0", &[]),
            ("zlib", "zlib", "1.3", &[]),
            ("zlib", "zlib", "0.9", &["CVE-3 zlib"]),
        ];
        for (name, origin, version, want) in cases {
            let (found, unknown) = ids(&image(&[(name, origin, version)]), &database());
            assert_eq!(
                (found.as_slice(), unknown.as_slice()),
                (&want.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()[..], &[][..]),
                "{name} {version}"
            );
        }
    }

    #[test]
    fn without_advisories_nothing_is_clean() {
        let mut inventory = image(&[("musl", "musl", "1-r0"), ("zlib", "zlib", "1-r0")]);
        assert_eq!(ids(&inventory, &Advisories::default()).1, ["no advisories for alpine 3.10 are at hand"]);
        inventory.os = Some(inventory::Os::from_release("alpine", "3.11.0"));
        assert_eq!(ids(&inventory, &database()).1, ["no advisories for alpine 3.11 are at hand"]);
        inventory.os = None;
        assert_eq!(ids(&inventory, &database()).1, ["the distribution it belongs to is not known"]);
        let (found, unknown) = ids(&image(&[("musl", "musl", ""), ("openssl", "openssl", "")]), &database());
        assert_eq!((found.len(), unknown.len()), (1, 1), "an empty version is unknown where it matters");
    }
}
