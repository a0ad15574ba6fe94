//! The shop of the examples, applied to a real server with kubectl and read back by ringwall.

use integration::{Answer, Program, demand, kubectl};
use peers::cluster::Cluster;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::time::{Duration, Instant};

const MANIFESTS: [&str; 4] = ["monitoring.yaml", "ops.yaml", "rbac.yaml", "shop.yaml"];
const NAMESPACES: [&str; 3] = ["mon", "ops", "shop"];
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs `case` while the shop stands in the cluster.
fn with_shop(cluster: &Cluster, case: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    cluster.namespaces(&NAMESPACES)?;
    let kubectl = kubectl(cluster, "admin")?;
    let files: Vec<String> =
        MANIFESTS.iter().flat_map(|file| ["-f".to_owned(), format!("examples/shop/{file}")]).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    kubectl.run(&[&["apply"], &files[..]].concat())?.exits(0)?;
    let told = pods(cluster, 3).and_then(|()| case());
    kubectl.run(&[&["delete", "--ignore-not-found"], &files[..]].concat())?.exits(0)?;
    told?;
    // Pods go after what owned them.
    pods(cluster, 0)
}

/// Waits until there are so many pods: the controllers have seen every change before.
fn pods(cluster: &Cluster, wanted: usize) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let pods = cluster.api().get("/api/v1/pods")?["items"].as_array().map_or(0, Vec::len);
        if pods == wanted {
            return Ok(());
        }
        demand!(Instant::now() < deadline, "{pods} pods, not {wanted}, after {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What was learnt of the shop beside its manifests.
const KNOWLEDGE: [&str; 14] = [
    "--scan",
    "examples/shop/images/web.json",
    "--scan",
    "examples/shop/images/cart.json",
    "--scan",
    "examples/shop/images/ci-runner.json",
    "--scan",
    "examples/shop/images/node-exporter.json",
    "--kev",
    "examples/shop/images/kev.json",
    "--image-facts",
    "examples/shop/images/facts.json",
    "--audit",
    "examples/shop/audit.log",
];

/// As one of the people, on the live cluster.
fn live(cluster: &Cluster, ringwall: &Program, person: &str, words: &[&str]) -> Result<Answer, String> {
    let config = cluster.kubeconfig(person).display().to_string();
    ringwall.run(&[words, &["--kubeconfig", &config]].concat())
}

/// The same items in the same order under the same ids, by the same steps; the same findings: whether it is read from
/// files or from the server they were applied to.
pub(super) fn live_is_files(cluster: &Cluster, ringwall: &Program) -> Result<(), String> {
    with_shop(cluster, || {
        let manifests: Vec<String> = MANIFESTS.iter().map(|file| format!("examples/shop/{file}")).collect();
        let manifests: Vec<&str> = manifests.iter().map(String::as_str).collect();
        for knowledge in [&[][..], &KNOWLEDGE[..]] {
            let words = [&["risk", "-o", "json", "--all"], knowledge].concat();
            let files = ringwall.run(&[&words[..], &manifests[..]].concat())?.exits(0)?.json()?;
            let live = live(cluster, ringwall, "admin", &words)?.exits(0)?.json()?;
            demand!(items(&files).len() > 2, "the shop has {} items", items(&files).len());
            demand!(
                items(&live) == items(&files),
                "live:\n{:#?}\non files:\n{:#?}",
                items(&live),
                items(&files)
            );
            let (live, files) = (findings(&live), findings(&files));
            let differ: Vec<&String> = live.symmetric_difference(&files).collect();
            demand!(differ.is_empty(), "findings of one side only: {differ:#?}");
        }
        Ok(())
    })
}

/// What an item is, without the places of its evidence.
fn items(document: &Value) -> Vec<Value> {
    let items = document["items"].as_array().into_iter().flatten();
    let steps = |item: &Value| -> Vec<Value> {
        item["steps"].as_array().into_iter().flatten().map(|step| step["text"].clone()).collect()
    };
    items
        .map(|item| {
            json!([item["id"], item["tier"], item["entry"], item["through"], item["goal"], steps(item)])
        })
        .collect()
}

fn findings(document: &Value) -> BTreeSet<String> {
    let findings = document["findings"].as_array().into_iter().flatten();
    findings.map(|finding| format!("{} {}", finding["rule"], finding["target"])).collect()
}

/// Reading a cluster asks for lists and single objects, never writes or watches, and of Secrets gets metadata alone.
pub(super) fn no_secret_values(cluster: &Cluster, ringwall: &Program) -> Result<(), String> {
    with_shop(cluster, || {
        let path = cluster.audit_log();
        let told = |e: std::io::Error| format!("{}: {e}", path.display());
        let mut log = std::fs::File::open(&path).map_err(told)?;
        log.seek(SeekFrom::End(0)).map_err(told)?;
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let file = folder.path().join("admin.rwsnap").display().to_string();
        live(cluster, ringwall, "admin", &["snapshot", "save", "-o", &file])?.exits(0)?;
        let mut text = String::new();
        log.read_to_string(&mut text).map_err(told)?;
        let (mut secrets, mut requests) = (0, 0);
        let agent = format!("ringwall/{}", env!("CARGO_PKG_VERSION"));
        for line in text.lines() {
            let event: Value = serde_json::from_str(line).map_err(|e| format!("{line}: {e}"))?;
            if event["user"]["username"] != "admin" {
                continue;
            }
            requests += 1;
            demand!(event["userAgent"] == agent, "it calls itself {}", event["userAgent"]);
            let verb = event["verb"].as_str().unwrap_or_default();
            demand!(matches!(verb, "get" | "list"), "ringwall asked to {verb} {}", event["requestURI"]);
            if event["objectRef"]["resource"] == "secrets" {
                secrets += 1;
                let answer = &event["responseObject"];
                demand!(
                    answer["kind"] == "PartialObjectMetadataList" && !answer.to_string().contains("\"data\""),
                    "{verb} of Secrets answered with {}",
                    answer["kind"]
                );
            }
        }
        demand!(requests > 15 && secrets > 0, "{requests} requests, {secrets} for Secrets");
        let shown = ringwall.run(&["snapshot", "show", &file])?;
        shown.exits(0)?.names(&["Secret (core)", "Deployment (apps)", cluster.version(), "pods as rows"])?;
        Ok(())
    })
}

/// Who may not look is told so, kind by kind, and never that all is well.
pub(super) fn refusals_are_gaps(cluster: &Cluster, ringwall: &Program) -> Result<(), String> {
    with_shop(cluster, || {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let file = folder.path().join("person.rwsnap").display().to_string();
        // Alice may not read anything.
        live(cluster, ringwall, "alice", &["snapshot", "save", "-o", &file])?.exits(3)?.talks_of(&[
            "secrets",
            "clusterroles",
            "pods",
            "forbidden",
        ])?;
        live(cluster, ringwall, "alice", &["risk"])?
            .exits(3)?
            .names(&["nothing was looked at"])?
            .names_none_of(&["no known path"])?;
        // Bob may view: everything but Secrets, roles, bindings and what belongs to no namespace.
        let group = "rbac.authorization.k8s.io";
        let binding = json!({
            "apiVersion": format!("{group}/v1"), "kind": "ClusterRoleBinding", "metadata": {"name": "e2e-bob"},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "view"},
            "subjects": [{"apiGroup": group, "kind": "User", "name": "bob"}],
        });
        let objects = [binding];
        cluster.create(&objects)?;
        cluster.await_rights()?;
        let told = partial(cluster, ringwall, &file);
        cluster.delete(&objects)?;
        told
    })
}

