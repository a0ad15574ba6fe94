//! `rules:` without a kind, as people paste it.

use crate::GROUP;
use serde_json::{Value, json};

/// The name given to a role made from a bare fragment.
pub const NAME: &str = "fragment";

/// A ClusterRole of the rules in a document that has `rules` and no `kind`, or that is a bare list of rules; `None`
/// for anything else.
pub fn role(document: &Value) -> Option<Value> {
    let rules = match document {
        Value::Object(fields) if fields.get("kind").is_none() => fields.get("rules")?,
        list @ Value::Array(_) => list,
        _ => return None,
    };
    let looks = |rule: &Value| rule.get("verbs").is_some_and(Value::is_array);
    let rules = rules.as_array().filter(|rules| !rules.is_empty() && rules.iter().all(looks))?;
    Some(json!({
        "apiVersion": format!("{GROUP}/v1"),
        "kind": "ClusterRole",
        "metadata": {"name": NAME},
        "rules": rules,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_and_a_list() {
        let rules = json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]);
        assert_eq!(role(&json!({"rules": rules})).unwrap()["rules"], rules);
        assert_eq!(role(&rules).unwrap()["kind"], "ClusterRole");
    }

    #[test]
    fn other_documents_are_not() {
        assert!(role(&json!({"kind": "Role", "rules": [{"verbs": ["get"]}]})).is_none());
        assert!(role(&json!({"rules": [{"host": "shop.test"}]})).is_none());
        assert!(role(&json!({"rules": []})).is_none());
    }
}
