//! Handlers for debugging.

use super::kubelet::Field;
use crate::{Check, Run};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "nodes/kubelet-debug-handlers",
        title: "Kubelet shows the node's logs and profiles",
        severity: Severity::Low,
        controls: &["NSA kubelet", "T1613"],
        explain: "`enableSystemLogHandler` serves the node's `/var/log` and `enableProfilingHandler` its profiles to whoever may use the kubelet. Switch off what nobody uses.",
    },
    run: Run::Kubelet(&FIELD),
};

static FIELD: Field = Field {
    path: &["enableSystemLogHandler"],
    flag: "",
    in_file: "true",
    in_flags: "true",
    zero: "false",
    safe: |value| value.as_bool().map(|on| !on),
    write: "enableSystemLogHandler: false",
    says: "/var/log of the node is served",
};

#[cfg(test)]
mod tests {
    use crate::testing::configz;

    const ID: &str = "nodes/kubelet-debug-handlers";

    #[test]
    fn hit() {
        assert_eq!(configz(ID, r#"{"enableSystemLogHandler":true}"#), 1);
    }

    #[test]
    fn miss() {
        assert_eq!(configz(ID, r#"{"enableSystemLogHandler":false}"#), 0);
    }

    #[test]
    fn a_lie_about_the_type_is_unknown() {
        let posture = crate::testing::kubelet(ID, r#"{"enableSystemLogHandler":{"a":[]}}"#);
        assert!(posture.findings.is_empty() && posture.gaps.len() == 1);
    }
}
