//! Execute in pods through the kubelet.

use super::{Line, Step, right};
use crate::graph::{Edge, Graph, State};
use crate::world::World;
use model::Capability;

pub(crate) static STEP: Step = Step {
    id: "nodes-proxy",
    title: "Execute in pods through the kubelet",
    attack: "T1609",
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
