//! Secrets in clear text in etcd.

use super::{Process, tell};
use crate::{Check, Report, Run};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "control-plane/encryption-off",
        title: "Secrets lie unencrypted in etcd",
        severity: Severity::Medium,
        controls: &["CIS 1.2.27", "AVD-KCV-0030", "NSA secrets", "T1552.001"],
        explain: "Whoever reads etcd, its disk or a backup reads every Secret. Give the API server an `--encryption-provider-config`, best with a KMS, and rewrite the Secrets that are there.",
    },
    run: Run::Process(run),
};

fn run(process: &Process, report: &mut Report) {
    if process.component != "kube-apiserver" {
        return;
    }
    let arguments = &process.arguments;
    if !arguments.has("encryption-provider-config") && !arguments.has("experimental-encryption-provider-config") {
        let (says, fix) = ("Secrets are stored in clear text", "--encryption-provider-config=FILE");
        tell(&CHECK, process, "encryption-provider-config", says, fix, report);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::component;

    const ID: &str = "control-plane/encryption-off";

    #[test]
    fn hit() {
        assert_eq!(component(ID, "kube-apiserver", &[]), 1);
    }

    #[test]
    fn miss() {
        assert_eq!(component(ID, "kube-apiserver", &["--encryption-provider-config=/e"]), 0);
    }

    #[test]
    fn the_old_name_counts() {
        assert_eq!(component(ID, "kube-apiserver", &["--experimental-encryption-provider-config=/e"]), 0);
    }
}
