//! Deny packets between pods of a namespace unless allowed.

use super::FixKind;
use crate::graph::{FixKey, Index};
use crate::world::World;
use model::{Edit, Fix, Grain};
use serde_json::json;

pub(crate) static KIND: FixKind = FixKind { id: "default-deny", grain: Grain::Policy, effort: 3, write };

/// A namespace.
pub(crate) fn key(scope: Index) -> FixKey {
    FixKey { kind: &KIND, args: [scope, 0] }
}

fn write(world: &World<'_>, [scope, _]: [Index; 2], fix: &mut Fix) {
    fix.title = format!("deny ingress by default in {} and allow what is needed", world.scope_name(scope));
    let open = world.workloads_in(scope).filter(|w| world.workload_at(*w).is_some_and(|w| !w.reach.limited)).count();
    fix.breaks.push(format!("{} open to any packet today; what is needed is not known", super::count(open, "workload")));
    fix.edits.push(Edit::Create {
        value: json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "default-deny-ingress", "namespace": world.namespace(scope)},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
        }),
    });
}
