//! RBAC: the truth table and random requests, answered by us and by a real API server.

mod random;
mod table;

use integration::{ApiServer, Case, Connection, Program, Skip, Suite, demand, peers, ringwall, root};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use table::Set;

pub(crate) static SUITE: Suite = Suite { name: "conformance/rbac", cases };

/// How long a change may take until the authorizer's caches have it.
const PATIENCE: Duration = Duration::from_secs(30);

fn cases() -> Result<Vec<Case>, Skip> {
    peers().map_err(Skip)?;
    Ok(vec![Case::new("server", server)])
}

/// One server for both: its start costs most.
fn server() -> Result<(), String> {
    let ringwall = ringwall()?;
    let server = ApiServer::start()?;
    let mut connection = server.connect()?;
    defaults_are_silent(&mut connection, &ringwall)?;
    truth_table(&mut connection)?;
    random::differential(&mut connection, &ringwall, server.minor)?;
    live(&server, &mut connection, &ringwall)
}

/// No finding on what the server made itself; one on a default that was widened.
fn defaults_are_silent(connection: &mut Connection, ringwall: &Program) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let mut lists = Vec::new();
    for kind in ["clusterroles", "clusterrolebindings", "roles", "rolebindings"] {
        let (status, body) = connection.get(&format!("/apis/rbac.authorization.k8s.io/v1/{kind}"))?;
        demand!(status == 200, "{kind}: {status}");
        lists.push((kind, String::from_utf8_lossy(&body).into_owned()));
    }
    let found = |lists: &[(&str, String)]| {
        for (kind, text) in lists {
            std::fs::write(folder.path().join(format!("{kind}.json")), text).map_err(|e| e.to_string())?;
        }
        let answer = ringwall.run(&["rbac", "lint", &folder.path().display().to_string(), "-o", "json"])?;
        let document = answer.exits(0)?.json()?;
        let findings = document["findings"].as_array().cloned().unwrap_or_default();
        Ok::<_, String>(findings.iter().map(|f| format!("{} {}", f["rule"], f["target"])).collect::<Vec<_>>())
    };
    let silent = found(&lists)?;
    demand!(silent.is_empty(), "findings on the server's own objects: {}", silent.join(", "));
    let roles = &mut lists[0].1;
    let widened = roles.replacen("\"/healthz\"", "\"/secret\",\"/healthz\"", 1);
    demand!(widened != *roles, "no default role speaks of /healthz");
    *roles = widened;
    let told = found(&lists)?;
    demand!(
        told.iter().any(|line| line.contains("modified-default")),
        "a widened default is not told: {told:?}"
    );
    Ok(())
}

