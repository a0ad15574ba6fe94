//! Workloads that no policy limits, in namespaces that have policies.

use reach::{Direction, Endpoint, Reach};
use crate::{Check, Report, Run, Whole};
use model::{Confidence, Evidence, Finding, ResourceRef, Rule, Severity, Target};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "network/uncovered",
        title: "Workloads are left out by the namespace's policies",
        severity: Severity::Low,
        controls: &["CIS 5.3.2", "NSA network", "AVD-KSV-0038"],
        explain: "A pod is limited in a direction only when some policy of its namespace selects it for that \
                  direction. One policy for an application leaves its neighbours as open as before. A policy with \
                  an empty `podSelector` and both `policyTypes` closes the rest.",
    },
    run: Run::Whole(run),
};

#[derive(Default)]
struct Left {
    ingress: Vec<ResourceRef>,
    egress: Vec<ResourceRef>,
    all: usize,
    first: Option<Evidence>,
}

fn run(whole: &Whole<'_>, report: &mut Report) {
    let reach = Reach::new(whole.snapshot);
    let mut namespaces: BTreeMap<Arc<str>, Left> = BTreeMap::new();
    for workload in whole.snapshot.workloads() {
        let namespace = &workload.reference().namespace;
        if &**namespace == "kube-system" || reach.policies(namespace).is_empty() {
            continue;
        }
        let template = workload.parse();
        let pod = Endpoint::of(&template);
        let left = namespaces.entry(namespace.clone()).or_default();
        left.all += 1;
        let lists = [(Direction::Ingress, &mut left.ingress), (Direction::Egress, &mut left.egress)];
        for (direction, list) in lists {
            if !reach.limits(&pod, direction) {
                list.push(workload.reference().clone());
                let here = || workload.resource.evidence(format!("{}/metadata/labels", template_of(&template)));
                left.first.get_or_insert_with(here);
            }
        }
    }
    for (namespace, left) in namespaces {
        let Some(evidence) = left.first else { continue };
        let parts = [("be reached by anyone", left.ingress), ("reach anyone", left.egress)];
        let said: Vec<String> = parts
            .iter()
            .filter(|(_, list)| !list.is_empty())
            .map(|(what, list)| format!("{} of {} can {what} ({})", list.len(), left.all, few(list)))
            .collect();
        let target = Target::Resource(ResourceRef::new("", "Namespace", "", &namespace));
        let mut finding = Finding::new(&CHECK.rule, target, evidence, said.join("; "));
        finding.fixes.push(super::no_policy::default_deny(&namespace));
        if !reach.foreign.is_empty() {
            finding.confidence = Confidence::Assumed;
            finding.message.push_str("; policies of other kinds are there, which are not read");
        }
        report.finding(finding);
    }
}

/// Pointer of the template in the whole object.
fn template_of(template: &snapshot::Template<'_>) -> String {
    let spec = template.spec_pointer();
    spec.strip_suffix("/spec").unwrap_or_default().to_owned()
}

fn few(list: &[ResourceRef]) -> String {
    let names: Vec<_> = list.iter().take(3).map(|workload| model::escape(&workload.name)).collect();
    if list.len() > names.len() { format!("{}, …", names.join(", ")) } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fixed, messages, run};

    const ID: &str = "network/uncovered";
    const PODS: &str = "{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}}, spec: {containers: []}}
---
{apiVersion: v1, kind: Pod, metadata: {name: db, namespace: shop, labels: {app: db}}, spec: {containers: []}}
";

    fn with(spec: &str) -> String {
        format!(
            "{PODS}---\n{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: p, namespace: \
             shop}}, spec: {spec}}}"
        )
    }

    #[test]
    fn each_direction_is_counted() {
        let text = with("{podSelector: {matchLabels: {app: web}}}");
        assert_eq!(
            messages(&run(ID, &text)),
            ["1 of 2 can be reached by anyone (db); 2 of 2 can reach anyone (db, web)"]
        );
        assert!(fixed(ID, &text).findings.is_empty());
    }

    #[test]
    fn all_closed_is_silent() {
        let text = with("{podSelector: {}, policyTypes: [Ingress, Egress]}");
        assert!(run(ID, &text).findings.is_empty());
    }

    #[test]
    fn without_policies_another_check_speaks() {
        assert!(run(ID, PODS).findings.is_empty());
    }
}
