//! Refuse images without a signature at admission.

use super::FixKind;
use crate::graph::{FixKey, Index};
use crate::world::World;
use model::{Fix, Grain, Predicate};

pub(crate) static KIND: FixKind = FixKind { id: "verify-images", grain: Grain::Policy, effort: 3, write };

/// A namespace.
pub(crate) fn key(scope: Index) -> FixKey {
    FixKey { kind: &KIND, args: [scope, 0] }
}

fn write(world: &World<'_>, [scope, _]: [Index; 2], fix: &mut Fix) {
    fix.title = format!("verify image signatures at admission in {}", world.scope_name(scope));
    let unsigned = |workload: &u32| {
        let images = world.workload_at(*workload).map_or(&[][..], |w| &w.images);
        images.iter().any(|image| {
            let fact = image.provenance.and_then(|joined| world.fact(joined.fact));
            !matches!(fact.map(|fact| &fact.predicate), Some(Predicate::Signed { .. }))
        })
    };
    let refused = world.workloads_in(scope).filter(unsigned).count();
    if refused > 0 {
        fix.breaks.push(format!("{} without a verified signature", super::count(refused, "workload")));
    }
}
