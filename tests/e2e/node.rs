//! ringwall beside a real node: versions, the kubelet's effective configuration, and arguments of the control plane.

use integration::{
    Case, Program, Skip, Suite, corpus, demand, kubectl, needs_node, ringwall, skip, with_node,
};
use peers::cluster::{Cluster, Lifetime, node};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

pub(crate) static SUITE: Suite = Suite { name: "e2e/node", cases };

/// One case: the cluster, which it leaves as it found it, and our binary.
type Check = fn(&Cluster, &Program) -> Result<(), String>;

static CHECKS: &[(&str, Check)] = &[
    ("pods-run-and-are-entered", pods_run),
    ("components-and-their-versions", components),
    ("weakened-found-fixed-gone", weakened),
    ("the-right-to-ask-kubelets", rights),
    ("cis-without-an-agent", benchmark),
    ("a-sandbox-takes-the-step-away", sandboxed),
];

/// How long what was changed may take to be seen.
const PATIENCE: Duration = Duration::from_secs(120);

fn cases() -> Result<Vec<Case>, Skip> {
    needs_node()?;
    if let Err(why) = peers::installed("kubectl").and(node::sandbox_missing()) {
        skip!("{why}");
    }
    let case = |(name, check): &(&'static str, Check)| {
        let check = *check;
        Case::new(*name, move || {
            let ringwall = ringwall()?;
            with_node(|cluster| check(cluster, &ringwall))
        })
    };
    let mut cases: Vec<Case> = CHECKS.iter().map(case).collect();
    cases.push(Case::new("nothing-is-left-of-a-node", nothing_is_left));
    Ok(cases)
}

fn check(cluster: &Cluster, ringwall: &Program, person: &str) -> Result<Value, String> {
    let config = cluster.kubeconfig(person).display().to_string();
    ringwall.run(&["check", "-o", "json", "--kubeconfig", &config])?.json()
}

fn list<'v>(document: &'v Value, field: &str) -> impl Iterator<Item = &'v Value> {
    document[field].as_array().into_iter().flatten()
}

/// A pod runs, is entered, and the audit log says by whom and what for.
fn pods_run(cluster: &Cluster, _: &Program) -> Result<(), String> {
    let kubectl = kubectl(cluster, "admin")?;
    let image = format!("--image={}", node::BUSYBOX);
    kubectl.run(&["run", "e2e-runs", &image, "--restart=Never", "--", "sleep", "600"])?.exits(0)?;
    kubectl.run(&["wait", "--for=condition=Ready", "pod/e2e-runs", "--timeout=100s"])?.exits(0)?;
    kubectl.run(&["exec", "e2e-runs", "--", "cat", "/etc/passwd"])?.exits(0)?.names(&["root:x:0:0"])?;
    kubectl.run(&["delete", "pod", "e2e-runs", "--now"])?.exits(0)?;
    let path = cluster.audit_log();
    let log = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let exec = |line: &str| {
        let event: Value = serde_json::from_str(line).unwrap_or_default();
        let of = &event["objectRef"];
        of["subresource"] == "exec" && of["name"] == "e2e-runs" && event["user"]["username"] == "admin"
    };
    demand!(log.lines().any(exec), "no exec in the audit log");
    Ok(())
}

/// How many of the 131 controls the API alone answers of this node, which keeps an audit policy and encryption keys in
/// files, has no kube-proxy and no network that pods tell of: all but the files, what only a command line shows, and
/// what no resource says.
const ANSWERED: u64 = 93;

