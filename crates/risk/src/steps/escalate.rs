//! Grant oneself more rights.

use super::{Line, Step, right};
use crate::graph::{Edge, Graph, State};
use crate::world::World;
use model::Capability;

pub(crate) static STEP: Step = Step {
    id: "escalate",
    title: "Grant oneself more rights",
    attack: "T1098.006",
    rights: true,
    explain: "bind with the right to write bindings, or escalate with the right to write roles, ends at every right in scope. Ease 0.95.",
    edges,
    describe,
};

fn edges(world: &World<'_>, graph: &mut Graph) {
    right::edges(world, graph, |held| matches!(held, Capability::Escalate), 0.95, |scope| vec![if scope == 0 { State::ClusterAdmin } else { State::NamespaceAdmin(scope) }]);
}

fn describe(world: &World<'_>, _: &Graph, edge: &Edge) -> Line {
    right::describe(world, edge, "can grant itself any right")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{edges, holds};
    use model::{Identity, Scope};

    #[test]
    fn it_holds_in_the_scope_of_its_binding() {
        let held = |scope| [holds(Identity::account("a", "b"), Capability::Escalate, scope)];
        assert_eq!(edges("escalate", "", &held(Scope::Cluster)), ["ServiceAccount a/b -> ClusterAdmin 0.95"]);
        assert_eq!(edges("escalate", "", &held(Scope::Namespace("shop".into()))), ["ServiceAccount a/b -> admin of shop 0.95"]);
    }

    #[test]
    fn other_rights_do_not() {
        let facts = [holds(Identity::account("a", "b"), Capability::Other("x".into()), Scope::Cluster)];
        assert!(edges("escalate", "", &facts).is_empty());
    }
}
