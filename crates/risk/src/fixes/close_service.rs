//! Take a Service off the nodes' and the internet's addresses.

use super::FixKind;
use crate::graph::{FixKey, Index};
use crate::world::World;
use model::{Fix, Grain};

pub(crate) static KIND: FixKind = FixKind { id: "close-service", grain: Grain::Object, effort: 4, write };

/// A Service or Ingress.
pub(crate) fn key(object: Index) -> FixKey {
    FixKey { kind: &KIND, args: [object, 0] }
}

fn write(world: &World<'_>, [object, _]: [Index; 2], fix: &mut Fix) {
    let Some(object) = world.objects.get(object) else { return };
    fix.title = match &*object.kind {
        "Ingress" => format!("put authentication in front of {object}"),
        _ => format!("make {object} ClusterIP behind an authenticating ingress"),
    };
}
