//! Ports whose listener is worth a finding by itself.

/// What is known to listen on a port of a node; `None` for nothing in particular.
pub(crate) fn known(port: i64) -> Option<&'static str> {
    KNOWN.iter().find(|(number, _)| *number == port).map(|(_, name)| *name)
}

/// Whether it is a way to log in to the node.
pub(crate) fn login(port: i64) -> bool {
    matches!(port, 22 | 2222 | 22022)
}

/// What to use instead of a login over the network.
pub(crate) const INSTEAD: &str =
    "close it and log in through AWS Systems Manager Session Manager or Tailscale";

const KNOWN: &[(i64, &str)] = &[
    (22, "SSH"),
    (2222, "SSH"),
    (22022, "SSH"),
    (2375, "Docker without TLS"),
    (2376, "Docker"),
    (2379, "etcd"),
    (2380, "etcd peers"),
    (4194, "cAdvisor"),
    (6443, "API server"),
    (8080, "API server without TLS"),
    (10248, "kubelet health"),
    (10249, "kube-proxy metrics"),
    (10250, "kubelet"),
    (10255, "kubelet without authentication"),
    (10257, "controller manager"),
    (10259, "scheduler"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_ports() {
        assert_eq!((known(22), known(10250), known(80)), (Some("SSH"), Some("kubelet"), None));
        assert!(login(2222) && !login(10250));
    }
}
