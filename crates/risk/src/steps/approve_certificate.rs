//! Sign oneself a client certificate.

use super::{Line, Step, right};
use crate::graph::{Edge, Graph, State};
use crate::world::World;
use model::Capability;

pub(crate) static STEP: Step = Step {
    id: "approve-certificate",
    title: "Sign oneself a client certificate",
    attack: "T1649",
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
