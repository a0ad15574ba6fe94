//! Replace a binding by a smaller grant.

use super::{FixKind, count};
use crate::graph::{FixKey, Index};
use crate::world::World;
use model::{Fix, Grain};

pub(crate) static KIND: FixKind = FixKind { id: "replace-grant", grain: Grain::Object, effort: 3, write };

/// A binding.
pub(crate) fn key(binding: Index) -> FixKey {
    FixKey { kind: &KIND, args: [binding, 0] }
}

fn write(world: &World<'_>, [binding, _]: [Index; 2], fix: &mut Fix) {
    let Some(binding) = world.objects.get(binding) else { return };
    let rights = || world.grants.iter().filter(|right| right.grant.binding == *binding);
    let role = rights().next().map(|right| right.grant.role.name.to_string()).unwrap_or_default();
    fix.title = format!("replace {role} in {binding} by a smaller grant");
    let mut who: Vec<u32> = rights().map(|right| right.identity).collect();
    who.sort_unstable();
    who.dedup();
    let used: usize = who.iter().map(|who| world.usage(*who).filter(|u| u.allowed).count()).sum();
    if used > 0 {
        let were = if used == 1 { "was" } else { "were" };
        fix.breaks.push(format!("{} {were} used: keep these", count(used, "right")));
    }
}
