//! Use the rights of a cluster administrator.

use super::{Line, Step, right};
use crate::graph::{Edge, Graph, State};
use crate::world::World;
use model::Capability;

pub(crate) static STEP: Step = Step {
    id: "cluster-admin",
    title: "Use the rights of a cluster administrator",
    attack: "T1078",
    explain: "Every verb on every resource. Ease 1: nothing is left to do.",
    edges,
    describe,
};

fn edges(world: &World<'_>, graph: &mut Graph) {
    right::edges(world, graph, |held| matches!(held, Capability::ClusterAdmin), 1.0, |scope| vec![if scope == 0 { State::ClusterAdmin } else { State::NamespaceAdmin(scope) }]);
}

fn describe(world: &World<'_>, _: &Graph, edge: &Edge) -> Line {
    right::describe(world, edge, "grants everything")
}
