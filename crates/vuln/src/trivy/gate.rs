//! What of a report is shown, and whether it fails a build.
//!
//! Semantics: Trivy's `pkg/result/filter.go` and the exit codes of its commands.

use super::Json;
use super::ignore::Ignore;
use super::report::{DetectedVulnerability, Report, ScanResult};
use crate::Status;
use crate::scan::severity;
use model::Severity;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// What is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// Severities that are shown (`--severity`).
    pub severities: BTreeSet<Severity>,
    /// Statuses that are not (`--ignore-status`; `--ignore-unfixed` is all but fixed).
    pub ignore_statuses: BTreeSet<Status>,
    /// Accepted findings.
    pub ignore: Ignore,
}

impl Default for Gate {
    fn default() -> Self {
        use Severity::{Critical, High, Low, Medium, Unknown};
        Self {
            severities: BTreeSet::from([Unknown, Low, Medium, High, Critical]),
            ignore_statuses: BTreeSet::new(),
            ignore: Ignore::default(),
        }
    }
}

impl Gate {
    /// Every status but fixed.
    pub fn unfixed() -> BTreeSet<Status> {
        Status::NAMES.iter().map(|(status, _)| *status).filter(|s| *s != Status::Fixed).collect()
    }
}

/// Where every finding of a report went: `findings = shown + hidden + suppressed + doubles`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Findings before.
    pub findings: u64,
    /// Findings that are shown.
    pub shown: u64,
    /// Of a severity or status that is not shown.
    pub hidden: u64,
    /// Accepted by an ignore file.
    pub suppressed: u64,
    /// The same finding again.
    pub doubles: u64,
}

/// Filters a report in place.
pub fn filter(report: &mut Report, gate: &Gate) -> Passed {
    let mut passed = Passed::default();
    for result in &mut report.results {
        vulnerabilities(result, gate, &mut passed);
        others(result, gate, &mut passed);
    }
    passed
}

fn vulnerabilities(result: &mut ScanResult, gate: &Gate, passed: &mut Passed) {
    let mut kept: BTreeMap<[String; 5], DetectedVulnerability> = BTreeMap::new();
    for mut one in std::mem::take(&mut result.vulnerabilities) {
        passed.findings = passed.findings.saturating_add(1);
        if one.severity.is_empty() {
            one.severity = "UNKNOWN".to_owned();
        }
        if !gate.severities.contains(&severity(&one.severity)) || hidden_status(&one, gate) {
            passed.hidden = passed.hidden.saturating_add(1);
            continue;
        }
        if let Some(rule) = gate.ignore.vulnerability(&one, &result.target) {
            passed.suppressed = passed.suppressed.saturating_add(1);
            result.experimental_modified_findings.push(rule.modified("vulnerability", &one));
            continue;
        }
        let key =
            [&one.id, &one.pkg_id, &one.pkg_name, &one.installed_version, &one.pkg_path].map(String::clone);
        match kept.get(&key) {
            None => {
                kept.insert(key, one);
                passed.shown = passed.shown.saturating_add(1);
            }
            Some(old) => {
                passed.doubles = passed.doubles.saturating_add(1);
                // Of two sources the one that knows a fix says more.
                if old.fixed_version.is_empty() && !one.fixed_version.is_empty() {
                    kept.insert(key, one);
                }
            }
        }
    }
    result.vulnerabilities = kept.into_values().collect();
    result.vulnerabilities.sort_by(|a, b| order(a).cmp(&order(b)));
}

fn hidden_status(one: &DetectedVulnerability, gate: &Gate) -> bool {
    let status = Status::parse(&one.status).unwrap_or(match one.fixed_version.is_empty() {
        true => Status::Unknown,
        false => Status::Fixed,
    });
    gate.ignore_statuses.contains(&status)
}

