//! Seccomp must not be switched off.

use crate::{Check, Level, Pod, Version, Violation};
use snapshot::Json;

pub(crate) static CHECK: Check = Check {
    id: "seccompProfile_baseline",
    control: "Seccomp",
    level: Level::Baseline,
    title: "seccomp must not be switched off",
    versions: &[Version::new(0, annotations), Version::new(19, fields)],
};

const POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";

/// Whether a profile confines.
pub(super) fn confines(kind: &str) -> bool {
    matches!(kind, "RuntimeDefault" | "Localhost")
}

fn annotations(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    let containers: Vec<_> = pod.containers().map(|container| container.name()).collect();
    for (key, value) in pod.annotations().fields() {
        let profile = value.text();
        let fine =
            matches!(profile, "runtime/default" | "docker/default") || profile.starts_with("localhost/");
        let of = key.strip_prefix(CONTAINER).filter(|name| containers.contains(name));
        if !fine && (of.is_some() || key == POD) {
            let says = format!("sets the seccomp profile {}", model::escape(profile));
            found.push(CHECK.violation(of, pod.annotation_pointer(key), profile, &says));
        }
    }
}

fn fields(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    let judge = |profile: &Json<'_>| {
        let kind = profile.get("type").text();
        (!profile.is_null() && !confines(kind)).then(|| kind.to_owned())
    };
    CHECK.everywhere(pod, &["seccompProfile"], judge, found);
}

#[cfg(test)]
mod tests {
    use crate::Level;
    use crate::testing::{found_at, found_in};

    #[test]
    fn unconfined() {
        let spec = r#"{"containers":[{"name":"a","securityContext":{"seccompProfile":{"type":"Unconfined"}}}]}"#;
        let at = "/spec/containers/0/securityContext/seccompProfile";
        assert_eq!(found_at("seccompProfile_baseline", spec, Level::Baseline, None), [at]);
        assert!(found_at("seccompProfile_baseline", spec, Level::Baseline, Some(18)).is_empty());
    }

    #[test]
    fn absent_and_default_pass() {
        let spec = r#"{"securityContext":{"seccompProfile":{"type":"RuntimeDefault"}},"containers":[{"name":"a"}]}"#;
        assert!(found_at("seccompProfile_baseline", spec, Level::Baseline, None).is_empty());
    }

    #[test]
    fn annotations_counted_before_1_19() {
        let pod = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","annotations":{
            "seccomp.security.alpha.kubernetes.io/pod":"unconfined",
            "container.seccomp.security.alpha.kubernetes.io/a":"docker/default",
            "container.seccomp.security.alpha.kubernetes.io/nobody":"unconfined"}},"spec":{"containers":[{"name":"a"}]}}"#;
        let at = "/metadata/annotations/seccomp.security.alpha.kubernetes.io~1pod";
        assert_eq!(found_in("seccompProfile_baseline", pod, Some(18)), [at]);
        assert!(found_in("seccompProfile_baseline", pod, Some(19)).is_empty());
    }
}
