//! How the API server speaks to etcd.

use super::{Process, tell};
use crate::{Check, Report, Run};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "control-plane/etcd-client",
        title: "API server speaks to etcd without certificates",
        severity: Severity::High,
        controls: &["CIS 1.2.23", "CIS 1.2.26", "AVD-KCV-0026", "AVD-KCV-0029", "T1557"],
        explain: "Without `--etcd-cafile` the API server believes whoever answers for etcd; without a certificate of its own etcd must take anyone.",
    },
    run: Run::Process(run),
};

fn run(process: &Process, report: &mut Report) {
    if process.component != "kube-apiserver" {
        return;
    }
    let urls: Vec<&str> = process.arguments.list("etcd-servers").collect();
    // Over the loopback there is nobody in between.
    let local = |url: &&str| url.starts_with("http://127.0.0.1") || url.starts_with("http://localhost");
    if urls.iter().all(local) {
        return;
    }
    for (flag, says) in [
        ("etcd-cafile", "it believes whoever answers for etcd"),
        ("etcd-certfile", "it has no certificate for etcd"),
    ] {
        if !process.arguments.has(flag) {
            tell(&CHECK, process, flag, says, &format!("--{flag}=FILE"), report);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::component;

    const ID: &str = "control-plane/etcd-client";

    #[test]
    fn hit() {
        assert_eq!(component(ID, "kube-apiserver", &["--etcd-servers=https://10.0.0.1:2379"]), 2);
    }

    #[test]
    fn miss() {
        assert_eq!(component(ID, "kube-apiserver", &["--etcd-servers=https://10.0.0.1:2379", "--etcd-cafile=/c", "--etcd-certfile=/k"]), 0);
    }

    #[test]
    fn over_the_loopback_nobody_is_between() {
        assert_eq!(component(ID, "kube-apiserver", &["--etcd-servers=http://127.0.0.1:2379"]), 0);
    }
}
