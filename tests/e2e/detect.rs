//! Kubernetes audit events of a real API server, asked by official rules while they come.

use integration::{
    Case, Program, Skip, Suite, corpus, demand, kubectl, needs_cluster, needs_node, ringwall, skip,
    with_cluster, with_node,
};
use peers::cluster::{Cluster, node};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

pub(crate) static SUITE: Suite = Suite { name: "e2e/detect", cases };

const K8S: &str = "falco/plugins/k8saudit/rules/k8s_audit_rules.yaml";
const PATIENCE: Duration = Duration::from_secs(20);

fn cases() -> Result<Vec<Case>, Skip> {
    needs_cluster()?;
    needs_node()?;
    if let Err(why) = peers::installed("kubectl") {
        skip!("{why}");
    }
    let Some(rules) = corpus().map(|corpus| corpus.join(K8S)).filter(|file| file.is_file()) else {
        skip!("no corpus");
    };
    let rules = rules.display().to_string();
    let case = |name: &str, check: fn(&Cluster, &Program, &str) -> Result<(), String>, rules: &str| {
        let rules = rules.to_owned();
        Case::new(name, move || {
            let ringwall = ringwall()?;
            with_cluster(|cluster| check(cluster, &ringwall, &rules))
        })
    };
    let mut cases = vec![
        case("official-rules-while-events-come", live, &rules),
        case("alerts-of-the-log-confirm-steps", confirms, &rules),
    ];
    cases.push(Case::new("a-shell-on-the-node", move || {
        let ringwall = ringwall()?;
        with_node(|cluster| entered(cluster, &ringwall, &rules))
    }));
    Ok(cases)
}

/// `detect audit --follow`, and its alerts as they come.
struct Following {
    child: Child,
    alerts: Receiver<Value>,
    seen: Vec<Value>,
}

impl Following {
    fn start(ringwall: &Program, log: &str, rules: &[&str]) -> Result<Self, String> {
        let mut command = Command::new(ringwall.path());
        command.args(["detect", "audit", log, "--follow", "--from-end", "-o", "json", "--fold", "0"]);
        for file in rules {
            command.args(["-r", file]);
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| e.to_string())?;
        let (sender, alerts) = channel();
        let stdout = child.stdout.take().ok_or("no stdout")?;
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).unwrap_or(Value::String(line)));
            }
        });
        Ok(Self { child, alerts, seen: Vec::new() })
    }

    /// Waits for an alert of a rule whose fields hold these texts.
    fn wait(&mut self, rule: &str, texts: &[&str]) -> Result<Value, String> {
        let fits = |alert: &Value| {
            let text = alert.to_string();
            alert["rule"] == rule && texts.iter().all(|part| text.contains(part))
        };
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(alert) = self.seen.iter().find(|alert| fits(alert)) {
                return Ok(alert.clone());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.alerts.recv_timeout(left) {
                Ok(alert) => self.seen.push(alert),
                Err(_) => {
                    let rules: Vec<&Value> = self.seen.iter().map(|alert| &alert["rule"]).collect();
                    return Err(format!("no alert of '{rule}' with {texts:?}; there were {rules:?}"));
                }
            }
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Beside the official ones: an exec that is refused, as there is no node here.
const OWN: &str = "\
- rule: Exec asked for
  desc: Somebody asks to run a command in a pod
  condition: ka.target.subresource in (exec, attach) and ka.verb in (create, get)
  output: exec (user=%ka.user.name pod=%ka.target.name command=%ka.uri.param[command] code=%ka.response.code)
  priority: NOTICE
  source: k8s_audit
";

fn live(cluster: &Cluster, ringwall: &Program, rules: &str) -> Result<(), String> {
    let space = "detect-live";
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let own = folder.path().join("own.yaml");
    std::fs::write(&own, OWN).map_err(|e| e.to_string())?;
    let log = cluster.audit_log().display().to_string();
    cluster.create(&objects(space))?;
    let mut following = Following::start(ringwall, &log, &[rules, &own.display().to_string()])?;
    // It reads from the end of the log: it must be there before anything happens.
    std::thread::sleep(Duration::from_millis(500));
    let kubectl = kubectl(cluster, "admin")?;
    let told = (|| {
        kubectl.run(&["-n", space, "get", "secret", "token-of-bank", "-o", "name"])?.exits(0)?;
        let alert = following.wait("K8s Secret Get Successfully", &["token-of-bank", space])?;
        demand!(alert["source"] == "k8s_audit" && alert["time"].is_string(), "{alert}");
        let binding =
            ["create", "clusterrolebinding", "detect-live", "--clusterrole=cluster-admin", "--user=mallory"];
        kubectl.run(&binding)?.exits(0)?;
        following.wait("Attach to cluster-admin Role", &["mallory"])?;
        kubectl.run(&["-n", space, "exec", "idle", "--", "sh", "-c", "id"])?;
        let exec = following.wait("Exec asked for", &["idle", "command=sh"])?;
        demand!(exec["output_fields"]["ka.user.name"] == "admin", "{exec}");
        Ok(())
    })();
    kubectl.run(&["delete", "clusterrolebinding", "detect-live", "--ignore-not-found"])?;
    kubectl.run(&["-n", space, "delete", "pod", "idle", "--ignore-not-found", "--force"])?;
    kubectl.run(&["-n", space, "delete", "secret", "token-of-bank", "--ignore-not-found"])?;
    told
}

/// On a real node: a shell in a running pod, a Secret that is read and a binding to cluster-admin, by official rules.
fn entered(cluster: &Cluster, ringwall: &Program, rules: &str) -> Result<(), String> {
    let (pod, binding) = ("e2e-entered", "e2e-entered");
    let kubectl = kubectl(cluster, "admin")?;
    let image = format!("--image={}", node::BUSYBOX);
    let told = (|| {
        kubectl.run(&["run", pod, &image, "--restart=Never", "--", "sleep", "600"])?.exits(0)?;
        kubectl.run(&["create", "secret", "generic", "token-of-bank", "--from-literal=token=x"])?.exits(0)?;
        kubectl.run(&["wait", "--for=condition=Ready", &format!("pod/{pod}"), "--timeout=100s"])?.exits(0)?;
        let mut following = Following::start(ringwall, &cluster.audit_log().display().to_string(), &[rules])?;
        std::thread::sleep(Duration::from_millis(500));
        kubectl.run(&["exec", pod, "--", "sh", "-c", "id"])?.exits(0)?.names(&["uid=0"])?;
        following.wait("Attach/Exec Pod", &[pod, "sh"])?;
        kubectl.run(&["get", "secret", "token-of-bank", "-o", "name"])?.exits(0)?;
        following.wait("K8s Secret Get Successfully", &["token-of-bank"])?;
        let bind = ["create", "clusterrolebinding", binding, "--clusterrole=cluster-admin", "--user=mallory"];
        kubectl.run(&bind)?.exits(0)?;
        following.wait("Attach to cluster-admin Role", &["mallory"])?;
        Ok(())
    })();
    kubectl.run(&["delete", "clusterrolebinding", binding, "--ignore-not-found"])?;
    kubectl.run(&["delete", "secret", "token-of-bank", "--ignore-not-found"])?;
    kubectl.run(&["delete", "pod", pod, "--ignore-not-found", "--now"])?;
    told
}

fn objects(space: &str) -> Vec<Value> {
    vec![
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token-of-bank", "namespace": space},
               "stringData": {"token": "x"}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "idle", "namespace": space},
               "spec": {"containers": [{"name": "c", "image": "registry.test/idle:1"}]}}),
    ]
}

