//! Narrow a role that reads Secrets to the Secrets that were read.

use super::FixKind;
use crate::graph::{FixKey, Index};
use crate::world::{Right, World};
use model::{Capability, Edit, Fix, Grain, ResourceRef, Usage};
use serde_json::json;
use std::collections::BTreeSet;

pub(crate) static KIND: FixKind = FixKind { id: "narrow-role", grain: Grain::Object, effort: 1, write };

const RBAC: &str = "rbac.authorization.k8s.io";

/// A role, through one of its bindings.
pub(crate) fn key(role: Index, binding: Index) -> FixKey {
    FixKey { kind: &KIND, args: [role, binding] }
}

/// Only rights to read Secrets, and only of a role someone wrote: defaults come back at the next start.
pub(crate) fn possible(world: &World<'_>, right: &Right<'_>) -> bool {
    matches!(right.grant.capability, Capability::ListSecrets | Capability::GetSecrets { .. })
        && world.written_role(right).is_some()
}

fn write(world: &World<'_>, [role, binding]: [Index; 2], fix: &mut Fix) {
    let Some((role, binding)) = world.objects.get(role).zip(world.objects.get(binding)) else { return };
    let used: Vec<&Usage> = users(world, binding).flat_map(|who| world.usage(who)).filter(|u| is_read(u)).collect();
    let namespaces: BTreeSet<&str> = used.iter().map(|u| u.namespace.as_str()).collect();
    let names: BTreeSet<&str> = used.iter().map(|u| u.name.as_str()).collect();
    let exact = namespaces.len() == 1 && names.iter().all(|name| !name.is_empty());
    match namespaces.first().filter(|_| exact) {
        Some(namespace) => {
            let shown: Vec<String> = names.iter().take(3).map(|name| format!("{namespace}/{name}")).collect();
            let more = if names.len() > 3 { format!(" and {} more", names.len() - 3) } else { String::new() };
            fix.title = format!("narrow {} to Secret {}{more}", role.name, shown.join(", "));
            fix.edits = edits(world, role, binding, namespace, &names);
        }
        None => {
            fix.title = format!("narrow {} to the Secrets it needs, by name", role.name);
            fix.effort = 2;
            if used.iter().any(|u| u.name.is_empty()) {
                let counts = used.iter().map(|u| u.count).sum::<u64>();
                fix.breaks.push(format!("{counts} reads in the audit log are lists, or in several namespaces"));
            }
        }
    }
}

fn is_read(usage: &Usage) -> bool {
    usage.allowed && usage.resource == "secrets" && matches!(usage.verb.as_str(), "get" | "list" | "watch")
}

/// The identities a binding gives its role to.
fn users(world: &World<'_>, binding: &ResourceRef) -> impl Iterator<Item = Index> {
    let mut all: Vec<Index> =
        world.grants.iter().filter(|right| right.grant.binding == *binding).map(|right| right.identity).collect();
    all.sort_unstable();
    all.dedup();
    all.into_iter()
}

/// A Role with the names, a RoleBinding with the same subjects, and the old binding gone.
fn edits(
    world: &World<'_>,
    role: &ResourceRef,
    binding: &ResourceRef,
    namespace: &str,
    names: &BTreeSet<&str>,
) -> Vec<Edit> {
    let Some(bound) = world.snapshot.get(binding) else { return Vec::new() };
    let subjects: serde_json::Value = serde_json::from_str(bound.text())
        .ok()
        .and_then(|v: serde_json::Value| v.get("subjects").cloned())
        .unwrap_or_default();
    let metadata = json!({"name": &*role.name, "namespace": namespace});
    vec![
        Edit::Create {
            value: json!({
                "apiVersion": format!("{RBAC}/v1"), "kind": "Role", "metadata": metadata,
                "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": names}],
            }),
        },
        Edit::Create {
            value: json!({
                "apiVersion": format!("{RBAC}/v1"), "kind": "RoleBinding", "metadata": {
                    "name": &*binding.name, "namespace": namespace},
                "subjects": subjects,
                "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": &*role.name},
            }),
        },
        Edit::Delete { resource: binding.clone() },
    ]
}
