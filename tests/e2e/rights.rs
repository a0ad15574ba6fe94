//! The server's default roles and who is bound to them: what ringwall reads live and what the server answers.

use crate::conformance::rbac::answers;
use integration::{Program, Random, demand, seed, tell};
use peers::cluster::Cluster;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

const GROUP: &str = "rbac.authorization.k8s.io";
/// Requests a run.
const REQUESTS: usize = 3_000;
/// The least share of either answer, in percent.
const LEAST: usize = 30;

/// Who is bound to which default role, and where.
const BOUND: &[(&str, &str, Option<&str>)] = &[
    ("d-root", "cluster-admin", None),
    ("d-owner", "cluster-admin", Some("d-one")),
    ("d-admin", "admin", Some("d-one")),
    ("d-edit", "edit", Some("d-one")),
    ("d-view", "view", None),
    ("d-nodes", "system:node-proxier", None),
    ("d-gc", "system:controller:generic-garbage-collector", None),
    ("d-kubelet", "system:kubelet-api-admin", None),
    ("d-extra", "e2e-things", Some("d-two")),
];

/// Users of the control plane, bound by the server itself.
const BUILTIN: &[&str] = &[
    "system:kube-scheduler",
    "system:kube-controller-manager",
    "system:kube-proxy",
    "system:anonymous",
    "system:serviceaccount:kube-system:deployment-controller",
    "system:serviceaccount:kube-system:namespace-controller",
    "system:serviceaccount:kube-system:cronjob-controller",
];

const GROUPS: &[&str] = &[
    "system:authenticated",
    "system:unauthenticated",
    "system:monitoring",
    "system:serviceaccounts",
    "system:nodes",
    "system:bootstrappers:kubeadm:default-node-token",
];

