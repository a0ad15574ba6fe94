//! Read Secrets by listing them.

use super::{Line, Step, right};
use crate::graph::{Edge, Graph, State};
use crate::world::World;
use model::Capability;

pub(crate) static STEP: Step = Step {
    id: "list-secrets",
    title: "Read Secrets by listing them",
    attack: "T1552.007",
    rights: true,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{edges, holds};
    use model::{Identity, Scope};

    #[test]
    fn it_holds_in_the_scope_of_its_binding() {
        let held = |scope| [holds(Identity::account("a", "b"), Capability::ListSecrets, scope)];
        assert_eq!(edges("list-secrets", "", &held(Scope::Cluster)), ["ServiceAccount a/b -> secrets of * 0.95"]);
        assert_eq!(edges("list-secrets", "", &held(Scope::Namespace("shop".into()))), ["ServiceAccount a/b -> secrets of shop 0.95"]);
    }

    #[test]
    fn other_rights_do_not() {
        let facts = [holds(Identity::account("a", "b"), Capability::Other("x".into()), Scope::Cluster)];
        assert!(edges("list-secrets", "", &facts).is_empty());
    }
}
