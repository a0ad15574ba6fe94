//! Mint tokens of other accounts.

use super::{Line, Step, right};
use crate::graph::{Edge, Graph, State};
use crate::world::World;
use model::Capability;

pub(crate) static STEP: Step = Step {
    id: "mint-token",
    title: "Mint tokens of other accounts",
    attack: "T1528",
    rights: true,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{edges, holds};
    use model::{Identity, Scope};

    #[test]
    fn it_holds_in_the_scope_of_its_binding() {
        let held = |scope| [holds(Identity::account("a", "b"), Capability::CreateTokens, scope)];
        assert_eq!(edges("mint-token", "", &held(Scope::Cluster)), ["ServiceAccount a/b -> accounts of * 0.95"]);
        assert_eq!(edges("mint-token", "", &held(Scope::Namespace("shop".into()))), ["ServiceAccount a/b -> accounts of shop 0.95"]);
    }

    #[test]
    fn other_rights_do_not() {
        let facts = [holds(Identity::account("a", "b"), Capability::Other("x".into()), Scope::Cluster)];
        assert!(edges("mint-token", "", &facts).is_empty());
    }
}
