//! Which kinds are read from a live cluster, and how: one row a kind.

use model::Ring;

/// How the objects of a kind are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// Whole objects.
    Full,
    /// Name, labels and annotations only (`PartialObjectMetadata`): the values never leave the server.
    ///
    /// A Secret's `type` is not among them; a legacy token Secret is known by its annotation
    /// `kubernetes.io/service-account.name`.
    MetadataOnly,
}

/// What it means when a kind is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Answers are wrong without it: a refusal is a gap of what was asked for, and so is a server without it.
    Core,
    /// Every server has it, answers are coarser without it: a gap that was not asked for.
    Useful,
    /// Read where the server has it; its absence says nothing.
    Optional,
}

/// A kind to read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// API group, empty for core.
    pub(crate) group: &'static str,
    /// Versions whose shape the engines read, best first.
    pub(crate) versions: &'static [&'static str],
    /// Name in paths and in RBAC rules.
    pub(crate) plural: &'static str,
    /// Kind.
    pub(crate) kind: &'static str,
    /// Whether it lives in namespaces.
    pub(crate) namespaced: bool,
    /// How it is asked for.
    pub(crate) how: How,
    /// What its absence means.
    pub(crate) need: Need,
    /// Where its gap is listed.
    pub(crate) ring: Ring,
}

impl Kind {
    /// `plural.group`, as kubectl writes a resource.
    pub(crate) fn resource(&self) -> String {
        match self.group {
            "" => self.plural.to_owned(),
            group => format!("{}.{group}", self.plural),
        }
    }
}

const fn row(
    group: &'static str,
    versions: &'static [&'static str],
    plural: &'static str,
    kind: &'static str,
    namespaced: bool,
) -> Kind {
    let (how, need, ring) = (How::Full, Need::Core, Ring::Resources);
    Kind { group, versions, plural, kind, namespaced, how, need, ring }
}

impl Kind {
    const fn useful(self) -> Self {
        Self { need: Need::Useful, ..self }
    }
    const fn optional(self) -> Self {
        Self { need: Need::Optional, ring: Ring::Resources, ..self }
    }
    const fn metadata_only(self) -> Self {
        Self { how: How::MetadataOnly, ..self }
    }
    const fn of(self, ring: Ring) -> Self {
        Self { ring, ..self }
    }
}

const V1: &[&str] = &["v1"];
const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";
const GATEWAY: &str = "gateway.networking.k8s.io";
const KYVERNO: &str = "policies.kyverno.io";
const CEL: &[&str] = &["v1", "v1beta1", "v1alpha1"];

