//! OSV records: one JSON document an advisory, for many ecosystems.

use super::AdvisorySource;
use crate::advisory::Range;
use crate::scan::severity;
use crate::{Advisories, Advisory, Affected, Status, cvss};
use inventory::{Ecosystem, EcosystemRow};
use model::{Diagnostic, Severity};
use serde::Deserialize;
use serde_json::Value;

pub(super) static SOURCE: AdvisorySource =
    AdvisorySource { id: "osv", name: "Open Source Vulnerabilities", url: "https://osv.dev/", read };

#[derive(Deserialize)]
struct Record {
    id: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    withdrawn: Option<String>,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    severity: Vec<Score>,
    #[serde(default)]
    affected: Vec<Entry>,
    #[serde(default)]
    database_specific: Value,
}

#[derive(Deserialize)]
struct Score {
    #[serde(default)]
    score: String,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    package: Option<Named>,
    #[serde(default)]
    ranges: Vec<Span>,
    #[serde(default)]
    versions: Vec<String>,
    #[serde(default)]
    severity: Vec<Score>,
}

#[derive(Deserialize)]
struct Named {
    ecosystem: String,
    name: String,
}

#[derive(Deserialize)]
struct Span {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    events: Vec<Event>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Event {
    introduced: Option<String>,
    fixed: Option<String>,
    last_affected: Option<String>,
}

/// Semantics: ossf.github.io/osv-schema. Withdrawn records say nothing; packages of ecosystems nobody matches are left out.
fn read(text: &[u8], caps: &yaml::Caps, out: &mut Advisories) -> Vec<Diagnostic> {
    if text.len() as u64 > caps.document_bytes {
        return vec![Diagnostic::error("advisories/too-large", "the record is over the limit")];
    }
    let record: Record = match serde_json::from_slice(text) {
        Ok(record) => record,
        Err(error) => return vec![Diagnostic::error("advisories/shape", format!("not an OSV record: {error}"))],
    };
    let mut diagnostics = Vec::new();
    if record.withdrawn.is_some() {
        return diagnostics;
    }
    for entry in &record.affected {
        let Some(package) = &entry.package else { continue };
        let Some((bucket, row)) = bucket(&package.ecosystem) else { continue };
        let Some(affected) = affected(entry) else {
            let message = format!("{}: {} has neither ranges nor versions", record.id, package.name);
            diagnostics.push(Diagnostic::warning("advisories/entry", message));
            continue;
        };
        let name = row.ecosystem.key(&package.name);
        for id in ids(&record) {
            out.add(&bucket, &name, advisory(&record, entry, id, affected.clone()));
        }
    }
    diagnostics
}

/// `PyPI` is a language's, `Alpine:v3.19` a distribution's release.
fn bucket(ecosystem: &str) -> Option<(String, &'static EcosystemRow)> {
    let (name, release) = ecosystem.split_once(':').unwrap_or((ecosystem, ""));
    let row = Ecosystem::all().iter().find(|row| row.osv == name)?;
    let release = release.trim_start_matches('v');
    match row.system {
        false => Some((format!("{}{}", row.bucket, SOURCE.name), row)),
        true if release.is_empty() => None,
        true => Some((format!("{} {release}", name.to_lowercase()), row)),
    }
}

/// The CVEs it is known by, else its own id.
fn ids(record: &Record) -> Vec<&str> {
    let cves: Vec<&str> = record.aliases.iter().map(String::as_str).filter(|id| id.starts_with("CVE-")).collect();
    if cves.is_empty() || record.id.starts_with("CVE-") { vec![&record.id] } else { cves }
}

/// Ranges of versions; commits are no versions. Where there are none, the versions that are listed.
fn affected(entry: &Entry) -> Option<Affected> {
    let spans: Vec<&Span> = entry.ranges.iter().filter(|span| span.kind != "GIT").collect();
    let mut ranges: Vec<Range> = spans.iter().flat_map(|span| of_events(&span.events)).collect();
    if ranges.is_empty() {
        let exact = |version: &String| Range {
            introduced: version.clone(),
            fixed: None,
            last: Some(version.clone()),
        };
        ranges = entry.versions.iter().map(exact).collect();
    }
    (!ranges.is_empty()).then_some(Affected::Ranges(ranges))
}

/// Each `introduced` opens a range, the next other event closes it. One that nothing closes goes on for ever.
fn of_events(events: &[Event]) -> Vec<Range> {
    let mut out = Vec::new();
    let mut open: Option<String> = None;
    for event in events {
        if let Some(introduced) = &event.introduced {
            out.extend(open.take().map(|introduced| Range { introduced, ..Range::default() }));
            open = Some(introduced.clone());
        } else if (event.fixed.is_some() || event.last_affected.is_some()) && open.is_some() {
            let introduced = open.take().unwrap_or_default();
            out.push(Range { introduced, fixed: event.fixed.clone(), last: event.last_affected.clone() });
        }
    }
    out.extend(open.map(|introduced| Range { introduced, ..Range::default() }));
    out
}

fn advisory(record: &Record, entry: &Entry, id: &str, affected: Affected) -> Advisory {
    let vectors = entry.severity.iter().chain(&record.severity).map(|score| score.score.as_str());
    let vector = vectors.filter(|vector| crate::network(vector).is_some()).min_by_key(|v| cvss::score(v).is_none());
    let word = record.database_specific.get("severity").and_then(Value::as_str).map(severity);
    let scored = vector.and_then(cvss::score).map(cvss::severity);
    Advisory {
        id: id.to_owned(),
        affected,
        status: Status::Affected,
        severity: word.filter(|s| *s != Severity::Unknown).or(scored),
        vector: vector.map(str::to_owned),
        title: (!record.summary.is_empty()).then(|| record.summary.clone()),
        source: SOURCE.id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advisory::Key;

    fn run(text: &str) -> (Advisories, usize) {
        let mut out = Advisories::default();
        let diagnostics = read(text.as_bytes(), &yaml::Caps::default(), &mut out);
        (out, diagnostics.len())
    }

    const RECORD: &str = r#"{"id":"PYSEC-1","aliases":["CVE-2021-1","GHSA-x"],"summary":"it breaks",
        "severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        "affected":[{"package":{"ecosystem":"PyPI","name":"Foo.Bar"},"ranges":[{"type":"GIT","events":[{"introduced":"0"}]},
          {"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1.2"},{"introduced":"2.0"},{"last_affected":"2.3"}]}]}]}"#;

    #[test]
    fn a_record() {
        let (out, diagnostics) = run(RECORD);
        let all = out.of(Key::Prefix("pip::"), "foo-bar");
        let [one] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!((one.id.as_str(), one.severity, diagnostics), ("CVE-2021-1", Some(Severity::Critical), 0));
        let Affected::Ranges(ranges) = &one.affected else { panic!() };
        assert_eq!((ranges.len(), ranges[0].fixed.as_deref(), ranges[1].last.as_deref()), (2, Some("1.2"), Some("2.3")));
    }

    #[test]
    fn corpus() {
        for (ecosystem, records, prefix, least) in [("Go", 4291, "go::", 5000), ("PyPI", 2661, "pip::", 2600)] {
            let Some(dump) = crate::corpus::read(&format!("advisories/osv/{ecosystem}/all.zip")) else { return };
            let mut out = Advisories::default();
            let mut diagnostics = Vec::new();
            let mut each = |_: &str, record: &[u8]| diagnostics.extend(read(record, &yaml::Caps::default(), &mut out));
            let count = inventory::unzip(&dump, &inventory::Limits::default(), &mut each).unwrap();
            assert_eq!(count, records, "{ecosystem}");
            assert!(diagnostics.iter().all(|d| d.level == model::Level::Warning), "{ecosystem}: {diagnostics:?}");
            assert!(out.knows(Key::Prefix(prefix)) && out.len() >= least, "{ecosystem}: {}", out.len());
            println!("{ecosystem}: {} advisories, {} warnings", out.len(), diagnostics.len());
        }
    }

    #[test]
    fn withdrawn_foreign_and_bare() {
        assert!(run(&RECORD.replace(r#""summary""#, r#""withdrawn":"2022-01-01T00:00:00Z","summary""#)).0.is_empty());
        assert!(run(&RECORD.replace("PyPI", "Hackage")).0.is_empty());
        assert_eq!(run(r#"{"id":"A","affected":[{"package":{"ecosystem":"Go","name":"x"}}]}"#).1, 1);
        let (out, _) = run(r#"{"id":"A","affected":[{"package":{"ecosystem":"Debian:12","name":"x"},"versions":["1-1"]}]}"#);
        assert_eq!(out.of(Key::Bucket("debian 12"), "x").len(), 1);
    }
}
