//! Containers that run as user 0.

use crate::{Check, Level, Pod, Violation};

pub(crate) static CHECK: Check = Check {
    id: "runAsUser",
    level: Level::Restricted,
    title: "user 0 is forbidden",
    versions: &[(23, run), (35, unless_user_namespace)],
    replaces: None,
};

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    if pod.security().get("runAsUser").int() == Some(0) {
        found.push(CHECK.violation(pod.pointer("/securityContext/runAsUser"), "the pod runs as user 0"));
    }
    for container in pod.containers().filter(|c| c.security().get("runAsUser").int() == Some(0)) {
        let message = format!("container {} runs as user 0", model::escape(container.name()));
        found.push(CHECK.violation(container.pointer("/securityContext/runAsUser"), message));
    }
}

fn unless_user_namespace(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    if !pod.user_namespace() {
        run(pod, found);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    #[test]
    fn hit() {
        let found = found("runAsUser", r#"{"securityContext":{"runAsUser":0},"containers":[{"name":"a","securityContext":{"runAsUser":0}}]}"#);
        assert_eq!(found, ["/spec/securityContext/runAsUser", "/spec/containers/0/securityContext/runAsUser"]);
    }

    #[test]
    fn miss() {
        let found = found("runAsUser", r#"{"containers":[{"name":"a","securityContext":{"runAsUser":1000}},{"name":"b"}]}"#);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn in_a_user_namespace_it_is_another_user() {
        let found = found("runAsUser", r#"{"hostUsers":false,"containers":[{"name":"a","securityContext":{"runAsUser":0}}]}"#);
        assert_eq!(found, [""; 0]);
    }
}
