//! Streams that nobody closes.

use super::kubelet::Field;
use crate::{Check, Run};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "nodes/kubelet-idle-streams",
        title: "Kubelet never closes idle streams",
        severity: Severity::Low,
        controls: &["CIS 4.2.5", "AVD-KCV-0085"],
        explain: "A `streamingConnectionIdleTimeout` of 0 keeps exec and port-forward sessions open for ever, stolen ones too.",
    },
    run: Run::Kubelet(&FIELD),
};

static FIELD: Field = Field {
    path: &["streamingConnectionIdleTimeout"],
    flag: "streaming-connection-idle-timeout",
    in_file: "\"4h\"",
    in_flags: "\"4h\"",
    zero: "\"0s\"",
    safe: |value| value.as_str().map(|time| !time.trim_end_matches(|c: char| c.is_ascii_alphabetic()).chars().all(|c| c == '0')),
    write: "streamingConnectionIdleTimeout: 4h",
    says: "idle sessions stay open for ever",
};

#[cfg(test)]
mod tests {
    use crate::testing::configz;

    const ID: &str = "nodes/kubelet-idle-streams";

    #[test]
    fn hit() {
        assert_eq!(configz(ID, r#"{"streamingConnectionIdleTimeout":"0s"}"#), 1);
    }

    #[test]
    fn miss() {
        assert_eq!(configz(ID, r#"{"streamingConnectionIdleTimeout":"4h0m0s"}"#), 0);
    }

    #[test]
    fn a_lie_about_the_type_is_unknown() {
        let posture = crate::testing::kubelet(ID, r#"{"streamingConnectionIdleTimeout":{"a":[]}}"#);
        assert!(posture.findings.is_empty() && posture.gaps.len() == 1);
    }
}
