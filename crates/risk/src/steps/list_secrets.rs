//! Read Secrets by listing them.

use super::{Line, Step, right};
use crate::graph::{Edge, Graph, State};
use crate::world::World;
use model::Capability;

pub(crate) static STEP: Step = Step {
    id: "list-secrets",
    title: "Read Secrets by listing them",
    attack: "T1552.007",
    explain: "list and watch return the content of Secrets. Ease 0.95. Name the Secrets that are needed and grant get on them.",
    edges,
    describe,
};

fn edges(world: &World<'_>, graph: &mut Graph) {
    right::edges(world, graph, |held| matches!(held, Capability::ListSecrets), 0.95, |scope| vec![State::Secrets(scope)]);
}

fn describe(world: &World<'_>, _: &Graph, edge: &Edge) -> Line {
    right::describe(world, edge, "lists every Secret")
}