/// The alerts that a log gives are read by `risk` and put a step in progress.
fn confirms(cluster: &Cluster, ringwall: &Program, rules: &str) -> Result<(), String> {
    let space = "detect-confirms";
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let account = format!("system:serviceaccount:{space}:reader");
    let objects = [
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "reader", "namespace": space}}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token-of-bank", "namespace": space},
               "stringData": {"token": "x"}}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
               "metadata": {"name": "detect-confirms"},
               "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]}]}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
               "metadata": {"name": "detect-confirms"},
               "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "detect-confirms"},
               "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": space}]}),
    ];
    cluster.create(&objects)?;
    cluster.await_rights()?;
    let kubectl = kubectl(cluster, "admin")?;
    let told = (|| {
        let get = ["-n", space, "--as", &account, "get", "secret", "token-of-bank", "-o", "name"];
        kubectl.run(&get)?.exits(0)?;
        let log = cluster.audit_log().display().to_string();
        let alerts = folder.path().join("alerts.jsonl").display().to_string();
        let deadline = Instant::now() + PATIENCE;
        while !std::fs::read_to_string(&alerts).is_ok_and(|text| text.contains("token-of-bank")) {
            demand!(Instant::now() < deadline, "no alert of the Secret that was read");
            let _ = std::fs::remove_file(&alerts);
            ringwall.run(&["detect", "audit", &log, "-r", rules, "-o", "json", "--to", &alerts])?;
        }
        let manifests: Vec<String> = objects.iter().map(Value::to_string).collect();
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": space},
            "spec": {"serviceAccountName": "reader", "containers": [{"name": "c", "image": "registry.test/c:1"}]}});
        let file = folder.path().join("all.yaml");
        std::fs::write(&file, format!("{}\n---\n{pod}\n", manifests.join("\n---\n")))
            .map_err(|e| e.to_string())?;
        let file = file.display().to_string();
        let answer = ringwall.run(&["risk", &file, "--alerts", &alerts, "--all"])?;
        answer.exits(0)?.names(&["in progress", "K8s Secret Get Successfully"])?;
        Ok(())
    })();
    for object in ["clusterrolebinding/detect-confirms", "clusterrole/detect-confirms"] {
        kubectl.run(&["delete", object, "--ignore-not-found"])?;
    }
    kubectl.run(&["-n", space, "delete", "secret/token-of-bank", "sa/reader", "--ignore-not-found"])?;
    told
}
