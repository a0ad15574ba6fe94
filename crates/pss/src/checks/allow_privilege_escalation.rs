//! Programs that gain rights by being run.

use crate::{Check, Level, Pod, Violation};

pub(crate) static CHECK: Check = Check {
    id: "allowPrivilegeEscalation",
    level: Level::Restricted,
    title: "allowPrivilegeEscalation must be false",
    versions: &[(8, run), (25, unless_windows)],
    replaces: None,
};

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    for container in pod.containers() {
        if container.security().get("allowPrivilegeEscalation").bool() != Some(false) {
            let message = format!("container {} does not set allowPrivilegeEscalation to false", model::escape(container.name()));
            found.push(CHECK.violation(container.pointer("/securityContext/allowPrivilegeEscalation"), message));
        }
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
    fn absent_is_a_hit() {
        let found = found("allowPrivilegeEscalation", r#"{"containers":[{"name":"a"},{"name":"b","securityContext":{"allowPrivilegeEscalation":true}}]}"#);
        assert_eq!(found, ["/spec/containers/0/securityContext/allowPrivilegeEscalation", "/spec/containers/1/securityContext/allowPrivilegeEscalation"]);
    }

    #[test]
    fn miss() {
        let found = found("allowPrivilegeEscalation", r#"{"containers":[{"name":"a","securityContext":{"allowPrivilegeEscalation":false}}]}"#);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn windows_has_none() {
        let found = found("allowPrivilegeEscalation", r#"{"os":{"name":"windows"},"containers":[{"name":"a"}]}"#);
        assert_eq!(found, [""; 0]);
    }
}
