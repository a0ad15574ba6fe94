//! Utility chains of iptables.

use super::kubelet::Field;
use crate::{Check, Run};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "nodes/kubelet-iptables",
        title: "Kubelet leaves packet filter chains to chance",
        severity: Severity::Low,
        controls: &["CIS 4.2.6", "AVD-KCV-0084"],
        explain: "`makeIPTablesUtilChains: false` leaves the chains that drop spoofed packets for the node's loopback services to whoever else manages them.",
    },
    run: Run::Kubelet(&FIELD),
};

static FIELD: Field = Field {
    path: &["makeIPTablesUtilChains"],
    flag: "make-iptables-util-chains",
    in_file: "true",
    in_flags: "true",
    zero: "false",
    safe: |value| value.as_bool(),
    write: "makeIPTablesUtilChains: true",
    says: "chains that drop spoofed packets are not made",
};

#[cfg(test)]
mod tests {
    use crate::testing::configz;

    const ID: &str = "nodes/kubelet-iptables";

    #[test]
    fn hit() {
        assert_eq!(configz(ID, r#"{"makeIPTablesUtilChains":false}"#), 1);
    }

    #[test]
    fn miss() {
        assert_eq!(configz(ID, r#"{"makeIPTablesUtilChains":true}"#), 0);
    }

    #[test]
    fn a_lie_about_the_type_is_unknown() {
        let posture = crate::testing::kubelet(ID, r#"{"makeIPTablesUtilChains":{"a":[]}}"#);
        assert!(posture.findings.is_empty() && posture.gaps.len() == 1);
    }
}
