//! What the checks cost: 15,000 workloads, and 10,000 roles with 50,000 bindings. `cargo bench -p posture`.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a bench reads the clock and prints")]

use model::Origin;
use posture::{checks, run_checks};
use rbac::{Rbac, ServerVersion};
use serde_json::{Value, json};
use snapshot::Builder;
use std::time::Instant;

fn workload(index: usize) -> Value {
    let env: Vec<Value> =
        (0..12).map(|i| json!({"name": format!("E{i}"), "value": format!("value-{i}")})).collect();
    let container = |name: &str| {
        json!({
            "name": name, "image": format!("registry.test/app-{index}:1.{}", index % 7), "env": env,
            "ports": [{"containerPort": 8080}], "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            "resources": {"requests": {"cpu": "10m"}, "limits": {"memory": "64Mi"}},
            "securityContext": {"privileged": index.is_multiple_of(100), "runAsNonRoot": true},
        })
    };
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": format!("d-{index}"), "namespace": format!("ns-{}", index % 500)},
        "spec": {"selector": {"matchLabels": {"app": "a"}}, "template": {
            "metadata": {"labels": {"app": "a"}},
            "spec": {
                "serviceAccountName": format!("sa-{}", index % 7),
                "containers": [container("app"), container("proxy")],
                "volumes": [{"name": "data", "emptyDir": {}}],
            },
        }},
    })
}

fn role(index: usize) -> Value {
    let resource = ["pods", "deployments", "jobs", "ingresses", "configmaps"][index % 5];
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": format!("role-{index:05}")},
        "rules": [
            {"apiGroups": ["", "apps"], "resources": [resource], "verbs": ["get", "list", "watch"]},
            {"apiGroups": [""], "resources": ["secrets"], "resourceNames": [format!("s{index}")], "verbs": ["get", "list"]},
            {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]},
        ],
    })
}

fn binding(index: usize) -> Value {
    let kind = if index.is_multiple_of(20) { "ClusterRoleBinding" } else { "RoleBinding" };
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind,
        "metadata": {"name": format!("b-{index:05}"), "namespace": format!("ns-{}", index % 500)},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": format!("role-{:05}", index % 10_000)},
        "subjects": [{"kind": "ServiceAccount", "name": format!("sa-{}", index % 7), "namespace": format!("ns-{}", index % 500)}],
    })
}

fn main() {
    measure("15,000 workloads", (0..15_000).map(workload));
    measure("10,000 roles, 50,000 bindings", (0..10_000).map(role).chain((0..50_000).map(binding)));
}

fn measure(what: &str, values: impl Iterator<Item = Value>) {
    let mut builder = Builder::new("default");
    values.for_each(|value| assert!(builder.add(value, Origin::Builtin)));
    let snapshot = builder.build();
    let rbac = Rbac::new(&snapshot, ServerVersion::LATEST);
    let clock = Instant::now();
    let posture = run_checks(&snapshot, &rbac, checks());
    println!(
        "{what}: {:?}, {} findings, {} facts",
        clock.elapsed(),
        posture.findings.len(),
        posture.facts.len()
    );
    for check in checks() {
        let clock = Instant::now();
        run_checks(&snapshot, &rbac, [check]);
        let took = clock.elapsed();
        if took.as_millis() > 20 {
            println!("  {} alone {took:?}", check.rule.id);
        }
    }
}
