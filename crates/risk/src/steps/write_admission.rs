//! Change what is admitted.

use super::{Line, Step, right};
use crate::graph::{Edge, Graph, State};
use crate::world::World;
use model::Capability;

pub(crate) static STEP: Step = Step {
    id: "write-admission",
    title: "Change what is admitted",
    attack: "T1556",
    rights: true,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{edges, holds};
    use model::{Identity, Scope};

    #[test]
    fn it_holds_in_the_scope_of_its_binding() {
        let held = |scope| [holds(Identity::account("a", "b"), Capability::WriteAdmission, scope)];
        assert_eq!(edges("write-admission", "", &held(Scope::Cluster)), ["ServiceAccount a/b -> exec in * 0.80"]);
        assert_eq!(edges("write-admission", "", &held(Scope::Namespace("shop".into()))), ["ServiceAccount a/b -> exec in shop 0.80"]);
    }

    #[test]
    fn other_rights_do_not() {
        let facts = [holds(Identity::account("a", "b"), Capability::Other("x".into()), Scope::Cluster)];
        assert!(edges("write-admission", "", &facts).is_empty());
    }
}
