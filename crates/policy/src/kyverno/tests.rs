//! Whole policies, one meaning each.

use super::*;
use crate::{Operation, Request, evaluate};
use serde_json::json;

fn compiled(rule: Value) -> (Policy, Vec<Diagnostic>) {
    compile(&json!({"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "p"},
        "spec": {"rules": [rule]}}))
}

fn rule(validate: Value) -> Value {
    json!({"name": "r", "match": {"any": [{"resources": {"kinds": ["ConfigMap"]}}]}, "validate": validate})
}

fn config_map() -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "n"},
        "data": {"a": "1", "list": [{"x": 1}, {"x": 2}]}})
}

fn judge(rule: Value) -> Vec<(Verdict, String)> {
    let (policy, _) = compiled(rule);
    let verdicts = evaluate(&policy, &Request::create(config_map())).verdicts;
    verdicts.into_iter().map(|v| (v.verdict, v.message)).collect()
}

fn one(rule: Value) -> (Verdict, String) {
    let mut all = judge(rule);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

#[test]
fn messages_of_patterns() {
    let (verdict, message) = one(rule(json!({"message": "set a", "pattern": {"data": {"a": "2"}}})));
    assert_eq!(verdict, Verdict::Deny);
    assert_eq!(message, "validation error: set a. rule r failed at path /data/a/");
    let (_, message) = one(rule(json!({"pattern": {"data": {"a": "2"}}})));
    assert_eq!(message, "validation error: rule r failed at path /data/a/");
    let (verdict, message) = one(rule(json!({"pattern": {"data": {"a": "1"}}})));
    assert_eq!((verdict, message.as_str()), (Verdict::Allow, "validation rule 'r' passed."));
}

#[test]
fn any_pattern_wants_one() {
    let any = |patterns: Value| one(rule(json!({"message": "m", "anyPattern": patterns})));
    let (verdict, message) = any(json!([{"data": {"a": "2"}}, {"data": {"a": "1"}}]));
    assert_eq!((verdict, message.as_str()), (Verdict::Allow, "validation rule 'r' anyPattern[1] passed."));
    let (verdict, message) = any(json!([{"data": {"a": "2"}}, {"data": {"b": "1"}}]));
    assert_eq!(verdict, Verdict::Deny);
    assert_eq!(
        message,
        "validation error: m. rule r[0] failed at path /data/a/ rule r[1] failed at path /data/b/"
    );
    assert_eq!(any(json!([{"(kind)": "Pod"}])).0, Verdict::Skip);
}

#[test]
fn deny_and_preconditions() {
    let condition =
        |value: &str| json!({"key": "{{ request.object.data.a }}", "operator": "Equals", "value": value});
    let deny = |value: &str| {
        json!({"message": "no {{ request.object.data.a }}",
        "deny": {"conditions": {"any": [condition(value)]}}})
    };
    assert_eq!(one(rule(deny("1"))), (Verdict::Deny, "no 1".to_owned()));
    assert_eq!(one(rule(deny("2"))).0, Verdict::Allow);
    let mut guarded = rule(deny("1"));
    guarded["preconditions"] = json!({"all": [condition("9")]});
    assert_eq!(one(guarded), (Verdict::Skip, "preconditions not met".to_owned()));
    let missing = json!({"deny": {"conditions": [{"key": "{{ request.object.gone }}", "operator": "Equals", "value": 1}]}});
    assert_eq!(one(rule(missing)).0, Verdict::Error);
}

#[test]
fn for_each_element() {
    let loops =
        |pattern: Value| rule(json!({"foreach": [{"list": "request.object.data.list", "pattern": pattern}]}));
    assert_eq!(one(loops(json!({"x": ">0"}))).0, Verdict::Allow);
    let (verdict, message) = one(loops(json!({"x": "<2"})));
    assert_eq!(verdict, Verdict::Deny);
    assert_eq!(message, "validation failure: validation error: rule r failed at path /x/");
    let none = rule(json!({"foreach": [{"list": "request.object.data.gone", "pattern": {"x": 1}}]}));
    assert_eq!(one(none).0, Verdict::Skip);
}

#[test]
fn variables_of_a_rule() {
    let mut with = rule(json!({"deny": {"conditions": {"all": [
        {"key": "{{ total }}", "operator": "GreaterThan", "value": 1}]}}}));
    with["context"] =
        json!([{"name": "total", "variable": {"jmesPath": "length(request.object.data.list)"}}]);
    assert_eq!(one(with.clone()).0, Verdict::Deny);
    with["context"] = json!([{"name": "total", "configMap": {"name": "x", "namespace": "y"}}]);
    assert_eq!(one(with.clone()).0, Verdict::Error);
    let (policy, _) = compiled(with);
    let request = Request::create(config_map()).variable("total", json!(0));
    assert_eq!(evaluate(&policy, &request).verdicts[0].verdict, Verdict::Allow);
}

#[test]
fn what_is_not_understood_is_an_error_that_names_it() {
    for (rule, named) in [
        (rule(json!({"cel": {}})), "validate.cel"),
        (rule(json!({"pattern": {"a": "{{ no_such() }}"}})), "no_such"),
        (
            json!({"name": "r", "match": {"any": [{"resources": {"kinds": ["ConfigMap"]}}]}, "mutate": {}}),
            "mutate",
        ),
        (
            json!({"name": "r", "match": {"resources": {"kinds": ["ConfigMap"], "colour": 1}}, "validate": {"pattern": {}}}),
            "colour",
        ),
        (rule(json!({"deny": {"conditions": [{"key": 1, "operator": "Like", "value": 1}]}})), "Like"),
    ] {
        let (_, diagnostics) = compiled(rule.clone());
        assert!(diagnostics.iter().any(|d| d.message.contains(named)), "{named}: {diagnostics:?}");
        let (verdict, message) = one(rule);
        assert_eq!(verdict, Verdict::Error);
        assert!(message.contains(named), "{message}");
    }
}

#[test]
fn deletion_is_not_held_against_patterns() {
    let (policy, _) = compiled(rule(json!({"pattern": {"data": {"a": "2"}}})));
    let request = Request::create(config_map()).operation(Operation::Delete);
    assert!(evaluate(&policy, &request).verdicts.is_empty());
}

#[test]
fn actions_and_overrides() {
    let document = |rule_action: Option<&str>| {
        let mut validate = json!({"pattern": {"data": {"a": "2"}}});
        if let Some(action) = rule_action {
            validate["failureAction"] = json!(action);
        }
        json!({"kind": "ClusterPolicy", "metadata": {"name": "p"}, "spec": {"validationFailureAction": "audit",
            "validationFailureActionOverrides": [{"action": "enforce", "namespaces": ["n*"]}],
            "rules": [rule(validate)]}})
    };
    let enforcement = |document: &Value, namespace: &str| {
        let mut object = config_map();
        object["metadata"]["namespace"] = json!(namespace);
        evaluate(&compile(document).0, &Request::create(object)).verdicts[0].enforcement
    };
    assert_eq!(enforcement(&document(None), "x"), Enforcement::Audit);
    assert_eq!(enforcement(&document(None), "n"), Enforcement::Enforce);
    assert_eq!(enforcement(&document(Some("Enforce")), "x"), Enforcement::Enforce);
}

#[test]
fn a_namespaced_policy_holds_in_its_namespace() {
    let document = |namespace: &str| {
        json!({"kind": "Policy", "metadata": {"name": "p", "namespace": namespace},
            "spec": {"rules": [rule(json!({"pattern": {"data": {"a": "2"}}}))]}})
    };
    let verdicts = |namespace: &str| {
        evaluate(&compile(&document(namespace)).0, &Request::create(config_map())).verdicts.len()
    };
    assert_eq!((verdicts("n"), verdicts("other")), (1, 0));
}

#[test]
fn excluded_requests_have_no_verdict() {
    let mut excluded = rule(json!({"pattern": {"data": {"a": "2"}}}));
    excluded["exclude"] = json!({"any": [{"resources": {"namespaces": ["n"]}}]});
    assert!(judge(excluded).is_empty());
}

#[test]
fn conditions_around_the_rules_are_not_passed_over() {
    let (policy, diagnostics) =
        compile(&json!({"kind": "ClusterPolicy", "metadata": {"name": "p"}, "spec": {
        "webhookConfiguration": {"matchConditions": [{"name": "a", "expression": "false"}]}, "colour": 1,
        "rules": [rule(json!({"pattern": {"data": {"a": "1"}}}))]}}));
    let verdicts = evaluate(&policy, &Request::create(config_map())).verdicts;
    assert_eq!(verdicts[0].verdict, Verdict::Error);
    assert!(diagnostics.iter().any(|d| d.message.contains("matchConditions")));
    assert!(diagnostics.iter().any(|d| d.message.contains("colour")));
}

#[test]
fn an_unscored_denial_is_a_warning_in_kyvernos_words() {
    let document = |scored: &str| {
        json!({"kind": "ClusterPolicy", "spec": {"rules": [rule(json!({"pattern": {"data": {"a": "2"}}}))]},
            "metadata": {"name": "p", "annotations": {"policies.kyverno.io/scored": scored}}})
    };
    let judged = |scored: &str| {
        let verdicts = evaluate(&compile(&document(scored)).0, &Request::create(config_map())).verdicts;
        (verdicts[0].verdict, word(&verdicts[0]))
    };
    assert_eq!(judged("true"), (Verdict::Deny, "fail"));
    assert_eq!(judged("false"), (Verdict::Deny, "warn"));
}

#[test]
fn images_are_taken_apart() {
    let policy = json!({"kind": "ClusterPolicy", "metadata": {"name": "p"}, "spec": {"rules": [{"name": "r",
        "match": {"any": [{"resources": {"kinds": ["Pod"]}}]},
        "validate": {"deny": {"conditions": [{"key": "{{ images.containers.*.registry }}", "operator": "AnyNotIn",
            "value": ["registry.test"]}]}}}]}});
    let pod = |image: &str| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"},
            "spec": {"containers": [{"name": "c", "image": image}]}})
    };
    let verdict =
        |image: &str| evaluate(&compile(&policy).0, &Request::create(pod(image))).verdicts[0].verdict;
    assert_eq!(verdict("registry.test/a"), Verdict::Allow);
    assert_eq!(verdict("nginx"), Verdict::Deny);
}