/// Every kind the engines look at, in the order it is read: controllers before their pods, cheap before dear.
pub(crate) const KINDS: &[Kind] = &[
    row("", V1, "namespaces", "Namespace", false),
    row("", V1, "nodes", "Node", false).useful().of(Ring::Nodes),
    row("", V1, "serviceaccounts", "ServiceAccount", true),
    row(RBAC, V1, "clusterroles", "ClusterRole", false).of(Ring::Rbac),
    row(RBAC, V1, "clusterrolebindings", "ClusterRoleBinding", false).of(Ring::Rbac),
    row(RBAC, V1, "roles", "Role", true).of(Ring::Rbac),
    row(RBAC, V1, "rolebindings", "RoleBinding", true).of(Ring::Rbac),
    row("apps", V1, "deployments", "Deployment", true),
    row("apps", V1, "daemonsets", "DaemonSet", true),
    row("apps", V1, "statefulsets", "StatefulSet", true),
    row("apps", V1, "replicasets", "ReplicaSet", true),
    row("", V1, "replicationcontrollers", "ReplicationController", true).useful(),
    row("batch", V1, "cronjobs", "CronJob", true),
    row("batch", V1, "jobs", "Job", true),
    row("", V1, "pods", "Pod", true),
    row("", V1, "services", "Service", true),
    row("networking.k8s.io", V1, "ingresses", "Ingress", true),
    row("networking.k8s.io", V1, "networkpolicies", "NetworkPolicy", true),
    row(GATEWAY, &["v1", "v1beta1"], "gateways", "Gateway", true).optional(),
    row(GATEWAY, &["v1", "v1beta1"], "httproutes", "HTTPRoute", true).optional(),
    row(GATEWAY, &["v1", "v1alpha2"], "grpcroutes", "GRPCRoute", true).optional(),
    row(GATEWAY, &["v1", "v1alpha3", "v1alpha2"], "tlsroutes", "TLSRoute", true).optional(),
    row(GATEWAY, &["v1alpha2"], "tcproutes", "TCPRoute", true).optional(),
    row("", V1, "secrets", "Secret", true).metadata_only().useful(),
    row("", V1, "configmaps", "ConfigMap", true).metadata_only().useful(),
    row("", V1, "persistentvolumes", "PersistentVolume", false).useful(),
    row("node.k8s.io", V1, "runtimeclasses", "RuntimeClass", false).useful().of(Ring::Nodes),
    row(ADMISSION, V1, "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", false)
        .useful()
        .of(Ring::Policies),
    row(ADMISSION, V1, "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", false)
        .useful()
        .of(Ring::Policies),
    row(ADMISSION, CEL, "validatingadmissionpolicies", "ValidatingAdmissionPolicy", false)
        .optional()
        .of(Ring::Policies),
    row(ADMISSION, CEL, "validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding", false)
        .optional()
        .of(Ring::Policies),
    row("kyverno.io", V1, "clusterpolicies", "ClusterPolicy", false).optional().of(Ring::Policies),
    row("kyverno.io", V1, "policies", "Policy", true).optional().of(Ring::Policies),
    row("kyverno.io", &["v2", "v2beta1"], "policyexceptions", "PolicyException", true)
        .optional()
        .of(Ring::Policies),
    row(KYVERNO, CEL, "validatingpolicies", "ValidatingPolicy", false).optional().of(Ring::Policies),
    row(KYVERNO, CEL, "namespacedvalidatingpolicies", "NamespacedValidatingPolicy", true)
        .optional()
        .of(Ring::Policies),
    row(KYVERNO, CEL, "imagevalidatingpolicies", "ImageValidatingPolicy", false)
        .optional()
        .of(Ring::Policies),
    row(KYVERNO, CEL, "namespacedimagevalidatingpolicies", "NamespacedImageValidatingPolicy", true)
        .optional()
        .of(Ring::Policies),
    row(KYVERNO, CEL, "mutatingpolicies", "MutatingPolicy", false).optional().of(Ring::Policies),
    row(KYVERNO, CEL, "policyexceptions", "PolicyException", true).optional().of(Ring::Policies),
];

/// Cluster-scoped kinds that are not Kubernetes' own, as group and kind: a manifest of one names no namespace, and
/// its definition seldom lies beside it.
pub(crate) fn cluster_scoped_customs() -> impl Iterator<Item = (&'static str, &'static str)> {
    let listed = KINDS.iter().filter(|kind| !kind.namespaced).map(|kind| (kind.group, kind.kind));
    let others = [
        ("kyverno.io", "ClusterCleanupPolicy"),
        ("kyverno.io", "GlobalContextEntry"),
        (KYVERNO, "GeneratingPolicy"),
        (KYVERNO, "DeletingPolicy"),
        (GATEWAY, "GatewayClass"),
        ("cert-manager.io", "ClusterIssuer"),
        ("external-secrets.io", "ClusterSecretStore"),
        ("external-secrets.io", "ClusterExternalSecret"),
        ("cilium.io", "CiliumClusterwideNetworkPolicy"),
        ("policy.networking.k8s.io", "AdminNetworkPolicy"),
        ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy"),
    ];
    listed.filter(|(group, kind)| !snapshot::cluster_scoped(group, kind)).chain(others)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_unique_and_agree_with_the_scopes_of_kubernetes() {
        let mut seen = std::collections::BTreeSet::new();
        for kind in KINDS {
            assert!(seen.insert((kind.group, kind.kind)), "{} twice", kind.kind);
            assert!(!kind.versions.is_empty());
            let own = kind.group.is_empty() || kind.group.ends_with(".k8s.io") || !kind.group.contains('.');
            if own && kind.group != GATEWAY {
                assert_eq!(
                    snapshot::cluster_scoped(kind.group, kind.kind),
                    !kind.namespaced,
                    "{}",
                    kind.kind
                );
            }
        }
    }

    #[test]
    fn secret_and_config_values_are_never_asked_for() {
        for kind in KINDS {
            let holds_values = matches!((kind.group, kind.kind), ("", "Secret" | "ConfigMap"));
            assert_eq!(kind.how == How::MetadataOnly, holds_values, "{}", kind.kind);
        }
    }

    #[test]
    fn custom_cluster_kinds_are_known() {
        let customs: Vec<_> = cluster_scoped_customs().collect();
        assert!(customs.contains(&("kyverno.io", "ClusterPolicy")));
        assert!(!customs.iter().any(|(_, kind)| *kind == "Node"));
    }
}