fn order(one: &DetectedVulnerability) -> impl Ord + '_ {
    let uid = one.pkg_identifier.as_ref().map(|names| names.uid.as_str()).unwrap_or_default();
    (
        &one.pkg_name,
        &one.pkg_id,
        &one.installed_version,
        Reverse(severity(&one.severity)),
        &one.id,
        &one.pkg_path,
        uid,
    )
}

/// Findings that are passed through unread: by their id and severity.
fn others(result: &mut ScanResult, gate: &Gate, passed: &mut Passed) {
    let target = result.target.clone();
    let lists = [
        (&mut result.misconfigurations, "misconfiguration", "ID"),
        (&mut result.secrets, "secret", "RuleID"),
        (&mut result.licenses, "license", "Name"),
    ];
    let mut modified = Vec::new();
    let (mut successes, mut failures): (u64, u64) = (0, 0);
    for (list, class, id) in lists {
        list.retain(|one| {
            passed.findings = passed.findings.saturating_add(1);
            let text = |key: &str| one.get(key).and_then(Json::as_str).unwrap_or_default();
            if !gate.severities.contains(&severity(text("Severity"))) {
                passed.hidden = passed.hidden.saturating_add(1);
                return false;
            }
            if let Some(rule) = gate.ignore.other(class, text(id), &target) {
                passed.suppressed = passed.suppressed.saturating_add(1);
                modified.push(rule.modified(class, one));
                return false;
            }
            match (class, text("Status")) {
                ("misconfiguration", "FAIL") => failures = failures.saturating_add(1),
                ("misconfiguration", status) => {
                    // What passed is counted, and not listed.
                    successes = successes.saturating_add(u64::from(status == "PASS"));
                    passed.hidden = passed.hidden.saturating_add(1);
                    return false;
                }
                _ => {}
            }
            passed.shown = passed.shown.saturating_add(1);
            true
        });
    }
    let count = |name: &str, count: u64| (name.to_owned(), Json::Number(count.into()));
    let summary = Json::Object(vec![count("Successes", successes), count("Failures", failures)]);
    result.misconf_summary = Some(summary).filter(|_| successes > 0 || failures > 0);
    result.experimental_modified_findings.extend(modified);
}

/// Exit code of a filtered report: `on_findings` when anything failed, `on_eol` when the system is past its end of life
/// (which is asked first, as Trivy does), else 0. A passed misconfiguration check is no failure.
pub fn exit_code(report: &Report, on_findings: u8, on_eol: u8) -> u8 {
    if on_eol != 0 && report.metadata.os.as_ref().is_some_and(|os| os.eosl) {
        return on_eol;
    }
    let failed_check = |one: &Json| one.get("Status").and_then(Json::as_str) != Some("PASS");
    let failed = |result: &ScanResult| {
        !result.vulnerabilities.is_empty()
            || !result.secrets.is_empty()
            || !result.licenses.is_empty()
            || result.misconfigurations.iter().any(failed_check)
    };
    if report.results.iter().any(failed) { on_findings } else { 0 }
}

/// Takes out what a reader did not ask for: packages and suppressed findings.
pub fn trim(report: &mut Report, list_all_packages: bool, show_suppressed: bool) {
    for result in &mut report.results {
        if !list_all_packages {
            result.packages.clear();
        }
        if !show_suppressed {
            result.experimental_modified_findings.clear();
        }
    }
    let empty = |result: &ScanResult| {
        let bare = ScanResult {
            target: result.target.clone(),
            class: result.class.clone(),
            kind: result.kind.clone(),
            ..ScanResult::default()
        };
        *result == bare
    };
    report.results.retain(|result| !result.target.is_empty() || !empty(result));
}

#[cfg(test)]
mod tests {
    use super::super::{Caps, read};
    use super::*;

