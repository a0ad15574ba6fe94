//! Capabilities beyond the default set.

use crate::{Check, Level, Pod, Version, Violation};

pub(crate) static CHECK: Check = Check {
    id: "capabilities_baseline",
    control: "Capabilities",
    level: Level::Baseline,
    title: "capabilities beyond the default set must not be added",
    versions: &[Version::new(0, run)],
};

/// What container runtimes grant by default, less NET_RAW.
const ALLOWED: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    for container in pod.containers() {
        let added = container.security().at(&["capabilities", "add"]).items();
        for (index, capability) in added.iter().map(snapshot::Json::text).enumerate() {
            if !ALLOWED.contains(&capability) {
                let field = format!("/securityContext/capabilities/add/{index}");
                let says = format!("adds the capability {}", model::escape(capability));
                found.push(CHECK.container(&container, &field, capability, &says));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Level;
    use crate::testing::found_at;

    fn added(add: &str) -> Vec<String> {
        let spec = format!(r#"{{"containers":[{{"name":"a","securityContext":{{"capabilities":{{"add":{add}}}}}}}]}}"#);
        found_at("capabilities_baseline", &spec, Level::Baseline, None)
    }

    #[test]
    fn each_one_is_named() {
        let at = |index: u8| format!("/spec/containers/0/securityContext/capabilities/add/{index}");
        assert_eq!(added(r#"["NET_RAW", "CHOWN", "SYS_ADMIN"]"#), [at(0), at(2)]);
    }

    #[test]
    fn the_default_set_passes() {
        assert!(added(r#"["CHOWN", "NET_BIND_SERVICE"]"#).is_empty());
    }

    #[test]
    fn names_are_exact() {
        assert_eq!(added(r#"["chown", "CAP_CHOWN", ""]"#).len(), 3);
    }
}
