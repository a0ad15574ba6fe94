//! From a container to the account whose token lies in it.

use super::{Line, Step};
use crate::fixes;
use crate::graph::{Edge, Graph, Index, NewEdge, State};
use crate::world::World;
use model::Confidence;

pub(crate) static STEP: Step = Step {
    id: "token",
    title: "Take the account's token from the container",
    attack: "T1528",
    explain: "The account's token is mounted into the container unless the pod or the account says otherwise. Ease 0.95. Only \
              accounts that hold some right are followed. automountServiceAccountToken: false removes it.",
    edges,
    describe,
};

fn edges(world: &World<'_>, graph: &mut Graph) {
    for (at, workload) in world.workloads.iter().enumerate() {
        if workload.token.is_some() {
            graph.add(NewEdge {
                from: &[State::Exec(at as Index)],
                to: State::Acts(workload.account),
                ease: 0.95,
                confidence: Confidence::Confirmed,
                args: [at as Index, workload.account],
                fixes: &[fixes::automount::key(workload.account)],
            });
        }
    }
}

fn describe(world: &World<'_>, _: &Graph, edge: &Edge) -> Line {
    let pointer = world.workload_at(edge.args[0]).and_then(|w| w.token.as_deref()).unwrap_or_default();
    let account = world.identities.get(edge.args[1]).map(ToString::to_string).unwrap_or_default();
    Line { text: format!("its token is mounted ({account})"), evidence: world.evidence(edge.args[0], pointer) }
}
