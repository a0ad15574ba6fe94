//! Inputs made to hurt: bounded, exact where that is possible, and never a panic.

use model::{Identity, Origin};
use rbac::paths::paths;
use rbac::{Attributes, Rbac, Request, ServerVersion, gains};
use serde_json::{Value, json};
use snapshot::{Builder, Snapshot};

const API: &str = "rbac.authorization.k8s.io/v1";

fn snapshot(objects: Vec<Value>) -> Snapshot {
    let mut builder = Builder::new("default");
    for object in objects {
        assert!(builder.add(object, Origin::Builtin));
    }
    builder.build()
}

fn role(name: &str, rules: Value) -> Value {
    json!({"apiVersion": API, "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules})
}

fn binding(name: &str, role: &str, subjects: Value) -> Value {
    json!({
        "apiVersion": API, "kind": "ClusterRoleBinding", "metadata": {"name": name}, "subjects": subjects,
        "roleRef": {"kind": "ClusterRole", "name": role},
    })
}

fn can(rbac: &Rbac, user: &str, resource: &str) -> bool {
    let ask = Attributes::resource("get", "", resource, "n", "x");
    rbac.authorize(&Request::by(&Identity::user(user), ask)).allowed()
}

#[test]
fn ten_thousand_rules_in_a_role() {
    let rules: Vec<Value> = (0..10_000)
        .map(|i| json!({"apiGroups": ["*"], "resources": [format!("r{i}"), "*/sub"], "verbs": ["*"]}))
        .collect();
    let set = vec![role("big", json!(rules)), binding("b", "big", json!([{"kind": "User", "name": "jane"}]))];
    let snapshot = snapshot(set);
    let rbac = Rbac::new(&snapshot, ServerVersion::LATEST);
    assert!(can(&rbac, "jane", "r9999"));
    assert!(!can(&rbac, "jane", "secrets"));
    rbac.grants();
    assert!(gains(&rbac, &rbac).is_empty());
}

#[test]
fn fifty_thousand_subjects_in_a_binding() {
    let subjects: Vec<Value> =
        (0..50_000).map(|i| json!({"kind": "User", "name": format!("u{i}")})).collect();
    let rules = json!([{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]}]);
    let rbac = Rbac::new(
        &snapshot(vec![role("r", rules), binding("b", "r", json!(subjects))]),
        ServerVersion::LATEST,
    );
    assert!(can(&rbac, "u49999", "secrets") && !can(&rbac, "u50000", "secrets"));
    assert_eq!(rbac.grants().len(), 100_000, "list and get, each");
}

#[test]
fn aggregation_in_a_ring_and_of_itself() {
    let aggregate = |name: &str, label: &str, selects: &str| {
        json!({
            "apiVersion": API, "kind": "ClusterRole", "metadata": {"name": name, "labels": {label: "x"}},
            "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {selects: "x"}}, {"matchLabels": {label: "x"}}]},
            "rules": [{"apiGroups": [""], "resources": [format!("{name}s")], "verbs": ["get"]}],
        })
    };
    let leaf = json!({
        "apiVersion": API, "kind": "ClusterRole", "metadata": {"name": "leaf", "labels": {"a": "x"}},
        "rules": [{"apiGroups": [""], "resources": ["leaves"], "verbs": ["get"]}],
    });
    let set = vec![
        aggregate("one", "b", "a"),
        aggregate("two", "c", "b"),
        aggregate("three", "a", "c"),
        leaf,
        binding("b", "two", json!([{"kind": "User", "name": "jane"}])),
    ];
    let rbac = Rbac::new(&snapshot(set), ServerVersion::LATEST);
    assert!(can(&rbac, "jane", "leaves"));
    assert!(!can(&rbac, "jane", "secrets"));
}

#[test]
fn a_chain_of_aggregates_is_followed() {
    let mut set: Vec<Value> = (0..40)
        .map(|i| {
            let (own, next) = (format!("l{i}"), format!("l{}", i + 1));
            json!({
                "apiVersion": API, "kind": "ClusterRole",
                "metadata": {"name": format!("agg-{i:02}"), "labels": {own: "x"}},
                "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {next: "x"}}]},
            })
        })
        .collect();
    set.push(json!({
        "apiVersion": API, "kind": "ClusterRole", "metadata": {"name": "leaf", "labels": {"l40": "x"}},
        "rules": [{"apiGroups": [""], "resources": ["leaves"], "verbs": ["get"]}],
    }));
    set.push(binding("b", "agg-00", json!([{"kind": "User", "name": "jane"}])));
    let rbac = Rbac::new(&snapshot(set), ServerVersion::LATEST);
    assert!(can(&rbac, "jane", "leaves"));
}

#[test]
fn wrong_shapes_are_named_and_the_rest_holds() {
    let odd = [
        json!({"apiVersion": API, "kind": "ClusterRole", "metadata": {"name": "no-list"}, "rules": "all"}),
        json!({"apiVersion": API, "kind": "ClusterRole", "metadata": {"name": "numbers"}, "rules": [1, null, {"verbs": [1]}]}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v9", "kind": "ClusterRole", "metadata": {"name": "future"}}),
        json!({"apiVersion": API, "kind": "ClusterRoleBinding", "metadata": {"name": "no-role"}, "subjects": {}}),
        json!({"apiVersion": API, "kind": "ClusterRoleBinding", "metadata": {"name": "bad-subject"}, "subjects": [1, {"kind": 3}],
               "roleRef": {"kind": "ClusterRole", "name": "view"}}),
    ];
    let good = role("good", json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]));
    let mut set = odd.to_vec();
    set.extend([good, binding("good", "good", json!([{"kind": "User", "name": "jane"}]))]);
    let rbac = Rbac::new(&snapshot(set), ServerVersion::LATEST);
    assert!(can(&rbac, "jane", "pods"));
    let said: Vec<&str> = rbac.diagnostics().iter().map(|d| d.message.as_str()).collect();
    for name in ["no-list", "numbers", "future", "no-role"] {
        assert!(said.iter().any(|line| line.contains(name)), "{name} in {said:?}");
    }
}

