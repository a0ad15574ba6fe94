//! Passwords in a file.

use super::{Process, tell};
use crate::{Check, Report, Run};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "control-plane/static-tokens",
        title: "API server takes tokens from a file",
        severity: Severity::Medium,
        controls: &["CIS 1.2.2", "AVD-KCV-0002", "T1552.001"],
        explain: "Tokens of `--token-auth-file` lie in clear text, never expire, and change only with a restart. Use certificates or OpenID Connect for people, service accounts for programs.",
    },
    run: Run::Process(run),
};

fn run(process: &Process, report: &mut Report) {
    if process.component != "kube-apiserver" {
        return;
    }
    for flag in ["token-auth-file", "basic-auth-file"] {
        if process.arguments.has(flag) {
            tell(&CHECK, process, flag, "its tokens never expire", "OpenID Connect in its place", report);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::component;

    const ID: &str = "control-plane/static-tokens";

    #[test]
    fn hit() {
        assert_eq!(component(ID, "kube-apiserver", &["--token-auth-file=/t.csv"]), 1);
    }

    #[test]
    fn miss() {
        assert_eq!(component(ID, "kube-apiserver", &["--token-auth-file="]), 0);
    }

    #[test]
    fn passwords_are_no_better() {
        assert_eq!(component(ID, "kube-apiserver", &["--basic-auth-file=/p"]), 1);
    }
}
