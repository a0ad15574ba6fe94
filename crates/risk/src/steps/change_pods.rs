//! From rights over running pods to code in them.

use super::{Line, Step, right};
use crate::graph::{Edge, Graph, State};
use crate::world::World;
use model::Capability;

pub(crate) static STEP: Step = Step {
    id: "change-pods",
    title: "Execute in pods, or change what they run",
    attack: "T1609",
    rights: true,
    explain: "exec, attach and ephemeral containers run code in a pod (ease 0.95); update or patch on workloads swaps their image \
              (ease 0.9). Either reaches every pod in scope, with its token.",
    edges,
    describe,
};

fn edges(world: &World<'_>, graph: &mut Graph) {
    right::edges(world, graph, |held| matches!(held, Capability::ExecPods), 0.95, |scope| vec![State::ExecIn(scope)]);
    right::edges(world, graph, |held| matches!(held, Capability::PatchWorkloads), 0.9, |scope| vec![State::ExecIn(scope)]);
}

fn describe(world: &World<'_>, _: &Graph, edge: &Edge) -> Line {
    let patch = right::of(world, edge).is_some_and(|right| right.grant.capability == Capability::PatchWorkloads);
    right::describe(world, edge, if patch { "changes what workloads run" } else { "executes in pods" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{edges, holds};
    use model::{Identity, Scope};

    #[test]
    fn exec_and_patch_reach_the_pods_in_scope() {
        let who = || Identity::account("a", "b");
        let facts = [
            holds(who(), Capability::ExecPods, Scope::Cluster),
            holds(who(), Capability::PatchWorkloads, Scope::Namespace("shop".into())),
        ];
        let want = ["ServiceAccount a/b -> exec in * 0.95", "ServiceAccount a/b -> exec in shop 0.90"];
        assert_eq!(edges("change-pods", "", &facts), want);
    }

    #[test]
    fn reading_changes_nothing() {
        let facts = [holds(Identity::account("a", "b"), Capability::ListSecrets, Scope::Cluster)];
        assert!(edges("change-pods", "", &facts).is_empty());
    }
}
