//! Reading Secrets whose names are known.

use super::{Effect, Held, Primitive, Way};
use crate::RoleView;
use model::Capability;

pub(crate) static PRIMITIVE: Primitive = Primitive {
    id: "get-secrets",
    title: "read Secrets by name",
    gives: "each Secret whose name can be known or guessed",
    rights: &["get secrets", "list|watch secrets limited to names"],
    ways: &[Way { effect: Effect::Anywhere, parts: &[get] }],
};

fn get(role: &RoleView<'_>) -> Option<Held> {
    let get = role.names("get", "", "secrets");
    let named = || ["list", "watch"].iter().find_map(|v| role.names(v, "", "secrets").filter(|n| !n.any()));
    let names = get.or_else(named)?;
    Some(Held { capability: Capability::GetSecrets { names: names.only }, rule: names.rule })
}

#[cfg(test)]
mod tests {
    use crate::testing::held_by_rules as held;
    use model::Capability::GetSecrets;

    #[test]
    fn any_or_named() {
        let any = held("{apiGroups: [''], resources: [secrets], verbs: [get]}");
        assert_eq!(any, [GetSecrets { names: vec![] }]);
        let named = held("{apiGroups: [''], resources: [secrets], resourceNames: [b, a], verbs: [get]}");
        assert_eq!(named, [GetSecrets { names: vec!["a".into(), "b".into()] }]);
    }

    #[test]
    fn a_star_among_the_names_is_a_name() {
        let rule = "{apiGroups: [''], resources: [secrets], resourceNames: ['*'], verbs: [get]}";
        assert_eq!(held(rule), [GetSecrets { names: vec!["*".into()] }]);
    }

    #[test]
    fn the_empty_name_reads_nothing() {
        let rule = "{apiGroups: [''], resources: [secrets], resourceNames: [''], verbs: [get]}";
        assert!(held(rule).is_empty());
    }
}
