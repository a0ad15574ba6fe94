//! Sign oneself a client certificate.

use super::{Line, Step, right};
use crate::graph::{Edge, Graph, State};
use crate::world::World;
use model::Capability;

pub(crate) static STEP: Step = Step {
    id: "approve-certificate",
    title: "Sign oneself a client certificate",
    attack: "T1649",
    rights: true,
    explain: "create on certificatesigningrequests with approval and the signer's approve gives a certificate of any user or group (not system:masters). Ease 0.7.",
    edges,
    describe,
};

fn edges(world: &World<'_>, graph: &mut Graph) {
    right::edges(world, graph, |held| matches!(held, Capability::ApproveCertificates), 0.7, |scope| vec![if scope == 0 { State::ClusterAdmin } else { State::AccountsOf(scope) }]);
}

fn describe(world: &World<'_>, _: &Graph, edge: &Edge) -> Line {
    right::describe(world, edge, "signs certificates for any user")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{edges, holds};
    use model::{Identity, Scope};

    #[test]
    fn it_holds_in_the_scope_of_its_binding() {
        let held = |scope| [holds(Identity::account("a", "b"), Capability::ApproveCertificates, scope)];
        assert_eq!(edges("approve-certificate", "", &held(Scope::Cluster)), ["ServiceAccount a/b -> ClusterAdmin 0.70"]);
        assert_eq!(edges("approve-certificate", "", &held(Scope::Namespace("shop".into()))), ["ServiceAccount a/b -> accounts of shop 0.70"]);
    }

    #[test]
    fn other_rights_do_not() {
        let facts = [holds(Identity::account("a", "b"), Capability::Other("x".into()), Scope::Cluster)];
        assert!(edges("approve-certificate", "", &facts).is_empty());
    }
}