/// cis-1.12 of what the API alone shows of the node: most of its controls are answered.
fn benchmark(cluster: &Cluster, ringwall: &Program) -> Result<(), String> {
    let Some(cfg) = corpus().map(|corpus| corpus.join("kube-bench/cfg").display().to_string()) else {
        return Ok(());
    };
    let config = cluster.kubeconfig("admin").display().to_string();
    let words =
        ["check", "cis", "--cfg", &cfg, "--benchmark", "cis-1.12", "-o", "json", "--kubeconfig", &config];
    // The group of people that kubeadm binds.
    let group = "rbac.authorization.k8s.io";
    let admins = json!({
        "apiVersion": format!("{group}/v1"), "kind": "ClusterRoleBinding", "metadata": {"name": "kubeadm:cluster-admins"},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": group, "kind": "Group", "name": "kubeadm:cluster-admins"}],
    });
    cluster.create(std::slice::from_ref(&admins))?;
    let told = ringwall.run(&words);
    cluster.delete(std::slice::from_ref(&admins))?;
    let document = told?.exits(0)?.json()?;
    let answered = document["summary"]["answered"].as_u64().unwrap_or_default();
    let unknown: Vec<String> = list(&document, "controls")
        .filter(|row| row["verdict"] == "unknown")
        .map(|row| format!("{}: {}", row["id"], row["why"]))
        .collect();
    demand!(answered >= ANSWERED, "{answered} of 131 are answered; unknown: {}", unknown.join("; "));
    Ok(())
}

/// Every component is named with the version that the server tells, and where that is written; what cannot be seen
/// is unknown.
fn components(cluster: &Cluster, ringwall: &Program) -> Result<(), String> {
    let document = check(cluster, ringwall, "admin")?;
    let node = cluster.api().get(&format!("/api/v1/nodes/{}", node::NODE))?;
    let info = &node["status"]["nodeInfo"];
    let told = |field: &str| info[field].as_str().unwrap_or_default().to_owned();
    let runtime = told("containerRuntimeVersion");
    let containerd = runtime.trim_start_matches("containerd://");
    let wanted = [
        ("kubelet", told("kubeletVersion")),
        ("kernel", told("kernelVersion")),
        ("containerd", containerd.to_owned()),
        ("kube-apiserver", cluster.version().to_owned()),
        ("kube-controller-manager", cluster.version().to_owned()),
        ("kube-scheduler", cluster.version().to_owned()),
        ("etcd", "v3.6.16".to_owned()),
    ];
    for (name, version) in wanted {
        let found: Vec<&Value> = list(&document, "components").filter(|c| c["name"] == name).collect();
        demand!(found.len() == 1, "{name} is found {} times", found.len());
        demand!(found[0]["version"] == *version, "{name} is {version}, not {}", found[0]["version"]);
        demand!(found[0]["node"] == node::NODE, "{name} is on {}", found[0]["node"]);
        demand!(found[0]["place"].as_str().is_some_and(|place| !place.is_empty()), "{name} has no source");
    }
    demand!(
        list(&document, "notSeen").any(|gap| gap["what"] == "runc"),
        "runc's version is not said to be unknown"
    );
    let seen = |what: &str| {
        list(&document, "notSeen").any(|gap| gap["what"].as_str().is_some_and(|w| w.starts_with(what)))
    };
    demand!(!seen("kubelet configuration"), "the kubelet's configuration is said to be unknown");
    demand!(!seen("control plane"), "the control plane is said to be unknown");
    // Debian's containerd is of a line that ended.
    let old = |f: &&Value| {
        f["rule"] == "nodes/old-version" && f["message"].as_str().is_some_and(|m| m.contains("containerd"))
    };
    let old: Vec<&Value> = list(&document, "findings").filter(old).collect();
    demand!(
        !containerd.starts_with("1.6.") || old.len() == 1,
        "containerd {containerd}: {} findings",
        old.len()
    );
    Ok(())
}

