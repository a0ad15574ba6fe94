//! What 10,000 roles and 50,000 bindings cost: `cargo bench -p rbac`.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a bench reads the clock and prints")]

use model::{Identity, Origin};
use rbac::{Attributes, Rbac, Request, ServerVersion};
use serde_json::{Value, json};
use snapshot::Builder;
use std::time::Instant;

const ROLES: usize = 10_000;
const BINDINGS: usize = 50_000;

fn role(index: usize) -> Value {
    let group = ["", "apps", "batch", "networking.k8s.io"][index % 4];
    let resource = ["pods", "deployments", "jobs", "ingresses", "configmaps"][index % 5];
    let mut rules = vec![
        json!({"apiGroups": [group], "resources": [resource, format!("things{index}")], "verbs": ["get", "list", "watch"]}),
        json!({"apiGroups": [""], "resources": ["configmaps"], "resourceNames": [format!("c{index}")], "verbs": ["update"]}),
        json!({"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]}),
    ];
    if index.is_multiple_of(50) {
        rules.push(json!({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]}));
    }
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": format!("role-{index:05}")}, "rules": rules,
    })
}

fn binding(index: usize) -> Value {
    let kind = if index.is_multiple_of(20) { "ClusterRoleBinding" } else { "RoleBinding" };
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind,
        "metadata": {"name": format!("b-{index:05}"), "namespace": format!("ns-{}", index % 500)},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": format!("role-{:05}", index % ROLES)},
        "subjects": [{"kind": "ServiceAccount", "name": format!("sa-{}", index % 7), "namespace": format!("ns-{}", index % 500)}],
    })
}

fn main() {
    let mut builder = Builder::new("default");
    (0..ROLES).map(role).chain((0..BINDINGS).map(binding)).for_each(|value| {
        assert!(builder.add(value, Origin::Builtin));
    });
    let snapshot = builder.build();
    let clock = Instant::now();
    let rbac = Rbac::new(&snapshot, ServerVersion::LATEST);
    println!("load {:?}", clock.elapsed());

    let ask = Attributes::resource("list", "", "secrets", "ns-100", "");
    let who = Identity::account("ns-100", "sa-2");
    let clock = Instant::now();
    let answers = (0..1000).filter(|_| rbac.authorize(&Request::by(&who, ask.clone())).allowed()).count();
    println!("can {:?} each", clock.elapsed() / 1000);
    assert!(answers == 0 || answers == 1000);

    let clock = Instant::now();
    let holders = rbac.who_can(&ask);
    println!("who-can {:?} for {} bindings", clock.elapsed(), holders.len());
    for holder in &holders {
        assert!(holder.identities().all(|who| rbac.authorize(&Request::by(&who, ask.clone())).allowed()));
    }

    let clock = Instant::now();
    let grants = rbac.grants();
    println!("grants {:?} for {}", clock.elapsed(), grants.len());
    assert!(grants.len() >= BINDINGS / 50);
    let clock = Instant::now();
    let facts = rbac.facts();
    println!("facts {:?}", clock.elapsed());
    assert_eq!(facts.len(), grants.len());
    let clock = Instant::now();
    let other = Rbac::new(&snapshot, ServerVersion(36));
    println!("second load {:?}", clock.elapsed());
    let clock = Instant::now();
    println!("diff of equals: {} gains in {:?}", rbac::gains(&rbac, &other).len(), clock.elapsed());
    let empty = Rbac::new(&Builder::new("default").build(), ServerVersion::LATEST);
    let clock = Instant::now();
    println!("diff with nothing: {} gains in {:?}", rbac::gains(&empty, &rbac).len(), clock.elapsed());
    let clock = Instant::now();
    let found = rbac::paths::paths(&rbac, &snapshot, &who, &[]);
    println!("paths: becomes {} in {:?}", found.becomes, clock.elapsed());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
}
