//! Certificates that are not renewed.

use super::kubelet::Field;
use crate::{Check, Run};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "nodes/kubelet-rotation",
        title: "Kubelet does not renew its client certificate",
        severity: Severity::Low,
        controls: &["CIS 4.2.10", "AVD-KCV-0090"],
        explain: "A certificate that is not rotated is valid for a year and is then renewed by hand, or made valid for ten. Set `rotateCertificates: true`.",
    },
    run: Run::Kubelet(&FIELD),
};

static FIELD: Field = Field {
    path: &["rotateCertificates"],
    flag: "rotate-certificates",
    in_file: "false",
    in_flags: "false",
    zero: "false",
    safe: |value| value.as_bool(),
    write: "rotateCertificates: true",
    says: "its certificate lives until it is replaced by hand",
};

#[cfg(test)]
mod tests {
    use crate::testing::configz;

    const ID: &str = "nodes/kubelet-rotation";

    #[test]
    fn hit() {
        assert_eq!(configz(ID, r#"{"rotateCertificates":false}"#), 1);
    }

    #[test]
    fn miss() {
        assert_eq!(configz(ID, r#"{"rotateCertificates":true}"#), 0);
    }

    #[test]
    fn a_lie_about_the_type_is_unknown() {
        let posture = crate::testing::kubelet(ID, r#"{"rotateCertificates":{"a":[]}}"#);
        assert!(posture.findings.is_empty() && posture.gaps.len() == 1);
    }
}
