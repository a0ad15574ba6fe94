//! Profiles that are served.

use super::{Process, tell};
use crate::{Check, Report, Run};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "control-plane/profiling",
        title: "Component serves profiles of itself",
        severity: Severity::Low,
        controls: &["CIS 1.2.15", "CIS 1.3.2", "CIS 1.4.1", "AVD-KCV-0018", "AVD-KCV-0034"],
        explain: "Profiles show program details and cost processor time on request. Set `--profiling=false` where nobody measures.",
    },
    run: Run::Process(run),
};

fn run(process: &Process, report: &mut Report) {
    let serves = matches!(process.component, "kube-apiserver" | "kube-controller-manager" | "kube-scheduler");
    if serves && process.arguments.bool("profiling", true) != Some(false) {
        tell(&CHECK, process, "profiling", "profiles are served", "--profiling=false", report);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::component;

    const ID: &str = "control-plane/profiling";

    #[test]
    fn hit() {
        assert_eq!(component(ID, "kube-apiserver", &["--profiling=true"]), 1);
    }

    #[test]
    fn miss() {
        assert_eq!(component(ID, "kube-apiserver", &["--profiling=false"]), 0);
    }

    #[test]
    fn absent_means_true() {
        assert_eq!(component(ID, "kube-scheduler", &[]), 1);
    }
}
