//! The check families: one file each, one line in the list.

use crate::{Check, Violation};

macro_rules! checks {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*
        /// Every check, baseline first.
        pub static CHECKS: &[&Check] = &[$(&$name::CHECK),*];
    };
}

checks![
    privileged,
    host_namespaces,
    host_ports,
    host_path_volumes,
    host_probes,
    capabilities_baseline,
    proc_mount,
    se_linux_options,
    app_armor_profile,
    seccomp_baseline,
    sysctls,
    windows_host_process,
    restricted_volumes,
    allow_privilege_escalation,
    run_as_non_root,
    run_as_user,
    seccomp_restricted,
    capabilities_restricted,
    proc_mount_restricted,
];

impl Check {
    /// A violation of this check.
    pub(crate) fn violation(&self, pointer: String, message: impl Into<String>) -> Violation {
        Violation { check: self.id, level: self.level, pointer, message: message.into() }
    }
}

#[cfg(test)]
mod laws {
    use super::CHECKS;

    #[test]
    fn versions_ascend_and_ids_are_unique() {
        let mut ids: Vec<_> = CHECKS.iter().map(|c| c.id).collect();
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), all);
        for check in CHECKS {
            assert!(!check.versions.is_empty() && check.versions.is_sorted_by_key(|(from, _)| *from));
            assert!(!check.title.is_empty());
        }
    }
}
