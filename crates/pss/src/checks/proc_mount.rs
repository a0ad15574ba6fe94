//! How /proc is shown.

use crate::{Check, Level, Pod, Version, Violation};

pub(crate) static CHECK: Check = Check {
    id: "procMount",
    control: "/proc Mount Type",
    level: Level::Baseline,
    title: "the masks of /proc must stay, unless the pod has a user namespace",
    versions: &[Version::new(0, run), Version::new(35, unless_own_users)],
};

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    judge(&CHECK, pod, found);
}

/// A root that is nobody on the node may see all of /proc.
fn unless_own_users(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    if !pod.user_namespace() {
        judge(&CHECK, pod, found);
    }
}

pub(super) fn judge(check: &Check, pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    for container in pod.containers() {
        let mount = container.security().get("procMount");
        if !mount.is_null() && mount.text() != "Default" {
            let says = format!("sets procMount to {}", model::escape(mount.text()));
            found.push(check.container(&container, "/securityContext/procMount", mount.text(), &says));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Level;
    use crate::testing::found_at;

    fn found(spec: &str, minor: u32) -> usize {
        found_at("procMount", spec, Level::Baseline, Some(minor)).len()
    }

    #[test]
    fn unmasked() {
        let spec = r#"{"containers":[{"name":"a","securityContext":{"procMount":"Unmasked"}}]}"#;
        assert_eq!((found(spec, 34), found(spec, 35)), (1, 1));
    }

    #[test]
    fn the_default_passes() {
        let spec = r#"{"containers":[{"name":"a","securityContext":{"procMount":"Default"}}]}"#;
        assert_eq!(found(spec, 36), 0);
    }

    #[test]
    fn a_user_namespace_lifts_it_since_1_35() {
        let spec = r#"{"hostUsers":false,"containers":[{"name":"a","securityContext":{"procMount":"Unmasked"}}]}"#;
        assert_eq!((found(spec, 34), found(spec, 35)), (1, 0));
    }
}
