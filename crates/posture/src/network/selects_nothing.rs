//! NetworkPolicies that limit nobody.

use reach::{Endpoint, Reach};
use crate::{Check, Report, Run, Whole};
use model::{Finding, Rule, Severity, Target};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "network/policy-selects-nothing",
        title: "NetworkPolicy selects no pod",
        severity: Severity::Medium,
        controls: &["CIS 5.3.2", "NSA network"],
        explain: "A policy holds for the pods of its own namespace that its `podSelector` selects. One that selects \
                  none protects nothing, and looks as if it did: a label was renamed, or the policy lies in another \
                  namespace than its pods. Pods on the node's network are never limited.",
    },
    run: Run::Whole(run),
};

fn run(whole: &Whole<'_>, report: &mut Report) {
    let reach = Reach::new(whole.snapshot);
    let pods: Vec<Endpoint> =
        whole.snapshot.workloads().map(|workload| Endpoint::of(&workload.parse())).collect();
    for policy in reach.all() {
        let here = || pods.iter().filter(|pod| pod.workload.namespace == policy.reference.namespace);
        if here().any(|pod| !pod.host_network && policy.selects.matches(&pod.labels)) {
            continue;
        }
        let Some(resource) = whole.snapshot.get(&policy.reference) else { continue };
        let selected = here().any(|pod| policy.selects.matches(&pod.labels));
        let message = if selected {
            "it selects only pods on the node's network, which no policy limits".to_owned()
        } else if here().next().is_none() {
            // A policy that waits for its pods: told only where the pods could be seen.
            continue;
        } else {
            format!("none of the {} workloads here bears its labels", here().count())
        };
        let target = Target::Resource(policy.reference.clone());
        report.finding(Finding::new(&CHECK.rule, target, resource.evidence("/spec/podSelector"), message));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{messages, run};

    fn text(selector: &str, spec: &str) -> String {
        format!(
            "{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: p, namespace: shop}}, spec: \
             {{podSelector: {selector}}}}}\n---\n{{apiVersion: v1, kind: Pod, metadata: {{name: a, namespace: shop, \
             labels: {{app: web}}}}, spec: {spec}}}"
        )
    }

    fn found(selector: &str, spec: &str) -> Vec<String> {
        let posture = run("network/policy-selects-nothing", &text(selector, spec));
        messages(&posture).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn a_renamed_label() {
        assert_eq!(found("{matchLabels: {app: wbe}}", "{containers: []}"), ["none of the 1 workloads here bears its labels"]);
    }

    #[test]
    fn one_that_selects_is_silent() {
        assert!(found("{matchLabels: {app: web}}", "{containers: []}").is_empty());
        assert!(found("{}", "{containers: []}").is_empty());
    }

    #[test]
    fn the_nodes_network_is_not_limited() {
        assert_eq!(found("{}", "{hostNetwork: true, containers: []}").len(), 1);
    }
}
