//! Anonymous requests to the API server.

use super::{Process, tell};
use crate::{Check, Report, Run};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "control-plane/anonymous-auth",
        title: "API server takes anonymous requests",
        severity: Severity::Medium,
        controls: &["CIS 1.2.1", "AVD-KCV-0001", "NSA authentication", "T1133"],
        explain: "Anonymous requests get what is bound to `system:anonymous` and `system:unauthenticated`; one wrong binding opens the cluster to whoever reaches the port. Set `--anonymous-auth=false`, or limit it to health paths with an AuthenticationConfiguration (1.32+).",
    },
    run: Run::Process(run),
};

fn run(process: &Process, report: &mut Report) {
    if process.component != "kube-apiserver" {
        return;
    }
    // With a configuration file, that decides; its content is not seen here.
    let anonymous = process.arguments.bool("anonymous-auth", true) != Some(false);
    if anonymous && !process.arguments.has("authentication-config") {
        tell(&CHECK, process, "anonymous-auth", "anonymous requests are taken", "--anonymous-auth=false", report);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::component;

    const ID: &str = "control-plane/anonymous-auth";

    #[test]
    fn hit() {
        assert_eq!(component(ID, "kube-apiserver", &["--anonymous-auth=true"]), 1);
    }

    #[test]
    fn miss() {
        assert_eq!(component(ID, "kube-apiserver", &["--anonymous-auth=false"]), 0);
    }

    #[test]
    fn absent_means_true() {
        assert_eq!(component(ID, "kube-apiserver", &[]), 1);
    }
}
