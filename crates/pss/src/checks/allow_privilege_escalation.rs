//! Set-user-id programs.

use crate::{Check, Level, Pod, Version, Violation};

pub(crate) static CHECK: Check = Check {
    id: "allowPrivilegeEscalation",
    control: "Privilege Escalation",
    level: Level::Restricted,
    title: "allowPrivilegeEscalation must be false",
    versions: &[Version::new(8, run), Version::new(25, unless_windows)],
};

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    for container in pod.containers() {
        let allow = container.security().get("allowPrivilegeEscalation").bool();
        if allow != Some(false) {
            let value = if allow.is_some() { "true" } else { "" };
            let field = "/securityContext/allowPrivilegeEscalation";
            found.push(CHECK.container(&container, field, value, "may gain privileges by set-user-id programs"));
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
    use crate::Level;
    use crate::testing::{found, found_at};

    #[test]
    fn true_and_absent() {
        let spec = r#"{"containers":[{"name":"a"},{"name":"b","securityContext":{"allowPrivilegeEscalation":true}}]}"#;
        assert_eq!(found("allowPrivilegeEscalation", spec).len(), 2);
    }

    #[test]
    fn false_passes() {
        let spec = r#"{"containers":[{"name":"a","securityContext":{"allowPrivilegeEscalation":false}}]}"#;
        assert!(found("allowPrivilegeEscalation", spec).is_empty());
    }

    #[test]
    fn windows_has_none_since_1_25() {
        let spec = r#"{"os":{"name":"windows"},"containers":[{"name":"a"}]}"#;
        let count = |minor| found_at("allowPrivilegeEscalation", spec, Level::Restricted, Some(minor)).len();
        assert_eq!((count(24), count(25)), (1, 0));
    }
}
