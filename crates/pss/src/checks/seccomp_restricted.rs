//! Seccomp must be switched on.

use crate::{Check, Level, Pod, Version, Violation};
use super::seccomp_baseline::confines;

pub(crate) static CHECK: Check = Check {
    id: "seccompProfile_restricted",
    control: "Seccomp",
    level: Level::Restricted,
    title: "a seccomp profile must be set",
    versions: &[Version::overriding(19, run, &["seccompProfile_baseline"]), Version::overriding(25, unless_windows, &["seccompProfile_baseline"])],
};

const FIELD: &str = "/securityContext/seccompProfile";

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    let profile = pod.security().get("seccompProfile");
    let kind = profile.get("type").text();
    let of_pod = confines(kind);
    if !profile.is_null() && !of_pod {
        let says = format!("the pod sets the seccomp profile {}", model::escape(kind));
        found.push(CHECK.pod(pod, FIELD, kind, &says));
    }
    for container in pod.containers() {
        let profile = container.security().get("seccompProfile");
        let kind = profile.get("type").text();
        if profile.is_null() && !of_pod {
            found.push(CHECK.container(&container, FIELD, "", "has no seccomp profile, nor has the pod"));
        } else if !profile.is_null() && !confines(kind) {
            let says = format!("sets the seccomp profile {}", model::escape(kind));
            found.push(CHECK.container(&container, FIELD, kind, &says));
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
    fn absent_and_unconfined() {
        let spec = r#"{"containers":[{"name":"a"},{"name":"b","securityContext":{"seccompProfile":{"type":"Unconfined"}}}]}"#;
        assert_eq!(found("seccompProfile_restricted", spec).len(), 2);
    }

    #[test]
    fn the_pod_speaks_for_its_containers() {
        let spec = r#"{"securityContext":{"seccompProfile":{"type":"Localhost"}},"containers":[{"name":"a"}]}"#;
        assert!(found("seccompProfile_restricted", spec).is_empty());
    }

    #[test]
    fn windows_has_none_since_1_25() {
        let spec = r#"{"os":{"name":"windows"},"containers":[{"name":"a"}]}"#;
        let count = |minor| found_at("seccompProfile_restricted", spec, Level::Restricted, Some(minor)).len();
        assert_eq!((count(18), count(24), count(25)), (0, 1, 0));
    }
}
