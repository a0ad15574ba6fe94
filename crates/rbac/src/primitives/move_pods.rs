//! Pulling others' pods onto a node one holds.

use super::{Effect, Held, Primitive, Way, held};
use crate::RoleView;
use model::Capability;

pub(crate) static PRIMITIVE: Primitive = Primitive {
    id: "move-pods",
    title: "move pods between nodes",
    gives: "powerful pods on a node one already holds, and with them their tokens",
    rights: &[
        "update|patch|delete nodes, update|patch nodes/status",
        "delete pods, create pods/eviction, update|patch pods/status, create pods/binding",
    ],
    ways: &[
        Way { effect: Effect::ClusterOnly, parts: &[nodes] },
        Way { effect: Effect::Anywhere, parts: &[pods] },
    ],
};

fn nodes(role: &RoleView<'_>) -> Option<Held> {
    let node = role.any_of(&["update", "patch", "delete"], "", "nodes");
    node.or_else(|| role.any_of(&["update", "patch"], "", "nodes/status")).map(held(Capability::MovePods))
}

fn pods(role: &RoleView<'_>) -> Option<Held> {
    let gone = role.any_of(&["delete", "deletecollection"], "", "pods");
    gone.or_else(|| role.any("create", "", "pods/eviction"))
        .or_else(|| role.any_of(&["update", "patch"], "", "pods/status"))
        .or_else(|| role.any("create", "", "pods/binding"))
        .map(held(Capability::MovePods))
}

#[cfg(test)]
mod tests {
    use crate::testing::held_by_rules as held;
    use model::Capability::MovePods;

    #[test]
    fn nodes_and_pods() {
        assert_eq!(held("{apiGroups: [''], resources: [nodes], verbs: [patch]}"), [MovePods]);
        assert_eq!(held("{apiGroups: [''], resources: [pods/eviction], verbs: [create]}"), [MovePods]);
    }

    #[test]
    fn reading_nodes_is_not() {
        assert!(held("{apiGroups: [''], resources: [nodes], verbs: [get, list, watch]}").is_empty());
    }
}
