//! The kubelet's API through the API server.

use super::{Effect, Held, Primitive, Way, held};
use crate::RoleView;
use model::Capability;

pub(crate) static PRIMITIVE: Primitive = Primitive {
    id: "nodes-proxy",
    title: "reach the kubelet's API",
    gives: "code in every pod of the node, past admission and with no audit of the command; get is enough",
    rights: &["get|create nodes/proxy"],
    ways: &[Way { effect: Effect::ClusterOnly, parts: &[proxy] }],
};

/// A WebSocket handshake is a GET: the kubelet executes for `get` as it does for `create`.
fn proxy(role: &RoleView<'_>) -> Option<Held> {
    role.widest(&["get", "create"], "", "nodes/proxy").map(held(Capability::NodesProxy))
}

#[cfg(test)]
mod tests {
    use crate::testing::held_by_rules as held;
    use model::Capability::NodesProxy;

    #[test]
    fn get_or_create_in_every_form() {
        for (resource, verb) in [("nodes/proxy", "get"), ("'*/proxy'", "get"), ("nodes/proxy", "create")] {
            let rule = format!("{{apiGroups: [''], resources: [{resource}], verbs: [{verb}]}}");
            assert!(held(&rule).contains(&NodesProxy), "{resource} {verb}");
        }
    }

    #[test]
    fn metrics_are_not() {
        assert!(held("{apiGroups: [''], resources: [nodes/metrics, nodes], verbs: [get]}").is_empty());
    }
}