/// What is weakened: in which program's arguments or in the kubelet's configuration, the rule that must find it, and
/// words of its message.
struct Weakness {
    rule: &'static str,
    program: &'static str,
    set: [&'static str; 2],
    says: &'static str,
}

static WEAKNESSES: &[Weakness] = &[
    Weakness {
        rule: "control-plane/profiling",
        program: "kube-apiserver",
        set: ["--profiling=false", "--profiling=true"],
        says: "kube-apiserver",
    },
    Weakness {
        rule: "control-plane/shared-controller-account",
        program: "kube-controller-manager",
        set: ["--use-service-account-credentials=true", "--use-service-account-credentials=false"],
        says: "kube-controller-manager",
    },
    Weakness {
        rule: "control-plane/open-bind-address",
        program: "kube-scheduler",
        set: ["--bind-address=127.0.0.1", "--bind-address=0.0.0.0"],
        says: "kube-scheduler",
    },
    Weakness {
        rule: "control-plane/etcd-open",
        program: "etcd",
        set: ["--client-cert-auth=true", "--client-cert-auth=false"],
        says: "etcd",
    },
    Weakness {
        rule: "nodes/kubelet-read-only-port",
        program: "kubelet",
        set: ["\"readOnlyPort\": 0", "\"readOnlyPort\": 10255"],
        says: "readOnlyPort is 10255",
    },
    Weakness {
        rule: "nodes/kubelet-rotation",
        program: "kubelet",
        set: ["\"rotateCertificates\": true", "\"rotateCertificates\": false"],
        says: "rotateCertificates is ",
    },
];

/// Each weakness is one finding while it holds, and none before and after.
fn weakened(cluster: &Cluster, ringwall: &Program) -> Result<(), String> {
    awaited(cluster, ringwall, 0)?;
    let path = |program: &str| match program {
        "kubelet" => cluster.kubelet_config(),
        other => cluster.manifest(other),
    };
    let mut before: Vec<(std::path::PathBuf, String)> = Vec::new();
    for weakness in WEAKNESSES {
        let path = path(weakness.program);
        let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let weak = text.replacen(weakness.set[0], weakness.set[1], 1);
        demand!(weak != text, "{} does not say {}", path.display(), weakness.set[0]);
        cluster.replace(&path, &weak)?;
        if before.iter().all(|(known, _)| *known != path) {
            before.push((path, text));
        }
    }
    cluster.restart_kubelet()?;
    let found = awaited(cluster, ringwall, 1);
    for (path, text) in &before {
        cluster.replace(path, text)?;
    }
    cluster.restart_kubelet()?;
    let gone = awaited(cluster, ringwall, 0);
    found.and(gone)
}

/// Waits until each weakness has so many findings.
fn awaited(cluster: &Cluster, ringwall: &Program, wanted: usize) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let told = check(cluster, ringwall, "admin").and_then(|document| wrong(&document, wanted));
        match told {
            Ok(()) => return Ok(()),
            Err(why) => demand!(Instant::now() < deadline, "after {PATIENCE:?}: {why}"),
        }
        std::thread::sleep(Duration::from_millis(300));
    }
}

fn wrong(document: &Value, wanted: usize) -> Result<(), String> {
    let seen = list(document, "components").filter(|c| c["name"] == "kube-apiserver").count();
    demand!(seen == 1, "the control plane is not seen");
    let blind = list(document, "notSeen")
        .any(|gap| gap["what"].as_str().is_some_and(|w| w.starts_with("kubelet conf")));
    demand!(!blind, "the kubelet does not tell how it is set");
    for weakness in WEAKNESSES {
        let of = |finding: &&Value| {
            let message = finding["message"].as_str().unwrap_or_default();
            finding["rule"] == weakness.rule && message.contains(weakness.says)
        };
        let found = list(document, "findings").filter(of).count();
        demand!(found == wanted, "{}: {found} findings, not {wanted}", weakness.rule);
    }
    Ok(())
}

