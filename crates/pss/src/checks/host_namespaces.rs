//! Host network, process and IPC namespaces.

use crate::{Check, Level, Pod, Violation};

pub(crate) static CHECK: Check = Check {
    id: "hostNamespaces",
    level: Level::Baseline,
    title: "the host's namespaces are forbidden",
    versions: &[(0, run)],
    replaces: None,
};

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    for field in ["hostNetwork", "hostPID", "hostIPC"] {
        if pod.spec.json.get(field).is_true() {
            found.push(CHECK.violation(pod.pointer(&format!("/{field}")), format!("{field} is set")));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    #[test]
    fn hit() {
        let found = found("hostNamespaces", r#"{"hostPID":true,"hostNetwork":true,"containers":[]}"#);
        assert_eq!(found, ["/spec/hostNetwork", "/spec/hostPID"]);
    }

    #[test]
    fn miss() {
        let found = found("hostNamespaces", r#"{"hostPID":false,"containers":[]}"#);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn the_pods_own_namespace_is_not_the_hosts() {
        let found = found("hostNamespaces", r#"{"shareProcessNamespace":true,"containers":[]}"#);
        assert_eq!(found, [""; 0]);
    }
}
