//! PersistentVolumes that show a node's files.

use super::{Effect, Held, Primitive, Way, other};
use crate::RoleView;

pub(crate) static PRIMITIVE: Primitive = Primitive {
    id: "create-volumes",
    title: "create PersistentVolumes",
    gives: "a node's file system: a hostPath volume passes where hostPath in pods is forbidden",
    rights: &["create persistentvolumes"],
    ways: &[Way { effect: Effect::ClusterOnly, parts: &[create] }],
};

fn create(role: &RoleView<'_>) -> Option<Held> {
    role.post("", "persistentvolumes").map(other("create-volumes"))
}

#[cfg(test)]
mod tests {
    use crate::testing::held_by_rules as held;
    use model::Capability::Other;

    #[test]
    fn volumes_but_not_claims() {
        let rule = |resource: &str| format!("{{apiGroups: [''], resources: [{resource}], verbs: [create]}}");
        assert_eq!(held(&rule("persistentvolumes")), [Other("create-volumes".into())]);
        assert!(held(&rule("persistentvolumeclaims")).is_empty());
    }
}
