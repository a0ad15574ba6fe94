//! A database in Trivy's form out of advisories that were published in others: OSV dumps, Alpine's own.
//!
//! Semantics: trivy-db's `pkg/vulnsrc`: a distribution's advisory names the version that fixes it, a language's the
//! versions it is about.

use crate::bolt::{Entry, write};
use crate::{Advisories, Advisory, Affected, Range, Status, cvss, source};
use model::Severity;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

type Bucket = BTreeMap<Vec<u8>, Entry>;

/// The bytes of a database with these advisories, for [`super::Database`] and for Trivy.
pub fn database(advisories: &Advisories) -> Vec<u8> {
    let mut root = Bucket::new();
    for (bucket, package, advisory) in advisories.all() {
        let language = bucket.contains("::");
        let value = if language { constraints(&advisory.affected) } else { fix(advisory) };
        put(&mut root, &[bucket, package, &advisory.id], value);
        if let Some(source) = source(advisory.source) {
            let value = json!({"ID": id(advisory), "Name": source.name, "URL": source.url});
            put(&mut root, &["data-source", bucket], value);
        }
        detail(&mut root, advisory);
    }
    write(&root)
}

/// The source as reports name it: severities of distributions are known by the distribution's name.
fn id(advisory: &Advisory) -> &'static str {
    if advisory.source == "alpine-secdb" { "alpine" } else { advisory.source }
}

/// What an advisory of a language is about. An empty constraint holds for every version.
fn constraints(affected: &Affected) -> Value {
    let (vulnerable, patched): (Vec<String>, Vec<String>) = match affected {
        Affected::All => (vec![String::new()], Vec::new()),
        Affected::Before(fixed) => (vec![format!("<{fixed}")], vec![fixed.clone()]),
        Affected::Ranges(ranges) => {
            (ranges.iter().map(constraint).collect(), ranges.iter().filter_map(|r| r.fixed.clone()).collect())
        }
    };
    let mut out = Map::from_iter([("VulnerableVersions".to_owned(), json!(vulnerable))]);
    if !patched.is_empty() {
        out.insert("PatchedVersions".into(), json!(patched));
    }
    Value::Object(out)
}

fn constraint(range: &Range) -> String {
    let from = match range.introduced.as_str() {
        "" | "0" => None,
        version => Some(format!(">={version}")),
    };
    let to = match (&range.fixed, &range.last) {
        (Some(fixed), _) => Some(format!("<{fixed}")),
        (None, Some(last)) => Some(format!("<={last}")),
        (None, None) => None,
    };
    from.into_iter().chain(to).collect::<Vec<_>>().join(", ")
}

/// What an advisory of a distribution says: the version that fixes it; none where there is no fix.
fn fix(advisory: &Advisory) -> Value {
    let fixed = match &advisory.affected {
        Affected::Before(fixed) => Some(fixed),
        Affected::Ranges(ranges) => ranges.iter().rev().find_map(|range| range.fixed.as_ref()),
        Affected::All => None,
    };
    match (fixed, advisory.status) {
        (Some(fixed), _) => json!({"FixedVersion": fixed}),
        (None, Status::Unknown | Status::Fixed) => json!({}),
        (None, status) => json!({"Status": status as i64}),
    }
}

/// Title, severity and score. Of several sources each says its own.
fn detail(root: &mut Bucket, advisory: &Advisory) {
    let place = root.entry(b"vulnerability".to_vec()).or_insert_with(|| Entry::Bucket(Bucket::new()));
    let Entry::Bucket(all) = place else { return };
    let known = all.get(advisory.id.as_bytes()).and_then(|entry| match entry {
        Entry::Value(text) => serde_json::from_slice::<Map<String, Value>>(text).ok(),
        Entry::Bucket(_) => None,
    });
    let mut out = known.unwrap_or_default();
    if let Some(title) = &advisory.title {
        out.entry("Title").or_insert_with(|| json!(title));
    }
    let mut under = |field: &str, value: Value| {
        if let Some(inner) = out.entry(field).or_insert_with(|| json!({})).as_object_mut() {
            inner.insert(id(advisory).to_owned(), value);
        }
    };
    if let Some(level) = advisory.severity {
        under("VendorSeverity", json!(number(level)));
    }
    if let Some(vector) = &advisory.vector
        && let Some(score) = cvss::score(vector)
        && vector.starts_with("CVSS:3")
    {
        under("CVSS", json!({"V3Vector": vector, "V3Score": score}));
    }
    all.insert(advisory.id.clone().into_bytes(), Entry::Value(Value::Object(out).to_string().into_bytes()));
}

/// Severities as the database counts them.
fn number(severity: Severity) -> u8 {
    match severity {
        Severity::Critical => 4,
        Severity::High => 3,
        Severity::Medium => 2,
        Severity::Low => 1,
        _ => 0,
    }
}

fn put(at: &mut Bucket, path: &[&str], value: Value) {
    match path {
        [] => {}
        [key] => drop(at.insert(key.as_bytes().to_vec(), Entry::Value(value.to_string().into_bytes()))),
        [key, rest @ ..] => {
            let inner = at.entry(key.as_bytes().to_vec()).or_insert_with(|| Entry::Bucket(Bucket::new()));
            if let Entry::Bucket(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bolt::Bolt;

    #[test]
    fn dumps_become_a_database() {
        let mut advisories = Advisories::default();
        let osv = br#"{"id":"GHSA-x","aliases":["CVE-2024-1"],"summary":"t","severity":[{"score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
            "affected":[{"package":{"ecosystem":"PyPI","name":"Flask"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1.0"},{"introduced":"2.0"},{"last_affected":"2.2"}]}]}]}"#;
        let secdb =
            b"distroversion: v3.19\npackages:\n- pkg: {name: musl, secfixes: {1.2.4-r3: [CVE-2024-2]}}\n";
        for (id, text) in [("osv", &osv[..]), ("alpine-secdb", secdb)] {
            let found = source(id).unwrap();
            assert!((found.read)(text, &yaml::Caps::default(), &mut advisories).is_empty());
        }
        let bolt = Bolt::open(Box::new(database(&advisories))).unwrap();
        let value = |path: &[&str]| {
            let (key, buckets) = path.split_last().unwrap();
            let mut at = bolt.root();
            for name in buckets {
                at = bolt.bucket(&at, name.as_bytes()).unwrap().unwrap_or_else(|| panic!("no {name}"));
            }
            String::from_utf8(bolt.value(&at, key.as_bytes()).unwrap().unwrap()).unwrap()
        };
        let bucket = "pip::Open Source Vulnerabilities";
        assert_eq!(
            value(&[bucket, "flask", "CVE-2024-1"]),
            r#"{"PatchedVersions":["1.0"],"VulnerableVersions":["<1.0",">=2.0, <=2.2"]}"#
        );
        assert_eq!(value(&["alpine 3.19", "musl", "CVE-2024-2"]), r#"{"FixedVersion":"1.2.4-r3"}"#);
        assert!(value(&["data-source", "alpine 3.19"]).contains(r#""ID":"alpine""#));
        let detail = value(&["vulnerability", "CVE-2024-1"]);
        assert!(detail.contains(r#""Title":"t""#) && detail.contains(r#""osv":4"#), "{detail}");
    }
}
