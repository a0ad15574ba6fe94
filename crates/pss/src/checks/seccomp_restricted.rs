//! seccomp not switched on.

use crate::{Check, Level, Pod, Violation};

pub(crate) static CHECK: Check = Check {
    id: "seccompProfile_restricted",
    level: Level::Restricted,
    title: "seccomp must be switched on",
    versions: &[(19, run), (25, unless_windows)],
    replaces: Some("seccompProfile_baseline"),
};

use super::seccomp_baseline::{filters, unconfined};

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    let before = found.len();
    unconfined(&CHECK, pod, found);
    let by_pod = filters(pod.security().at(&["seccompProfile", "type"]).text());
    if by_pod || found.len() > before {
        return;
    }
    for container in pod.containers().filter(|c| c.security().get("seccompProfile").is_null()) {
        let message = format!("container {} sets no seccomp profile", model::escape(container.name()));
        found.push(CHECK.violation(container.pointer("/securityContext/seccompProfile"), message));
    }
}

fn unless_windows(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    if !pod.windows() {
        run(pod, found);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    #[test]
    fn hit() {
        let found = found("seccompProfile_restricted", r#"{"containers":[{"name":"a"},{"name":"b","securityContext":{"seccompProfile":{"type":"Localhost"}}}]}"#);
        assert_eq!(found, ["/spec/containers/0/securityContext/seccompProfile"]);
    }

    #[test]
    fn the_pods_own_is_enough() {
        let found = found("seccompProfile_restricted", r#"{"securityContext":{"seccompProfile":{"type":"RuntimeDefault"}},"containers":[{"name":"a"}]}"#);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn windows_has_none() {
        let found = found("seccompProfile_restricted", r#"{"os":{"name":"windows"},"containers":[{"name":"a"}]}"#);
        assert_eq!(found, [""; 0]);
    }
}
