//! Change what is admitted.

use super::{Line, Step, right};
use crate::graph::{Edge, Graph, State};
use crate::world::World;
use model::Capability;

pub(crate) static STEP: Step = Step {
    id: "write-admission",
    title: "Change what is admitted",
    attack: "T1556",
    explain: "Whoever writes mutating webhooks or admission policies changes every object that is created: a container into every pod, or controls switched off. Ease 0.8.",
    edges,
    describe,
};

fn edges(world: &World<'_>, graph: &mut Graph) {
    right::edges(world, graph, |held| matches!(held, Capability::WriteAdmission), 0.8, |scope| vec![State::ExecIn(scope)]);
}

fn describe(world: &World<'_>, _: &Graph, edge: &Edge) -> Line {
    right::describe(world, edge, "rewrites whatever is admitted")
}