#[test]
fn names_with_controls_are_escaped_when_shown() {
    let name = "a\u{1b}[31m\u{202e}b";
    let set = vec![
        role(name, json!([{"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}])),
        binding(name, name, json!([{"kind": "User", "name": name}])),
    ];
    let snapshot = snapshot(set);
    let rbac = Rbac::new(&snapshot, ServerVersion::LATEST);
    let (who, grant) = rbac.grants().pop().expect("one grant");
    for shown in [who.to_string(), grant.binding.to_string(), grant.role.to_string()] {
        assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{shown:?}");
    }
    assert_eq!(paths(&rbac, &snapshot, &who, &[]).chains.len(), 1);
}

#[test]
fn everybody_may_become_everybody_and_the_search_ends() {
    let accounts = (0..3_000).map(|i| {
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": format!("a{i}"), "namespace": format!("n{}", i % 50)}})
    });
    let bindings = (0..3_000).map(|i| {
        json!({
            "apiVersion": API, "kind": "RoleBinding", "metadata": {"name": format!("b{i}"), "namespace": format!("n{}", (i + 1) % 50)},
            "roleRef": {"kind": "ClusterRole", "name": "mint"},
            "subjects": [{"kind": "ServiceAccount", "name": format!("a{i}"), "namespace": format!("n{}", i % 50)}],
        })
    });
    let mint = role(
        "mint",
        json!([{"apiGroups": [""], "resources": ["serviceaccounts/token"], "verbs": ["create"]}]),
    );
    let snapshot = snapshot(accounts.chain(bindings).chain([mint]).collect());
    let rbac = Rbac::new(&snapshot, ServerVersion::LATEST);
    let found = paths(&rbac, &snapshot, &Identity::account("n0", "a0"), &[]);
    assert_eq!((found.chains.len(), found.becomes), (0, 2_999));
}
