//! Processes must not run as root.

use crate::{Check, Level, Pod, Version, Violation};

pub(crate) static CHECK: Check = Check {
    id: "runAsNonRoot",
    control: "Running as Non-root",
    level: Level::Restricted,
    title: "runAsNonRoot must be true",
    versions: &[Version::new(0, run), Version::new(35, unless_own_users)],
};

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    let of_pod = pod.security().get("runAsNonRoot").bool();
    if of_pod == Some(false) {
        let says = "the pod sets runAsNonRoot to false";
        found.push(CHECK.pod(pod, "/securityContext/runAsNonRoot", "false", says));
    }
    for container in pod.containers() {
        let (value, says) = match container.security().get("runAsNonRoot").bool() {
            Some(false) => ("false", "sets runAsNonRoot to false"),
            None if of_pod != Some(true) => ("", "may run as root: neither it nor the pod sets runAsNonRoot"),
            _ => continue,
        };
        found.push(CHECK.container(&container, "/securityContext/runAsNonRoot", value, says));
    }
}

/// A root that is nobody on the node may be one.
fn unless_own_users(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    if !pod.user_namespace() {
        run(pod, found);
    }
}

#[cfg(test)]
mod tests {
    use crate::Level;
    use crate::testing::{found, found_at};

    #[test]
    fn said_by_nobody_or_denied() {
        let spec = r#"{"containers":[{"name":"a"},{"name":"b","securityContext":{"runAsNonRoot":true}}]}"#;
        assert_eq!(found("runAsNonRoot", spec), ["/spec/containers/0/securityContext/runAsNonRoot"]);
        let spec = r#"{"securityContext":{"runAsNonRoot":true},"containers":[{"name":"a","securityContext":{"runAsNonRoot":false}}]}"#;
        assert_eq!(found("runAsNonRoot", spec).len(), 1);
    }

    #[test]
    fn the_pod_speaks_for_its_containers() {
        let spec = r#"{"securityContext":{"runAsNonRoot":true},"containers":[{"name":"a"}]}"#;
        assert!(found("runAsNonRoot", spec).is_empty());
    }

    #[test]
    fn a_pod_that_says_false_fails_whatever_its_containers_say() {
        let spec = r#"{"securityContext":{"runAsNonRoot":false},"containers":[{"name":"a","securityContext":{"runAsNonRoot":true}}]}"#;
        assert_eq!(found("runAsNonRoot", spec), ["/spec/securityContext/runAsNonRoot"]);
    }

    #[test]
    fn a_user_namespace_lifts_it_since_1_35() {
        let spec = r#"{"hostUsers":false,"containers":[{"name":"a"}]}"#;
        let count = |minor| found_at("runAsNonRoot", spec, Level::Restricted, Some(minor)).len();
        assert_eq!((count(34), count(35)), (1, 0));
    }
}
