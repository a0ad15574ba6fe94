//! An unmasked `/proc`, in a user namespace too.

use crate::{Check, Level, Pod, Violation};

pub(crate) static CHECK: Check = Check {
    id: "procMount_restricted",
    level: Level::Restricted,
    title: "/proc must be masked",
    versions: &[(35, run)],
    replaces: Some("procMount"),
};

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    super::proc_mount::unmasked(&CHECK, pod, found);
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    #[test]
    fn hit_in_a_user_namespace_too() {
        let found = found("procMount_restricted", r#"{"hostUsers":false,"containers":[{"name":"a","securityContext":{"procMount":"Unmasked"}}]}"#);
        assert_eq!(found, ["/spec/containers/0/securityContext/procMount"]);
    }

    #[test]
    fn miss() {
        let found = found("procMount_restricted", r#"{"containers":[{"name":"a"}]}"#);
        assert_eq!(found, [""; 0]);
    }
}
