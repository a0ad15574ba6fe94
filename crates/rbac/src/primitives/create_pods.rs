//! Running pods of one's own making, directly or through a controller.

use super::{CONTROLLERS, Effect, Held, Primitive, Way, held};
use crate::RoleView;
use model::Capability;

pub(crate) static PRIMITIVE: Primitive = Primitive {
    id: "create-pods",
    title: "create pods",
    gives: "the token of every account in the namespace, and the node itself where nothing forbids privileged pods",
    rights: &["create pods", "create apps/deployments (or any controller of pods)"],
    ways: &[Way { effect: Effect::Anywhere, parts: &[create] }],
};

fn create(role: &RoleView<'_>) -> Option<Held> {
    let pods = role.make("", "pods");
    pods.or_else(|| CONTROLLERS.iter().find_map(|(group, resource)| role.make(group, resource)))
        .map(held(Capability::CreatePods))
}

#[cfg(test)]
mod tests {
    use crate::testing::held_by_rules as held;
    use model::Capability::CreatePods;

    #[test]
    fn directly_or_through_a_controller() {
        assert!(held("{apiGroups: [''], resources: [pods], verbs: [create]}").contains(&CreatePods));
        assert!(held("{apiGroups: [batch], resources: [cronjobs], verbs: [create]}").contains(&CreatePods));
    }

    #[test]
    fn reading_is_not() {
        assert!(held("{apiGroups: [''], resources: [pods], verbs: [get, list, watch]}").is_empty());
        assert!(held("{apiGroups: [''], resources: ['pods/*'], verbs: [create]}").is_empty());
    }

    #[test]
    fn a_name_voids_post_but_not_apply() {
        let rule = |verbs: &str| {
            format!("{{apiGroups: [''], resources: [pods], resourceNames: [a], verbs: {verbs}}}")
        };
        assert!(!held(&rule("[create]")).contains(&CreatePods));
        assert!(held(&rule("[create, patch]")).contains(&CreatePods));
    }
}
