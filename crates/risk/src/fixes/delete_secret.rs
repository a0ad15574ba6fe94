//! Delete a never-ending token.

use super::FixKind;
use crate::graph::{FixKey, Index};
use crate::world::World;
use model::{Edit, Fix, Grain};

pub(crate) static KIND: FixKind = FixKind { id: "delete-secret", grain: Grain::Object, effort: 1, write };

/// A Secret.
pub(crate) fn key(secret: Index) -> FixKey {
    FixKey { kind: &KIND, args: [secret, 0] }
}

fn write(world: &World<'_>, [secret, _]: [Index; 2], fix: &mut Fix) {
    let Some(secret) = world.objects.get(secret) else { return };
    fix.title = format!("delete the token Secret {}", secret.short());
    fix.edits.push(Edit::Delete { resource: secret.clone() });
}
