//! The node's process, network and IPC namespaces.

use crate::{Check, Report, Run, Workload, report};
use model::{Escape, Finding, Rule, Severity};
use serde_json::json;

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "workloads/host-namespaces",
        title: "Pod shares a namespace of its node",
        severity: Severity::Medium,
        controls: &["PSS baseline", "CIS 5.2.3", "CIS 5.2.4", "CIS 5.2.5", "AVD-KSV-0008", "AVD-KSV-0009", "AVD-KSV-0010"],
        explain: "`hostPID` shows every process of the node with its arguments and environment; with ptrace rights \
                  it is a way out. `hostNetwork` reaches what listens on the node's loopback, the cloud's metadata \
                  service, and passes no NetworkPolicy. `hostIPC` opens shared memory of the node's processes.",
    },
    run: Run::Workload(run),
};

const FIELDS: &[(&str, Escape, Severity, &str)] = &[
    ("hostPID", Escape::HostPid, Severity::Medium, "it sees the node's processes and their environment"),
    ("hostNetwork", Escape::HostNetwork, Severity::Medium, "it is on the node's network, past NetworkPolicies"),
    ("hostIPC", Escape::HostIpc, Severity::Medium, "it opens shared memory of the node's processes"),
];

fn run(workload: &Workload<'_, '_>, report: &mut Report) {
    for (field, escape, severity, gives) in FIELDS {
        if !workload.spec.json.get(field).is_true() {
            continue;
        }
        let pointer = format!("{}/{field}", workload.template.spec_pointer());
        let evidence = workload.evidence(pointer.clone());
        let message = format!("{field} is set: {gives}");
        let mut finding = Finding::new(&CHECK.rule, workload.target(), evidence.clone(), message);
        finding.severity = *severity;
        finding.instance = Some((*field).to_owned());
        finding.fixes.push(report::set(workload.reference(), pointer, json!(false), format!("drop {field}")));
        // The cluster's own components are on the node's network on purpose; that it is a way stays a fact.
        if !(workload.component && *field == "hostNetwork") {
            report.finding(finding);
        }
        workload.escape(report, escape.clone(), evidence);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{escapes, pod};
    use model::Escape;

    #[test]
    fn each_is_told() {
        let posture =
            pod("workloads/host-namespaces", "{hostPID: true, hostNetwork: true, hostIPC: true, containers: []}");
        assert_eq!(escapes(&posture), [Escape::HostPid, Escape::HostNetwork, Escape::HostIpc]);
        assert_eq!(posture.findings.len(), 3);
    }

    #[test]
    fn false_and_absent_are_silent() {
        assert!(pod("workloads/host-namespaces", "{hostPID: false, containers: []}").findings.is_empty());
    }

    #[test]
    fn sharing_among_the_pod_is_not_sharing_with_the_node() {
        let spec = "{shareProcessNamespace: true, containers: []}";
        assert!(pod("workloads/host-namespaces", spec).findings.is_empty());
    }
}
