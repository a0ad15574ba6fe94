//! Namespaces with workloads and no NetworkPolicy.

use crate::{Check, Report, Run, Whole};
use model::{Edit, Evidence, Finding, Fix, Grain, ResourceRef, Rule, Severity, Target};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "network/no-policy",
        title: "Namespace has no NetworkPolicy",
        severity: Severity::Low,
        controls: &["CIS 5.3.2", "NSA network", "AVD-KSV-0038"],
        explain: "Without one, every pod of the cluster reaches every port here, and every pod here reaches the \
                  internet and the cloud's metadata service. Deny by default, then allow what is used.",
    },
    run: Run::Whole(run),
};

fn run(whole: &Whole<'_>, report: &mut Report) {
    if whole.unread("networkpolicies.networking.k8s.io") {
        return;
    }
    let policies = whole.snapshot.of("networking.k8s.io", "NetworkPolicy");
    let covered = |namespace: &str| policies.iter().any(|policy| &*policy.reference.namespace == namespace);
    let mut namespaces: BTreeMap<Arc<str>, (usize, Evidence)> = BTreeMap::new();
    for workload in whole.snapshot.workloads() {
        let namespace = &workload.reference().namespace;
        if &**namespace != "kube-system" {
            let first = || (0, workload.resource.evidence("/metadata/namespace"));
            namespaces.entry(namespace.clone()).or_insert_with(first).0 += 1;
        }
    }
    for (namespace, (count, evidence)) in namespaces.into_iter().filter(|(name, _)| !covered(name)) {
        let target = Target::Resource(ResourceRef::new("", "Namespace", "", &namespace));
        let message = match count {
            1 => "nothing limits who reaches its one workload, nor what it reaches".to_owned(),
            count => format!("nothing limits who reaches its {count} workloads, nor what they reach"),
        };
        let mut finding = Finding::new(&CHECK.rule, target, evidence, message);
        finding.fixes.push(default_deny(&namespace));
        report.finding(finding);
    }
}

pub(super) fn default_deny(namespace: &str) -> Fix {
    let value = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "default-deny", "namespace": namespace},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    });
    Fix {
        key: format!("NetworkPolicy {namespace}/default-deny"),
        title: format!("deny traffic by default in {}", model::escape(namespace)),
        grain: Grain::Policy,
        effort: 3,
        breaks: vec!["every connection that no further policy allows".to_owned()],
        edits: vec![Edit::Create { value }],
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    const POD: &str = "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: shop}, spec: {containers: []}}
---
";

    #[test]
    fn hit_with_a_policy_to_add() {
        let posture = run("network/no-policy", POD);
        assert_eq!(posture.findings[0].target.to_string(), "Namespace shop");
        assert_eq!(posture.findings[0].fixes[0].edits.len(), 1);
    }

    #[test]
    fn policies_that_could_not_be_read_are_not_absent() {
        let unread = crate::testing::run_unread("network/no-policy", POD, "networkpolicies.networking.k8s.io (right to list)");
        assert!(unread.findings.is_empty());
    }

    #[test]
    fn any_policy_is_a_beginning() {
        let policy = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: shop}, \
                      spec: {podSelector: {}}}";
        assert!(run("network/no-policy", &format!("{POD}{policy}")).findings.is_empty());
    }

    #[test]
    fn a_namespace_without_workloads_is_silent() {
        assert!(run("network/no-policy", "{apiVersion: v1, kind: Namespace, metadata: {name: empty}}").findings.is_empty());
    }
}
