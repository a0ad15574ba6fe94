//! Snapshots for tests, written as YAML.

use crate::{Check, Posture, checks, run_checks};
use ::rbac::{Rbac, ServerVersion};
use model::{Escape, Fact, Finding, Origin, Predicate};
use snapshot::{Builder, Snapshot};

/// A snapshot of `---`-separated objects.
pub(crate) fn snapshot(text: &str) -> Snapshot {
    let mut builder = Builder::new("default");
    let (documents, faults) = yaml::read(text.as_bytes(), &yaml::Caps::default());
    assert!(faults.is_empty(), "{faults:?}");
    for document in documents {
        assert!(builder.add(document.value, Origin::Builtin), "{text}");
    }
    builder.build()
}

/// What one check says.
pub(crate) fn run(id: &str, text: &str) -> Posture {
    let snapshot = snapshot(text);
    let rbac = Rbac::new(&snapshot, ServerVersion::LATEST);
    let one: Vec<&'static Check> = checks().filter(|check| check.rule.id == id).collect();
    assert_eq!(one.len(), 1, "{id}");
    run_checks(&snapshot, &rbac, one)
}

/// A pod with this spec, as one check sees it.
pub(crate) fn pod(id: &str, spec: &str) -> Posture {
    run(id, &format!("{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {spec}}}"))
}

/// What one check says after the first fix of each of its findings was applied.
pub(crate) fn fixed(id: &str, text: &str) -> Posture {
    let before = snapshot(text);
    let edits: Vec<_> = run(id, text)
        .findings
        .into_iter()
        .filter_map(|f| f.fixes.into_iter().next())
        .flat_map(|f| f.edits)
        .collect();
    assert!(!edits.is_empty(), "nothing a machine could do");
    let (after, failed) = before.with(&edits);
    assert!(failed.is_empty(), "{failed:?}");
    let rbac = Rbac::new(&after, ServerVersion::LATEST);
    run_checks(&after, &rbac, checks().filter(|check| check.rule.id == id))
}

/// How many findings one check has about a pod after its own fixes.
pub(crate) fn after_fixes(id: &str, spec: &str) -> usize {
    fixed(id, &format!("{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {spec}}}")).findings.len()
}

pub(crate) fn messages(posture: &Posture) -> Vec<&str> {
    posture.findings.iter().map(|finding: &Finding| finding.message.as_str()).collect()
}

pub(crate) fn escapes(posture: &Posture) -> Vec<Escape> {
    let escape = |fact: &Fact| match &fact.predicate {
        Predicate::Escapes(escape) => Some(escape.clone()),
        _ => None,
    };
    posture.facts.iter().filter_map(escape).collect()
}

/// A ClusterRole `tested` of these rules, bound cluster-wide to the user jane.
pub(crate) fn rule_set(rules: &str) -> String {
    format!(
        "{{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {{name: tested}}, rules: [{rules}]}}
---
{{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {{name: tested}}, roleRef: {{kind: \
         ClusterRole, name: tested}}, subjects: [{{kind: User, name: jane}}]}}"
    )
}

/// What one check says of it.
pub(crate) fn of_rule(id: &str, rules: &str) -> Posture {
    run(id, &rule_set(rules))
}

/// How many findings one check has about a component of the control plane with these flags.
pub(crate) fn component(id: &str, component: &str, flags: &[&str]) -> usize {
    let words: Vec<String> = [component].iter().chain(flags).map(|word| format!("\"{word}\"")).collect();
    let pod = format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: p, namespace: kube-system}}, spec: {{containers: [{{name: a, \
         image: 'registry.test/a:1', command: [{}]}}]}}}}",
        words.join(", ")
    );
    run(id, &pod).findings.len()
}

/// What one check says of a running kubelet's configuration.
pub(crate) fn kubelet(id: &str, config: &str) -> Posture {
    let text = format!(r#"{{"kubeletconfig":{config}}}"#);
    let kubelet = crate::nodes::kubelet::Kubelet::parse(text.as_bytes(), "configz", None).expect("test JSON");
    let options = crate::Options { kubelets: vec![kubelet], ..crate::Options::default() };
    let snapshot = Snapshot::default();
    let rbac = Rbac::new(&snapshot, ServerVersion::LATEST);
    crate::run_checks_as(&snapshot, &rbac, &options, checks().filter(|check| check.rule.id == id))
}

/// How many findings one check has about it.
pub(crate) fn configz(id: &str, config: &str) -> usize {
    kubelet(id, config).findings.len()
}

/// What one check says where something could not be read.
pub(crate) fn run_unread(id: &str, text: &str, what: &str) -> Posture {
    let mut snapshot = snapshot(text);
    snapshot.coverage.gap(model::Gap {
        ring: model::Ring::Resources,
        what: what.to_owned(),
        why: "403".to_owned(),
        asked: true,
        help: None,
    });
    let rbac = Rbac::new(&snapshot, ServerVersion::LATEST);
    run_checks(&snapshot, &rbac, checks().filter(|check| check.rule.id == id))
}
