//! Certificates that the kubelet trusts.

use super::kubelet::Field;
use crate::{Check, Run};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "nodes/kubelet-client-ca",
        title: "Kubelet knows no authority for client certificates",
        severity: Severity::Medium,
        controls: &["CIS 4.2.3", "AVD-KCV-0081"],
        explain: "Without `authentication.x509.clientCAFile` the API server cannot prove who it is to the kubelet, and every call falls back to what else is allowed.",
    },
    run: Run::Kubelet(&FIELD),
};

static FIELD: Field = Field {
    path: &["authentication", "x509", "clientCAFile"],
    flag: "client-ca-file",
    in_file: "\"\"",
    in_flags: "\"\"",
    zero: "\"\"",
    safe: |value| value.as_str().map(|path| !path.is_empty()),
    write: "authentication.x509.clientCAFile: /etc/kubernetes/pki/ca.crt",
    says: "no client certificate can be checked",
};

#[cfg(test)]
mod tests {
    use crate::testing::configz;

    const ID: &str = "nodes/kubelet-client-ca";

    #[test]
    fn hit() {
        assert_eq!(configz(ID, r#"{"authentication":{"x509":{"clientCAFile":""}}}"#), 1);
    }

    #[test]
    fn miss() {
        assert_eq!(configz(ID, r#"{"authentication":{"x509":{"clientCAFile":"/ca.crt"}}}"#), 0);
    }

    #[test]
    fn a_lie_about_the_type_is_unknown() {
        let posture = crate::testing::kubelet(ID, r#"{"authentication":{"x509":{"clientCAFile":{"a":[]}}}}"#);
        assert!(posture.findings.is_empty() && posture.gaps.len() == 1);
    }
}
