//! The check families: one file each, one line in the list.

use crate::{Check, Violation};

macro_rules! checks {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*
        /// Every check, baseline first.
        pub static CHECKS: &[&Check] = &[$(&$name::CHECK),*];
    };
}

checks![privileged];

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
