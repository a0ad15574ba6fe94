//! Take a workload off the ports of its node.

use super::FixKind;
use crate::graph::{FixKey, Index};
use crate::world::World;
use model::{Fix, Grain};

pub(crate) static KIND: FixKind = FixKind { id: "close-host-port", grain: Grain::Field, effort: 2, write };

/// A workload.
pub(crate) fn key(workload: Index) -> FixKey {
    FixKey { kind: &KIND, args: [workload, 0] }
}

fn write(world: &World<'_>, [workload, _]: [Index; 2], fix: &mut Fix) {
    let network = world.workload_at(workload).is_some_and(|w| w.endpoint.host_network);
    let what = if network { "hostNetwork" } else { "hostPort" };
    fix.title = format!("drop {what} from {} and publish it through a Service", world.name(workload));
}
