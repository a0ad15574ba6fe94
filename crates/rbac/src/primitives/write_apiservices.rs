//! Answering for a whole API group.

use super::{Effect, Held, Primitive, Way, other};
use crate::RoleView;

pub(crate) static PRIMITIVE: Primitive = Primitive {
    id: "write-apiservices",
    title: "register API services",
    gives: "requests for a whole API group, with the askers' names and bodies, and the answers to them",
    rights: &["create|update|patch apiregistration.k8s.io/apiservices"],
    ways: &[Way { effect: Effect::ClusterOnly, parts: &[write] }],
};

fn write(role: &RoleView<'_>) -> Option<Held> {
    let verbs = &["create", "update", "patch"];
    role.any_of(verbs, "apiregistration.k8s.io", "apiservices").map(other("write-apiservices"))
}

#[cfg(test)]
mod tests {
    use crate::testing::held_by_rules as held;
    use model::Capability::Other;

    #[test]
    fn writing_but_not_reading() {
        let rule =
            |verb: &str| format!("{{apiGroups: [apiregistration.k8s.io], resources: [apiservices], verbs: [{verb}]}}");
        assert_eq!(held(&rule("create")), [Other("write-apiservices".into())]);
        assert!(held(&rule("list")).is_empty());
    }
}
