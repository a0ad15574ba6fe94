//! Who may do something that the cluster's own parts alone should: every binding that allows it, names and groups alike.

use super::Judge::Holders;
use super::{Own, Seen, Topic, fail, pass, some};
use ::rbac::Attributes;
use model::{Capability, Identity};
use std::collections::BTreeSet;

/// A verb with its API group and resource.
pub(super) type Right = (&'static str, &'static str, &'static str);

pub(super) fn judge(rights: &[Right], seen: &Seen<'_>) -> Own {
    let whole = seen.rights()?;
    let mut places: BTreeSet<&str> = BTreeSet::from([""]);
    let bindings = whole.rbac.bindings().iter().filter(|binding| !binding.default);
    places.extend(bindings.map(|binding| &*binding.reference.namespace));
    let mut names: Vec<String> = Vec::new();
    for (verb, group, resource) in rights {
        for place in &places {
            for holder in whole.rbac.who_can(&Attributes::resource(verb, group, resource, place, "")) {
                // Who holds everything is told by a control of its own; the server's own bindings are what they are.
                let everything = || {
                    whole
                        .rbac
                        .capabilities(&holder.binding.role_ref, None)
                        .contains(&Capability::ClusterAdmin)
                };
                if holder.default() || everything() {
                    continue;
                }
                for who in holder.identities().filter(|who| !own(who)) {
                    let name = format!("{who} ({})", holder.binding.reference);
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
            }
        }
    }
    if names.is_empty() { pass("nobody beyond the cluster's own parts") } else { fail(some(&names)) }
}

/// Accounts of the cluster's own parts.
fn own(who: &Identity) -> bool {
    match who {
        Identity::ServiceAccount { namespace, .. } => super::of_cluster(namespace),
        _ => false,
    }
}

const GROUP: &[&str] = &["rbac and service accounts"];
const RBAC: &str = "admissionregistration.k8s.io";
const CSR: &str = "certificates.k8s.io";
const USER: &str =
    "upstream asks for a user called system:authenticated, not for the group or for anybody else";

const fn row(
    key: &'static str,
    words: &'static [&'static [&'static str]],
    rights: &'static [Right],
    script: Option<super::Script>,
) -> Topic {
    Topic { key, group: GROUP, words, judge: Holders(rights), upstream: USER, script }
}

pub(super) static TOPICS: &[Topic] = &[
    row(
        "rbac/secrets",
        &[&["minimize access to secrets"]],
        &[("get", "", "secrets"), ("list", "", "secrets"), ("watch", "", "secrets")],
        Some(("canGetListWatchSecretsAsSystemAuthenticated", super::scripts::secrets)),
    ),
    row(
        "rbac/create-pods",
        &[&["minimize access to create pods"]],
        &[("create", "", "pods")],
        Some(("canCreatePodsAsSystemAuthenticated", super::scripts::create_pods)),
    ),
    row(
        "rbac/create-volumes",
        &[&["minimize access to create persistent volumes"]],
        &[("create", "", "persistentvolumes")],
        None,
    ),
    row(
        "rbac/nodes-proxy",
        &[&["proxy sub-resource of nodes"]],
        &[("get", "", "nodes/proxy"), ("create", "", "nodes/proxy")],
        None,
    ),
    row(
        "rbac/approval",
        &[&["approval sub-resource of certificatesigningrequests"]],
        &[
            ("update", CSR, "certificatesigningrequests/approval"),
            ("patch", CSR, "certificatesigningrequests/approval"),
        ],
        None,
    ),
    row(
        "rbac/webhooks",
        &[&["webhook configuration objects"]],
        &[
            ("create", RBAC, "validatingwebhookconfigurations"),
            ("update", RBAC, "validatingwebhookconfigurations"),
            ("patch", RBAC, "validatingwebhookconfigurations"),
            ("delete", RBAC, "validatingwebhookconfigurations"),
            ("create", RBAC, "mutatingwebhookconfigurations"),
            ("update", RBAC, "mutatingwebhookconfigurations"),
            ("patch", RBAC, "mutatingwebhookconfigurations"),
            ("delete", RBAC, "mutatingwebhookconfigurations"),
        ],
        None,
    ),
    row(
        "rbac/tokens",
        &[&["service account token creation"]],
        &[("create", "", "serviceaccounts/token")],
        None,
    ),
];
