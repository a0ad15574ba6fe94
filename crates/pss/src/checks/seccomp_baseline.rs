//! seccomp switched off.

use crate::{Check, Level, Pod, Violation};

pub(crate) static CHECK: Check = Check {
    id: "seccompProfile_baseline",
    level: Level::Baseline,
    title: "seccomp must not be switched off",
    versions: &[(0, annotations), (19, fields)],
    replaces: None,
};

const POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";

/// Whether a profile type keeps a filter.
pub(super) fn filters(kind: &str) -> bool {
    matches!(kind, "RuntimeDefault" | "Localhost")
}

/// Every profile that is set and filters nothing.
pub(super) fn unconfined(check: &'static Check, pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    let own = (pod.security(), pod.pointer("/securityContext"), "the pod".to_owned());
    let containers = pod.containers().map(|container| {
        let who = format!("container {}", model::escape(container.name()));
        (container.security(), container.pointer("/securityContext"), who)
    });
    for (security, pointer, who) in std::iter::once(own).chain(containers) {
        let profile = security.get("seccompProfile");
        if !profile.is_null() && !filters(profile.get("type").text()) {
            found.push(check.violation(format!("{pointer}/seccompProfile/type"), format!("{who} switches seccomp off")));
        }
    }
}

fn annotations(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    let keys = std::iter::once(POD.to_owned())
        .chain(pod.containers().map(|container| format!("{CONTAINER}{}", container.name())));
    for key in keys {
        let value = pod.annotations().get(&key);
        let kept = |v: &str| matches!(v, "runtime/default" | "docker/default") || v.starts_with("localhost/");
        if !value.is_null() && !kept(value.text()) {
            let message = format!("annotation {} switches seccomp off", model::escape(&key));
            found.push(CHECK.violation(pod.annotation_pointer(&key), message));
        }
    }
}

fn fields(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    unconfined(&CHECK, pod, found);
}

#[cfg(test)]
mod tests {
    use super::POD;
    use crate::Level;
    use crate::testing::{annotated, at};

    #[test]
    fn fields_from_1_19() {
        let spec = r#"{"securityContext":{"seccompProfile":{"type":"Unconfined"}},"containers":[{"name":"a"}]}"#;
        assert_eq!(at("seccompProfile_baseline", Level::Baseline, Some(19), spec).len(), 1);
        assert_eq!(at("seccompProfile_baseline", Level::Baseline, Some(18), spec).len(), 0);
        let fine = spec.replace("Unconfined", "RuntimeDefault");
        assert_eq!(at("seccompProfile_baseline", Level::Baseline, None, &fine).len(), 0);
    }

    #[test]
    fn annotations_before() {
        assert_eq!(annotated("seccompProfile_baseline", Some(18), POD, "unconfined").len(), 1);
        assert_eq!(annotated("seccompProfile_baseline", Some(18), POD, "docker/default").len(), 0);
        assert_eq!(annotated("seccompProfile_baseline", Some(19), POD, "unconfined").len(), 0);
    }
}
