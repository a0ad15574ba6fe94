//! Policies over a snapshot: which rule would refuse which resource.

use crate::request::Request;
use crate::rule::{Policy, evaluate};
use crate::verdict::{Enforcement, RuleVerdict, Verdict};
use model::{
    Confidence, Coverage, Evidence, Fact, Finding, Gap, Lifetime, Origin, Predicate, ResourceRef, Ring, Rule,
    Severity, Source, Target, Timestamp,
};
use serde_json::Value;
use snapshot::{Resource, Snapshot, WORKLOAD_KINDS};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

static REFUSED: Rule = Rule {
    id: "policy/refused",
    title: "An enforced policy would refuse this resource",
    severity: Severity::Medium,
    controls: &[],
    explain: "A policy with the action Enforce denies the resource as it stands: the next time it is applied, it is \
              refused. Change the field the message names, or make an exception for it.",
};

static VIOLATED: Rule = Rule {
    id: "policy/violated",
    title: "Resource violates a policy that only audits",
    severity: Severity::Low,
    controls: &[],
    explain: "A policy with the action Audit reports the resource and lets it pass. Change the field the message \
              names; when nothing violates the policy any more, set its action to Enforce.",
};

static UNJUDGED: Rule = Rule {
    id: "policy/not-judged",
    title: "A policy could not be judged",
    severity: Severity::Unknown,
    controls: &[],
    explain: "The rule uses something this version does not read, or its evaluation failed. Nothing is known of the \
              resource in this respect; it is neither allowed nor denied.",
};

/// Families of findings this engine gives; each finding names policy and rule as its instance.
pub static RULES: &[&Rule] = &[&REFUSED, &VIOLATED, &UNJUDGED];

/// One rule's verdict on one resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The resource.
    pub resource: ResourceRef,
    /// Where it was read.
    pub origin: Origin,
    /// Whether it is a workload.
    pub workload: bool,
    /// Name of the policy.
    pub policy: Arc<str>,
    /// Severity its author gave, or unknown.
    pub severity: Severity,
    /// The verdict.
    pub verdict: RuleVerdict,
}

/// Every verdict on a snapshot, and what was counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judged {
    /// Verdicts by resource, policy and rule, in the order of the snapshot and the policies.
    pub rows: Vec<Row>,
    /// Resources looked at.
    pub resources: u64,
    /// Resources no rule applied to.
    pub untouched: u64,
    observed_at: Option<Timestamp>,
}

/// Judges every resource of a snapshot by every policy, as if it were created as it stands.
pub fn judge(policies: &[Policy], snapshot: &Snapshot) -> Judged {
    let mut judged = Judged { observed_at: snapshot.taken_at, ..Judged::default() };
    if policies.is_empty() {
        judged.resources = snapshot.resources().len() as u64;
        judged.untouched = judged.resources;
        return judged;
    }
    let namespaces = namespaces(snapshot);
    for resource in snapshot.resources() {
        judged.resources = judged.resources.saturating_add(1);
        let before = judged.rows.len();
        let request = request(resource, &namespaces);
        for policy in policies {
            let verdicts = evaluate(policy, &request).verdicts;
            judged.rows.extend(verdicts.into_iter().map(|verdict| row(resource, policy, verdict)));
        }
        if judged.rows.len() == before {
            judged.untouched = judged.untouched.saturating_add(1);
        }
    }
    judged
}

fn row(resource: &Resource, policy: &Policy, verdict: RuleVerdict) -> Row {
    let r = &resource.reference;
    let workload = WORKLOAD_KINDS.iter().any(|(group, kind, _)| (*group, *kind) == (&*r.group, &*r.kind));
    Row {
        resource: r.clone(),
        origin: resource.origin.clone(),
        workload,
        policy: policy.name.clone(),
        severity: policy.severity,
        verdict,
    }
}

type Labels = BTreeMap<String, String>;

fn namespaces(snapshot: &Snapshot) -> BTreeMap<Arc<str>, Labels> {
    let labels = |resource: &Resource| {
        let json = resource.json();
        let fields = json.at(&["metadata", "labels"]).fields();
        fields.iter().map(|(key, value)| (key.to_string(), value.text().to_owned())).collect::<Labels>()
    };
    snapshot.of("", "Namespace").iter().map(|r| (r.reference.name.clone(), labels(r))).collect()
}

fn request(resource: &Resource, namespaces: &BTreeMap<Arc<str>, Labels>) -> Request {
    let mut object: Value = serde_json::from_str(resource.text()).unwrap_or_default();
    let namespace = &resource.reference.namespace;
    // What a server would fill in: rules select by namespace.
    if !namespace.is_empty()
        && let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut)
    {
        metadata.entry("namespace").or_insert_with(|| Value::from(&**namespace));
    }
    let mut labels = namespaces.get(namespace).cloned().unwrap_or_default();
    if !namespace.is_empty() {
        labels.entry("kubernetes.io/metadata.name".to_owned()).or_insert_with(|| namespace.to_string());
    }
    Request::create(object).namespace_labels(labels)
}

impl Row {
    fn target(&self) -> Target {
        match self.workload {
            true => Target::Workload(self.resource.clone()),
            false => Target::Resource(self.resource.clone()),
        }
    }

    fn evidence(&self) -> Evidence {
        Evidence::field(&self.resource, &self.origin, self.verdict.pointer.clone().unwrap_or_default())
    }

