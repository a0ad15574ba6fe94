//! The check families: one file each, one line in the list.

use crate::{Check, Pod, Violation};
use snapshot::{Container, Json};

macro_rules! checks {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*
        /// Every check, baseline first.
        pub static CHECKS: &[&Check] = &[$(&$name::CHECK),*];
    };
}

checks![
    app_armor_profile,
    capabilities_baseline,
    host_namespaces,
    host_path_volumes,
    host_ports,
    host_probes,
    privileged,
    proc_mount,
    selinux_options,
    seccomp_baseline,
    sysctls,
    windows_host_process,
    allow_privilege_escalation,
    capabilities_restricted,
    proc_mount_restricted,
    restricted_volumes,
    run_as_non_root,
    run_as_user,
    seccomp_restricted,
];

impl Check {
    /// The pod itself breaks it, by a field of its spec.
    pub(crate) fn pod(&self, pod: &Pod<'_, '_>, field: &str, value: &str, says: &str) -> Violation {
        self.violation(None, pod.pointer(field), value, says)
    }

    /// A container breaks it, by one of its fields. `says` follows the container's name.
    pub(crate) fn container(
        &self,
        of: &Container<'_, '_>,
        field: &str,
        value: &str,
        says: &str,
    ) -> Violation {
        self.violation(Some(of.name()), of.pointer(field), value, says)
    }

    pub(crate) fn violation(
        &self,
        container: Option<&str>,
        pointer: String,
        value: &str,
        says: &str,
    ) -> Violation {
        let message = match container {
            Some(name) => format!("container {} {says}", model::escape(name)),
            None => says.to_owned(),
        };
        Violation {
            check: self.id,
            control: self.control,
            level: self.level,
            container: container.map(str::to_owned),
            value: value.to_owned(),
            pointer,
            message,
        }
    }

    /// Judges one field of the security context of the pod and of each container; `judge` gives the value that is
    /// forbidden, and must allow an absent field.
    pub(crate) fn everywhere(
        &self,
        pod: &Pod<'_, '_>,
        path: &[&str],
        judge: impl Fn(&Json<'_>) -> Option<String>,
        found: &mut Vec<Violation>,
    ) {
        let field: String = ["securityContext"].iter().chain(path).map(|part| format!("/{part}")).collect();
        let says = |value: &str| format!("sets {} to {}", path.join("."), model::escape(value));
        if let Some(value) = judge(pod.security().at(path)) {
            found.push(self.pod(pod, &field, &value, &format!("the pod {}", says(&value))));
        }
        for container in pod.containers() {
            if let Some(value) = judge(container.security().at(path)) {
                found.push(self.container(&container, &field, &value, &says(&value)));
            }
        }
    }
}

#[cfg(test)]
mod laws {
    use super::CHECKS;
    use crate::Level;

    #[test]
    fn versions_ascend_and_ids_are_unique() {
        let mut ids: Vec<_> = CHECKS.iter().map(|c| c.id).collect();
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        assert_eq!((ids.len(), all), (19, 19));
        for check in CHECKS {
            assert!(!check.versions.is_empty() && check.versions.is_sorted_by(|a, b| a.from < b.from));
            assert!(!check.title.is_empty() && !check.control.is_empty());
        }
        assert!(CHECKS.is_sorted_by_key(|check| check.level));
    }

    #[test]
    fn only_restricted_checks_override_and_only_the_baseline() {
        for check in CHECKS {
            for id in check.versions.iter().flat_map(|version| version.overrides) {
                let other = CHECKS.iter().find(|c| c.id == *id).unwrap();
                assert_eq!((check.level, other.level), (Level::Restricted, Level::Baseline), "{}", check.id);
            }
        }
    }
}
