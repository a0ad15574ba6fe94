//! AppArmor switched off.

use crate::{Check, Level, Pod, Violation};

pub(crate) static CHECK: Check = Check {
    id: "appArmorProfile",
    level: Level::Baseline,
    title: "AppArmor must not be switched off",
    versions: &[(0, run)],
    replaces: None,
};

const ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";

fn allowed_annotation(value: &str) -> bool {
    value.is_empty() || value == "runtime/default" || value.starts_with("localhost/")
}

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    let own = (pod.security(), pod.pointer("/securityContext"), "the pod".to_owned());
    let containers = pod.containers().map(|container| {
        let who = format!("container {}", model::escape(container.name()));
        (container.security(), container.pointer("/securityContext"), who)
    });
    for (security, pointer, who) in std::iter::once(own).chain(containers) {
        let profile = security.get("appArmorProfile");
        if !profile.is_null() && !["RuntimeDefault", "Localhost"].contains(&profile.get("type").text()) {
            found.push(CHECK.violation(format!("{pointer}/appArmorProfile/type"), format!("{who} switches AppArmor off")));
        }
    }
    for (key, value) in pod.annotations().fields() {
        if key.starts_with(ANNOTATION) && !allowed_annotation(value.text()) {
            let message = format!("annotation {} switches AppArmor off", model::escape(key));
            found.push(CHECK.violation(pod.annotation_pointer(key), message));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    #[test]
    fn hit() {
        let found = found("appArmorProfile", r#"{"securityContext":{"appArmorProfile":{"type":"Unconfined"}},"containers":[]}"#);
        assert_eq!(found, ["/spec/securityContext/appArmorProfile/type"]);
    }

    #[test]
    fn miss() {
        let found = found("appArmorProfile", r#"{"containers":[{"name":"a","securityContext":{"appArmorProfile":{"type":"RuntimeDefault"}}}]}"#);
        assert_eq!(found, [""; 0]);
    }
    #[test]
    fn annotations() {
        let key = "container.apparmor.security.beta.kubernetes.io/a";
        let at = |value| crate::testing::annotated("appArmorProfile", None, key, value);
        assert_eq!(at("unconfined"), ["/metadata/annotations/container.apparmor.security.beta.kubernetes.io~1a"]);
        assert!(at("localhost/x").is_empty() && at("runtime/default").is_empty());
    }
}
