//! An unmasked `/proc`.

use crate::{Check, Level, Pod, Violation};

pub(crate) static CHECK: Check = Check {
    id: "procMount",
    level: Level::Baseline,
    title: "/proc must be masked, outside user namespaces",
    versions: &[(0, always), (35, unless_user_namespace)],
    replaces: None,
};

/// Every container whose `/proc` is not masked.
pub(super) fn unmasked(check: &'static Check, pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    for container in pod.containers() {
        let mount = container.security().get("procMount");
        if !mount.is_null() && mount.text() != "Default" {
            let message = format!("container {} sees an unmasked /proc", model::escape(container.name()));
            found.push(check.violation(container.pointer("/securityContext/procMount"), message));
        }
    }
}

fn always(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    unmasked(&CHECK, pod, found);
}

fn unless_user_namespace(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    if !pod.user_namespace() {
        unmasked(&CHECK, pod, found);
    }
}

#[cfg(test)]
mod tests {
    use crate::Level;
    use crate::testing::at;

    fn found(minor: u32, mount: &str, users: bool) -> usize {
        let spec = format!(
            r#"{{"hostUsers":{users},"containers":[{{"name":"a","securityContext":{{"procMount":"{mount}"}}}}]}}"#
        );
        at("procMount", Level::Baseline, Some(minor), &spec).len()
    }

    #[test]
    fn user_namespaces_relax_it_from_1_35() {
        assert_eq!(found(34, "Unmasked", false), 1);
        assert_eq!(found(35, "Unmasked", false), 0);
        assert_eq!(found(35, "Unmasked", true), 1);
        assert_eq!(found(35, "Default", true), 0);
    }
}
