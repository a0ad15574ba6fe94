//! Whatever stands in a policy or a resource, an answer comes back.

use policy::{Request, compile, evaluate};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "{{", "}}", "request", ".", "object", "[", "]", "?", "*", "|", "&", "!", ">=", "<", "1-2", "1Gi",
        "1h", "-", "(", ")", "=(", "X(", "^(", "<(", "a", "spec", "'", "`", "\"", "\\", "ä", " ", "0", "@",
        "$(", ":", ",",
    ]);
    prop::collection::vec(pieces, 0..10).prop_map(|pieces| pieces.concat())
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|f| json!(f)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let fields = prop::collection::vec((text(), inner.clone()), 0..4);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            fields.prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #[test]
    fn any_policy_over_any_resource_answers(validate in value(), key in text(), other in value(), spec in value()) {
        let rule = |name: &str, validate: Value| json!({"name": name,
            "match": {"any": [{"resources": {"kinds": ["*"]}}]}, "validate": validate});
        let condition = json!([{"key": key, "operator": "AnyIn", "value": other.clone()}]);
        let document = json!({"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "p"},
            "spec": {"rules": [rule("a", validate), rule("b", json!({"message": key, "pattern": {"spec": other}})),
                rule("c", json!({"deny": {"conditions": condition}}))]}});
        let (policy, _) = compile(&document).unwrap();
        let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": spec});
        let verdicts = evaluate(&policy, &Request::create(object)).verdicts;
        prop_assert_eq!(verdicts.len(), 3);
    }

    #[test]
    fn a_resource_fits_the_pattern_that_is_itself(fields in prop::collection::btree_map("[a-z]{1,4}", "[a-z]{1,6}", 1..5)) {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": fields});
        let document = json!({"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "p"},
            "spec": {"rules": [{"name": "r", "match": {"any": [{"resources": {"kinds": ["ConfigMap"]}}]},
                "validate": {"pattern": object.clone()}}]}});
        let (policy, _) = compile(&document).unwrap();
        let verdicts = evaluate(&policy, &Request::create(object)).verdicts;
        prop_assert_eq!(verdicts[0].verdict, policy::Verdict::Allow);
    }
}
