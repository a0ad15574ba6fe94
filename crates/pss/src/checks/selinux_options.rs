//! SELinux types, users and roles.

use crate::{Check, Level, Pod, Version, Violation};
use snapshot::Json;

pub(crate) static CHECK: Check = Check {
    id: "seLinuxOptions",
    control: "SELinux",
    level: Level::Baseline,
    title: "SELinux may only be set to types for containers, without user and role",
    versions: &[Version::new(0, run), Version::new(31, with_engine)],
};

const TYPES: &[&str] = &["", "container_t", "container_init_t", "container_kvm_t"];
const ENGINE: &str = "container_engine_t";

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    judge(pod, |name| TYPES.contains(&name), found);
}

fn with_engine(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    judge(pod, |name| TYPES.contains(&name) || name == ENGINE, found);
}

fn judge(pod: &Pod<'_, '_>, allowed: fn(&str) -> bool, found: &mut Vec<Violation>) {
    let bad = |value: &Json<'_>| Some(value.text().to_owned());
    CHECK.everywhere(pod, &["seLinuxOptions", "type"], |t| bad(t).filter(|name| !allowed(name)), found);
    for field in ["user", "role"] {
        CHECK.everywhere(pod, &["seLinuxOptions", field], |v| bad(v).filter(|name| !name.is_empty()), found);
    }
}

#[cfg(test)]
mod tests {
    use crate::Level;
    use crate::testing::{found, found_at};

    #[test]
    fn type_user_and_role() {
        let spec = r#"{"securityContext":{"seLinuxOptions":{"type":"spc_t"}},
            "containers":[{"name":"a","securityContext":{"seLinuxOptions":{"user":"u","role":"r"}}}]}"#;
        let at = |field: &str| format!("/spec/containers/0/securityContext/seLinuxOptions/{field}");
        let pod = "/spec/securityContext/seLinuxOptions/type".to_owned();
        assert_eq!(found("seLinuxOptions", spec), [pod, at("user"), at("role")]);
    }

    #[test]
    fn types_of_containers_and_levels_pass() {
        let spec = r#"{"securityContext":{"seLinuxOptions":{"type":"container_t","level":"s0:c1"}},"containers":[]}"#;
        assert!(found("seLinuxOptions", spec).is_empty());
    }

    #[test]
    fn the_engine_since_1_31() {
        let spec = r#"{"securityContext":{"seLinuxOptions":{"type":"container_engine_t"}},"containers":[]}"#;
        let count = |minor| found_at("seLinuxOptions", spec, Level::Baseline, Some(minor)).len();
        assert_eq!((count(30), count(31)), (1, 0));
    }
}
