//! From root on one node and a right to move pods to every account of the cluster.

use super::{Line, Step, right};
use crate::graph::{Edge, Graph, State};
use crate::world::World;
use model::Capability;

pub(crate) static STEP: Step = Step {
    id: "move-pods",
    title: "Pull powerful pods to one's own node",
    attack: "T1610",
    rights: true,
    explain: "Whoever is root on one node and may also drain the others (delete or evict pods, change Nodes) waits until pods with \
              better tokens are started on his node. Needs both; ease 0.7.",
    edges,
    describe,
};

fn edges(world: &World<'_>, graph: &mut Graph) {
    for (at, held) in world.grants.iter().enumerate() {
        if matches!(held.grant.capability, Capability::MovePods) {
            let from = [State::Acts(held.identity), State::AnyNode];
            right::add(world, graph, at, held, &from, State::AccountsOf(held.scope), 0.7);
        }
    }
}

fn describe(world: &World<'_>, _: &Graph, edge: &Edge) -> Line {
    right::describe(world, edge, "moves pods between nodes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{edges, holds};
    use model::{Identity, Scope};

    #[test]
    fn it_needs_the_right_and_a_node() {
        let facts = [holds(Identity::account("a", "b"), Capability::MovePods, Scope::Cluster)];
        let want = ["ServiceAccount a/b + AnyNode -> accounts of * 0.70"];
        assert_eq!(edges("move-pods", "", &facts), want);
    }

    #[test]
    fn other_rights_move_nothing() {
        let facts = [holds(Identity::account("a", "b"), Capability::ExecPods, Scope::Cluster)];
        assert!(edges("move-pods", "", &facts).is_empty());
    }
}
