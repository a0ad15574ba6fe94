//! Schedulers and controller managers on every address.

use super::{Process, tell};
use crate::{Check, Report, Run};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "control-plane/open-bind-address",
        title: "Component listens on every address of its node",
        severity: Severity::Low,
        controls: &["CIS 1.3.7", "CIS 1.4.2", "AVD-KCV-0039", "AVD-KCV-0041", "T1133"],
        explain: "Only the kubelet of the same node asks the scheduler and the controller manager. Bind them to 127.0.0.1; the API server comes to nobody through them.",
    },
    run: Run::Process(run),
};

fn run(process: &Process, report: &mut Report) {
    let inner = matches!(process.component, "kube-controller-manager" | "kube-scheduler");
    let address = process.arguments.get("bind-address").unwrap_or("0.0.0.0");
    if inner && !matches!(address, "127.0.0.1" | "::1" | "localhost") {
        let says = "it listens on every address of its node";
        tell(&CHECK, process, "bind-address", says, "--bind-address=127.0.0.1", report);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::component;

    const ID: &str = "control-plane/open-bind-address";

    #[test]
    fn hit() {
        assert_eq!(component(ID, "kube-scheduler", &["--bind-address=0.0.0.0"]), 1);
    }

    #[test]
    fn miss() {
        assert_eq!(component(ID, "kube-scheduler", &["--bind-address=127.0.0.1"]), 0);
    }

    #[test]
    fn absent_means_every_address() {
        assert_eq!(component(ID, "kube-scheduler", &[]), 1);
    }
}
