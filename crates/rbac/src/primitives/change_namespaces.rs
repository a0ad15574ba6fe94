//! Changing a namespace's labels: Pod Security and policies select by them.

use super::{Effect, Held, Primitive, Way, other};
use crate::RoleView;

pub(crate) static PRIMITIVE: Primitive = Primitive {
    id: "change-namespaces",
    title: "change namespaces",
    gives: "the end of Pod Security and of every policy that selects namespaces by label",
    rights: &["update|patch namespaces"],
    // A request for namespace X is authorised in X, so a namespaced grant works for that one.
    ways: &[Way { effect: Effect::Anywhere, parts: &[change] }],
};

fn change(role: &RoleView<'_>) -> Option<Held> {
    role.widest(&["patch", "update"], "", "namespaces").map(other("change-namespaces"))
}

#[cfg(test)]
mod tests {
    use crate::testing::held_by_rules as held;
    use model::Capability::Other;

    #[test]
    fn patch_but_not_create() {
        let rule = |verb: &str| format!("{{apiGroups: [''], resources: [namespaces], verbs: [{verb}]}}");
        assert_eq!(held(&rule("patch")), [Other("change-namespaces".into())]);
        assert!(held(&rule("create")).is_empty());
        assert!(held(&rule("delete")).is_empty());
    }
}
