//! Read Secrets whose names can be guessed.

use super::{Line, Step, right};
use crate::graph::{Edge, Graph, State};
use crate::world::World;
use model::Capability;

pub(crate) static STEP: Step = Step {
    id: "get-secrets",
    title: "Read Secrets whose names can be guessed",
    attack: "T1552.007",
    explain: "get without list needs names, which charts and manifests make public. Ease 0.3. Restrict the rule to resourceNames.",
    edges,
    describe,
};

fn edges(world: &World<'_>, graph: &mut Graph) {
    right::edges(world, graph, |held| matches!(held, Capability::GetSecrets { names } if names.is_empty()), 0.3, |scope| vec![State::Secrets(scope)]);
}

fn describe(world: &World<'_>, _: &Graph, edge: &Edge) -> Line {
    right::describe(world, edge, "reads any Secret whose name is known")
}
