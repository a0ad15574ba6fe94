//! Whether bootstrap tokens do more than let nodes join.

use super::{Judge, Own, Seen, Topic, fail, pass, some, unsure};
use model::Identity;

pub(super) static TOPIC: Topic = Topic {
    key: "authentication/bootstrap-tokens",
    group: &["authentication and authorization"],
    words: &[&["bootstrap token authentication should not be used"]],
    judge: Judge::Code(judge),
    upstream: "upstream leaves it to a person",
    script: None,
};

/// What a joining node needs: resources that its tokens may read or ask for.
const JOIN: &[&str] = &[
    "certificatesigningrequests",
    "certificatesigningrequests/nodeclient",
    "certificatesigningrequests/selfnodeclient",
    "nodes",
    "configmaps",
];

fn judge(seen: &Seen<'_>) -> Own {
    let whole = seen.rights()?;
    let mut servers = seen.of("kube-apiserver").peekable();
    if servers.peek().is_none() {
        return unsure("no kube-apiserver was seen");
    }
    if servers.all(|server| server.arguments.bool("enable-bootstrap-token-auth", false) == Some(false)) {
        return pass("--enable-bootstrap-token-auth is off");
    }
    let mut more = Vec::new();
    for binding in whole.rbac.bindings() {
        let joins =
            |who: Identity| matches!(&who, Identity::Group(name) if name.starts_with("system:bootstrappers"));
        if !whole.rbac.subjects_of(binding).any(joins) {
            continue;
        }
        let Some(role) = whole.rbac.role_of(binding) else { continue };
        let needed = |words: ::rbac::Words<'_>| {
            words.non_resource_urls.is_empty()
                && words.resources.iter().all(|resource| JOIN.contains(resource))
                && words.verbs.iter().all(|verb| ["get", "create", "list", "watch"].contains(verb))
                && (!words.resources.contains(&"configmaps") || !words.resource_names.is_empty())
        };
        if !whole.rbac.rules_of(role).all(needed) {
            more.push(binding.reference.to_string());
        }
    }
    if more.is_empty() {
        pass("such tokens can let nodes join and nothing else")
    } else {
        fail(format!("such tokens can do more: {}", some(&more)))
    }
}
