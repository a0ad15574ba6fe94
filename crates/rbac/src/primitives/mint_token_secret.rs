//! A token by way of a Secret: the token controller fills a Secret that names an account.

use super::{Effect, Held, Primitive, Way, other};
use crate::RoleView;

pub(crate) static PRIMITIVE: Primitive = Primitive {
    id: "mint-token-secret",
    title: "mint account tokens through a Secret",
    gives: "a lasting token of any account in the namespace",
    rights: &["create secrets of type kubernetes.io/service-account-token", "get secrets"],
    ways: &[Way { effect: Effect::Anywhere, parts: &[create, get] }],
};

fn create(role: &RoleView<'_>) -> Option<Held> {
    role.make("", "secrets").map(other("mint-token-secret"))
}

fn get(role: &RoleView<'_>) -> Option<Held> {
    role.widest(&["get", "list", "watch"], "", "secrets").map(other("mint-token-secret"))
}

#[cfg(test)]
mod tests {
    use crate::testing::held_by_rules as held;
    use model::Capability::Other;

    fn minting(rules: &str) -> bool {
        held(rules).contains(&Other("mint-token-secret".into()))
    }

    #[test]
    fn create_and_get() {
        assert!(minting("{apiGroups: [''], resources: [secrets], verbs: [create, get]}"));
    }

    #[test]
    fn one_alone_is_not_enough() {
        assert!(!minting("{apiGroups: [''], resources: [secrets], verbs: [create]}"));
        assert!(!minting("{apiGroups: [''], resources: [secrets], verbs: [get]}"));
    }

    #[test]
    fn a_named_create_needs_apply() {
        let rule = |verbs: &str| {
            format!("{{apiGroups: [''], resources: [secrets], resourceNames: [a], verbs: {verbs}}}")
        };
        assert!(!minting(&rule("[create, get]")));
        assert!(minting(&rule("[create, get, patch]")));
    }
}
