//! When a cluster can be used, and when its authorizer has seen what was written.

use super::Cluster;
use super::api::Api;
use super::processes::Process;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(90);
const STEP: Duration = Duration::from_millis(50);

/// Whether something holds, as far as the API tells.
type Sign = fn(&Api) -> bool;

const RIGHTS: (&str, Sign) = ("the default RBAC objects are there", |api| {
    api.get("/readyz/poststarthook/rbac/bootstrap-roles").is_ok()
});

/// What must hold, in the order it comes to hold.
static SIGNS: &[(&str, Sign)] = &[
    ("the server is ready", |api| api.get("/readyz").is_ok()),
    ("kube-system is there", |api| api.get("/api/v1/namespaces/kube-system").is_ok()),
    RIGHTS,
    ("aggregated roles are filled", |api| {
        ["admin", "edit", "view"].iter().all(|role| {
            let role = api.get(&format!("/apis/rbac.authorization.k8s.io/v1/clusterroles/{role}"));
            role.is_ok_and(|role| role["rules"].as_array().is_some_and(|rules| !rules.is_empty()))
        })
    }),
    ("default has its account", |api| api.get("/api/v1/namespaces/default/serviceaccounts/default").is_ok()),
];

/// What must hold besides, of a node. Pods of the control plane that tell their arguments come last.
static NODE_SIGNS: &[(&str, Sign)] = &[
    ("the node is ready", |api| {
        let node = api.get(&format!("/api/v1/nodes/{}", super::node::NODE));
        node.is_ok_and(|node| {
            let conditions = node["status"]["conditions"].as_array().cloned().unwrap_or_default();
            conditions.iter().any(|c| c["type"] == "Ready" && c["status"] == "True")
        })
    }),
    ("the control plane has mirror pods", |api| {
        let pods = api.get("/api/v1/namespaces/kube-system/pods?labelSelector=tier%3Dcontrol-plane");
        pods.is_ok_and(|pods| pods["items"].as_array().is_some_and(|pods| pods.len() == 4))
    }),
];

/// Waits for every sign of a control plane; returns the server's version.
pub(super) fn wait(api: &Api, processes: &[Process]) -> Result<String, String> {
    wait_for(SIGNS, api, processes)?;
    version(api)
}

/// Waits for every sign of a node. `rest` is done once the server knows the default rights: it starts what cannot
/// start without them.
pub(super) fn wait_node(
    api: &Api,
    processes: &[Process],
    rest: impl FnOnce() -> Result<(), String>,
) -> Result<String, String> {
    wait_for(&[RIGHTS], api, processes)?;
    rest()?;
    wait_for(SIGNS, api, processes)?;
    wait_for(NODE_SIGNS, api, processes)?;
    version(api)
}

fn wait_for(signs: &[(&str, Sign)], api: &Api, processes: &[Process]) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    for (what, holds) in signs {
        while !holds(api) {
            if let Some(ended) = processes.iter().find(|process| !process.alive()) {
                return Err(format!("{} ended before {what}", ended.name()));
            }
            if Instant::now() > deadline {
                return Err(format!("not within {} s: {what}", PATIENCE.as_secs()));
            }
            std::thread::sleep(STEP);
        }
    }
    Ok(())
}

fn version(api: &Api) -> Result<String, String> {
    let version = api.get("/version").map_err(|e| format!("/version: {e}"))?;
    version["gitVersion"].as_str().map(str::to_owned).ok_or_else(|| format!("/version: {version}"))
}

/// Writes one role and one binding of each scope, for a user nobody else names, and waits until both hold.
///
/// The authorizer follows roles, cluster roles, bindings and cluster bindings apart, each in the order they were
/// written; so when these four are known, all that were written before are.
pub(super) fn sentinel(cluster: &Cluster) -> Result<(), String> {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    let name = format!("sentinel-{}-{call}", std::process::id());
    let group = "rbac.authorization.k8s.io";
    let object = |kind: &str, rest: Value| {
        let mut object = json!({
            "apiVersion": format!("{group}/v1"), "kind": kind, "metadata": {"name": name},
        });
        if !kind.starts_with("Cluster") {
            object["metadata"]["namespace"] = "default".into();
        }
        if let (Some(object), Value::Object(rest)) = (object.as_object_mut(), rest) {
            object.extend(rest);
        }
        object
    };
    let rules = json!({"rules": [{"apiGroups": ["sentinel"], "resources": ["sentinels"], "verbs": ["get"]}]});
    let bound = |kind: &str| {
        json!({
            "roleRef": {"apiGroup": group, "kind": kind, "name": name},
            "subjects": [{"apiGroup": group, "kind": "User", "name": format!("{name}-{kind}")}],
        })
    };
    let objects = [
        object("Role", rules.clone()),
        object("ClusterRole", rules),
        object("RoleBinding", bound("Role")),
        object("ClusterRoleBinding", bound("ClusterRole")),
    ];
    cluster.create(&objects)?;
    let specs: Vec<Value> = ["Role", "ClusterRole"]
        .iter()
        .map(|kind| {
            json!({
                "user": format!("{name}-{kind}"),
                "resourceAttributes": {
                    "verb": "get", "group": "sentinel", "resource": "sentinels", "namespace": "default",
                },
            })
        })
        .collect();
    let deadline = Instant::now() + Duration::from_secs(10);
    while !cluster.review(&specs)?.iter().all(|allowed| *allowed) {
        if Instant::now() > deadline {
            return Err("the authorizer did not see a new binding within 10 s".into());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    cluster.delete(&objects)
}
