//! Read Secrets whose names can be guessed.

use super::{Line, Step, right};
use crate::graph::{Edge, Graph, State};
use crate::world::World;
use model::Capability;

pub(crate) static STEP: Step = Step {
    id: "get-secrets",
    title: "Read Secrets whose names can be guessed",
    attack: "T1552.007",
    rights: true,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{edges, holds};
    use model::{Identity, Scope};

    #[test]
    fn it_holds_in_the_scope_of_its_binding() {
        let held = |scope| [holds(Identity::account("a", "b"), Capability::GetSecrets { names: Vec::new() }, scope)];
        assert_eq!(edges("get-secrets", "", &held(Scope::Cluster)), ["ServiceAccount a/b -> secrets of * 0.30"]);
        assert_eq!(edges("get-secrets", "", &held(Scope::Namespace("shop".into()))), ["ServiceAccount a/b -> secrets of shop 0.30"]);
    }

    #[test]
    fn other_rights_do_not() {
        let facts = [holds(Identity::account("a", "b"), Capability::Other("x".into()), Scope::Cluster)];
        assert!(edges("get-secrets", "", &facts).is_empty());
    }
}
