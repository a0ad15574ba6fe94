//! Privileged containers.

use crate::{Check, Report, Run, Workload, report};
use model::{Escape, Finding, Rule, Severity};
use serde_json::json;

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "workloads/privileged",
        title: "Container is privileged",
        severity: Severity::High,
        controls: &["PSS baseline", "CIS 5.2.2", "AVD-KSV-0017", "T1611"],
        explain: "A privileged container has every capability and every device of its node: whoever runs code in \
                  it owns the node, its other pods and their tokens. Name the one capability or device it needs \
                  instead.",
    },
    run: Run::Workload(run),
};

fn run(workload: &Workload<'_, '_>, report: &mut Report) {
    for container in workload.containers.iter().filter(|container| container.privileged()) {
        let pointer = container.pointer("/securityContext/privileged");
        let evidence = workload.evidence(pointer.clone());
        let name = model::escape(container.name());
        let mut finding = Finding::new(
            &CHECK.rule,
            workload.target(),
            evidence.clone(),
            format!("container {name} is privileged: code in it owns the node"),
        );
        finding.instance = Some(container.name().to_owned());
        finding.fixes.push(report::set(
            workload.reference(),
            pointer,
            json!(false),
            format!("drop privileged from container {name}"),
        ));
        report.finding(finding);
        workload.escape(report, Escape::Privileged, evidence);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{escapes, messages, pod};
    use model::Escape;

    #[test]
    fn hit_once_a_container_with_an_edit() {
        let posture = pod(
            "workloads/privileged",
            "{initContainers: [{name: i, securityContext: {privileged: true}}], containers: [{name: a}, {name: b, \
             securityContext: {privileged: true}}]}",
        );
        assert_eq!(messages(&posture).len(), 2);
        assert_eq!(escapes(&posture), [Escape::Privileged, Escape::Privileged]);
        assert_eq!(posture.findings[0].fixes[0].edits.len(), 1);
    }

    #[test]
    fn miss() {
        let spec = "{containers: [{name: a, securityContext: {privileged: false}}]}";
        assert!(pod("workloads/privileged", spec).findings.is_empty());
    }

    #[test]
    fn a_word_is_no_boolean() {
        let spec = "{containers: [{name: a, securityContext: {privileged: 'true'}}]}";
        assert!(pod("workloads/privileged", spec).findings.is_empty());
    }
}
