//! Use the rights of a cluster administrator.

use super::{Line, Step, right};
use crate::graph::{Edge, Graph, State};
use crate::world::World;
use model::Capability;

pub(crate) static STEP: Step = Step {
    id: "cluster-admin",
    title: "Use the rights of a cluster administrator",
    attack: "T1078",
    rights: true,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{edges, holds};
    use model::{Identity, Scope};

    #[test]
    fn it_holds_in_the_scope_of_its_binding() {
        let held = |scope| [holds(Identity::account("a", "b"), Capability::ClusterAdmin, scope)];
        assert_eq!(edges("cluster-admin", "", &held(Scope::Cluster)), ["ServiceAccount a/b -> ClusterAdmin 1.00"]);
        assert_eq!(edges("cluster-admin", "", &held(Scope::Namespace("shop".into()))), ["ServiceAccount a/b -> admin of shop 1.00"]);
    }

    #[test]
    fn other_rights_do_not() {
        let facts = [holds(Identity::account("a", "b"), Capability::Other("x".into()), Scope::Cluster)];
        assert!(edges("cluster-admin", "", &facts).is_empty());
    }
}
