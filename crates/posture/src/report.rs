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
    without_fixes: bool,
}

impl Report {
    pub(crate) fn new(taken_at: Option<Timestamp>, without_fixes: bool) -> Self {
        Self { posture: Posture::default(), taken_at, without_fixes }
    }

    /// Adds a finding.
    pub fn finding(&mut self, mut finding: Finding) {
        if self.without_fixes {
            finding.fixes = Vec::new();
        }
        self.posture.findings.push(finding);
    }

    /// Adds something that could not be judged.
    pub fn gap(&mut self, gap: Gap) {
        self.posture.gaps.push(gap);
    }

    /// Adds a fact.
    pub fn fact(&mut self, fact: Fact) {
        self.posture.facts.push(fact);
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
        self.posture
            .findings
            .sort_by(|a, b| (a.rule.id, &a.target, &a.instance).cmp(&(b.rule.id, &b.target, &b.instance)));
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

#[cfg(test)]
mod tests {
    use crate::{Options, checks, run_checks_as};
    use rbac::{Rbac, ServerVersion};

    #[test]
    fn fixes_are_left_out_where_nobody_wants_them_and_nothing_else_is() {
        let snapshot = crate::testing::snapshot(
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: shop}, spec: {hostPID: true, containers: []}}",
        );
        let rbac = Rbac::new(&snapshot, ServerVersion::LATEST);
        let run = |without_fixes| {
            let options = Options { without_fixes, ..Options::default() };
            run_checks_as(&snapshot, &rbac, &options, checks()).findings
        };
        let (with, without) = (run(false), run(true));
        assert!(with.iter().any(|finding| !finding.fixes.is_empty()));
        assert!(without.iter().all(|finding| finding.fixes.is_empty()));
        let ids = |findings: &[model::Finding]| findings.iter().map(model::Finding::id).collect::<Vec<_>>();
        assert_eq!(ids(&with), ids(&without));
    }
}
