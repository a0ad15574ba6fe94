//! Client certificates to order.

use super::{Effect, Held, Primitive, Way, held};
use crate::RoleView;
use model::Capability;

pub(crate) static PRIMITIVE: Primitive = Primitive {
    id: "approve-certificates",
    title: "approve client certificates",
    gives: "a certificate for any user and group but system:masters",
    rights: &[
        "update|patch certificates.k8s.io/certificatesigningrequests/approval",
        "approve certificates.k8s.io/signers",
    ],
    ways: &[Way { effect: Effect::ClusterOnly, parts: &[approve_signer, write_approval] }],
};

const GROUP: &str = "certificates.k8s.io";

/// Signers whose certificates the API server takes as a user's; a signer is also asked for as `domain/*`.
const CLIENT_SIGNERS: &[&str] =
    &["kubernetes.io/kube-apiserver-client", "kubernetes.io/kube-apiserver-client-kubelet", "kubernetes.io/*"];

fn approve_signer(role: &RoleView<'_>) -> Option<Held> {
    let names = role.names("approve", GROUP, "signers")?;
    CLIENT_SIGNERS.iter().any(|signer| names.has(signer)).then(|| held(Capability::ApproveCertificates)(names))
}

fn write_approval(role: &RoleView<'_>) -> Option<Held> {
    role.widest(&["update", "patch"], GROUP, "certificatesigningrequests/approval")
        .map(held(Capability::ApproveCertificates))
}

#[cfg(test)]
mod tests {
    use crate::testing::held_by_rules as held;
    use model::Capability::ApproveCertificates;

    fn rules(signers: &str) -> String {
        format!(
            "{{apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests/approval], verbs: [update]}},
             {{apiGroups: [certificates.k8s.io], resources: [signers], verbs: [approve]{signers}}}"
        )
    }

    #[test]
    fn any_signer_or_the_client_one() {
        assert!(held(&rules("")).contains(&ApproveCertificates));
        assert!(held(&rules(", resourceNames: ['kubernetes.io/*']")).contains(&ApproveCertificates));
    }

    #[test]
    fn a_signer_of_ones_own_is_harmless() {
        assert!(held(&rules(", resourceNames: [example.test/serving]")).is_empty());
    }

    #[test]
    fn approval_without_the_signer_is_refused() {
        let rule =
            "{apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests/approval], verbs: [update]}";
        assert!(held(rule).is_empty());
    }
}
