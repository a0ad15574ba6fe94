//! Create a pod with another account or as root on a node.

use super::{Line, Step, right};
use crate::graph::{Edge, Graph, State};
use crate::world::World;
use model::Capability;

pub(crate) static STEP: Step = Step {
    id: "create-pod",
    title: "Create a pod with another account or as root on a node",
    attack: "T1610",
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
