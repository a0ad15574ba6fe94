//! HTTP to pods and Services, in the API server's name.

use super::{Effect, Held, Primitive, Way, other};
use crate::RoleView;

pub(crate) static PRIMITIVE: Primitive = Primitive {
    id: "proxy-pods",
    title: "reach pods and Services through the API server",
    gives: "the network of pods and Services, past network policies that trust the API server",
    rights: &["get|create|update|patch|delete pods/proxy or services/proxy"],
    ways: &[Way { effect: Effect::Anywhere, parts: &[proxy] }],
};

fn proxy(role: &RoleView<'_>) -> Option<Held> {
    let verbs = &["get", "create", "update", "patch", "delete"];
    let found = ["pods/proxy", "services/proxy"].iter().find_map(|sub| role.widest(verbs, "", sub));
    found.map(other("proxy-pods"))
}

#[cfg(test)]
mod tests {
    use crate::testing::held_by_rules as held;
    use model::Capability::Other;

    #[test]
    fn pods_and_services() {
        for resource in ["pods/proxy", "services/proxy"] {
            let rule = format!("{{apiGroups: [''], resources: [{resource}], verbs: [get]}}");
            assert_eq!(held(&rule), [Other("proxy-pods".into())]);
        }
    }

    #[test]
    fn listing_through_it_is_not_a_request() {
        assert!(held("{apiGroups: [''], resources: [pods/proxy], verbs: [list]}").is_empty());
    }
}
