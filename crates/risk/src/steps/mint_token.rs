//! Mint tokens of other accounts.

use super::{Line, Step, right};
use crate::graph::{Edge, Graph, State};
use crate::world::World;
use model::Capability;

pub(crate) static STEP: Step = Step {
    id: "mint-token",
    title: "Mint tokens of other accounts",
    attack: "T1528",
    explain: "create on serviceaccounts/token makes a token of any account in scope. Ease 0.95.",
    edges,
    describe,
};

fn edges(world: &World<'_>, graph: &mut Graph) {
    right::edges(world, graph, |held| matches!(held, Capability::CreateTokens), 0.95, |scope| vec![State::AccountsOf(scope)]);
}

fn describe(world: &World<'_>, _: &Graph, edge: &Edge) -> Line {
    right::describe(world, edge, "mints tokens of any account")
}