/// Who may not ask kubelets is told the smallest right that helps, and with it asks them itself.
fn rights(cluster: &Cluster, ringwall: &Program) -> Result<(), String> {
    let group = "rbac.authorization.k8s.io";
    let reader = [
        json!({
            "apiVersion": format!("{group}/v1"), "kind": "ClusterRole", "metadata": {"name": "e2e-nodes"},
            "rules": [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list"]}],
        }),
        json!({
            "apiVersion": format!("{group}/v1"), "kind": "ClusterRoleBinding", "metadata": {"name": "e2e-nodes"},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "e2e-nodes"},
            "subjects": [{"apiGroup": group, "kind": "User", "name": "bob"}],
        }),
    ];
    cluster.create(&reader)?;
    cluster.await_rights()?;
    let told = refused_then_granted(cluster, ringwall);
    let of_advice = |kind: &str| json!({"apiVersion": format!("{group}/v1"), "kind": kind, "metadata": {"name": "ringwall-kubelets"}});
    cluster.delete(&reader)?;
    cluster.delete(&[of_advice("ClusterRole"), of_advice("ClusterRoleBinding")])?;
    told
}

fn refused_then_granted(cluster: &Cluster, ringwall: &Program) -> Result<(), String> {
    let document = check(cluster, ringwall, "bob")?;
    let gap = kubelet_gap(&document).ok_or("no word on the kubelet's configuration")?;
    demand!(
        gap["what"].as_str().is_some_and(|what| what.contains("get nodes/configz")),
        "the right is not named: {gap}"
    );
    let help = gap["help"].as_str().unwrap_or_default();
    let (command, _) = help.split_once(", and run").ok_or_else(|| format!("no command in: {help}"))?;
    let tool = peers::installed("kubectl")?;
    let beside = tool.parent().unwrap_or(Path::new("/")).display().to_string();
    let path = format!("{beside}:{}", std::env::var("PATH").unwrap_or_default());
    let admin = cluster.kubeconfig("admin").into_os_string();
    Program::new("/bin/sh").env("KUBECONFIG", admin).env("PATH", path).run(&["-c", command])?.exits(0)?;
    cluster.await_rights()?;
    // On the node, where the kubelet is reached.
    let folder = cluster.folder();
    let (program, config) = (folder.join("ringwall"), folder.join("bob-inside.kubeconfig"));
    std::fs::copy(ringwall.path(), &program).map_err(|e| format!("{}: {e}", program.display()))?;
    let outside = std::fs::read_to_string(cluster.kubeconfig("bob")).map_err(|e| e.to_string())?;
    std::fs::write(&config, outside.replace(cluster.api().url(), "https://10.77.0.1:6443"))
        .map_err(|e| e.to_string())?;
    let (program, config) = (program.display().to_string(), config.display().to_string());
    let out = cluster.on_node(&[&program, "check", "-o", "json", "--kubeconfig", &config])?;
    let document: Value = serde_json::from_slice(&out.stdout)
        .map_err(|e| format!("{e}: {}", String::from_utf8_lossy(&out.stderr)))?;
    demand!(kubelet_gap(&document).is_none(), "with the right: {:?}", kubelet_gap(&document));
    let kubelet = list(&document, "components").find(|c| c["name"] == "kubelet").cloned().unwrap_or_default();
    let settings = kubelet["settings"].to_string();
    demand!(settings.contains("authorization.mode=Webhook"), "the kubelet was not asked: {kubelet}");
    Ok(())
}

fn kubelet_gap(document: &Value) -> Option<&Value> {
    list(document, "notSeen")
        .find(|gap| gap["what"].as_str().is_some_and(|what| what.starts_with("kubelet conf")))
}

/// Two workloads of strangers with the same way out of their container, one of them under gVisor: the step to the node
/// is in the graph for the other one alone.
fn sandboxed(cluster: &Cluster, ringwall: &Program) -> Result<(), String> {
    let space = "e2e-sandbox";
    let kubectl = kubectl(cluster, "admin")?;
    let mut objects = vec![
        json!({"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": space}, "handler": "runsc"}),
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}}),
    ];
    objects.extend(
        [("bare", Value::Null), ("boxed", space.into())]
            .into_iter()
            .flat_map(|(name, class)| strangers(space, name, &class)),
    );
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
    let told = kubectl.run_with(&["apply", "-f", "-"], &list).and_then(|answer| {
        answer.exits(0)?;
        two_kernels(cluster, ringwall, &kubectl, space)
    });
    let gone = kubectl.run_with(&["delete", "--wait=false", "--ignore-not-found", "-f", "-"], &list);
    told.and(gone?.exits(0).map(drop))
}

