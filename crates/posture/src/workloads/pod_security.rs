//! Namespaces that enforce no Pod Security level though they could.

use crate::{Check, Report, Run, Seat, Whole, report};
use model::{Finding, ResourceRef, Rule, Severity, Target};
use pss::Level;
use serde_json::json;
use std::collections::BTreeMap;

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "workloads/pod-security",
        title: "Namespace enforces no Pod Security level",
        severity: Severity::Low,
        controls: &["CIS 5.2.1", "NSA", "PSS baseline"],
        explain: "Whoever may create a pod here may create a privileged one, and owns the node. A label on the namespace \
                  makes the API server refuse it; what runs today already meets the level that is proposed.",
    },
    run: Run::Seats(run),
};

const LABEL: &str = "pod-security.kubernetes.io/enforce";

fn run(whole: &Whole<'_>, seats: &[Seat<'_>], report: &mut Report) {
    if whole.unread("namespaces") {
        return;
    }
    let mut namespaces: BTreeMap<&str, (Level, &Seat<'_>, usize)> = BTreeMap::new();
    for seat in seats {
        let entry = namespaces.entry(&seat.workload.namespace).or_insert((seat.meets, seat, 0));
        entry.2 += 1;
        if seat.meets < entry.0 {
            (entry.0, entry.1) = (seat.meets, seat);
        }
    }
    for (name, (level, worst, count)) in namespaces {
        let namespace = ResourceRef::new("", "Namespace", "", name);
        let written = whole.snapshot.get(&namespace);
        let labelled = written.is_some_and(|n| !n.json().at(&["metadata", "labels", LABEL]).is_null());
        // The system's own pods need the node.
        if labelled || name == "kube-system" {
            continue;
        }
        let Some(evidence) = written.or_else(|| whole.snapshot.get(worst.workload)).map(|r| r.evidence("/metadata"))
        else {
            continue;
        };
        let message = match level {
            Level::Privileged => format!("{} keeps its {count} workloads from meeting even baseline", worst.workload),
            level => format!("its {count} workloads meet {} today, and nothing keeps it so", level.as_str()),
        };
        let mut finding = Finding::new(&CHECK.rule, Target::Resource(namespace.clone()), evidence, message);
        if level > Level::Privileged && written.is_some() {
            let pointer = format!("/metadata/labels/{}", LABEL.replace('/', "~1"));
            let title = format!("enforce {} in {}", level.as_str(), model::escape(name));
            finding.fixes.push(report::set(&namespace, pointer, json!(level.as_str()), title));
        }
        report.finding(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{messages, run, snapshot};

    const SET: &str = "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: shop}, spec: {containers: [{name: a}]}}";

    #[test]
    fn the_level_it_meets_is_proposed_and_ends_it() {
        let posture = run("workloads/pod-security", SET);
        assert_eq!(messages(&posture), ["its 1 workloads meet baseline today, and nothing keeps it so"]);
        let (after, failed) = snapshot(SET).with(&posture.findings[0].fixes[0].edits);
        assert_eq!(failed, [""; 0]);
        assert!(crate::run(&after).findings.iter().all(|f| f.rule.id != "workloads/pod-security"));
    }

    #[test]
    fn a_privileged_pod_is_named() {
        let set = SET.replace("{name: a}]", "{name: a, securityContext: {privileged: true}}]");
        let posture = run("workloads/pod-security", &set);
        assert!(messages(&posture)[0].starts_with("Pod shop/a keeps"));
        assert!(posture.findings[0].fixes.is_empty());
    }

    #[test]
    fn a_label_is_enough() {
        let set = SET.replace("{name: shop}", "{name: shop, labels: {pod-security.kubernetes.io/enforce: baseline}}");
        assert!(run("workloads/pod-security", &set).findings.is_empty());
    }
}
