//! An etcd that asks for no certificate.

use super::{Process, tell};
use crate::{Check, Report, Run};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "control-plane/etcd-open",
        title: "etcd gives its data to whoever connects",
        severity: Severity::Critical,
        controls: &["CIS 2.2", "CIS 2.3", "CIS 2.5", "CIS 2.6", "AVD-KCV-0043", "AVD-KCV-0044", "AVD-KCV-0046", "AVD-KCV-0047", "T1552.001"],
        explain: "etcd holds every Secret and every right of the cluster; who writes to it is the cluster. Serve it over TLS, ask clients and peers for certificates of an authority of its own, and listen where only API servers reach it.",
    },
    run: Run::Process(run),
};

fn run(process: &Process, report: &mut Report) {
    if process.component != "etcd" {
        return;
    }
    let arguments = &process.arguments;
    let urls = || arguments.list("listen-client-urls");
    let loopback = |url: &str| ["//127.0.0.1", "//[::1]", "//localhost"].iter().any(|host| url.contains(host));
    if urls().any(|url| url.starts_with("http://") && !loopback(url)) {
        let says = "clients are served without TLS on the network";
        tell(&CHECK, process, "listen-client-urls", says, "https:// addresses in --listen-client-urls", report);
    }
    if arguments.bool("client-cert-auth", false) != Some(true) {
        tell(&CHECK, process, "client-cert-auth", "clients need no certificate", "--client-cert-auth=true", report);
    }
    for flag in ["auto-tls", "peer-auto-tls"] {
        if arguments.bool(flag, false) != Some(false) {
            let says = "its certificate is its own invention, which nobody can check";
            tell(&CHECK, process, flag, says, &format!("--{flag}=false"), report);
        }
    }
    // One member has no peers.
    let members = arguments.list("initial-cluster").count();
    if members > 1 && arguments.bool("peer-client-cert-auth", false) != Some(true) {
        let says = "whoever connects may join as a peer";
        tell(&CHECK, process, "peer-client-cert-auth", says, "--peer-client-cert-auth=true", report);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::component;

    const ID: &str = "control-plane/etcd-open";

    #[test]
    fn hit() {
        assert_eq!(component(ID, "etcd", &["--listen-client-urls=http://0.0.0.0:2379", "--client-cert-auth=false"]), 2);
    }

    #[test]
    fn miss() {
        assert_eq!(component(ID, "etcd", &["--listen-client-urls=https://10.0.0.1:2379", "--client-cert-auth=true"]), 0);
    }

    #[test]
    fn several_members_are_peers() {
        assert_eq!(component(ID, "etcd", &["--client-cert-auth=true", "--initial-cluster=a=https://1,b=https://2"]), 1);
    }
}
