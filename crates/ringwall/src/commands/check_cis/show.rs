//! Answers to controls, for people and for programs.

use crate::{exit, output};
use model::{Confidence, Evidence, Finding, Gap, Ring, Rule, Severity, Target};
use posture::cis::{Kind, Need, Row, Verdict};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What there is to show.
pub(super) struct Shown<'s> {
    /// The benchmark.
    pub(super) name: &'s str,
    /// Why it was chosen, where nobody named it.
    pub(super) why: Option<&'s str>,
    /// The answers.
    pub(super) rows: &'s [Row<'s>],
    /// Whether a node was looked at, here or in a report.
    pub(super) of_node: bool,
    /// Whether the API was asked.
    pub(super) api: bool,
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Unknown(_) => "unknown",
        Verdict::Skipped => "skip",
    }
}

/// Why an answer is missing, in few words, and what would help.
fn reason(row: &Row<'_>) -> (&'static str, &'static str) {
    const NODE: &str = "`ringwall check node-report > FILE` on the node, then --node-report FILE";
    let Verdict::Unknown(why) = row.verdict() else { return ("", "") };
    if why.contains("--configz") {
        return (
            "kubelets' configuration",
            "`kubectl get --raw /api/v1/nodes/NODE/proxy/configz > FILE`, then --configz FILE",
        );
    }
    if why.contains("the API server was not asked") || why.contains("no object of the cluster") {
        return ("the API", "give manifests or a snapshot as PATH, or --context");
    }
    if why.starts_with("no kube-") || why.starts_with("no etcd") {
        return ("the control plane's programs", NODE);
    }
    match &row.needs {
        Some(Need::Journal(_)) => ("journals of the node", NODE),
        Some(_) => ("files and processes of the node", NODE),
        None if row.ours.is_none() && why.contains("a shell") => {
            ("only a shell could say", "--local --allow-shell")
        }
        None if row.ours.is_none() => ("a person must look", ""),
        None if why.contains("command line") => ("files and processes of the node", NODE),
        None => ("not written where it was looked", ""),
    }
}

/// Counts of a table, the biggest first.
fn counted<'k>(keys: impl Iterator<Item = (&'k str, &'k str)>) -> Vec<((&'k str, &'k str), usize)> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    keys.for_each(|key| *counts.entry(key).or_default() += 1);
    let mut all: Vec<_> = counts.into_iter().collect();
    all.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    all
}

