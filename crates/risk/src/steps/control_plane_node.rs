//! From root on a control-plane node to the cluster.

use super::{Line, Step};
use crate::graph::{Edge, Graph, Index, NewEdge, State};
use crate::world::World;
use model::{Confidence, Evidence, ResourceRef};

pub(crate) static STEP: Step = Step {
    id: "control-plane-node",
    title: "Take the cluster from a control-plane node",
    attack: "T1552.004",
    explain: "The keys of the cluster lie on its control-plane nodes: root there is cluster-admin. Ease 1. Keep ordinary \
              workloads off these nodes (taint).",
    edges,
    describe,
};

fn edges(world: &World<'_>, graph: &mut Graph) {
    for (at, _) in world.nodes.iter().enumerate().filter(|(_, node)| node.control_plane) {
        if graph.find(State::Node(at as Index)).is_some() {
            graph.add(NewEdge {
                from: &[State::Node(at as Index)],
                to: State::ClusterAdmin,
                ease: 1.0,
                confidence: Confidence::Confirmed,
                args: [at as Index, 0],
                fixes: &[],
            });
        }
    }
}

fn describe(world: &World<'_>, _: &Graph, edge: &Edge) -> Line {
    let name = world.nodes.get(edge.args[0] as usize).map_or("", |node| &node.name);
    let node = world.snapshot.get(&ResourceRef::new("", "Node", "", name));
    Line {
        text: format!("Node {} holds the keys of the cluster", model::escape(name)),
        evidence: node.map_or(Evidence::Assumption(String::new()), |n| n.evidence("/metadata/labels")),
    }
}