/// The verbs on the live cluster, as the person with the kubeconfig sees it.
fn live(server: &ApiServer, connection: &mut Connection, ringwall: &Program) -> Result<(), String> {
    let group = "rbac.authorization.k8s.io";
    let rules = json!([{"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}]);
    let role = json!({"apiVersion": format!("{group}/v1"), "kind": "ClusterRole", "metadata": {"name": "lister"}, "rules": rules});
    create(connection, &role)?;
    create(
        connection,
        &json!({
            "apiVersion": format!("{group}/v1"), "kind": "ClusterRoleBinding", "metadata": {"name": "lister"},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "lister"},
            "subjects": [{"apiGroup": group, "kind": "User", "name": "live-jane"}],
        }),
    )?;
    let config = server.kubeconfig()?.display().to_string();
    let run = |words: &[&str]| ringwall.run(&[&["rbac"], words, &["--kubeconfig", &config]].concat());
    run(&["can", "list", "secrets", "-A", "--as", "live-jane"])?
        .first_line("yes")?
        .names(&["ClusterRoleBinding lister"])?;
    run(&["can", "get", "secrets/a", "--as", "live-jane"])?.exits(1)?.first_line("no")?;
    run(&["who-can", "list", "secrets", "-A"])?.names(&["live-jane"])?;
    run(&["what-can", "live-jane"])?.names(&["list secrets", "every namespace"])?;
    run(&["paths", "live-jane"])?.names(&["every Secret"])?;
    run(&["lint"])?
        .names(&["ClusterRoleBinding lister", "rbac/secret-readers"])?
        .names_none_of(&["modified-default"])?;
    Ok(())
}

fn sets() -> Result<Vec<Set>, String> {
    let mut all = Vec::new();
    for name in ["authorizer", "escalations", "developers"] {
        let path = root().join("tests/conformance/rbac").join(format!("{name}.yaml"));
        let text = std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let (documents, faults) = yaml::read(&text, &yaml::Caps::default());
        demand!(faults.is_empty(), "{name}: {faults:?}");
        for document in documents {
            all.extend(table::sets(&document.value)?);
        }
    }
    Ok(all)
}

/// Every answer of the table, by the server.
fn truth_table(connection: &mut Connection) -> Result<(), String> {
    let sets = sets()?;
    let mut wrong = Vec::new();
    for (number, set) in sets.iter().enumerate() {
        for object in &set.objects {
            create(connection, object)?;
        }
        settle(connection, &format!("set-{number}"))?;
        for asked in &set.requests {
            let allowed = review(connection, &asked.review())?;
            if allowed != asked.allowed {
                wrong.push(format!("{}: {}: the server says {allowed}", set.name, asked.request()));
            }
        }
        for object in &set.objects {
            connection.delete(&format!("{}/{}", collection(object), name(object)))?;
        }
        // What was deleted must be gone before the next set asks.
        settle(connection, &format!("gone-{number}"))?;
    }
    demand!(wrong.is_empty(), "{} answers differ from the server's:\n{}", wrong.len(), wrong.join("\n"));
    Ok(())
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

/// The path of an object's kind.
fn collection(object: &Value) -> String {
    let base = "/apis/rbac.authorization.k8s.io/v1";
    let plural = format!("{}s", object["kind"].as_str().unwrap_or_default().to_lowercase());
    match object["metadata"]["namespace"].as_str() {
        Some(namespace) => format!("{base}/namespaces/{namespace}/{plural}"),
        None => format!("{base}/{plural}"),
    }
}

/// Creates an object, and its namespace if that is not there.
fn create(connection: &mut Connection, object: &Value) -> Result<(), String> {
    if let Some(namespace) = object["metadata"]["namespace"].as_str() {
        let value = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        match connection.post("/api/v1/namespaces", &value) {
            Err(why) if !why.contains(" 409: ") => return Err(why),
            _ => {}
        }
    }
    connection.post(&collection(object), object).map(drop)
}

fn review(connection: &mut Connection, review: &Value) -> Result<bool, String> {
    let answer = connection.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", review)?;
    answer["status"]["allowed"].as_bool().ok_or_else(|| format!("no answer: {answer}"))
}

/// Waits until the authorizer has seen everything that was done before: a sentinel of every kind is created last, and
/// its effect awaited.
fn settle(connection: &mut Connection, mark: &str) -> Result<(), String> {
    let group = "rbac.authorization.k8s.io";
    for (role, binding, namespace) in
        [("ClusterRole", "ClusterRoleBinding", None), ("Role", "RoleBinding", Some("default"))]
    {
        let metadata = json!({"name": format!("sentinel-{mark}"), "namespace": namespace});
        let rules =
            json!([{"apiGroups": ["sentinel.test"], "resources": [role.to_lowercase()], "verbs": ["get"]}]);
        let api = format!("{group}/v1");
        let role_value = json!({"apiVersion": api, "kind": role, "metadata": metadata, "rules": rules});
        let reference = json!({"apiGroup": group, "kind": role, "name": format!("sentinel-{mark}")});
        let subjects = json!([{"apiGroup": group, "kind": "User", "name": format!("sentinel-{mark}")}]);
        connection.post(&collection(&role_value), &role_value)?;
        let bound = json!({
            "apiVersion": api, "kind": binding, "metadata": metadata, "roleRef": reference, "subjects": subjects,
        });
        connection.post(&collection(&bound), &bound)?;
        let ask = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": {"user": format!("sentinel-{mark}"), "resourceAttributes": {
                "verb": "get", "group": "sentinel.test", "resource": role.to_lowercase(),
                "namespace": namespace.unwrap_or_default(),
            }},
        });
        let deadline = Instant::now() + PATIENCE;
        while !review(connection, &ask)? {
            demand!(Instant::now() < deadline, "the sentinel {mark} is not seen after {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    Ok(())
}

/// Our answers to requests, by the objects of a file.
fn ours(ringwall: &Program, objects: &str, requests: &str, minor: u32) -> Result<Vec<bool>, String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).map(|()| path.display().to_string()).map_err(|e| e.to_string())
    };
    let (objects, requests) = (write("objects.yaml", objects)?, write("requests.jsonl", requests)?);
    let version = format!("1.{minor}");
    let answer =
        ringwall.run(&["rbac", "can-each", &requests, "-f", &objects, "--server-version", &version])?;
    let lines = answer.exits(0)?.stdout.lines();
    lines
        .map(|line| {
            let value: Value = serde_json::from_str(line).map_err(|e| e.to_string())?;
            value["allowed"].as_bool().ok_or_else(|| format!("no answer: {line}"))
        })
        .collect()
}
