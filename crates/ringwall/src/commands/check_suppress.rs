//! Suppressions of `check`: read from files and annotations, and told in every answer.

use crate::exit;
use crate::output;
use model::Finding;
use posture::suppress::{Outcome, Suppression, annotated, apply, parse};
use serde_json::{Value, json};
use snapshot::Snapshot;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Read without being named, where it lies in the working folder.
pub(super) const FILE: &str = "ringwall-suppressions.yaml";

/// Bytes of a file that are read.
const MOST: u64 = 8 << 20;

/// What was accepted, and what that did.
#[derive(Default)]
pub(super) struct Accepted {
    list: Vec<Suppression>,
    outcome: Outcome,
    /// Findings there were before.
    all: usize,
}

impl Accepted {
    /// Takes what is suppressed out of the findings.
    pub(super) fn new(
        files: &[PathBuf],
        snapshot: &Snapshot,
        findings: &mut Vec<Finding>,
    ) -> anyhow::Result<Self> {
        let (mut list, mut told) = annotated(snapshot);
        let own = PathBuf::from(FILE);
        let beside = (files.is_empty() && Path::new(FILE).is_file()).then_some(&own);
        for path in files.iter().chain(beside) {
            let name = path.display().to_string();
            let unreadable = |why: &dyn std::fmt::Display| exit::unreadable(format!("{name}: {why}"));
            let mut text = Vec::new();
            std::fs::File::open(path)
                .and_then(|file| file.take(MOST + 1).read_to_end(&mut text))
                .map_err(|why| unreadable(&why))?;
            if text.len() as u64 > MOST {
                return Err(unreadable(&format!("more than {MOST} bytes")));
            }
            let (more, odd) = parse(&name, &text);
            list.extend(more);
            told.extend(odd);
        }
        for diagnostic in told {
            output::say(&output::line("", &format!("{}: {}", diagnostic.document, diagnostic.message)));
        }
        let today: String = model::Timestamp::now().to_string().chars().take(10).collect();
        let all = findings.len();
        let outcome = apply(&list, findings, &today);
        Ok(Self { list, outcome, all })
    }

    /// `; 3 more are suppressed`, for the line that counts.
    pub(super) fn count(&self) -> String {
        match self.outcome.hidden.len() {
            0 => String::new(),
            1 => ", 1 more is suppressed".to_owned(),
            n => format!(", {n} more are suppressed"),
        }
    }

    /// What must be said whatever the format: what has ended, what hides nothing, what hides too much.
    pub(super) fn warnings(&self) -> Vec<String> {
        let of = |at: &usize| self.list.get(*at);
        let name = |s: &Suppression| {
            let target = if s.target.is_empty() { String::new() } else { format!(" of {}", s.target) };
            format!("{}{target}, accepted by {} ({}; {})", s.id, s.owner, s.reason, s.written)
        };
        let mut all = Vec::new();
        for (s, hits) in self.outcome.expired.iter().filter_map(|(at, hits)| Some((of(at)?, hits))) {
            let what = match hits {
                0 => "matches nothing and can go".to_owned(),
                1 => "1 finding is back".to_owned(),
                n => format!("{n} findings are back"),
            };
            all.push(format!("suppression ended on {}: {}: {what}", s.until, name(s)));
        }
        for s in self.outcome.unused.iter().filter_map(of) {
            all.push(format!("suppression matches nothing: {}", name(s)));
        }
        let hidden = self.outcome.hidden.len();
        if self.all >= 4 && hidden * 2 > self.all {
            all.push(format!("suppressions hide {hidden} of {} findings", self.all));
        }
        all
    }

    /// One line for each hidden finding.
    pub(super) fn hidden(&self) -> impl Iterator<Item = String> + '_ {
        self.outcome.hidden.iter().filter_map(|(finding, at)| {
            let s = self.list.get(*at)?;
            let until = if s.until.is_empty() { "for ever".to_owned() } else { format!("until {}", s.until) };
            Some(format!(
                "{} {}: {} accepted by {} {until}: {}",
                finding.rule.id, finding.target, finding.message, s.owner, s.reason
            ))
        })
    }

    pub(super) fn json(&self) -> Value {
        let one = |(finding, at): &(Finding, usize)| {
            let s = self.list.get(*at)?;
            Some(json!({
                "id": finding.id(), "rule": finding.rule.id, "severity": finding.severity,
                "target": finding.target.to_string(), "message": finding.message,
                "owner": s.owner, "reason": s.reason, "until": s.until, "written": s.written,
            }))
        };
        json!(self.outcome.hidden.iter().filter_map(one).collect::<Vec<_>>())
    }
}
