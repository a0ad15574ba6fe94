//! Taking others' traffic.

use super::{Effect, Held, Primitive, Way, other};
use crate::RoleView;

pub(crate) static PRIMITIVE: Primitive = Primitive {
    id: "redirect-traffic",
    title: "redirect traffic",
    gives: "what others send to a Service: passwords, tokens, updates (external addresses: CVE-2020-8554)",
    rights: &[
        "update|patch services, update|patch services/status",
        "create|update|patch endpoints or discovery.k8s.io/endpointslices",
    ],
    ways: &[Way { effect: Effect::Anywhere, parts: &[redirect] }],
};

fn redirect(role: &RoleView<'_>) -> Option<Held> {
    let change = &["update", "patch"];
    let write = &["create", "update", "patch"];
    role.any_of(change, "", "services/status")
        .or_else(|| role.any_of(change, "", "services"))
        .or_else(|| role.any_of(write, "discovery.k8s.io", "endpointslices"))
        .or_else(|| role.any_of(write, "", "endpoints"))
        .map(other("redirect-traffic"))
}

#[cfg(test)]
mod tests {
    use crate::testing::held_by_rules as held;
    use model::Capability::Other;

    #[test]
    fn services_and_endpoints() {
        for (group, resource) in [("", "services/status"), ("discovery.k8s.io", "endpointslices")] {
            let rule = format!("{{apiGroups: ['{group}'], resources: [{resource}], verbs: [patch]}}");
            assert_eq!(held(&rule), [Other("redirect-traffic".into())]);
        }
    }

    #[test]
    fn reading_is_not() {
        assert!(held("{apiGroups: [''], resources: [services, endpoints], verbs: [get, list]}").is_empty());
    }
}
