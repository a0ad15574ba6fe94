//! Changing Secrets that others trust.

use super::{Effect, Held, Primitive, Way, other};
use crate::RoleView;

pub(crate) static PRIMITIVE: Primitive = Primitive {
    id: "write-secrets",
    title: "change Secrets",
    gives: "the credentials and configuration that workloads trust, replaced by one's own",
    rights: &["update|patch secrets"],
    ways: &[Way { effect: Effect::Anywhere, parts: &[write] }],
};

fn write(role: &RoleView<'_>) -> Option<Held> {
    role.any_of(&["update", "patch"], "", "secrets").map(other("write-secrets"))
}

#[cfg(test)]
mod tests {
    use crate::testing::held_by_rules as held;
    use model::Capability::Other;

    #[test]
    fn update_or_patch() {
        let rule = "{apiGroups: [''], resources: [secrets], verbs: [patch]}";
        assert_eq!(held(rule), [Other("write-secrets".into())]);
    }

    #[test]
    fn one_named_secret_is_everyday() {
        let rule = "{apiGroups: [''], resources: [secrets], resourceNames: [cert], verbs: [update]}";
        assert!(held(rule).is_empty());
    }
}
