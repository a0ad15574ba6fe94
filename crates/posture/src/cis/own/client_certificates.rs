//! Whether people come with client certificates, which nobody can take back.

use super::{Judge, Own, Seen, Topic, fail, some, unsure};
use model::Identity;

pub(super) static TOPIC: Topic = Topic {
    key: "authentication/client-certificates",
    group: &["authentication and authorization"],
    words: &[&["client certificate authentication should not be used"]],
    judge: Judge::Code(judge),
    upstream: "upstream leaves it to a person",
    script: None,
};

/// Flags by which an API server knows people in other ways.
const OTHER: &[&str] = &[
    "oidc-issuer-url",
    "authentication-config",
    "authentication-token-webhook-config-file",
    "requestheader-username-headers",
];

fn judge(seen: &Seen<'_>) -> Own {
    let whole = seen.rights()?;
    let mut servers = seen.of("kube-apiserver").peekable();
    if servers.peek().is_none() {
        return unsure("no kube-apiserver was seen, so nobody knows how people come in");
    }
    if seen.of("kube-apiserver").any(|server| OTHER.iter().take(3).any(|flag| server.arguments.has(flag))) {
        return unsure(
            "people can come in another way; whether some come with certificates is not written in the cluster",
        );
    }
    let mut people: Vec<String> = Vec::new();
    for binding in whole.rbac.bindings().iter().filter(|binding| !binding.default) {
        for who in whole.rbac.subjects_of(binding) {
            let person = match &who {
                Identity::User(name) | Identity::Group(name) => !name.starts_with("system:"),
                _ => false,
            };
            let name = who.to_string();
            if person && !people.contains(&name) {
                people.push(name);
            }
        }
    }
    if people.is_empty() {
        return unsure("no person is bound; members of system:masters need no binding");
    }
    fail(format!("{} can come with a certificate only: the API server knows no other way in", some(&people)))
}
