//! Anonymous requests to the kubelet.

use super::kubelet::Field;
use crate::{Check, Run};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "nodes/kubelet-anonymous",
        title: "Kubelet answers whoever asks",
        severity: Severity::High,
        controls: &["CIS 4.2.1", "AVD-KCV-0079", "T1133"],
        explain: "Without authentication the kubelet's port runs commands in every pod of the node for anybody who reaches it, unless authorization refuses. Set `authentication.anonymous.enabled: false`.",
    },
    run: Run::Kubelet(&FIELD),
};

static FIELD: Field = Field {
    path: &["authentication", "anonymous", "enabled"],
    flag: "anonymous-auth",
    in_file: "false",
    in_flags: "true",
    zero: "false",
    safe: |value| value.as_bool().map(|on| !on),
    write: "authentication.anonymous.enabled: false",
    says: "anonymous requests are taken",
};

#[cfg(test)]
mod tests {
    use crate::testing::configz;

    const ID: &str = "nodes/kubelet-anonymous";

    #[test]
    fn hit() {
        assert_eq!(configz(ID, r#"{"authentication":{"anonymous":{"enabled":true}}}"#), 1);
    }

    #[test]
    fn miss() {
        assert_eq!(configz(ID, r#"{"authentication":{"anonymous":{"enabled":false}}}"#), 0);
    }

    #[test]
    fn a_lie_about_the_type_is_unknown() {
        let posture = crate::testing::kubelet(ID, r#"{"authentication":{"anonymous":{"enabled":{"a":[]}}}}"#);
        assert!(posture.findings.is_empty() && posture.gaps.len() == 1);
    }
}
