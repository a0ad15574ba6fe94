//! How the API server speaks to kubelets.

use super::{Process, tell};
use crate::{Check, Report, Run};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "control-plane/kubelet-trust",
        title: "API server does not check whom it speaks to",
        severity: Severity::Medium,
        controls: &["CIS 1.2.4", "CIS 1.2.5", "AVD-KCV-0005", "AVD-KCV-0006", "T1557"],
        explain: "Without `--kubelet-certificate-authority` the API server believes whoever answers at a node's address, and sends exec sessions and logs there. Without a client certificate it is anonymous to the kubelet.",
    },
    run: Run::Process(run),
};

fn run(process: &Process, report: &mut Report) {
    if process.component != "kube-apiserver" {
        return;
    }
    for (flag, says) in [
        ("kubelet-certificate-authority", "it believes whoever answers at a node's address"),
        ("kubelet-client-certificate", "it is anonymous to kubelets"),
    ] {
        if !process.arguments.has(flag) {
            tell(&CHECK, process, flag, says, &format!("--{flag}=FILE"), report);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::component;

    const ID: &str = "control-plane/kubelet-trust";

    #[test]
    fn hit() {
        assert_eq!(component(ID, "kube-apiserver", &[]), 2);
    }

    #[test]
    fn miss() {
        assert_eq!(component(ID, "kube-apiserver", &["--kubelet-certificate-authority=/c", "--kubelet-client-certificate=/k"]), 0);
    }

    #[test]
    fn each_by_itself() {
        assert_eq!(component(ID, "kube-apiserver", &["--kubelet-client-certificate=/k"]), 1);
    }
}