    fn finding(&self) -> Option<Finding> {
        let enforced = self.verdict.enforcement == Enforcement::Enforce;
        let rule = match self.verdict.verdict {
            Verdict::Allow | Verdict::Skip => return None,
            Verdict::Error => &UNJUDGED,
            Verdict::Deny if enforced => &REFUSED,
            Verdict::Deny | Verdict::Warn => &VIOLATED,
        };
        let mut finding = Finding::new(rule, self.target(), self.evidence(), self.verdict.message.clone());
        finding.instance = Some(format!("{}/{}", self.policy, self.verdict.rule));
        if rule.id != UNJUDGED.id && self.severity != Severity::Unknown {
            finding.severity = self.severity;
        }
        Some(finding)
    }
}

impl Judged {
    /// What is wrong, one finding for each resource and rule that denies or cannot be judged.
    pub fn findings(&self) -> Vec<Finding> {
        self.rows.iter().filter_map(Row::finding).collect()
    }

    /// What the graph should know: which rule would refuse which resource, enforced or not.
    pub fn facts(&self) -> Vec<Fact> {
        let denied = self.rows.iter().filter(|row| row.verdict.verdict == Verdict::Deny);
        denied
            .map(|row| Fact {
                target: row.target(),
                predicate: Predicate::RefusedBy {
                    policy: row.policy.to_string(),
                    rule: row.verdict.rule.to_string(),
                    enforced: row.verdict.enforcement == Enforcement::Enforce,
                },
                source: Source::Policy,
                observed_at: self.observed_at,
                lifetime: Lifetime::Snapshot,
                confidence: Confidence::Confirmed,
                evidence: row.evidence(),
            })
            .collect()
    }

    /// How many rules could be judged, and a gap for each that could not.
    pub fn coverage(&self) -> Coverage {
        let key = |row: &Row| (row.policy.clone(), row.verdict.rule.clone());
        let all: BTreeSet<_> = self.rows.iter().map(key).collect();
        let errors = self.rows.iter().filter(|row| row.verdict.verdict == Verdict::Error);
        let unjudged: BTreeMap<_, _> = errors.map(|row| (key(row), row.verdict.message.clone())).collect();
        let mut coverage = Coverage::default();
        let (total, missing) = (all.len() as u64, unjudged.len() as u64);
        coverage.count(Ring::Policies, total.saturating_sub(missing), total);
        for ((policy, rule), why) in unjudged {
            coverage.gap(Gap {
                ring: Ring::Policies,
                what: format!("rule {rule} of policy {policy}"),
                why,
                asked: true,
                help: None,
            });
        }
        coverage
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn policy(action: &str, validate: Value) -> Policy {
        let document = json!({"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy",
            "metadata": {"name": "no-host-pid", "annotations": {"policies.kyverno.io/severity": "high"}},
            "spec": {"validationFailureAction": action, "rules": [{"name": "host-pid",
                "match": {"any": [{"resources": {"kinds": ["Pod"]}}]}, "validate": validate}]}});
        crate::compile(&document).unwrap().0
    }

    fn snapshot() -> Snapshot {
        let mut builder = snapshot::Builder::new("shop");
        let spec = json!({"hostPID": true, "containers": [{"name": "a", "image": "b"}]});
        let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
            "spec": {"template": {"metadata": {}, "spec": spec}}});
        assert!(builder.add(deployment, Origin::Builtin));
        let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {}});
        assert!(builder.add(service, Origin::Builtin));
        builder.build()
    }

    #[test]
    fn a_denied_workload_is_a_finding_and_a_fact() {
        let pattern = json!({"message": "no host PID", "pattern": {"spec": {"=(hostPID)": false}}});
        let judged = judge(&[policy("Enforce", pattern)], &snapshot());
        let findings = judged.findings();
        assert_eq!(findings.len(), 1);
        let finding = &findings[0];
        assert_eq!((finding.rule.id, finding.severity), ("policy/refused", Severity::High));
        assert_eq!(finding.instance.as_deref(), Some("no-host-pid/autogen-host-pid"));
        assert_eq!(
            finding.message,
            "validation error: no host PID. rule autogen-host-pid failed at path /spec/template/spec/hostPID/"
        );
        let web = ResourceRef::new("apps", "Deployment", "shop", "web");
        let facts = judged.facts();
        assert_eq!(facts.len(), 1);
        assert_eq!(facts[0].target, Target::Workload(web.clone()));
        let refused = Predicate::RefusedBy {
            policy: "no-host-pid".to_owned(),
            rule: "autogen-host-pid".to_owned(),
            enforced: true,
        };
        assert_eq!(facts[0].predicate, refused);
        let pointer = "/spec/template/spec/hostPID".to_owned();
        assert_eq!(facts[0].evidence, Evidence::Field { resource: web, origin: Origin::Builtin, pointer });
        assert_eq!((judged.resources, judged.untouched), (2, 1));
    }

    #[test]
    fn audit_is_not_enforced_and_a_fitting_resource_is_silent() {
        let judged = judge(&[policy("Audit", json!({"pattern": {"spec": {"hostPID": false}}}))], &snapshot());
        assert_eq!(judged.findings()[0].rule.id, "policy/violated");
        let fits = judge(&[policy("Audit", json!({"pattern": {"spec": {"hostPID": true}}}))], &snapshot());
        assert!(fits.findings().is_empty() && fits.facts().is_empty());
        assert_eq!(fits.rows.len(), 1);
    }

    #[test]
    fn what_is_not_understood_is_a_finding_and_a_gap_never_silence() {
        let judged = judge(&[policy("Enforce", json!({"cel": {"expressions": []}}))], &snapshot());
        assert_eq!(judged.findings()[0].rule.id, "policy/not-judged");
        assert!(judged.facts().is_empty());
        let coverage = judged.coverage();
        assert_eq!(coverage.seen, [(Ring::Policies, 0, 1)]);
        assert!(coverage.incomplete());
        assert!(coverage.gaps[0].why.contains("validate.cel"), "{:?}", coverage.gaps);
    }
}
