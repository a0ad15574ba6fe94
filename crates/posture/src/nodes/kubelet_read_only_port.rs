//! The port without authentication.

use super::kubelet::Field;
use crate::{Check, Run};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "nodes/kubelet-read-only-port",
        title: "Kubelet's read-only port is open",
        severity: Severity::Medium,
        controls: &["CIS 4.2.4", "AVD-KCV-0082", "T1613"],
        explain: "The port answers everyone with the specifications, environments and addresses of every pod of the node. Set `readOnlyPort: 0`.",
    },
    run: Run::Kubelet(&FIELD),
};

static FIELD: Field = Field {
    path: &["readOnlyPort"],
    flag: "read-only-port",
    in_file: "0",
    in_flags: "10255",
    zero: "0",
    safe: |value| value.as_i64().map(|port| port == 0),
    write: "readOnlyPort: 0",
    says: "it answers without authentication",
};

#[cfg(test)]
mod tests {
    use crate::testing::configz;

    const ID: &str = "nodes/kubelet-read-only-port";

    #[test]
    fn hit() {
        assert_eq!(configz(ID, r#"{"readOnlyPort":10255}"#), 1);
    }

    #[test]
    fn miss() {
        assert_eq!(configz(ID, r#"{"readOnlyPort":0}"#), 0);
    }

    #[test]
    fn a_lie_about_the_type_is_unknown() {
        let posture = crate::testing::kubelet(ID, r#"{"readOnlyPort":{"a":[]}}"#);
        assert!(posture.findings.is_empty() && posture.gaps.len() == 1);
    }
}
