//! How /proc is shown, user namespace or not.

use crate::{Check, Level, Pod, Version, Violation};

pub(crate) static CHECK: Check = Check {
    id: "procMount_restricted",
    control: "/proc Mount Type",
    level: Level::Restricted,
    title: "the masks of /proc must stay",
    versions: &[Version::overriding(35, run, &["procMount"])],
};

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    super::proc_mount::judge(&CHECK, pod, found);
}

#[cfg(test)]
mod tests {
    use crate::Level;
    use crate::testing::{found, found_at};

    const SPEC: &str = r#"{"hostUsers":false,"containers":[{"name":"a","securityContext":{"procMount":"Unmasked"}}]}"#;

    #[test]
    fn a_user_namespace_lifts_nothing() {
        assert_eq!(found("procMount_restricted", SPEC), ["/spec/containers/0/securityContext/procMount"]);
    }

    #[test]
    fn masked_passes() {
        assert!(found("procMount_restricted", r#"{"containers":[{"name":"a"}]}"#).is_empty());
    }

    #[test]
    fn before_1_35_the_baseline_says_it() {
        let of = |check| found_at(check, SPEC, Level::Restricted, Some(34)).len();
        assert_eq!((of("procMount"), of("procMount_restricted")), (1, 0));
    }
}