    fn report() -> Report {
        let text = r#"{"SchemaVersion":2,"ArtifactName":"a","Metadata":{"OS":{"Family":"alpine","Name":"3.10","EOSL":true}},"Results":[
          {"Target":"t","Class":"os-pkgs","Packages":[{"Name":"z"}],"Vulnerabilities":[
            {"VulnerabilityID":"CVE-3","PkgName":"z","Severity":"LOW","Status":"affected"},
            {"VulnerabilityID":"CVE-2","PkgName":"a","Severity":"HIGH"},
            {"VulnerabilityID":"CVE-2","PkgName":"a","Severity":"HIGH","FixedVersion":"2","Status":"fixed"},
            {"VulnerabilityID":"CVE-1","PkgName":"a","Severity":"CRITICAL","Status":"will_not_fix"},
            {"VulnerabilityID":"CVE-4","PkgName":"z"}]},
          {"Target":"c","Class":"config","Misconfigurations":[{"ID":"DS001","Severity":"HIGH","Status":"PASS"}]},
          {"Target":"","Class":"secret"}]}"#;
        read(text.as_bytes(), &Caps::default()).0
    }

    fn shown(gate: &Gate) -> (Vec<String>, Passed) {
        let mut report = report();
        let passed = filter(&mut report, gate);
        assert_eq!(passed.findings, passed.shown + passed.hidden + passed.suppressed + passed.doubles);
        let ids = report.results.iter().flat_map(|r| &r.vulnerabilities);
        (ids.map(|v| format!("{} {} {}", v.pkg_name, v.id, v.fixed_version)).collect(), passed)
    }

    #[test]
    fn sorted_and_once() {
        let (ids, passed) = shown(&Gate::default());
        assert_eq!(ids, ["a CVE-1 ", "a CVE-2 2", "z CVE-3 ", "z CVE-4 "]);
        assert_eq!((passed.findings, passed.doubles, passed.shown), (6, 1, 4));
    }

    #[test]
    fn severities_and_statuses() {
        let gate =
            Gate { severities: BTreeSet::from([Severity::High, Severity::Critical]), ..Gate::default() };
        assert_eq!(shown(&gate).0, ["a CVE-1 ", "a CVE-2 2"]);
        let gate = Gate { ignore_statuses: Gate::unfixed(), ..Gate::default() };
        assert_eq!(shown(&gate).0, ["a CVE-2 2"]);
        let gate = Gate { ignore_statuses: BTreeSet::from([Status::WillNotFix]), ..Gate::default() };
        assert_eq!(shown(&gate).0.len(), 3);
    }

    #[test]
    fn exit_codes() {
        let mut report = report();
        assert_eq!(exit_code(&report, 1, 0), 1);
        assert_eq!(exit_code(&report, 1, 7), 7);
        assert_eq!(exit_code(&report, 0, 0), 0);
        let gate = Gate { severities: BTreeSet::from([Severity::Medium]), ..Gate::default() };
        filter(&mut report, &gate);
        assert_eq!(exit_code(&report, 1, 0), 0, "after filters nothing is left");
        let mut passed = self::report();
        passed.results.remove(0);
        assert_eq!(exit_code(&passed, 1, 0), 0, "a passed check is no failure");
    }

    #[test]
    fn trimmed() {
        let mut report = report();
        trim(&mut report, false, false);
        assert_eq!(report.results.len(), 2);
        assert!(report.results[0].packages.is_empty());
    }

    /// The goldens of one image under different gates.
    #[test]
    fn corpus() {
        let Some(text) = crate::corpus::read("trivy/integration/testdata/centos-7.json.golden") else {
            return;
        };
        let whole = read(&text, &Caps::default()).0;
        for (name, gate) in [
            ("centos-7-ignore-unfixed", Gate { ignore_statuses: Gate::unfixed(), ..Gate::default() }),
            ("centos-7-medium", Gate { severities: BTreeSet::from([Severity::Medium]), ..Gate::default() }),
        ] {
            let Some(text) = crate::corpus::read(&format!("trivy/integration/testdata/{name}.json.golden"))
            else {
                return;
            };
            let mut report = whole.clone();
            filter(&mut report, &gate);
            assert_eq!(super::super::json(&report), String::from_utf8(text).unwrap(), "{name}");
        }
    }
}
