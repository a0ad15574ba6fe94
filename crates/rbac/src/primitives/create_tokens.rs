//! Minting tokens of accounts.

use super::{Effect, Held, Primitive, Way, held, other};
use crate::RoleView;
use model::Capability;

pub(crate) static PRIMITIVE: Primitive = Primitive {
    id: "create-tokens",
    title: "mint tokens of accounts",
    gives: "every account in scope: its token is made to order",
    rights: &["create serviceaccounts/token"],
    ways: &[Way { effect: Effect::Anywhere, parts: &[create] }],
};

/// The request carries the account's name, so a rule limited to names does restrict.
fn create(role: &RoleView<'_>) -> Option<Held> {
    let names = role.names("create", "", "serviceaccounts/token")?;
    Some(if names.any() { held(Capability::CreateTokens)(names) } else { other("create-tokens-named")(names) })
}

#[cfg(test)]
mod tests {
    use crate::testing::held_by_rules as held;
    use model::Capability::{CreateTokens, Other};

    #[test]
    fn any_account() {
        let rule = "{apiGroups: [''], resources: [serviceaccounts/token], verbs: [create]}";
        assert_eq!(held(rule), [CreateTokens]);
    }

    #[test]
    fn named_accounts() {
        let rule = "{apiGroups: [''], resources: [serviceaccounts/token], resourceNames: [a], verbs: [create]}";
        assert_eq!(held(rule), [Other("create-tokens-named".into())]);
    }

    #[test]
    fn making_accounts_is_not_minting() {
        assert!(held("{apiGroups: [''], resources: [serviceaccounts], verbs: [create]}").is_empty());
    }
}
