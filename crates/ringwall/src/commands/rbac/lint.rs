//! `rbac lint`: findings about rights, each with what to write instead.

use super::{JudgeArgs, Rights};
use crate::exit::Exit;
use crate::inputs::InputArgs;
use crate::output;
use clap::{Args, ValueEnum};
use model::{Edit, Finding, Fix, Severity};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Too much, too wide, and restrictions that do not restrict, each in plain words, with a corrected manifest where
/// there is one. A bare `rules:` fragment is understood.
#[derive(Args)]
pub(crate) struct LintArgs {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    judge: JudgeArgs,
    /// Format of the answer
    #[arg(short, long, default_value = "text")]
    output: super::Format,
    /// End with 1 when a finding is this bad or worse
    #[arg(long, value_name = "SEVERITY", value_enum)]
    fail_on: Option<Threshold>,
}

/// Severities, as words of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Threshold {
    /// Anything
    Low,
    /// Worth fixing
    Medium,
    /// Fix soon
    High,
    /// Fix now
    Critical,
}

impl Threshold {
    /// Whether a severity is this bad or worse.
    pub(crate) fn reached(self, severity: Severity) -> bool {
        severity
            >= match self {
                Self::Low => Severity::Low,
                Self::Medium => Severity::Medium,
                Self::High => Severity::High,
                Self::Critical => Severity::Critical,
            }
    }
}

impl LintArgs {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let rights = self.judge.rights(self.input.read()?, &self.input.paths)?;
        let checks = posture::rbac::CHECKS.iter().copied();
        let mut findings = posture::run_checks(&rights.snapshot, &rights.rbac, checks).findings;
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let text = match self.output {
            super::Format::Json => format!("{:#}\n", document(&rights, &findings)),
            super::Format::Text => text(&rights, &findings),
        };
        output::write(&text, None)?;
        let bad = |finding: &Finding| self.fail_on.is_some_and(|limit| limit.reached(finding.severity));
        Ok(rights.end(if findings.iter().any(bad) { Exit::Findings } else { Exit::Done }))
    }
}

fn document(rights: &Rights, findings: &[Finding]) -> Value {
    let entries: Vec<Value> = findings
        .iter()
        .map(|finding| {
            json!({
                "id": finding.id(),
                "rule": finding.rule.id,
                "severity": finding.severity,
                "confidence": finding.confidence,
                "target": finding.target.to_string(),
                "message": finding.message,
                "place": rights.places.of(&finding.evidence),
                "fixes": finding.fixes,
            })
        })
        .collect();
    json!({"findings": entries, "notSeen": rights.snapshot.coverage.gaps})
}

fn text(rights: &Rights, findings: &[Finding]) -> String {
    let mut out = String::new();
    let mut shown: Vec<&[Edit]> = Vec::new();
    for finding in findings {
        let place = rights.places.of(&finding.evidence);
        let _ = writeln!(out, "{}  {}  {}  {place}", finding.severity, finding.target, finding.rule.id);
        let _ = writeln!(out, "{}", output::line("  ", &finding.message));
        for fix in &finding.fixes {
            let _ = writeln!(out, "{}", output::line("  fix: ", &fix.title));
            if !fix.breaks.is_empty() {
                let _ = writeln!(out, "{}", output::line("       it may break: ", &fix.breaks.join("; ")));
            }
            if shown.contains(&fix.edits.as_slice()) && !fix.edits.is_empty() {
                out.push_str("       the manifests above are for this too\n");
            } else {
                corrected(&mut out, rights, fix);
                shown.push(&fix.edits);
            }
        }
        out.push('\n');
    }
    if findings.is_empty() {
        let (roles, bindings) = (own(rights, "Role"), own(rights, "RoleBinding"));
        let _ = writeln!(out, "no finding in {roles} roles and {bindings} bindings");
    } else {
        let plural = if findings.len() == 1 { "" } else { "s" };
        let _ = writeln!(out, "{} finding{plural}; why it matters: ringwall explain RULE", findings.len());
    }
    out
}

fn own(rights: &Rights, kind: &str) -> usize {
    let of = |kind: &str| rights.snapshot.of(::rbac::GROUP, kind).len();
    of(kind) + of(&format!("Cluster{kind}"))
}

/// What the fix makes of the resources it touches, as manifests.
fn corrected(out: &mut String, rights: &Rights, fix: &Fix) {
    let (after, failed) = rights.snapshot.with(&fix.edits);
    for problem in failed {
        let _ = writeln!(out, "{}", output::line("       not applicable here: ", &problem));
    }
    let mut shown: Vec<&model::ResourceRef> = Vec::new();
    for edit in &fix.edits {
        match edit {
            Edit::Set { resource, .. } | Edit::Remove { resource, .. } => {
                if shown.contains(&resource) {
                    continue;
                }
                shown.push(resource);
                let value = after.get(resource).and_then(|r| serde_json::from_str::<Value>(r.text()).ok());
                manifest(out, value.as_ref());
            }
            Edit::Create { value } => manifest(out, Some(value)),
            Edit::Delete { resource } => {
                let _ = writeln!(out, "    # delete {resource}");
            }
        }
    }
}

fn manifest(out: &mut String, value: Option<&Value>) {
    let Some(value) = value else { return };
    out.push_str("    ---\n");
    for line in yaml::write(value).lines() {
        let _ = writeln!(out, "    {line}");
    }
}
