//! AppArmor profiles, as fields and as annotations.

use crate::{Check, Level, Pod, Version, Violation};
use snapshot::Json;

pub(crate) static CHECK: Check = Check {
    id: "appArmorProfile",
    control: "AppArmor",
    level: Level::Baseline,
    title: "AppArmor must not be switched off",
    versions: &[Version::new(0, run)],
};

const ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    let judge = |profile: &Json<'_>| {
        let kind = profile.get("type").text();
        (!profile.is_null() && !matches!(kind, "RuntimeDefault" | "Localhost")).then(|| kind.to_owned())
    };
    CHECK.everywhere(pod, &["appArmorProfile"], judge, found);
    for (key, value) in pod.annotations().fields() {
        let profile = value.text();
        let fine = profile.is_empty() || profile == "runtime/default" || profile.starts_with("localhost/");
        if let Some(name) = key.strip_prefix(ANNOTATION).filter(|_| !fine) {
            let says = format!("sets the AppArmor profile {}", model::escape(profile));
            found.push(CHECK.violation(Some(name), pod.annotation_pointer(key), profile, &says));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, found_in};

    #[test]
    fn unconfined_in_pod_and_container() {
        let spec = r#"{"securityContext":{"appArmorProfile":{"type":"Unconfined"}},
            "containers":[{"name":"a","securityContext":{"appArmorProfile":{"type":""}}}]}"#;
        assert_eq!(
            found("appArmorProfile", spec),
            ["/spec/securityContext/appArmorProfile", "/spec/containers/0/securityContext/appArmorProfile"]
        );
    }

    #[test]
    fn named_profiles_pass() {
        let spec = r#"{"securityContext":{"appArmorProfile":{"type":"RuntimeDefault"}},
            "containers":[{"name":"a","securityContext":{"appArmorProfile":{"type":"Localhost"}}}]}"#;
        assert!(found("appArmorProfile", spec).is_empty());
    }

    #[test]
    fn annotations_of_containers() {
        let pod = |value: &str| {
            format!(
                r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"p","annotations":
                {{"container.apparmor.security.beta.kubernetes.io/a":"{value}"}}}},"spec":{{"containers":[{{"name":"a"}}]}}}}"#
            )
        };
        let at = "/metadata/annotations/container.apparmor.security.beta.kubernetes.io~1a";
        assert_eq!(found_in("appArmorProfile", &pod("unconfined"), None), [at]);
        for fine in ["", "runtime/default", "localhost/mine"] {
            assert!(found_in("appArmorProfile", &pod(fine), None).is_empty(), "{fine}");
        }
    }
}