impl Shown<'_> {
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        let why = self.why.map(|why| format!(" ({why}; another: --benchmark NAME)")).unwrap_or_default();
        let _ = writeln!(out, "{}", output::line("", &format!("benchmark {}{why}", self.name)));
        let mut group = "";
        for row in self.rows {
            if row.group != group {
                group = row.group;
                let _ = writeln!(out, "\n{}", model::escape(group));
            }
            self.row(&mut out, row);
        }
        out.push('\n');
        self.end(&mut out);
        out
    }

    fn row(&self, out: &mut String, row: &Row<'_>) {
        let verdict = row.verdict();
        let indent = format!("{:<8} {:<7} ", word(verdict), row.control.id);
        let _ = writeln!(out, "{}", output::line(&indent, &row.control.text));
        let below = " ".repeat(17);
        let why = match (verdict, &row.ours) {
            (Verdict::Unknown(why), _) => why.as_str(),
            (_, Some((_, why))) => why.as_str(),
            _ => "",
        };
        if !why.is_empty() && *verdict != Verdict::Pass {
            let _ = writeln!(out, "{}", output::line(&below, why));
        }
        if let Some(how) = row.differs {
            let text = format!("differs from upstream ({}): {how}", word(&row.upstream.verdict));
            let _ = writeln!(out, "{}", output::line(&below, &text));
        }
    }

    /// Counts, what is unknown and why, and the one command that would help most.
    fn end(&self, out: &mut String) {
        let count = |want: &str| self.rows.iter().filter(|row| word(row.verdict()) == want).count();
        let all = self.rows.len();
        let answered = self.rows.iter().filter(|row| row.answered()).count();
        let differ = self.rows.iter().filter(|row| row.differs.is_some()).count();
        let mut line =
            format!("answered {answered} of {all}: {} pass, {} fail", count("pass"), count("fail"));
        let _ = write!(line, "; {differ} differ from upstream");
        match count("skip") {
            0 => {}
            skipped => {
                let _ = write!(line, "; {skipped} skipped by the benchmark");
            }
        }
        let unknown = count("unknown");
        let missing = self.missing();
        if unknown > 0 {
            let why: Vec<String> = missing.iter().map(|((why, _), count)| format!("{count} {why}")).collect();
            let _ = write!(line, "; unknown {unknown} ({})", why.join(", "));
        }
        let _ = writeln!(out, "{}", output::line("", &line));
        if let Some(help) = self.help(&missing) {
            let _ = writeln!(out, "{}", output::line("most would help: ", help));
        }
    }

    fn missing(&self) -> Vec<((&'static str, &'static str), usize)> {
        counted(self.rows.iter().filter(|row| matches!(row.verdict(), Verdict::Unknown(_))).map(reason))
    }

    /// The command that answers most of what is missing and was not given.
    fn help<'k>(&self, missing: &[((&'k str, &'k str), usize)]) -> Option<&'k str> {
        let given =
            |why: &&str| self.of_node && why.ends_with("of the node") || self.api && *why == "the API";
        let useful = |(why, help): &(&str, &str)| !(help.is_empty() || given(why));
        missing.iter().map(|(key, _)| key).find(|key| useful(key)).map(|(_, help)| *help)
    }

    pub(super) fn json(&self) -> Value {
        let row = |row: &Row<'_>| {
            let unknown = |verdict: &Verdict| match verdict {
                Verdict::Unknown(why) => Some(why.clone()),
                _ => None,
            };
            let ours = row.ours.as_ref().map(|(verdict, why)| {
                json!({"verdict": word(verdict), "why": unknown(verdict).unwrap_or_else(|| why.clone()), "topic": row.topic})
            });
            json!({
                "id": row.control.id,
                "text": row.control.text,
                "group": row.group,
                "section": row.section,
                "scored": row.control.scored,
                "automated": row.control.kind == Kind::Automated,
                "verdict": word(row.verdict()),
                "why": unknown(row.verdict()),
                "upstream": {
                    "verdict": word(&row.upstream.verdict),
                    "why": unknown(&row.upstream.verdict),
                    "actual": row.upstream.actual,
                },
                "ours": ours,
                "differsFromUpstream": row.differs,
                "remediation": row.control.remediation,
            })
        };
        let count = |want: &str| self.rows.iter().filter(|row| word(row.verdict()) == want).count();
        let missing = self.missing();
        let unknown: Vec<Value> = missing
            .iter()
            .map(|((why, help), count)| json!({"why": why, "count": count, "help": help}))
            .collect();
        json!({
            "benchmark": self.name,
            "controls": self.rows.iter().map(row).collect::<Vec<_>>(),
            "summary": {
                "controls": self.rows.len(),
                "answered": self.rows.iter().filter(|row| row.answered()).count(),
                "pass": count("pass"),
                "fail": count("fail"),
                "skip": count("skip"),
                "unknown": count("unknown"),
                "differ": self.rows.iter().filter(|row| row.differs.is_some()).count(),
            },
            "missing": unknown,
            "help": self.help(&missing),
        })
    }

    /// What fails, as findings.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let failed = self.rows.iter().filter(|row| *row.verdict() == Verdict::Fail);
        let mut all: Vec<Finding> = failed.map(|row| self.finding(row)).collect();
        all.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        all
    }

    fn finding(&self, row: &Row<'_>) -> Finding {
        let target = Target::Unresolved {
            what: format!("control {}", row.control.id),
            why: "a control is about the cluster as a whole".to_owned(),
        };
        let why = row.ours.as_ref().map(|(_, why)| why.as_str()).filter(|why| !why.is_empty());
        let message =
            why.unwrap_or(row.upstream.actual.lines().next().unwrap_or("what it asks for was not found"));
        let differs = row.differs.map(|how| format!(" (differs from upstream: {how})")).unwrap_or_default();
        let evidence = Evidence::Assumption(String::new());
        let mut finding = Finding::new(self.rule(row), target, evidence, format!("{message}{differs}"));
        finding.confidence = Confidence::Confirmed;
        finding
    }

    /// A control as a rule. Rules are static everywhere else; these come from files, are few, and live as long as the
    /// program, which ends after this.
    fn rule(&self, row: &Row<'_>) -> &'static Rule {
        let text = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
        let control = text(format!("CIS {}", row.control.id));
        Box::leak(Box::new(Rule {
            id: text(format!("{}/{}", self.name, row.control.id)),
            title: text(row.control.text.clone()),
            severity: if row.control.scored { Severity::Medium } else { Severity::Low },
            controls: Box::leak(Box::new([control])),
            explain: text(row.control.remediation.trim().to_owned()),
        }))
    }

    /// In a format of other programs.
    pub(super) fn elsewhere(&self, name: &str, findings: &[Finding]) -> anyhow::Result<String> {
        let format = report::FINDINGS_FORMATS.iter().find(|format| format.name == name);
        let format = format.ok_or_else(|| exit::usage(format!("there is no format {name}")))?;
        let gap = |row: &Row<'_>| match row.verdict() {
            Verdict::Unknown(why) => Some(Gap {
                ring: Ring::Nodes,
                what: format!("control {}", row.control.id),
                why: why.clone(),
                asked: false,
                help: Some(reason(row).1.to_owned()).filter(|help| !help.is_empty()),
            }),
            _ => None,
        };
        let gaps: Vec<Gap> = self.rows.iter().filter_map(gap).collect();
        Ok((format.write)(&report::Findings {
            tool: concat!("ringwall ", env!("CARGO_PKG_VERSION")),
            findings,
            gaps: &gaps,
            notes: &[],
            place: &|_| String::new(),
        }))
    }
}
