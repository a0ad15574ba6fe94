//! From outside to what everyone may do without credentials.

use super::{Line, Step};
use crate::fixes;
use crate::graph::{Edge, Graph, NewEdge, State};
use crate::world::World;
use model::{Confidence, Evidence, Identity};

pub(crate) static STEP: Step = Step {
    id: "anonymous",
    title: "Use the API server without credentials",
    attack: "T1078.001",
    rights: false,
    explain: "A binding to system:anonymous or system:unauthenticated gives its rights to anyone who reaches the API server. \
              Ease 0.9; that the API server is reachable and takes anonymous requests is inferred.",
    edges,
    describe,
};

fn nobody(identity: &Identity) -> bool {
    match identity {
        Identity::User(name) => &**name == "system:anonymous",
        Identity::Group(name) => &**name == Identity::UNAUTHENTICATED,
        _ => false,
    }
}

fn edges(world: &World<'_>, graph: &mut Graph) {
    for (at, right) in world.grants.iter().enumerate() {
        if world.identities.get(right.identity).is_some_and(nobody) {
            graph.add(NewEdge {
                from: &[State::Internet],
                to: State::Acts(right.identity),
                ease: 0.9,
                confidence: Confidence::Inferred,
                args: [at as u32, 0],
                fixes: &[fixes::replace_grant::key(right.binding)],
            });
        }
    }
}

fn describe(world: &World<'_>, _: &Graph, edge: &Edge) -> Line {
    let binding = super::right::of(world, edge).map(|right| &right.grant.binding);
    let evidence = binding.and_then(|b| world.snapshot.get(b)).map(|b| b.evidence("/subjects"));
    Line {
        text: "the API server answers requests without credentials".into(),
        evidence: evidence.unwrap_or(Evidence::Assumption("anonymous requests are on by default".into())),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{edges, holds};
    use model::{Capability, Identity, Scope};

    #[test]
    fn rights_of_nobody_are_everybodys() {
        let facts = [holds(Identity::group("system:unauthenticated"), Capability::ListSecrets, Scope::Cluster)];
        assert_eq!(edges("anonymous", "", &facts), ["Internet -> Group system:unauthenticated 0.90"]);
    }

    #[test]
    fn rights_of_the_authenticated_are_not() {
        let facts = [holds(Identity::group("system:authenticated"), Capability::ListSecrets, Scope::Cluster)];
        assert!(edges("anonymous", "", &facts).is_empty());
    }
}