/// A workload that anyone reaches and nobody vouches for.
fn strangers(space: &str, name: &str, class: &Value) -> [Value; 2] {
    let labels = json!({"app": name, "ringwall.dev/trust": "untrusted"});
    let container = json!({
        "name": "c", "image": node::BUSYBOX, "command": ["sleep", "3600"],
        "securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}},
    });
    let spec = json!({
        "runtimeClassName": class, "containers": [container], "terminationGracePeriodSeconds": 0,
        "automountServiceAccountToken": false,
    });
    [
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": space},
            "spec": {"selector": {"matchLabels": {"app": name}}, "template": {"metadata": {"labels": labels}, "spec": spec}},
        }),
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": space},
            "spec": {"type": "LoadBalancer", "selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]},
        }),
    ]
}

fn two_kernels(cluster: &Cluster, ringwall: &Program, kubectl: &Program, space: &str) -> Result<(), String> {
    // A control plane that another case changed comes back with growing pauses.
    let wait = ["-n", space, "wait", "--for=condition=Available", "deployment", "--all", "--timeout=100s"];
    let mut told = kubectl.run(&wait)?;
    for _ in 0..2 {
        if told.exits(0).is_err() {
            told = kubectl.run(&wait)?;
        }
    }
    told.exits(0)?;
    let log = |name: &str| {
        let of = format!("deployment/{name}");
        let answer = kubectl.run(&["-n", space, "exec", &of, "--", "cat", "/proc/version"])?;
        answer.exits(0)?;
        Ok::<_, String>(answer.stdout.clone())
    };
    let (bare, boxed) = (log("bare")?, log("boxed")?);
    let node = std::fs::read_to_string("/proc/version").map_err(|e| e.to_string())?;
    demand!(bare.trim() == node.trim(), "the bare pod has a kernel of its own: {bare}");
    demand!(boxed.trim() != node.trim(), "the sandboxed pod has the node's kernel");
    let config = cluster.kubeconfig("admin").display().to_string();
    let answer = ringwall.run(&["risk", "--all", "--kubeconfig", &config])?;
    answer.exits(0)?;
    answer.names(&[&format!("{space}/bare -> node root")])?;
    answer.names_none_of(&[&format!("{space}/boxed -> node root")])?;
    Ok(())
}

/// A second node beside the first; when it has ended there is no process, mount or control group of it.
fn nothing_is_left() -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let path = folder.path().canonicalize().map_err(|e| e.to_string())?;
    let mut cluster = Cluster::start_node(&path, Lifetime::Guarded)?;
    let groups = std::fs::read_to_string(path.join("cgroup")).map_err(|e| e.to_string())?;
    let pods = format!("/{groups}/kubepods");
    demand!(processes(&pods) > 4, "no processes in {pods}");
    cluster.end();
    demand!(processes(&groups) == 0, "{} processes are left", processes(&groups));
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").map_err(|e| e.to_string())?;
    demand!(!mounts.contains(&*path.display().to_string()), "mounts are left:\n{mounts}");
    let left = |parent: &Path| parent.join(&groups).exists();
    let controllers = std::fs::read_dir("/sys/fs/cgroup").map_err(|e| e.to_string())?;
    let left = controllers.flatten().map(|entry| entry.path()).find(|parent| left(parent));
    demand!(left.is_none(), "control groups are left in {left:?}");
    Ok(())
}

/// How many processes are in control groups whose path holds this.
fn processes(group: &str) -> usize {
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter(|entry| {
        std::fs::read_to_string(entry.path().join("cgroup")).is_ok_and(|text| text.contains(group))
    })
    .count()
}