const VERBS: &[&str] =
    &["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "bind", "escalate"];

const RESOURCES: &[(&str, &str)] = &[
    ("", "pods"),
    ("", "pods/log"),
    ("", "pods/exec"),
    ("", "secrets"),
    ("", "configmaps"),
    ("", "services"),
    ("", "services/proxy"),
    ("", "serviceaccounts"),
    ("", "serviceaccounts/token"),
    ("", "namespaces"),
    ("", "nodes"),
    ("", "nodes/proxy"),
    ("", "events"),
    ("", "endpoints"),
    ("apps", "deployments"),
    ("apps", "deployments/scale"),
    ("apps", "replicasets"),
    ("batch", "jobs"),
    ("batch", "cronjobs"),
    ("networking.k8s.io", "networkpolicies"),
    ("coordination.k8s.io", "leases"),
    ("discovery.k8s.io", "endpointslices"),
    (GROUP, "roles"),
    (GROUP, "rolebindings"),
    (GROUP, "clusterroles"),
    ("certificates.k8s.io", "certificatesigningrequests"),
    ("authorization.k8s.io", "subjectaccessreviews"),
    ("authorization.k8s.io", "selfsubjectaccessreviews"),
    ("e2e.test", "things"),
    ("e2e.test", "things/status"),
];

const PATHS: &[&str] = &[
    "/healthz",
    "/livez",
    "/readyz",
    "/version",
    "/api",
    "/api/v1",
    "/apis",
    "/metrics",
    "/logs",
    "/openapi/v3",
];

/// Bindings to default roles, and a role of ours that is added to `view` and filled from another one.
fn objects() -> Vec<Value> {
    let mut all = Vec::new();
    for (user, role, namespace) in BOUND {
        let kind = if namespace.is_some() { "RoleBinding" } else { "ClusterRoleBinding" };
        let mut metadata = json!({"name": format!("e2e-{user}")});
        if let Some(namespace) = namespace {
            metadata["namespace"] = json!(namespace);
        }
        all.push(json!({
            "apiVersion": format!("{GROUP}/v1"), "kind": kind, "metadata": metadata,
            "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": GROUP, "kind": "User", "name": user}],
        }));
    }
    let role = |name: &str, labels: Value, rest: Value| {
        let mut role = json!({
            "apiVersion": format!("{GROUP}/v1"), "kind": "ClusterRole",
            "metadata": {"name": name, "labels": labels},
        });
        if let (Some(role), Value::Object(rest)) = (role.as_object_mut(), rest) {
            role.extend(rest);
        }
        role
    };
    let rule = |resource: &str, verb: &str| json!({"apiGroups": ["e2e.test"], "resources": [resource], "verbs": [verb]});
    all.push(role(
        "e2e-things-view",
        json!({format!("{GROUP}/aggregate-to-view"): "true", "e2e.test/part": "yes"}),
        json!({"rules": [rule("things", "get"), rule("things", "list")]}),
    ));
    all.push(role(
        "e2e-things-edit",
        json!({"e2e.test/part": "yes"}),
        json!({"rules": [rule("things/status", "patch")]}),
    ));
    all.push(role(
        "e2e-things",
        json!({}),
        json!({"rules": [], "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"e2e.test/part": "yes"}}]}}),
    ));
    all
}

/// A request, as `rbac can-each` reads it and as the server is asked.
fn request(random: &mut Random) -> (Value, Value) {
    let users: Vec<&str> = BOUND.iter().map(|(user, ..)| *user).collect();
    let user = if random.chance(75) { random.pick(&users) } else { random.pick(BUILTIN) };
    let groups = if random.chance(50) { random.some(GROUPS, 2) } else { Vec::new() };
    let verb = random.pick(VERBS);
    if random.chance(10) {
        let what = json!({"verb": verb, "path": random.pick(PATHS)});
        return (
            json!({"user": user, "groups": groups, "attributes": {"nonResource": what}}),
            json!({"user": user, "groups": groups, "nonResourceAttributes": what}),
        );
    }
    let (group, both) = RESOURCES[random.below(RESOURCES.len())];
    let (resource, subresource) = both.split_once('/').unwrap_or((both, ""));
    let what = json!({
        "verb": verb, "group": group, "resource": resource, "subresource": subresource,
        "namespace": random.pick(&["d-one", "d-one", "d-two", "kube-system", ""]),
        "name": random.pick(&["", "", "a"]),
    });
    (
        json!({"user": user, "groups": groups, "attributes": {"resource": what}}),
        json!({"user": user, "groups": groups, "resourceAttributes": what}),
    )
}

/// Waits until the controller has filled both aggregated roles, then until the authorizer knows.
fn settle(cluster: &Cluster) -> Result<(), String> {
    let deadline = Instant::now() + Duration::from_secs(20);
    for role in ["view", "edit", "admin", "e2e-things"] {
        let filled = || {
            let role = cluster.api().get(&format!("/apis/{GROUP}/v1/clusterroles/{role}"));
            role.is_ok_and(|role| role["rules"].to_string().contains("e2e.test"))
        };
        while !filled() {
            demand!(Instant::now() < deadline, "{role} is not filled");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    cluster.await_rights()
}

/// Live and on files, our answers about the server's own roles are the server's.
pub(super) fn defaults(cluster: &Cluster, ringwall: &Program) -> Result<(), String> {
    let objects = objects();
    cluster.create(&objects)?;
    let told = settle(cluster).and_then(|()| compare(cluster, ringwall, &objects));
    cluster.delete(&objects)?;
    told
}

/// Requests and how the server is asked the same, of which neither answer is rare: our own answers choose among
/// many drawn at random.
fn draw(random: &mut Random, ours: &mut Ours<'_>) -> Result<Vec<(Value, Value)>, String> {
    let drawn: Vec<(Value, Value)> = (0..5 * REQUESTS).map(|_| request(random)).collect();
    let answers = ours("live", &drawn)?;
    let most = REQUESTS * (100 - LEAST - 5) / 100;
    let mut count = [0, 0];
    let mut keep = |answer: bool| {
        let of = &mut count[usize::from(answer)];
        *of += 1;
        *of <= most
    };
    let kept = drawn.into_iter().zip(answers).filter(|(_, answer)| keep(*answer)).map(|(one, _)| one);
    Ok(kept.take(REQUESTS).collect())
}

/// Our answers to requests, `live` or on files.
type Ours<'a> = dyn FnMut(&str, &[(Value, Value)]) -> Result<Vec<bool>, String> + 'a;

fn compare(cluster: &Cluster, ringwall: &Program, objects: &[Value]) -> Result<(), String> {
    let seed = seed();
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).map(|()| path.display().to_string()).map_err(|e| e.to_string())
    };
    let manifests: String = objects.iter().map(|object| format!("---\n{object}\n")).collect();
    let manifests = write("objects.yaml", &manifests)?;
    let config = cluster.kubeconfig("admin").display().to_string();
    let minor: Vec<&str> = cluster.version().trim_start_matches('v').split('.').take(2).collect();
    let minor = minor.join(".");
    let mut ours = |how: &str, requests: &[(Value, Value)]| {
        let mut lines = String::new();
        for (line, _) in requests {
            let _ = writeln!(lines, "{line}");
        }
        let requests = write("requests.jsonl", &lines)?;
        let words = match how {
            "live" => &["--kubeconfig", &config][..],
            _ => &["-f", &manifests, "--server-version", &minor],
        };
        answers(ringwall.run(&[&["rbac", "can-each", &requests], words].concat())?.exits(0)?)
    };
    let requests = draw(&mut Random::new(seed), &mut ours)?;
    let specs: Vec<Value> = requests.iter().map(|(_, spec)| spec.clone()).collect();
    let theirs = cluster.review(&specs)?;
    let yes = theirs.iter().filter(|yes| **yes).count();
    tell(&format!("e2e: default rights, seed {seed}: {yes} yes, {} no", theirs.len() - yes));
    for how in ["live", "on files"] {
        let ours = ours(how, &requests)?;
        demand!(ours.len() == theirs.len(), "{how}: {} answers to {} requests", ours.len(), theirs.len());
        let all = specs.iter().zip(&theirs).zip(&ours);
        let mut differ: Vec<String> = all
            .filter(|((_, theirs), ours)| theirs != ours)
            .map(|((spec, theirs), _)| format!("{spec}: the server says {theirs}"))
            .collect();
        let count = differ.len();
        differ.truncate(5);
        let told = differ.join("\n");
        demand!(differ.is_empty(), "{how}: {count} differ (RINGWALL_SEED={seed} repeats it):\n{told}");
    }
    let least = REQUESTS * LEAST / 100;
    demand!(
        yes >= least && theirs.len() - yes >= least,
        "seed {seed}: {yes} of {} allowed: one answer is too rare",
        theirs.len()
    );
    Ok(())
}