fn partial(cluster: &Cluster, ringwall: &Program, file: &str) -> Result<(), String> {
    let save = live(cluster, ringwall, "bob", &["snapshot", "save", "-o", file])?;
    save.exits(3)?.talks_of(&["not seen: secrets", "not seen: clusterroles", "not seen: nodes"])?;
    demand!(!save.stderr.contains("not seen: deployments"), "bob may view Deployments:\n{}", save.stderr);
    for source in [
        live(cluster, ringwall, "bob", &["risk", "-o", "json"])?,
        ringwall.run(&["risk", file, "-o", "json"])?,
    ] {
        let document = source.exits(3)?.json()?;
        let gaps: BTreeSet<&str> = document["gaps"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|gap| gap["what"].as_str())
            .collect();
        for kind in ["secrets", "clusterroles", "rolebindings", "nodes"] {
            demand!(gaps.iter().any(|gap| gap.starts_with(kind)), "no gap for {kind} among {gaps:?}");
        }
        demand!(document["resources"].as_u64() > Some(5), "bob saw {}", document["resources"]);
    }
    live(cluster, ringwall, "bob", &["risk"])?
        .exits(3)?
        .names_none_of(&["no known path leads to anything"])?;
    Ok(())
}

/// The command a gap names gives exactly the rights that were missing.
pub(super) fn advice_helps(cluster: &Cluster, ringwall: &Program) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let file = folder.path().join("alice.rwsnap").display().to_string();
    let refused = live(cluster, ringwall, "alice", &["snapshot", "save", "-o", &file])?;
    let mut lines = refused.exits(3)?.stderr.lines();
    let advice = lines.find_map(|line| line.strip_prefix("would help: kubectl create clusterrole "));
    let advice = advice.ok_or_else(|| format!("no command that would help:\n{}", refused.stderr))?;
    let admin = kubectl(cluster, "admin")?;
    let commands = format!("create clusterrole {advice}");
    for command in commands.split(" && ") {
        let command = command.strip_prefix("kubectl ").unwrap_or(command);
        admin.run(&command.split(' ').collect::<Vec<_>>())?.exits(0)?;
    }
    cluster.await_rights()?;
    let save = live(cluster, ringwall, "alice", &["snapshot", "save", "-o", &file]);
    for kind in ["clusterrolebinding", "clusterrole"] {
        admin.run(&["delete", kind, "ringwall-read"])?.exits(0)?;
    }
    save?.exits(0)?;
    Ok(())
}
