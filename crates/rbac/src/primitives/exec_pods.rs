//! Code in running pods: exec, attach, ephemeral containers.

use super::{Effect, Held, Primitive, Way, held, other};
use crate::RoleView;
use model::Capability;

pub(crate) static PRIMITIVE: Primitive = Primitive {
    id: "exec-pods",
    title: "run commands in pods",
    gives: "code in running pods: their accounts' tokens, their Secrets, their network",
    rights: &[
        "create pods/exec or pods/attach (before 1.35 get is enough)",
        "update|patch pods/ephemeralcontainers",
        "create pods/portforward (their network only)",
    ],
    ways: &[
        Way { effect: Effect::Anywhere, parts: &[exec] },
        Way { effect: Effect::Anywhere, parts: &[forward] },
    ],
};

/// Before 1.35 a WebSocket handshake, being a GET, asked for `get` alone.
fn verbs(role: &RoleView<'_>) -> &'static [&'static str] {
    if role.version().websocket_needs_create() { &["create"] } else { &["create", "get"] }
}

fn exec(role: &RoleView<'_>) -> Option<Held> {
    let interactive = ["pods/exec", "pods/attach"].iter().find_map(|sub| role.widest(verbs(role), "", sub));
    interactive
        .or_else(|| role.widest(&["patch", "update"], "", "pods/ephemeralcontainers"))
        .map(held(Capability::ExecPods))
}

fn forward(role: &RoleView<'_>) -> Option<Held> {
    role.widest(verbs(role), "", "pods/portforward").map(other("port-forward"))
}

#[cfg(test)]
mod tests {
    use crate::ServerVersion;
    use crate::testing::{held_at, held_by_rules as held};
    use model::Capability::ExecPods;

    #[test]
    fn every_form_of_the_subresource() {
        for resource in ["pods/exec", "'*/exec'", "'*'", "pods/attach"] {
            let rule = format!("{{apiGroups: [''], resources: [{resource}], verbs: [create]}}");
            assert!(held(&rule).contains(&ExecPods), "{resource}");
        }
        assert!(
            held("{apiGroups: [''], resources: [pods/ephemeralcontainers], verbs: [patch]}").contains(&ExecPods)
        );
    }

    #[test]
    fn a_slash_star_is_no_wildcard() {
        assert!(held("{apiGroups: [''], resources: ['pods/*'], verbs: [create]}").is_empty());
        assert!(!held("{apiGroups: [''], resources: [pods], verbs: [create]}").contains(&ExecPods));
    }

    #[test]
    fn get_was_enough_before_1_35() {
        let rule = "{apiGroups: [''], resources: [pods/exec], verbs: [get]}";
        assert!(held_at(ServerVersion(34), rule).contains(&ExecPods));
        assert!(!held_at(ServerVersion(35), rule).contains(&ExecPods));
    }
}
