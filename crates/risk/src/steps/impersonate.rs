//! Act as someone else.

use super::{Line, Step, right};
use crate::graph::{Edge, Graph, State};
use crate::world::World;
use model::Capability;

pub(crate) static STEP: Step = Step {
    id: "impersonate",
    title: "Act as someone else",
    attack: "T1134.003",
    rights: true,
    explain: "impersonate on users, groups or accounts makes requests in their name; system:masters included. Ease 0.95.",
    edges,
    describe,
};

fn edges(world: &World<'_>, graph: &mut Graph) {
    right::edges(world, graph, |held| matches!(held, Capability::Impersonate), 0.95, |scope| vec![if scope == 0 { State::ClusterAdmin } else { State::AccountsOf(scope) }]);
}

fn describe(world: &World<'_>, _: &Graph, edge: &Edge) -> Line {
    right::describe(world, edge, "acts as anyone")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{edges, holds};
    use model::{Identity, Scope};

    #[test]
    fn it_holds_in_the_scope_of_its_binding() {
        let held = |scope| [holds(Identity::account("a", "b"), Capability::Impersonate, scope)];
        assert_eq!(edges("impersonate", "", &held(Scope::Cluster)), ["ServiceAccount a/b -> ClusterAdmin 0.95"]);
        assert_eq!(edges("impersonate", "", &held(Scope::Namespace("shop".into()))), ["ServiceAccount a/b -> accounts of shop 0.95"]);
    }

    #[test]
    fn other_rights_do_not() {
        let facts = [holds(Identity::account("a", "b"), Capability::Other("x".into()), Scope::Cluster)];
        assert!(edges("impersonate", "", &facts).is_empty());
    }
}
