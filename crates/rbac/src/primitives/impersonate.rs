//! Acting as another user, group or account.

use super::{Effect, Held, Primitive, Way, held, other};
use crate::RoleView;
use model::{Capability, Identity};

pub(crate) static PRIMITIVE: Primitive = Primitive {
    id: "impersonate",
    title: "act as others",
    gives: "every right of those it may act as; as a member of system:masters, everything",
    rights: &[
        "impersonate users",
        "impersonate groups",
        "impersonate serviceaccounts",
        "impersonate:user-info authentication.k8s.io/users and impersonate-on:user-info:VERB (1.36)",
    ],
    ways: &[
        Way { effect: Effect::ClusterOnly, parts: &[users] },
        Way { effect: Effect::ClusterOnly, parts: &[groups] },
        Way { effect: Effect::Anywhere, parts: &[accounts] },
        Way { effect: Effect::ClusterOnly, parts: &[constrained_users] },
    ],
};

/// Acting as a few named identities is a capability of its own: what it gives depends on them.
fn named_or_any(names: crate::NamesAllowed) -> Held {
    if names.any() { held(Capability::Impersonate)(names) } else { other("impersonate-named")(names) }
}

fn users(role: &RoleView<'_>) -> Option<Held> {
    role.names("impersonate", "", "users").map(named_or_any)
}

/// A group is set beside a user: both must be allowed. Any user will do, so the user's part is not asked for;
/// without it the group alone is inert.
fn groups(role: &RoleView<'_>) -> Option<Held> {
    let names = role.names("impersonate", "", "groups")?;
    if names.has(Identity::MASTERS) {
        return Some(held(Capability::Impersonate)(names));
    }
    Some(other("impersonate-named")(names))
}

fn accounts(role: &RoleView<'_>) -> Option<Held> {
    role.names("impersonate", "", "serviceaccounts").map(named_or_any)
}

fn constrained_users(role: &RoleView<'_>) -> Option<Held> {
    if !role.version().constrained_impersonation() {
        return None;
    }
    let names = role.names("impersonate:user-info", "authentication.k8s.io", "users")?;
    Some(other("constrained-impersonation")(names))
}

#[cfg(test)]
mod tests {
    use crate::testing::held_by_rules as held;
    use model::Capability::{Impersonate, Other};

    #[test]
    fn users_and_masters() {
        assert!(held("{apiGroups: [''], resources: [users], verbs: [impersonate]}").contains(&Impersonate));
        let masters = "{apiGroups: [''], resources: [groups], resourceNames: ['system:masters'], verbs: [impersonate]}";
        assert!(held(masters).contains(&Impersonate));
    }

    #[test]
    fn a_named_user_is_only_that_user() {
        let rule = "{apiGroups: [''], resources: [users], resourceNames: [jane], verbs: [impersonate]}";
        assert_eq!(held(rule), [Other("impersonate-named".into())]);
    }

    #[test]
    fn the_verb_on_another_group_means_nothing() {
        assert!(held("{apiGroups: [apps], resources: [users], verbs: [impersonate]}").is_empty());
    }
}
