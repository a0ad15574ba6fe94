//! The authorizer's corners, each as the real server answers it.

use crate::testing::rbac;
use crate::{Attributes, Decision, NotRbac, Rbac, Request};
use model::Identity;

const SET: &str = "
kind: ClusterRole
metadata: {name: reader}
rules:
- {apiGroups: [''], resources: [pods, pods/log, nodes], verbs: [get, list]}
- {nonResourceURLs: [/metrics, '/logs/*', '/x/**', '/*/y'], verbs: [get]}
---
kind: ClusterRole
metadata: {name: execs}
rules: [{apiGroups: [''], resources: ['*/exec', 'pods/*'], verbs: [create]}]
---
kind: ClusterRole
metadata: {name: named}
rules:
- {apiGroups: [''], resources: [configmaps], resourceNames: [a, '*'], verbs: [get, create, deletecollection]}
- {apiGroups: [''], resources: [events], resourceNames: [''], verbs: [list, create]}
---
kind: ClusterRoleBinding
metadata: {name: all}
roleRef: {kind: ClusterRole, name: reader}
subjects:
- {kind: User, name: jane}
- {kind: ServiceAccount, name: lost}
- {kind: Group, name: 'system:serviceaccounts:ops'}
---
kind: RoleBinding
metadata: {name: dev, namespace: dev}
roleRef: {kind: ClusterRole, name: reader}
subjects: [{kind: ServiceAccount, name: bot}, {kind: User, name: joe}]
---
kind: RoleBinding
metadata: {name: gone, namespace: dev}
roleRef: {kind: Role, name: nowhere}
subjects: [{kind: User, name: joe}]
---
kind: RoleBinding
metadata: {name: execs, namespace: dev}
roleRef: {kind: ClusterRole, name: execs}
subjects: [{kind: User, name: 'system:serviceaccount:ops:runner'}]
---
kind: RoleBinding
metadata: {name: named, namespace: dev}
roleRef: {kind: ClusterRole, name: named}
subjects: [{kind: User, name: ann}]
";

fn can(rbac: &Rbac, who: &str, attributes: Attributes) -> bool {
    rbac.authorize(&Request::by(&Identity::user(who), attributes)).allowed()
}

#[test]
fn resources() {
    let rbac = rbac(SET);
    let r = Attributes::resource;
    let bot = "system:serviceaccount:dev:bot";
    let runner = "system:serviceaccount:ops:runner";
    for (who, attributes, want) in [
        ("jane", r("get", "", "pods", "any", "x"), true),
        ("jane", r("get", "", "pods/log", "any", "x"), true),
        ("jane", r("get", "", "pods/exec", "any", "x"), false),
        ("jane", r("get", "apps", "pods", "any", "x"), false),
        ("jane", r("GET", "", "pods", "any", "x"), false),
        ("jane", r("list", "", "nodes", "", ""), true),
        ("joe", r("get", "", "pods", "dev", "x"), true),
        ("joe", r("get", "", "pods", "prod", "x"), false),
        ("joe", r("list", "", "pods", "", ""), false),
        // The authorizer knows no scopes: asked with a namespace, a cluster-scoped resource is allowed.
        ("joe", r("list", "", "nodes", "dev", ""), true),
        ("joe", r("list", "", "nodes", "", ""), false),
        (bot, r("get", "", "pods", "dev", "x"), true),
        ("bot", r("get", "", "pods", "dev", "x"), false),
        // A cluster-wide subject without a namespace is nobody.
        ("system:serviceaccount::lost", r("get", "", "pods", "dev", "x"), false),
        ("system:serviceaccount:default:lost", r("get", "", "pods", "dev", "x"), false),
        // Implicit groups, and a user subject that is an account.
        (runner, r("get", "", "pods", "any", "x"), true),
        (runner, r("create", "", "pods/exec", "dev", "x"), true),
        (runner, r("create", "", "pods/attach", "dev", "x"), false),
        (runner, r("create", "", "pods", "dev", "x"), false),
        ("ann", r("get", "", "configmaps", "dev", "a"), true),
        ("ann", r("get", "", "configmaps", "dev", "*"), true),
        ("ann", r("get", "", "configmaps", "dev", "b"), false),
        ("ann", r("create", "", "configmaps", "dev", ""), false),
        ("ann", r("create", "", "configmaps", "dev", "a"), true),
        ("ann", r("deletecollection", "", "configmaps", "dev", ""), false),
        ("ann", r("list", "", "events", "dev", ""), true),
        ("ann", r("list", "", "events", "dev", "x"), false),
    ] {
        assert_eq!(can(&rbac, who, attributes.clone()), want, "{who} {attributes:?}");
    }
}

#[test]
fn paths() {
    let rbac = rbac(SET);
    for (path, want) in [
        ("/metrics", true),
        ("/metrics/", false),
        ("/logs/", true),
        ("/logs", false),
        ("/logs/a/b", true),
        ("/x/anything", true),
        ("/a/y", false),
        ("/*/y", true),
    ] {
        assert_eq!(can(&rbac, "jane", Attributes::path("get", path)), want, "{path}");
    }
    assert!(!can(&rbac, "jane", Attributes::path("head", "/metrics")));
    assert!(!can(&rbac, "joe", Attributes::path("get", "/metrics")));
}

