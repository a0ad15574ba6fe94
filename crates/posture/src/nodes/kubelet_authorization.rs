//! Authorization of the kubelet.

use super::kubelet::Field;
use crate::{Check, Run};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "nodes/kubelet-authorization",
        title: "Kubelet allows every authenticated request",
        severity: Severity::Critical,
        controls: &["CIS 4.2.2", "AVD-KCV-0080", "T1133"],
        explain: "With `AlwaysAllow` every certificate and token that the cluster knows may run commands in every pod of the node. Set `authorization.mode: Webhook`, so that the API server is asked.",
    },
    run: Run::Kubelet(&FIELD),
};

static FIELD: Field = Field {
    path: &["authorization", "mode"],
    flag: "authorization-mode",
    in_file: "\"Webhook\"",
    in_flags: "\"AlwaysAllow\"",
    zero: "\"\"",
    safe: |value| value.as_str().map(|mode| mode == "Webhook"),
    write: "authorization.mode: Webhook",
    says: "requests are not asked what they may",
};

#[cfg(test)]
mod tests {
    use crate::testing::configz;

    const ID: &str = "nodes/kubelet-authorization";

    #[test]
    fn hit() {
        assert_eq!(configz(ID, r#"{"authorization":{"mode":"AlwaysAllow"}}"#), 1);
    }

    #[test]
    fn miss() {
        assert_eq!(configz(ID, r#"{"authorization":{"mode":"Webhook"}}"#), 0);
    }

    #[test]
    fn a_lie_about_the_type_is_unknown() {
        let posture = crate::testing::kubelet(ID, r#"{"authorization":{"mode":{"a":[]}}}"#);
        assert!(posture.findings.is_empty() && posture.gaps.len() == 1);
    }
}
