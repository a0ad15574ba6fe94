//! Requests that nobody writes down.

use super::{Process, tell};
use crate::{Check, Report, Run};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "control-plane/audit-off",
        title: "API server writes no audit log",
        severity: Severity::Medium,
        controls: &["CIS 1.2.16", "CIS 3.2.1", "AVD-KCV-0019", "NSA logging", "T1562.008"],
        explain: "Without an audit log nobody can say who read which Secret. A path and a policy are both needed: `--audit-log-path` (or a webhook) without `--audit-policy-file` writes nothing.",
    },
    run: Run::Process(run),
};

fn run(process: &Process, report: &mut Report) {
    if process.component != "kube-apiserver" {
        return;
    }
    let arguments = &process.arguments;
    if !arguments.has("audit-log-path") && !arguments.has("audit-webhook-config-file") {
        let fix = "--audit-log-path=/var/log/kubernetes/audit.log and --audit-policy-file";
        tell(&CHECK, process, "audit-log-path", "no audit log is written", fix, report);
    } else if !arguments.has("audit-policy-file") {
        let says = "without a policy nothing is written";
        tell(&CHECK, process, "audit-policy-file", says, "--audit-policy-file=/etc/kubernetes/audit.yaml", report);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::component;

    const ID: &str = "control-plane/audit-off";

    #[test]
    fn hit() {
        assert_eq!(component(ID, "kube-apiserver", &[]), 1);
    }

    #[test]
    fn miss() {
        assert_eq!(component(ID, "kube-apiserver", &["--audit-log-path=-", "--audit-policy-file=/a"]), 0);
    }

    #[test]
    fn a_path_alone_writes_nothing() {
        assert_eq!(component(ID, "kube-apiserver", &["--audit-log-path=/a"]), 1);
    }
}
