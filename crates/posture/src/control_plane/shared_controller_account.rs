//! Controllers that share one account.

use super::{Process, tell};
use crate::{Check, Report, Run};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "control-plane/shared-controller-account",
        title: "Controllers share the rights of all",
        severity: Severity::Low,
        controls: &["CIS 1.3.3", "AVD-KCV-0035"],
        explain: "With `--use-service-account-credentials=true` each controller has an account with the rights it needs; without, all of them use the controller manager's own.",
    },
    run: Run::Process(run),
};

fn run(process: &Process, report: &mut Report) {
    let own = process.arguments.bool("use-service-account-credentials", false);
    if process.component == "kube-controller-manager" && own != Some(true) {
        let (flag, says) = ("use-service-account-credentials", "every controller has the rights of all");
        tell(&CHECK, process, flag, says, "--use-service-account-credentials=true", report);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::component;

    const ID: &str = "control-plane/shared-controller-account";

    #[test]
    fn hit() {
        assert_eq!(component(ID, "kube-controller-manager", &["--use-service-account-credentials=false"]), 1);
    }

    #[test]
    fn miss() {
        assert_eq!(component(ID, "kube-controller-manager", &["--use-service-account-credentials=true"]), 0);
    }

    #[test]
    fn absent_means_false() {
        assert_eq!(component(ID, "kube-controller-manager", &[]), 1);
    }
}
