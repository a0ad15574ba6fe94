//! Reading Secrets wholesale: list and watch return contents.

use super::{Effect, Held, Primitive, Way, held};
use crate::RoleView;
use model::Capability;

pub(crate) static PRIMITIVE: Primitive = Primitive {
    id: "list-secrets",
    title: "read Secrets by list or watch",
    gives: "every Secret in scope with its contents: passwords, keys, tokens of accounts",
    rights: &["list|watch secrets"],
    ways: &[Way { effect: Effect::Anywhere, parts: &[list] }],
};

/// A rule limited to names lists only with the `metadata.name` selector: that is [`Capability::GetSecrets`].
fn list(role: &RoleView<'_>) -> Option<Held> {
    role.any_of(&["list", "watch"], "", "secrets").map(held(Capability::ListSecrets))
}

#[cfg(test)]
mod tests {
    use crate::testing::held_by_rules as held;
    use model::Capability::{GetSecrets, ListSecrets};

    #[test]
    fn list_watch_and_stars() {
        for (resource, verb) in [("secrets", "list"), ("secrets", "watch"), ("'*'", "list")] {
            let rule = format!("{{apiGroups: [''], resources: [{resource}], verbs: [{verb}]}}");
            assert!(held(&rule).contains(&ListSecrets), "{resource} {verb}");
        }
    }

    #[test]
    fn the_star_of_another_group_is_not() {
        assert!(held("{apiGroups: [apps], resources: ['*'], verbs: [get, list]}").is_empty());
    }

    #[test]
    fn a_named_list_reads_that_name_only() {
        let rule = "{apiGroups: [''], resources: [secrets], resourceNames: [a], verbs: [list]}";
        assert_eq!(held(rule), [GetSecrets { names: vec!["a".into()] }]);
    }
}
