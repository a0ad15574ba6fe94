//! Authorization that allows everything.

use super::{Process, finding, tell};
use crate::{Check, Report, Run};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "control-plane/always-allow",
        title: "API server allows every request",
        severity: Severity::Critical,
        controls: &["CIS 1.2.6", "CIS 1.2.8", "AVD-KCV-0007", "AVD-KCV-0009", "T1078"],
        explain: "With `AlwaysAllow` in the list (or without any list, which means the same) every authenticated request may do everything. Use `--authorization-mode=Node,RBAC`.",
    },
    run: Run::Process(run),
};

fn run(process: &Process, report: &mut Report) {
    if process.component != "kube-apiserver" {
        return;
    }
    let modes: Vec<&str> = process.arguments.list("authorization-mode").collect();
    let open = modes.contains(&"AlwaysAllow") || modes.is_empty() && !process.arguments.has("authorization-config");
    if open {
        tell(&CHECK, process, "authorization-mode", "every request is allowed", "--authorization-mode=Node,RBAC", report);
    } else if !modes.is_empty() && !modes.contains(&"RBAC") {
        let says = "rights are not given by RBAC";
        let write = "--authorization-mode=Node,RBAC";
        let mut other = finding(&CHECK, process, "authorization-mode", says, write);
        other.severity = Severity::Medium;
        report.finding(other);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::component;

    const ID: &str = "control-plane/always-allow";

    #[test]
    fn hit() {
        assert_eq!(component(ID, "kube-apiserver", &["--authorization-mode=Node,AlwaysAllow"]), 1);
    }

    #[test]
    fn miss() {
        assert_eq!(component(ID, "kube-apiserver", &["--authorization-mode=Node,RBAC"]), 0);
    }

    #[test]
    fn absent_means_always() {
        assert_eq!(component(ID, "kube-apiserver", &[]), 1);
    }
}
