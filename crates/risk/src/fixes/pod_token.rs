//! Keep a token out of a pod that asks for it itself, whatever its account says.

use super::{FixKind, automount};
use crate::graph::{FixKey, Index};
use crate::world::{TokenBy, World};
use model::{Edit, Fix, Grain};

pub(crate) static KIND: FixKind = FixKind { id: "pod-token", grain: Grain::Field, effort: 2, write };

/// A workload.
pub(crate) fn key(workload: Index) -> FixKey {
    FixKey { kind: &KIND, args: [workload, 0] }
}

fn write(world: &World<'_>, [workload, _]: [Index; 2], fix: &mut Fix) {
    let name = world.name(workload);
    let Some(facts) = world.workload_at(workload) else { return };
    let Some(token) = &facts.token else { return };
    automount::in_use(world, facts.account, fix);
    let TokenBy::Pod { switch } = &token.by else {
        fix.title = format!("take the projected token out of {name}");
        return;
    };
    fix.title = format!("set automountServiceAccountToken: false in {name}");
    fix.effort = 1;
    if let Some(resource) = world.snapshot.get(&facts.resource.reference) {
        let (resource, pointer) = (resource.reference.clone(), switch.clone());
        fix.edits.push(Edit::Set { resource, pointer, value: false.into() });
    }
}
