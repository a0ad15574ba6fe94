//! `--format cosign-vuln`: the report as the predicate of an attestation, for `ringwall sign attest --type vuln`.
//!
//! Semantics: Trivy's `pkg/report/predicate`, after Cosign's record of a vulnerability scan.

use super::Report;
use super::json::go;
use serde::Serialize;

#[derive(Serialize)]
struct Predicate<'a> {
    invocation: Invocation,
    scanner: Scanner<'a>,
    metadata: Metadata<'a>,
}

#[derive(Default, Serialize)]
struct Invocation {
    parameters: Option<()>,
    uri: &'static str,
    event_id: &'static str,
    #[serde(rename = "builder.id")]
    builder: &'static str,
}

#[derive(Serialize)]
struct Scanner<'a> {
    uri: String,
    version: &'a str,
    db: Database,
    result: &'a Report,
}

#[derive(Default, Serialize)]
struct Database {
    uri: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    scan_started_on: &'a str,
    scan_finished_on: &'a str,
}

/// Writes a report as `--format cosign-vuln` does: no line feed at the end. The scan starts and ends when the report
/// was made.
pub fn cosign_vuln(report: &Report) -> String {
    let version = report.trivy.as_ref().map_or("", |tool| tool.version.as_str());
    let mark = if version.is_empty() { "" } else { "@" };
    let when = if report.created_at.is_empty() { "0001-01-01T00:00:00Z" } else { &report.created_at };
    go(&Predicate {
        invocation: Invocation::default(),
        scanner: Scanner {
            uri: format!("pkg:github/aquasecurity/trivy{mark}{version}"),
            version,
            db: Database::default(),
            result: report,
        },
        metadata: Metadata { scan_started_on: when, scan_finished_on: when },
    })
}

#[cfg(test)]
mod tests {
    use super::super::Tool;
    use super::*;

    #[test]
    fn around_the_report() {
        let report = Report {
            schema_version: 2,
            trivy: Some(Tool { version: "0.74.0".into() }),
            created_at: "2026-11-25T00:00:00.000000001Z".into(),
            ..Report::default()
        };
        let want = r#"{
  "invocation": {
    "parameters": null,
    "uri": "",
    "event_id": "",
    "builder.id": ""
  },
  "scanner": {
    "uri": "pkg:github/aquasecurity/trivy@0.74.0",
    "version": "0.74.0",
    "db": {
      "uri": "",
      "version": ""
    },
    "result": {
      "SchemaVersion": 2,
      "Trivy": {
        "Version": "0.74.0"
      },
      "CreatedAt": "2026-11-25T00:00:00.000000001Z"
    }
  },
  "metadata": {
    "scanStartedOn": "2026-11-25T00:00:00.000000001Z",
    "scanFinishedOn": "2026-11-25T00:00:00.000000001Z"
  }
}"#;
        assert_eq!(cosign_vuln(&report), want);
    }

    #[test]
    fn without_a_version_or_a_time() {
        let text = cosign_vuln(&Report::default());
        assert!(text.contains(r#""uri": "pkg:github/aquasecurity/trivy","#), "{text}");
        assert!(text.contains(r#""scanStartedOn": "0001-01-01T00:00:00Z""#), "{text}");
    }
}
