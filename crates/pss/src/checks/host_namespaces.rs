//! Namespaces of the node.

use crate::{Check, Level, Pod, Version, Violation};

pub(crate) static CHECK: Check = Check {
    id: "hostNamespaces",
    control: "Host Namespaces",
    level: Level::Baseline,
    title: "the network, process and IPC namespaces of the node are forbidden",
    versions: &[Version::new(0, run)],
};

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    for field in ["hostNetwork", "hostPID", "hostIPC"] {
        if pod.spec.json.get(field).is_true() {
            found.push(CHECK.pod(pod, &format!("/{field}"), "true", &format!("{field} is true")));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    #[test]
    fn each_of_three() {
        let spec = r#"{"hostNetwork":true,"hostPID":true,"hostIPC":true,"containers":[]}"#;
        assert_eq!(found("hostNamespaces", spec), ["/spec/hostNetwork", "/spec/hostPID", "/spec/hostIPC"]);
    }

    #[test]
    fn false_and_absent_pass() {
        assert!(found("hostNamespaces", r#"{"hostNetwork":false,"containers":[]}"#).is_empty());
    }

    #[test]
    fn host_users_is_another_matter() {
        assert!(found("hostNamespaces", r#"{"hostUsers":true,"containers":[]}"#).is_empty());
    }
}
