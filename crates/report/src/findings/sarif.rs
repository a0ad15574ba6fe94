//! SARIF 2.1.0: one run, ranked, and at most as many results as GitHub takes.

use super::{Findings, FindingsFormat, file_and_line};
use model::{Finding, Severity};
use serde_json::{Value, json};
use std::fmt::Write as _;

pub(super) const FORMAT: FindingsFormat =
    FindingsFormat { name: "sarif", about: "SARIF 2.1.0, for code scanning", write };

/// Results that are written; more are refused by those who read it.
const MOST: usize = 5000;

fn write(document: &Findings<'_>) -> String {
    let mut rules: Vec<&model::Rule> = Vec::new();
    for finding in document.findings {
        if !rules.iter().any(|rule| rule.id == finding.rule.id) {
            rules.push(finding.rule);
        }
    }
    let index = |finding: &Finding| rules.iter().position(|rule| rule.id == finding.rule.id);
    let results: Vec<Value> = document
        .findings
        .iter()
        .take(MOST)
        .map(|finding| result(document, finding, index(finding).unwrap_or_default()))
        .collect();
    let mut notes: Vec<Value> =
        document.gaps.iter().map(|gap| note(&format!("not seen: {}: {}", gap.what, gap.why))).collect();
    notes.extend(document.notes.iter().take(MOST).map(|text| note(&model::escape(text))));
    let all = document.findings.len();
    if let Some(left) = all.checked_sub(MOST).filter(|left| *left > 0) {
        notes.push(note(&format!("{left} of {all} findings are left out, the least severe")));
    }
    let (name, version) = document.tool.split_once(' ').unwrap_or((document.tool, ""));
    let rules: Vec<Value> = rules.iter().map(|rule| descriptor(rule)).collect();
    let text = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": name, "version": version, "rules": rules}},
            "invocations": [{"executionSuccessful": true, "toolExecutionNotifications": notes}],
            "results": results,
        }],
    });
    format!("{text:#}\n")
}

fn note(text: &str) -> Value {
    json!({"level": "note", "message": {"text": text}})
}

fn descriptor(rule: &model::Rule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "help": {"text": rule.explain, "markdown": rule.explain},
        "defaultConfiguration": {"level": level(rule.severity)},
        "properties": {"tags": rule.controls, "security-severity": score(rule.severity)},
    })
}

fn result(document: &Findings<'_>, finding: &Finding, rule: usize) -> Value {
    let place = (document.place)(&finding.evidence);
    let mut result = json!({
        "ruleId": finding.rule.id,
        "ruleIndex": rule,
        "level": level(finding.severity),
        "message": {"text": format!("{}: {}", finding.target, finding.message)},
        "partialFingerprints": {"ringwall/v1": finding.id()},
    });
    let location = match file_and_line(&place) {
        Some((file, line)) => json!({"physicalLocation": {"artifactLocation": {"uri": uri(file)}, "region": {"startLine": line}}}),
        None => json!({"logicalLocations": [{"fullyQualifiedName": finding.target.to_string()}]}),
    };
    if let Some(object) = result.as_object_mut() {
        object.insert("locations".to_owned(), json!([location]));
    }
    result
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Unknown => "note",
    }
}

/// As code scanning ranks: above 9 critical, above 7 high, above 4 medium.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
        Severity::Unknown => "0.0",
    }
}

/// A path as a relative URI.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
