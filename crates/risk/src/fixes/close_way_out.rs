//! Close one way out of a container.

use super::FixKind;
use crate::graph::{FixKey, Index};
use crate::world::World;
use model::{Edit, Escape, Evidence, Fix, Grain, Predicate};

pub(crate) static KIND: FixKind = FixKind { id: "close-way-out", grain: Grain::Field, effort: 2, write };

/// A workload and the fact that says how it gets out.
pub(crate) fn key(workload: Index, fact: u32) -> FixKey {
    FixKey { kind: &KIND, args: [workload, fact] }
}

fn write(world: &World<'_>, [workload, fact]: [Index; 2], fix: &mut Fix) {
    let name = world.name(workload);
    let Some(fact) = world.fact(fact) else { return };
    let Predicate::Escapes(escape) = &fact.predicate else { return };
    fix.title = match escape {
        Escape::Privileged => format!("drop privileged from {name}"),
        Escape::Capability(capability) => format!("drop the capability {capability} from {name}"),
        Escape::HostPid => format!("drop hostPID from {name}"),
        Escape::HostNetwork => format!("drop hostNetwork from {name}"),
        Escape::HostIpc => format!("drop hostIPC from {name}"),
        Escape::HostPath { path, .. } => format!("drop the hostPath {path} from {name}"),
        Escape::RuntimeSocket { path } => format!("drop the socket {path} from {name}"),
        // One act for all workloads there.
        Escape::VulnerableNode { component, version, .. } => {
            fix.grain = Grain::Object;
            fix.effort = 4;
            format!("upgrade {component} {version} on the nodes")
        }
    };
    fix.title = model::escape(&fix.title).into_owned();
    if matches!(escape, Escape::Privileged | Escape::HostPid | Escape::HostNetwork | Escape::HostIpc) {
        fix.effort = 1;
        if let Evidence::Field { resource, pointer, .. } = &fact.evidence {
            fix.edits.push(Edit::Set { resource: resource.clone(), pointer: pointer.clone(), value: false.into() });
        }
    }
}
