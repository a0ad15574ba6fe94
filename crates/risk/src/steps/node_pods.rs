//! From root on a node to every pod that runs there.

use super::{Line, Step};
use crate::graph::{Edge, Graph, Index, NewEdge, State};
use crate::world::World;
use model::{Confidence, Evidence};

pub(crate) static STEP: Step = Step {
    id: "node-pods",
    title: "Enter the other pods of the node",
    attack: "T1611",
    explain: "Root on a node is root in each of its pods, tokens included. Ease 0.95. Needs to know which pods run where, that is \
              a live snapshot; on manifests alone the step is not drawn and the coverage says so.",
    edges,
    describe,
};

fn edges(world: &World<'_>, graph: &mut Graph) {
    for (at, workload) in world.workloads.iter().enumerate() {
        for node in &workload.nodes {
            // A node nobody escapes to needs no edges to its pods.
            if graph.find(State::Node(*node)).is_some() {
                graph.add(NewEdge {
                    from: &[State::Node(*node)],
                    to: State::Exec(at as Index),
                    ease: 0.95,
                    confidence: Confidence::Confirmed,
                    args: [at as Index, *node],
                    fixes: &[],
                });
            }
        }
    }
}

fn describe(world: &World<'_>, _: &Graph, edge: &Edge) -> Line {
    let node = world.nodes.get(edge.args[1] as usize).map_or("", |node| &node.name);
    Line {
        text: format!("{} runs on the same node ({})", world.name(edge.args[0]), model::escape(node)),
        evidence: Evidence::Assumption("pod status".into()),
    }
}
