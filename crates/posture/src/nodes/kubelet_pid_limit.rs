//! Processes of a pod.

use super::kubelet::Field;
use crate::{Check, Run};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "nodes/kubelet-pid-limit",
        title: "Kubelet lets a pod use every process number of the node",
        severity: Severity::Low,
        controls: &["CIS 4.2.13", "NSA resources", "T1499"],
        explain: "Without `podPidsLimit` a fork bomb in one pod stops every other pod of the node, and the kubelet.",
    },
    run: Run::Kubelet(&FIELD),
};

static FIELD: Field = Field {
    path: &["podPidsLimit"],
    flag: "pod-max-pids",
    in_file: "-1",
    in_flags: "-1",
    zero: "0",
    safe: |value| value.as_i64().map(|limit| limit > 0),
    write: "podPidsLimit: 1024",
    says: "one pod can use up the node's processes",
};

#[cfg(test)]
mod tests {
    use crate::testing::configz;

    const ID: &str = "nodes/kubelet-pid-limit";

    #[test]
    fn hit() {
        assert_eq!(configz(ID, r#"{"podPidsLimit":-1}"#), 1);
    }

    #[test]
    fn miss() {
        assert_eq!(configz(ID, r#"{"podPidsLimit":1024}"#), 0);
    }

    #[test]
    fn a_lie_about_the_type_is_unknown() {
        let posture = crate::testing::kubelet(ID, r#"{"podPidsLimit":{"a":[]}}"#);
        assert!(posture.findings.is_empty() && posture.gaps.len() == 1);
    }
}
