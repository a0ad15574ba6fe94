//! User 0.

use crate::{Check, Level, Pod, Version, Violation};
use snapshot::Json;

pub(crate) static CHECK: Check = Check {
    id: "runAsUser",
    control: "Running as Non-root user",
    level: Level::Restricted,
    title: "runAsUser must not be 0",
    versions: &[Version::new(23, run), Version::new(35, unless_own_users)],
};

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    let judge = |value: &Json<'_>| value.int().filter(|user| *user == 0).map(|user| user.to_string());
    CHECK.everywhere(pod, &["runAsUser"], judge, found);
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
    fn in_pod_and_container() {
        let spec = r#"{"securityContext":{"runAsUser":0},"containers":[{"name":"a","securityContext":{"runAsUser":0}}]}"#;
        assert_eq!(found("runAsUser", spec).len(), 2);
    }

    #[test]
    fn others_and_absent_pass() {
        let spec = r#"{"securityContext":{"runAsUser":1000},"containers":[{"name":"a"}]}"#;
        assert!(found("runAsUser", spec).is_empty());
    }

    #[test]
    fn since_1_23_and_a_user_namespace_lifts_it_since_1_35() {
        let spec = r#"{"hostUsers":false,"securityContext":{"runAsUser":0},"containers":[]}"#;
        let count = |minor| found_at("runAsUser", spec, Level::Restricted, Some(minor)).len();
        assert_eq!((count(22), count(34), count(35)), (0, 1, 0));
    }
}
