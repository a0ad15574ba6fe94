//! From a stolen credential to the person it belongs to.

use super::{Line, Step};
use crate::graph::{Edge, Graph, Index, NewEdge, State};
use crate::world::World;
use model::{Confidence, Evidence, Identity};
use std::collections::BTreeSet;

pub(crate) static STEP: Step = Step {
    id: "credential",
    title: "Use the stolen credential of a person",
    attack: "T1078.004",
    rights: false,
    explain: "People hold kubeconfigs, client certificates and cloud logins, and lose them. Whoever has one is the person, or \
              anyone of the group. Ease 0.3: nothing in the cluster shows how well they are kept. Only people who hold some \
              right are followed; names that begin with system: are components, not people.",
    edges,
    describe,
};

/// Whether an identity is somebody, not something.
fn person(identity: &Identity) -> bool {
    match identity {
        Identity::User(name) => !name.starts_with("system:"),
        Identity::Group(name) => !name.starts_with("system:") || &**name == Identity::MASTERS,
        Identity::Certificate { user, .. } => !user.starts_with("system:"),
        Identity::Cloud { .. } => true,
        Identity::ServiceAccount { .. } => false,
    }
}

fn edges(world: &World<'_>, graph: &mut Graph) {
    let holders: BTreeSet<Index> = world.grants.iter().map(|right| right.identity).collect();
    for who in holders.into_iter().filter(|who| world.identities.get(*who).is_some_and(person)) {
        graph.add(NewEdge {
            from: &[State::Credential],
            to: State::Acts(who),
            ease: 0.3,
            confidence: Confidence::Inferred,
            args: [who, who],
            fixes: &[],
        });
    }
}

fn describe(world: &World<'_>, _: &Graph, edge: &Edge) -> Line {
    let who = world.identities.get(edge.args[0]).map(ToString::to_string).unwrap_or_default();
    let binding = world.grants.iter().find(|right| right.identity == edge.args[0]).map(|right| &right.grant.binding);
    let evidence = binding.and_then(|b| world.snapshot.get(b)).map(|b| b.evidence("/subjects"));
    Line {
        text: format!("whoever has a credential of {who} acts as it"),
        evidence: evidence.unwrap_or(Evidence::Assumption("credentials get lost".into())),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{edges, holds};
    use model::{Capability, Identity, Scope};

    fn of(who: Identity) -> Vec<String> {
        edges("credential", "", &[holds(who, Capability::ListSecrets, Scope::Cluster)])
    }

    #[test]
    fn people_and_their_groups_have_credentials() {
        assert_eq!(of(Identity::user("alice")), ["Credential -> User alice 0.30"]);
        assert_eq!(of(Identity::group("devs")), ["Credential -> Group devs 0.30"]);
        let cloud = Identity::Cloud { provider: "aws".into(), principal: "arn:x".into() };
        assert_eq!(of(cloud), ["Credential -> aws principal arn:x 0.30"]);
    }

    #[test]
    fn accounts_and_components_have_not() {
        assert!(of(Identity::account("a", "b")).is_empty());
        assert!(of(Identity::user("system:kube-scheduler")).is_empty());
        assert!(of(Identity::group("system:authenticated")).is_empty());
    }
}
