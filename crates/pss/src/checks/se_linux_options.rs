//! SELinux labels that leave confinement.

use crate::{Check, Level, Pod, Violation};

pub(crate) static CHECK: Check = Check {
    id: "seLinuxOptions",
    level: Level::Baseline,
    title: "SELinux user, role and other types are forbidden",
    versions: &[(0, run_0), (31, run_31)],
    replaces: None,
};

const TYPES: &[&str] = &["", "container_t", "container_init_t", "container_kvm_t"];
const TYPES_31: &[&str] = &["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];

fn run_0(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    run(pod, TYPES, found);
}

fn run_31(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    run(pod, TYPES_31, found);
}

fn run(pod: &Pod<'_, '_>, types: &[&str], found: &mut Vec<Violation>) {
    let own = (pod.security(), pod.pointer("/securityContext"), "the pod".to_owned());
    let containers = pod.containers().map(|container| {
        let who = format!("container {}", model::escape(container.name()));
        (container.security(), container.pointer("/securityContext"), who)
    });
    for (security, pointer, who) in std::iter::once(own).chain(containers) {
        let options = security.get("seLinuxOptions");
        let bad = |field: &str| match field {
            "type" => !types.contains(&options.get(field).text()),
            field => !options.get(field).text().is_empty(),
        };
        for field in ["type", "user", "role"].into_iter().filter(|field| bad(field)) {
            let message = format!("{who} sets an SELinux {field}");
            found.push(CHECK.violation(format!("{pointer}/seLinuxOptions/{field}"), message));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    #[test]
    fn hit() {
        let found = found("seLinuxOptions", r#"{"securityContext":{"seLinuxOptions":{"type":"x","user":"u"}},"containers":[{"name":"a","securityContext":{"seLinuxOptions":{"role":"r"}}}]}"#);
        assert_eq!(found, ["/spec/securityContext/seLinuxOptions/type", "/spec/securityContext/seLinuxOptions/user", "/spec/containers/0/securityContext/seLinuxOptions/role"]);
    }

    #[test]
    fn miss() {
        let found = found("seLinuxOptions", r#"{"securityContext":{"seLinuxOptions":{"type":"container_t","level":"s0"}},"containers":[{"name":"a"}]}"#);
        assert_eq!(found, [""; 0]);
    }
    #[test]
    fn container_engine_t_is_allowed_from_1_31() {
        let spec = r#"{"securityContext":{"seLinuxOptions":{"type":"container_engine_t"}},"containers":[]}"#;
        let at = |minor| crate::testing::at("seLinuxOptions", crate::Level::Baseline, Some(minor), spec).len();
        assert_eq!((at(30), at(31)), (1, 0));
    }
}