#[test]
fn masters_and_nodes_are_not_decided_here() {
    let rbac = rbac("");
    let ask = Attributes::resource("delete", "", "nodes", "", "a");
    let masters = Request::by(&Identity::user("x"), ask.clone()).in_groups(["system:masters"]);
    assert_eq!(rbac.authorize(&masters), Decision::NotRbac(NotRbac::Masters));
    let node = Request::by(&Identity::user("system:node:a"), ask.clone()).in_groups(["system:nodes"]);
    assert_eq!(rbac.authorize(&node), Decision::NotRbac(NotRbac::Node));
    assert_eq!(rbac.authorize(&Request::by(&Identity::user("x"), ask)), Decision::NoOpinion);
}

#[test]
fn the_reason_names_binding_role_rule_and_subject() {
    let rbac = rbac(SET);
    let ask = Attributes::resource("get", "", "pods/log", "dev", "x");
    let Decision::Allowed(reason) = rbac.authorize(&Request::by(&Identity::account("ops", "x"), ask)) else {
        panic!("refused")
    };
    assert_eq!(reason.binding.to_string(), "ClusterRoleBinding all");
    assert_eq!(reason.role.to_string(), "ClusterRole reader");
    assert_eq!((reason.rule, reason.through.to_string()), (0, "Group system:serviceaccounts:ops".to_owned()));
}

#[test]
fn who_can_names_every_binding() {
    let rbac = rbac(SET);
    let holders = rbac.who_can(&Attributes::resource("get", "", "pods", "dev", ""));
    let names: Vec<_> =
        holders.iter().filter(|h| !h.default()).map(|h| h.binding.reference.to_string()).collect();
    assert_eq!(names, ["ClusterRoleBinding all", "RoleBinding dev/dev"]);
    let who: Vec<_> = holders.iter().filter(|h| !h.default()).flat_map(|h| h.identities()).collect();
    assert!(!who.contains(&Identity::account("", "lost")));
    assert!(who.contains(&Identity::account("dev", "bot")));
}

#[test]
fn a_default_role_that_no_file_holds_is_known() {
    let set = "
kind: ClusterRoleBinding
metadata: {name: admins}
roleRef: {kind: ClusterRole, name: cluster-admin}
subjects: [{kind: Group, name: ops}]
";
    let rbac = rbac(set);
    let ask = Attributes::resource("escalate", "any.test", "things", "n", "x");
    assert!(rbac.authorize(&Request::by(&Identity::group("ops"), ask)).allowed());
    assert!(can(&rbac, "anyone", Attributes::path("get", "/healthz")));
}

#[test]
fn aggregation_is_computed_for_files() {
    let set = "
kind: ClusterRole
metadata: {name: extra, labels: {rbac.authorization.k8s.io/aggregate-to-edit: 'true'}}
rules: [{apiGroups: [example.test], resources: [things], verbs: [create]}]
---
kind: RoleBinding
metadata: {name: b, namespace: dev}
roleRef: {kind: ClusterRole, name: admin}
subjects: [{kind: User, name: jane}]
";
    let rbac = rbac(set);
    assert!(can(&rbac, "jane", Attributes::resource("create", "example.test", "things", "dev", "")));
    assert!(can(&rbac, "jane", Attributes::resource("get", "", "secrets", "dev", "x")));
    let Decision::Allowed(reason) = rbac.authorize(&Request::by(
        &Identity::user("jane"),
        Attributes::resource("create", "example.test", "things", "dev", ""),
    )) else {
        panic!("refused")
    };
    assert_eq!(reason.written_in.to_string(), "ClusterRole extra");
}

#[test]
fn what_is_no_rule_is_named_and_grants_nothing() {
    let set = "
kind: ClusterRole
metadata: {name: odd}
rules:
- {apiGroups: [''], resources: [pods], verbs: get}
- {apiGroups: [''], resources: [nodes], verbs: [get]}
---
kind: ClusterRoleBinding
metadata: {name: odd}
roleRef: {kind: ClusterRole, name: odd}
subjects: [{kind: User, name: jane}, {kind: Robot, name: r2}]
";
    let rbac = rbac(set);
    assert!(!can(&rbac, "jane", Attributes::resource("get", "", "pods", "", "x")));
    assert!(can(&rbac, "jane", Attributes::resource("get", "", "nodes", "", "x")));
    assert!(rbac.diagnostics()[0].message.contains("rules[0]"), "{:?}", rbac.diagnostics());
}

#[test]
fn what_could_not_be_read_makes_no_uncertain_and_leaves_yes_alone() {
    let mut snapshot = crate::testing::snapshot(SET);
    snapshot.coverage.gap(model::Gap {
        ring: model::Ring::Rbac,
        what: "rolebindings.rbac.authorization.k8s.io (right to list)".into(),
        why: "403".into(),
        asked: true,
        help: None,
    });
    let rbac = Rbac::new(&snapshot, crate::ServerVersion::LATEST);
    let ask = |who: &str| {
        rbac.authorize(&Request::by(
            &Identity::user(who),
            Attributes::resource("get", "", "pods", "dev", "x"),
        ))
    };
    assert!(matches!(ask("jane"), Decision::Allowed(_)));
    assert!(matches!(ask("nobody"), Decision::Unknown(gaps) if gaps.len() == 1));
}
