//! From an identity to the groups it is in.

use super::{Line, Step};
use crate::graph::{Edge, Graph, NewEdge, State};
use crate::world::World;
use model::{Confidence, Evidence, Identity};
use rustc_hash::FxHashSet;

pub(crate) static STEP: Step = Step {
    id: "group",
    title: "Use the rights of a group",
    attack: "T1078",
    rights: false,
    explain: "Every account is in system:serviceaccounts, in the group of its namespace and in system:authenticated; whatever is \
              bound to one of these is bound to every pod with a token. Ease 1.",
    edges,
    describe,
};

fn edges(world: &World<'_>, graph: &mut Graph) {
    let groups: FxHashSet<u32> = world
        .grants
        .iter()
        .map(|right| right.identity)
        .filter(|at| matches!(world.identities.get(*at), Some(Identity::Group(_))))
        .collect();
    for (at, identity) in world.identities.iter().filter(|(_, i)| !matches!(i, Identity::Group(_))) {
        for name in identity.implicit_groups() {
            let Some(group) = world.identities.find(&Identity::Group(name)).filter(|g| groups.contains(g)) else { continue };
            graph.add(NewEdge {
                from: &[State::Acts(at)],
                to: State::Acts(group),
                ease: 1.0,
                confidence: Confidence::Confirmed,
                args: [at, group],
                fixes: &[],
            });
        }
    }
}

fn describe(world: &World<'_>, _: &Graph, edge: &Edge) -> Line {
    let name = |at: u32| world.identities.get(at).map(ToString::to_string).unwrap_or_default();
    Line {
        text: format!("{} is in {}", name(edge.args[0]), name(edge.args[1])),
        evidence: Evidence::Assumption("membership the API server gives by itself".into()),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{edges, holds, pod};
    use model::{Capability, Identity, Scope};

    #[test]
    fn what_a_group_holds_its_members_use() {
        let facts = [holds(Identity::group("system:serviceaccounts:shop"), Capability::ListSecrets, Scope::Cluster)];
        let want = ["ServiceAccount shop/default -> Group system:serviceaccounts:shop 1.00"];
        assert_eq!(edges("group", &(pod("shop", "web", "") + &pod("ops", "x", "")), &facts), want);
    }

    #[test]
    fn groups_that_hold_nothing_are_left_out() {
        assert!(edges("group", &pod("shop", "web", ""), &[]).is_empty());
    }
}
