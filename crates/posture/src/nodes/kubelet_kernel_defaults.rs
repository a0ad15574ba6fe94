//! Kernel parameters that the kubelet sets.

use super::kubelet::Field;
use crate::{Check, Run};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "nodes/kubelet-kernel-defaults",
        title: "Kubelet changes kernel parameters instead of refusing",
        severity: Severity::Low,
        controls: &["AVD-KCV-0083"],
        explain: "With `protectKernelDefaults: true` the kubelet stops when the node's kernel is not set as it expects, so that what was hardened stays so.",
    },
    run: Run::Kubelet(&FIELD),
};

static FIELD: Field = Field {
    path: &["protectKernelDefaults"],
    flag: "protect-kernel-defaults",
    in_file: "false",
    in_flags: "false",
    zero: "false",
    safe: |value| value.as_bool(),
    write: "protectKernelDefaults: true",
    says: "it overwrites what the node's administrator set",
};

#[cfg(test)]
mod tests {
    use crate::testing::configz;

    const ID: &str = "nodes/kubelet-kernel-defaults";

    #[test]
    fn hit() {
        assert_eq!(configz(ID, r#"{"protectKernelDefaults":false}"#), 1);
    }

    #[test]
    fn miss() {
        assert_eq!(configz(ID, r#"{"protectKernelDefaults":true}"#), 0);
    }

    #[test]
    fn a_lie_about_the_type_is_unknown() {
        let posture = crate::testing::kubelet(ID, r#"{"protectKernelDefaults":{"a":[]}}"#);
        assert!(posture.findings.is_empty() && posture.gaps.len() == 1);
    }
}
