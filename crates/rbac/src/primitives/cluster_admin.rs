//! Every verb on every resource.

use super::{Effect, Held, Primitive, Way};
use crate::RoleView;
use model::Capability;

pub(crate) static PRIMITIVE: Primitive = Primitive {
    id: "cluster-admin",
    title: "do everything",
    gives: "everything: read every Secret, run anything on every node, change who may do what",
    rights: &["* */*"],
    ways: &[Way { effect: Effect::ClusterOnly, parts: &[everything] }],
};

fn everything(role: &RoleView<'_>) -> Option<Held> {
    role.everything().map(|rule| Held { capability: Capability::ClusterAdmin, rule })
}

#[cfg(test)]
mod tests {
    use crate::testing::held_by_rules as held;
    use model::Capability::ClusterAdmin;

    #[test]
    fn all_stars_are_everything() {
        assert!(held("{apiGroups: ['*'], resources: ['*'], verbs: ['*']}").contains(&ClusterAdmin));
    }

    #[test]
    fn one_star_less_is_not() {
        assert!(!held("{apiGroups: ['*'], resources: ['*'], verbs: [get, list]}").contains(&ClusterAdmin));
        assert!(!held("{apiGroups: [''], resources: ['*'], verbs: ['*']}").contains(&ClusterAdmin));
    }

    #[test]
    fn a_name_limits_it() {
        let rule = "{apiGroups: ['*'], resources: ['*'], verbs: ['*'], resourceNames: [a]}";
        assert!(!held(rule).contains(&ClusterAdmin));
    }
}
