//! RBAC: the truth table and random requests, answered by us and by a real API server.

mod random;
mod table;

use integration::{Answer, Case, Program, Skip, Suite, demand, needs_cluster, ringwall, root, with_cluster};
use peers::cluster::Cluster;
use serde_json::{Value, json};
use table::Set;

pub(crate) static SUITE: Suite = Suite { name: "conformance/rbac", cases };

/// One check of our answers beside the server's.
type Check = fn(&Cluster, &Program) -> Result<(), String>;

static CHECKS: &[(&str, Check)] = &[
    ("defaults-are-silent", defaults_are_silent),
    ("truth-table", truth_table),
    ("random", random::differential),
    ("live", live),
];

fn cases() -> Result<Vec<Case>, Skip> {
    needs_cluster()?;
    let case = |(name, check): &(&'static str, Check)| {
        let check = *check;
        Case::new(*name, move || {
            let ringwall = ringwall()?;
            with_cluster(|cluster| check(cluster, &ringwall))
        })
    };
    Ok(CHECKS.iter().map(case).collect())
}

/// The server's version as the verbs take it.
fn minor(cluster: &Cluster) -> String {
    cluster.version().trim_start_matches('v').split('.').take(2).collect::<Vec<_>>().join(".")
}

/// No finding on what the server made itself; one on a default that was widened.
fn defaults_are_silent(cluster: &Cluster, ringwall: &Program) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let mut lists = Vec::new();
    for kind in ["clusterroles", "clusterrolebindings", "roles", "rolebindings"] {
        let list = cluster.api().get(&format!("/apis/rbac.authorization.k8s.io/v1/{kind}"))?;
        lists.push((kind, list.to_string()));
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
fn live(cluster: &Cluster, ringwall: &Program) -> Result<(), String> {
    let group = "rbac.authorization.k8s.io";
    let rules = json!([{"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}]);
    let role = json!({"apiVersion": format!("{group}/v1"), "kind": "ClusterRole", "metadata": {"name": "lister"}, "rules": rules});
    let binding = json!({
        "apiVersion": format!("{group}/v1"), "kind": "ClusterRoleBinding", "metadata": {"name": "lister"},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "lister"},
        "subjects": [{"apiGroup": group, "kind": "User", "name": "live-jane"}],
    });
    let objects = [role, binding];
    cluster.create(&objects)?;
    let asked = verbs(cluster, ringwall);
    cluster.delete(&objects)?;
    asked
}

fn verbs(cluster: &Cluster, ringwall: &Program) -> Result<(), String> {
    let config = cluster.kubeconfig("admin").display().to_string();
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
fn truth_table(cluster: &Cluster, _: &Program) -> Result<(), String> {
    let sets = sets()?;
    let mut wrong = Vec::new();
    for set in &sets {
        cluster.create(&set.objects)?;
        cluster.await_rights()?;
        let specs: Vec<Value> = set.requests.iter().map(table::Asked::spec).collect();
        for (asked, allowed) in set.requests.iter().zip(cluster.review(&specs)?) {
            if allowed != asked.allowed {
                wrong.push(format!("{}: {}: the server says {allowed}", set.name, asked.request()));
            }
        }
        cluster.delete(&set.objects)?;
        // What was deleted must be gone before the next set asks.
        cluster.await_rights()?;
    }
    demand!(wrong.is_empty(), "{} answers differ from the server's:\n{}", wrong.len(), wrong.join("\n"));
    Ok(())
}

/// Our answers to requests, by the objects of a file.
fn ours(ringwall: &Program, objects: &str, requests: &str, minor: &str) -> Result<Vec<bool>, String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).map(|()| path.display().to_string()).map_err(|e| e.to_string())
    };
    let (objects, requests) = (write("objects.yaml", objects)?, write("requests.jsonl", requests)?);
    let answer = ringwall.run(&["rbac", "can-each", &requests, "-f", &objects, "--server-version", minor])?;
    answers(answer.exits(0)?)
}

/// What `rbac can-each` answered, line by line.
pub(crate) fn answers(answer: &Answer) -> Result<Vec<bool>, String> {
    let lines = answer.stdout.lines();
    lines
        .map(|line| {
            let value: Value = serde_json::from_str(line).map_err(|e| e.to_string())?;
            value["allowed"].as_bool().ok_or_else(|| format!("no answer: {line}"))
        })
        .collect()
}
