//! Where checks put what they find.

use crate::Posture;
use model::{
    Confidence, Edit, Escape, Evidence, Fact, Finding, Fix, Gap, Grain, Lifetime, Origin, Predicate,
    ResourceRef, Source, Target, Timestamp,
};
use serde_json::Value;

/// Findings and facts of one run.
#[derive(Debug)]
pub struct Report {
    posture: Posture,
    taken_at: Option<Timestamp>,
}

impl Report {
    pub(crate) fn new(taken_at: Option<Timestamp>) -> Self {
        Self { posture: Posture::default(), taken_at }
    }

    /// Adds a finding.
    pub fn finding(&mut self, finding: Finding) {
        self.posture.findings.push(finding);
    }

    /// Adds something that could not be judged.
    pub fn gap(&mut self, gap: Gap) {
        self.posture.gaps.push(gap);
    }

    /// Adds the fact that a workload's containers can leave their sandbox.
    pub fn escape(&mut self, target: Target, escape: Escape, evidence: Evidence) {
        let source = match &evidence {
            Evidence::Field { origin: Origin::Cluster { .. }, .. } => Source::Cluster,
            _ => Source::Manifest,
        };
        self.posture.facts.push(Fact {
            target,
            predicate: Predicate::Escapes(escape),
            source,
            observed_at: self.taken_at,
            lifetime: Lifetime::Snapshot,
            confidence: Confidence::Confirmed,
            evidence,
        });
    }

    /// Sorted, each fact once.
    pub(crate) fn finish(mut self) -> Posture {
        self.posture.findings.sort_by(|a, b| {
            let key = |f: &Finding| (f.rule.id, f.target.clone(), f.instance.clone());
            key(a).cmp(&key(b))
        });
        self.posture
    }
}

/// A fix that sets one field.
pub(crate) fn set(resource: &ResourceRef, pointer: String, value: Value, title: impl Into<String>) -> Fix {
    Fix {
        key: format!("{resource}{pointer}"),
        title: title.into(),
        grain: Grain::Field,
        effort: 1,
        breaks: Vec::new(),
        edits: vec![Edit::Set { resource: resource.clone(), pointer, value }],
    }
}

/// A fix that a person must carry out.
pub(crate) fn by_hand(key: impl Into<String>, grain: Grain, effort: u8, title: impl Into<String>) -> Fix {
    Fix { key: key.into(), title: title.into(), grain, effort, breaks: Vec::new(), edits: Vec::new() }
}
