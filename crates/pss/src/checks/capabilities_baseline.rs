//! Capabilities beyond those every container may have.

use crate::{Check, Level, Pod, Violation};

pub(crate) static CHECK: Check = Check {
    id: "capabilities_baseline",
    level: Level::Baseline,
    title: "capabilities beyond the default set are forbidden",
    versions: &[(0, run)],
    replaces: None,
};

const ALLOWED: &[&str] = &[
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID",
    "SETPCAP", "SETUID", "SYS_CHROOT",
];

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    for container in pod.containers() {
        let added = container.security().at(&["capabilities", "add"]).strings();
        for (index, name) in added.enumerate().filter(|(_, name)| !ALLOWED.contains(name)) {
            let at = container.pointer(&format!("/securityContext/capabilities/add/{index}"));
            let (who, what) = (model::escape(container.name()), model::escape(name));
            found.push(CHECK.violation(at, format!("container {who} adds the capability {what}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Level;
    use crate::testing::at;

    fn found(add: &str) -> usize {
        let spec = format!(r#"{{"containers":[{{"name":"a","securityContext":{{"capabilities":{{"add":[{add}]}}}}}}]}}"#);
        at("capabilities_baseline", Level::Baseline, None, &spec).len()
    }

    #[test]
    fn hit_miss_and_exact_words() {
        assert_eq!(found(r#""SYS_ADMIN","NET_RAW""#), 2);
        assert_eq!(found(r#""CHOWN","NET_BIND_SERVICE""#), 0);
        assert_eq!(found(r#""chown""#), 1, "the word is compared as it stands");
        assert_eq!(found(r#""ALL""#), 1);
    }
}
