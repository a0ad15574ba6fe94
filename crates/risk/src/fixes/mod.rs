//! Ways to take steps away: one file each, one line here.

use crate::graph::{FixKey, Index};
use crate::world::World;
use model::{Fix, Grain};

/// Static description of a kind of fix.
pub struct FixKind {
    /// Stable id, kebab-case.
    pub id: &'static str,
    /// How wide it reaches.
    pub grain: Grain,
    /// Base effort: 1 one line, 2 a manifest, 3 rebuild or roll out, 4 and 5 a change of the application.
    pub effort: u8,
    pub(crate) write: fn(&World<'_>, [Index; 2], &mut Fix),
}

macro_rules! fixes {
    ($($name:ident),+ $(,)?) => {
        $(pub(crate) mod $name;)+
        /// Every kind of fix.
        pub static FIXES: &[&FixKind] = &[$(&$name::KIND),+];
    };
}

fixes![
    narrow_role,
    replace_grant,
    automount,
    pod_token,
    delete_secret,
    patch_image,
    pin_digest,
    verify_images,
    close_service,
    close_host_port,
    default_deny,
    close_way_out,
    harden_workload,
    pod_security,
];

/// `1 workload`, `2 workloads`.
fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// A fix written out: title, edits, what it would break.
pub(crate) fn write(world: &World<'_>, key: FixKey) -> Fix {
    let FixKey { kind, args } = key;
    let mut fix = Fix {
        key: String::new(),
        title: String::new(),
        grain: kind.grain,
        effort: kind.effort,
        breaks: Vec::new(),
        edits: Vec::new(),
    };
    (kind.write)(world, args, &mut fix);
    fix.key = model::stable_id([kind.id, &fix.title]);
    fix
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_unique_and_kebab_case() {
        let ids: BTreeSet<_> = FIXES.iter().map(|fix| fix.id).collect();
        assert_eq!(ids.len(), FIXES.len());
        assert!(ids.iter().all(|id| id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
        assert!(FIXES.iter().all(|fix| (1..=5).contains(&fix.effort)));
    }
}
