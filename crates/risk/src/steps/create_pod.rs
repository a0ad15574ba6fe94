//! Create a pod with another account or as root on a node.

use super::{Line, Step, right};
use crate::graph::{Edge, Graph, State};
use crate::world::World;
use model::Capability;

pub(crate) static STEP: Step = Step {
    id: "create-pod",
    title: "Create a pod with another account or as root on a node",
    attack: "T1610",
    rights: true,
    explain: "Whoever creates pods chooses their account, and, where Pod Security does not refuse it, a privileged container on the node. Ease 0.9.",
    edges,
    describe,
};

fn edges(world: &World<'_>, graph: &mut Graph) {
    right::edges(world, graph, |held| matches!(held, Capability::CreatePods), 0.9, |scope| vec![State::CreatePods(scope)]);
}

fn describe(world: &World<'_>, _: &Graph, edge: &Edge) -> Line {
    right::describe(world, edge, "creates pods")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{edges, holds};
    use model::{Identity, Scope};

    #[test]
    fn it_holds_in_the_scope_of_its_binding() {
        let held = |scope| [holds(Identity::account("a", "b"), Capability::CreatePods, scope)];
        assert_eq!(edges("create-pod", "", &held(Scope::Cluster)), ["ServiceAccount a/b -> pods in * 0.90"]);
        assert_eq!(edges("create-pod", "", &held(Scope::Namespace("shop".into()))), ["ServiceAccount a/b -> pods in shop 0.90"]);
    }

    #[test]
    fn other_rights_do_not() {
        let facts = [holds(Identity::account("a", "b"), Capability::Other("x".into()), Scope::Cluster)];
        assert!(edges("create-pod", "", &facts).is_empty());
    }
}
