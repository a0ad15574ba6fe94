//! Containers that see each other's processes.

use crate::{Check, Report, Run, Workload, report};
use model::{Finding, Rule, Severity};
use serde_json::json;

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "workloads/shared-processes",
        title: "Containers of the pod share one process namespace",
        severity: Severity::Low,
        controls: &["T1057", "T1552.001"],
        explain: "With `shareProcessNamespace: true` each container sees the others' processes, their arguments and \
                  environment, and through `/proc/PID/root` their files: who takes over the sidecar has the \
                  application's secrets. Share it only while debugging.",
    },
    run: Run::Workload(run),
};

fn run(workload: &Workload<'_, '_>, report: &mut Report) {
    // One container shares with nobody.
    if !workload.spec.json.get("shareProcessNamespace").is_true() || workload.containers.len() < 2 {
        return;
    }
    let pointer = format!("{}/shareProcessNamespace", workload.template.spec_pointer());
    let message = format!("{} containers see each other's processes and files", workload.containers.len());
    let evidence = workload.evidence(pointer.clone());
    let mut finding = Finding::new(&CHECK.rule, workload.target(), evidence, message);
    let title = "give each container its own process namespace";
    finding.fixes.push(report::set(workload.reference(), pointer, json!(false), title));
    report.finding(finding);
}

#[cfg(test)]
mod tests {
    use crate::testing::{after_fixes, pod};

    const ID: &str = "workloads/shared-processes";

    #[test]
    fn hit_and_fixed() {
        let spec = "{shareProcessNamespace: true, containers: [{name: a}, {name: b}]}";
        assert_eq!(pod(ID, spec).findings.len(), 1);
        assert_eq!(after_fixes(ID, spec), 0);
    }

    #[test]
    fn miss() {
        assert!(pod(ID, "{containers: [{name: a}, {name: b}]}").findings.is_empty());
    }

    #[test]
    fn one_container_shares_with_nobody() {
        assert!(pod(ID, "{shareProcessNamespace: true, containers: [{name: a}]}").findings.is_empty());
    }
}
