//! Execute in pods through the kubelet.

use super::{Line, Step, right};
use crate::graph::{Edge, Graph, State};
use crate::world::World;
use model::Capability;

pub(crate) static STEP: Step = Step {
    id: "nodes-proxy",
    title: "Execute in pods through the kubelet",
    attack: "T1609",
    rights: true,
    explain: "get on nodes/proxy reaches the kubelet's exec handler over WebSocket: code in every pod, without admission and without its own audit event. Ease 0.9.",
    edges,
    describe,
};

fn edges(world: &World<'_>, graph: &mut Graph) {
    right::edges(world, graph, |held| matches!(held, Capability::NodesProxy), 0.9, |scope| vec![State::ExecIn(scope)]);
}

fn describe(world: &World<'_>, _: &Graph, edge: &Edge) -> Line {
    right::describe(world, edge, "talks to every kubelet (nodes/proxy)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{edges, holds};
    use model::{Identity, Scope};

    #[test]
    fn it_holds_in_the_scope_of_its_binding() {
        let held = |scope| [holds(Identity::account("a", "b"), Capability::NodesProxy, scope)];
        assert_eq!(edges("nodes-proxy", "", &held(Scope::Cluster)), ["ServiceAccount a/b -> exec in * 0.90"]);
        assert_eq!(edges("nodes-proxy", "", &held(Scope::Namespace("shop".into()))), ["ServiceAccount a/b -> exec in shop 0.90"]);
    }

    #[test]
    fn other_rights_do_not() {
        let facts = [holds(Identity::account("a", "b"), Capability::Other("x".into()), Scope::Cluster)];
        assert!(edges("nodes-proxy", "", &facts).is_empty());
    }
}
