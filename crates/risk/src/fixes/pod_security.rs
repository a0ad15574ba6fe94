//! Enforce a Pod Security level on a namespace.

use super::FixKind;
use crate::graph::{FixKey, Index};
use crate::world::World;
use model::{Edit, Fix, Grain, ResourceRef};

pub(crate) static KIND: FixKind = FixKind { id: "pod-security", grain: Grain::Policy, effort: 3, write };

const LABEL: &str = "pod-security.kubernetes.io/enforce";

/// A namespace.
pub(crate) fn key(scope: Index) -> FixKey {
    FixKey { kind: &KIND, args: [scope, 0] }
}

fn write(world: &World<'_>, [scope, _]: [Index; 2], fix: &mut Fix) {
    fix.title = format!("enforce Pod Security baseline in {}", world.scope_name(scope));
    let refused = world.workloads_in(scope).filter(|w| world.workload_at(*w).is_some_and(|w| !w.escapes.is_empty()));
    let refused = refused.count();
    if refused > 0 {
        fix.breaks.push(format!("it refuses {} until they change", super::count(refused, "workload")));
    }
    let pointer = format!("/metadata/labels/{}", LABEL.replace('/', "~1"));
    let resource = ResourceRef::new("", "Namespace", "", world.namespace(scope));
    fix.edits.push(Edit::Set { resource, pointer, value: "baseline".into() });
}
