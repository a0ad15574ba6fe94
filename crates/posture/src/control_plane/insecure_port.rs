//! Ports without authentication.

use super::{Process, tell};
use crate::{Check, Report, Run};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "control-plane/insecure-port",
        title: "Component listens without authentication",
        severity: Severity::Critical,
        controls: &["NSA authentication", "T1133"],
        explain: "An insecure port answers everyone as cluster-admin. The flags are gone since 1.24; where they are set, set them to 0, and upgrade.",
    },
    run: Run::Process(run),
};

fn run(process: &Process, report: &mut Report) {
    for flag in ["insecure-port", "insecure-bind-address", "port"] {
        // The old schedulers' and controller managers' port was metrics and profiles alone; the API server's was all.
        let asked = flag != "port" || process.component.starts_with("kube-") && process.component != "kube-apiserver";
        let value = process.arguments.get(flag).filter(|value| !matches!(*value, "0" | ""));
        if asked && value.is_some() {
            let says = "it listens without authentication";
            tell(&CHECK, process, flag, says, &format!("--{flag}=0"), report);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::component;

    const ID: &str = "control-plane/insecure-port";

    #[test]
    fn hit() {
        assert_eq!(component(ID, "kube-apiserver", &["--insecure-port=8080"]), 1);
    }

    #[test]
    fn miss() {
        assert_eq!(component(ID, "kube-apiserver", &["--insecure-port=0"]), 0);
    }

    #[test]
    fn the_schedulers_old_port() {
        assert_eq!(component(ID, "kube-scheduler", &["--port=10251"]), 1);
    }
}
