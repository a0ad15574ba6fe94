//! The filter of system calls that pods get unasked.

use super::kubelet::Field;
use crate::{Check, Run};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "nodes/kubelet-seccomp-default",
        title: "Kubelet runs pods without seccomp unless they ask",
        severity: Severity::Low,
        controls: &["CIS 4.2.14", "NSA seccomp"],
        explain: "`seccompDefault: true` gives every pod that sets nothing the runtime's profile, which blocks most kernel bugs that containers escape through.",
    },
    run: Run::Kubelet(&FIELD),
};

static FIELD: Field = Field {
    path: &["seccompDefault"],
    flag: "seccomp-default",
    in_file: "false",
    in_flags: "false",
    zero: "false",
    safe: |value| value.as_bool(),
    write: "seccompDefault: true",
    says: "pods that set nothing may call every system call",
};

#[cfg(test)]
mod tests {
    use crate::testing::configz;

    const ID: &str = "nodes/kubelet-seccomp-default";

    #[test]
    fn hit() {
        assert_eq!(configz(ID, r#"{"seccompDefault":false}"#), 1);
    }

    #[test]
    fn miss() {
        assert_eq!(configz(ID, r#"{"seccompDefault":true}"#), 0);
    }

    #[test]
    fn a_lie_about_the_type_is_unknown() {
        let posture = crate::testing::kubelet(ID, r#"{"seccompDefault":{"a":[]}}"#);
        assert!(posture.findings.is_empty() && posture.gaps.len() == 1);
    }
}
