//! The resources of Kubernetes itself, by group: to tell a rule that can never match from one that can.
//!
//! It ages, and custom resources are not in it: what it does not know is no failure.

/// Whether objects of a resource live in namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// In a namespace.
    Namespace,
    /// In none.
    Cluster,
}

type Row = (&'static str, &'static [&'static str], &'static [&'static str]);

/// Group, namespaced resources, cluster-scoped ones. Names that exist for authorization alone (`users`, `signers`)
/// are among them.
const TABLE: &[Row] = &[
    (
        "",
        &[
            "bindings",
            "configmaps",
            "endpoints",
            "events",
            "limitranges",
            "persistentvolumeclaims",
            "pods",
            "podtemplates",
            "replicationcontrollers",
            "resourcequotas",
            "secrets",
            "serviceaccounts",
            "services",
        ],
        &["componentstatuses", "groups", "namespaces", "nodes", "persistentvolumes", "users"],
    ),
    (
        "admissionregistration.k8s.io",
        &[],
        &[
            "mutatingadmissionpolicies",
            "mutatingadmissionpolicybindings",
            "mutatingwebhookconfigurations",
            "validatingadmissionpolicies",
            "validatingadmissionpolicybindings",
            "validatingwebhookconfigurations",
        ],
    ),
    ("apiextensions.k8s.io", &[], &["customresourcedefinitions"]),
    ("apiregistration.k8s.io", &[], &["apiservices"]),
    ("apps", &["controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets"], &[]),
    (
        "authentication.k8s.io",
        &["serviceaccounts"],
        &["groups", "nodes", "selfsubjectreviews", "tokenreviews", "uids", "userextras", "users"],
    ),
    (
        "authorization.k8s.io",
        &["localsubjectaccessreviews"],
        &["selfsubjectaccessreviews", "selfsubjectrulesreviews", "subjectaccessreviews"],
    ),
    ("autoscaling", &["horizontalpodautoscalers"], &[]),
    ("batch", &["cronjobs", "jobs"], &[]),
    (
        "certificates.k8s.io",
        &["podcertificaterequests"],
        &["certificatesigningrequests", "clustertrustbundles", "signers"],
    ),
    ("coordination.k8s.io", &["leasecandidates", "leases"], &[]),
    ("discovery.k8s.io", &["endpointslices"], &[]),
    ("events.k8s.io", &["events"], &[]),
    // No supported server serves it: everything here has moved.
    ("extensions", &[], &[]),
    ("flowcontrol.apiserver.k8s.io", &[], &["flowschemas", "prioritylevelconfigurations"]),
    ("internal.apiserver.k8s.io", &[], &["storageversions"]),
    (
        "networking.k8s.io",
        &["ingresses", "networkpolicies"],
        &["ingressclasses", "ipaddresses", "servicecidrs"],
    ),
    ("node.k8s.io", &[], &["runtimeclasses"]),
    ("policy", &["poddisruptionbudgets"], &["podsecuritypolicies"]),
    ("rbac.authorization.k8s.io", &["rolebindings", "roles"], &["clusterrolebindings", "clusterroles"]),
    (
        "resource.k8s.io",
        &["resourceclaims", "resourceclaimtemplates"],
        &["deviceclasses", "devicetaintrules", "resourceslices"],
    ),
    ("scheduling.k8s.io", &["podgroups", "workloads"], &["priorityclasses"]),
    (
        "storage.k8s.io",
        &["csistoragecapacities"],
        &["csidrivers", "csinodes", "storageclasses", "volumeattachments", "volumeattributesclasses"],
    ),
    ("storagemigration.k8s.io", &[], &["storageversionmigrations"]),
];

/// Whether a group is one of Kubernetes itself.
pub fn known_group(group: &str) -> bool {
    TABLE.iter().any(|(known, ..)| *known == group)
}

/// Where a resource of a group lives; a subresource lives where its parent does. `None` when not known.
pub fn home(group: &str, resource: &str) -> Option<Home> {
    let resource = resource.split('/').next().unwrap_or(resource);
    let (_, namespaced, cluster) = TABLE.iter().find(|(known, ..)| *known == group)?;
    if namespaced.contains(&resource) {
        Some(Home::Namespace)
    } else {
        cluster.contains(&resource).then_some(Home::Cluster)
    }
}

/// The groups of Kubernetes itself that have a resource of this name.
pub fn groups_of(resource: &str) -> impl Iterator<Item = &'static str> + '_ {
    let base = resource.split('/').next().unwrap_or(resource);
    let has = move |(_, namespaced, cluster): &&Row| namespaced.contains(&base) || cluster.contains(&base);
    TABLE.iter().filter(has).map(|(group, ..)| *group)
}

/// Subresources that rights are judged by, alone and under every parent.
const SUBRESOURCES: &[&str] = &[
    "*/approval",
    "*/attach",
    "*/binding",
    "*/ephemeralcontainers",
    "*/eviction",
    "*/exec",
    "*/portforward",
    "*/proxy",
    "*/status",
    "*/token",
    "certificatesigningrequests/approval",
    "nodes/proxy",
    "nodes/status",
    "pods/attach",
    "pods/binding",
    "pods/ephemeralcontainers",
    "pods/eviction",
    "pods/exec",
    "pods/portforward",
    "pods/proxy",
    "pods/status",
    "serviceaccounts/token",
    "services/proxy",
    "services/status",
];

/// Every word here: what primitives ask for.
pub(crate) fn words() -> impl Iterator<Item = &'static str> {
    let rows = TABLE
        .iter()
        .flat_map(|(group, a, b)| std::iter::once(*group).chain(a.iter().copied()).chain(b.iter().copied()));
    rows.chain(VERBS.iter().copied()).chain(SUBRESOURCES.iter().copied())
}

/// Verbs the API server asks for on resources. Verbs with a colon are those of constrained impersonation.
pub const VERBS: &[&str] = &[
    "*",
    "approve",
    "attest",
    "bind",
    "create",
    "delete",
    "deletecollection",
    "escalate",
    "get",
    "impersonate",
    "list",
    "patch",
    "proxy",
    "request-serviceaccounts-token-audience",
    "sign",
    "update",
    "use",
    "watch",
];

/// Verbs the API server asks for on paths: HTTP methods in lower case.
pub const METHODS: &[&str] = &["*", "delete", "get", "head", "options", "patch", "post", "put"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes() {
        assert_eq!(home("", "pods/exec"), Some(Home::Namespace));
        assert_eq!(home("", "nodes/proxy"), Some(Home::Cluster));
        assert_eq!(home("", "deployments"), None);
        assert_eq!(home("example.test", "things"), None);
        assert_eq!(groups_of("deployments").collect::<Vec<_>>(), ["apps"]);
        assert_eq!(groups_of("events").count(), 2);
        assert!(known_group("extensions") && !known_group("example.test"));
    }

    #[test]
    fn lists_are_sorted() {
        assert!(TABLE.is_sorted_by_key(|(group, ..)| *group));
        assert!(VERBS.is_sorted() && METHODS.is_sorted());
        assert!(TABLE.iter().all(|(_, a, b)| a.is_sorted() && b.is_sorted()));
    }

    #[test]
    fn every_default_rule_is_known() {
        for default in crate::defaults::table() {
            for rule in default.json.get("rules").items() {
                for group in rule.get("apiGroups").strings().filter(|g| *g != "*" && known_group(g)) {
                    for resource in rule.get("resources").strings().filter(|r| *r != "*") {
                        let elsewhere = groups_of(resource).next().is_some();
                        // Defaults still name resources of the dead group.
                        let known = home(group, resource).is_some() || group == "extensions" || elsewhere;
                        assert!(known, "{group}/{resource} in {}", default.reference);
                    }
                }
                let verbs = rule.get("verbs").strings();
                verbs.for_each(|verb| {
                    let known = VERBS.contains(&verb) || METHODS.contains(&verb) || verb.contains(':');
                    assert!(known, "{verb} in {}", default.reference);
                });
            }
        }
    }
}
