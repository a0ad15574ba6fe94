//! Random pods, judged by the API server's own library: the same set of violated checks at every level and version.
//!
//! `RINGWALL_SEED` draws others; a failure prints the pod.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test runs the peer"
)]

use model::Origin;
use pss::{Level, Pod, violations};
use serde_json::{Value, json};
use snapshot::Builder;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const RUNS: usize = 4000;

/// Draws numbers: splitmix64.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end as u64).unwrap()
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// A pod that meets every level at every version.
fn passing() -> Value {
    let container = |name: &str| {
        json!({"name": name, "image": "registry.test/a:1", "securityContext": {
            "allowPrivilegeEscalation": false, "runAsNonRoot": true, "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"}}})
    };
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "annotations": {}}, "spec": {
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "initContainers": [container("i")], "containers": [container("a"), container("b")],
        "ephemeralContainers": [container("e")], "volumes": [{"name": "v", "emptyDir": {}}]}})
}

/// Fields of a container, and values worth trying; `null` takes the field away.
fn of_containers() -> Vec<(&'static str, Vec<Value>)> {
    let hosts = || vec![json!(""), json!("10.0.0.1")];
    vec![
        ("/securityContext", vec![Value::Null]),
        ("/securityContext/privileged", vec![json!(true), json!(false)]),
        ("/securityContext/allowPrivilegeEscalation", vec![json!(true), Value::Null]),
        ("/securityContext/runAsNonRoot", vec![json!(false), Value::Null]),
        ("/securityContext/runAsUser", vec![json!(0), json!(1)]),
        ("/securityContext/procMount", vec![json!("Unmasked"), json!("Default"), json!("")]),
        ("/securityContext/capabilities", vec![Value::Null, json!({}), json!({"drop": []})]),
        ("/securityContext/capabilities/drop", vec![json!(["all"]), json!(["NET_RAW"]), json!(["X", "ALL"])]),
        (
            "/securityContext/capabilities/add",
            vec![json!(["NET_BIND_SERVICE"]), json!(["CHOWN"]), json!(["NET_RAW", "SYS_ADMIN"]), json!([])],
        ),
        (
            "/securityContext/seccompProfile",
            vec![Value::Null, json!({}), json!({"type": "Unconfined"}), json!({"type": "Localhost"})],
        ),
        (
            "/securityContext/appArmorProfile",
            vec![json!({"type": "Unconfined"}), json!({"type": "RuntimeDefault"}), json!({})],
        ),
        (
            "/securityContext/seLinuxOptions",
            vec![
                json!({"type": "spc_t"}),
                json!({"type": "container_engine_t"}),
                json!({"user": "u"}),
                json!({"level": "s0"}),
            ],
        ),
        (
            "/securityContext/windowsOptions",
            vec![json!({"hostProcess": true}), json!({"hostProcess": false})],
        ),
        (
            "/ports",
            vec![json!([{"containerPort": 1, "hostPort": 22}]), json!([{"containerPort": 1, "hostPort": 0}])],
        ),
        ("/livenessProbe/httpGet/host", hosts()),
        ("/startupProbe/tcpSocket/host", hosts()),
        ("/lifecycle/preStop/httpGet/host", hosts()),
        ("/lifecycle/postStart/tcpSocket/host", hosts()),
    ]
}

/// Fields of the pod, and values worth trying.
fn of_pods() -> Vec<(&'static str, Vec<Value>)> {
    let sysctl = |name: &str| json!([{"name": name, "value": "1"}]);
    let annotation = |key: &str, value: &str| json!({ key: value });
    vec![
        ("/spec/hostNetwork", vec![json!(true), json!(false)]),
        ("/spec/hostPID", vec![json!(true)]),
        ("/spec/hostIPC", vec![json!(true)]),
        ("/spec/hostUsers", vec![json!(false), json!(false), json!(true)]),
        ("/spec/os/name", vec![json!("windows"), json!("windows"), json!("linux")]),
        ("/spec/securityContext", vec![Value::Null, json!({})]),
        ("/spec/securityContext/runAsNonRoot", vec![json!(false), Value::Null]),
        ("/spec/securityContext/runAsUser", vec![json!(0), json!(7)]),
        ("/spec/securityContext/seccompProfile", vec![Value::Null, json!({"type": "Unconfined"}), json!({})]),
        (
            "/spec/securityContext/appArmorProfile",
            vec![json!({"type": "Unconfined"}), json!({"type": "Localhost"})],
        ),
        (
            "/spec/securityContext/seLinuxOptions",
            vec![json!({"type": "container_engine_t"}), json!({"role": "r"})],
        ),
        ("/spec/securityContext/windowsOptions/hostProcess", vec![json!(true), json!(false)]),
        (
            "/spec/securityContext/sysctls",
            [
                "kernel.shm_rmid_forced",
                "net.ipv4.ip_local_reserved_ports",
                "net.ipv4.tcp_fin_timeout",
                "net.ipv4.tcp_rmem",
                "net.ipv4.tcp_notsent_lowat",
                "kernel.msgmax",
            ]
            .map(sysctl)
            .to_vec(),
        ),
        (
            "/spec/volumes",
            ["hostPath", "nfs", "emptyDir", "configMap", "csi", "iscsi", "projected"]
                .map(|kind| json!([{"name": "x", "emptyDir": {}}, {"name": "y", kind: {}}]))
                .to_vec(),
        ),
        (
            "/metadata/annotations",
            vec![
                annotation("container.apparmor.security.beta.kubernetes.io/a", "unconfined"),
                annotation("container.apparmor.security.beta.kubernetes.io/nobody", "unconfined"),
                annotation("container.apparmor.security.beta.kubernetes.io/a", "localhost/x"),
                annotation("seccomp.security.alpha.kubernetes.io/pod", "unconfined"),
                annotation("container.seccomp.security.alpha.kubernetes.io/e", "unconfined"),
                annotation("container.seccomp.security.alpha.kubernetes.io/e", "docker/default"),
            ],
        ),
    ]
}

fn change(pod: &mut Value, draw: &mut Draw) {
    let lists = ["containers/0", "containers/1", "initContainers/0", "ephemeralContainers/0"];
    let (pointer, value) = if draw.below(5) < 2 {
        let pods = of_pods();
        let (pointer, values) = draw.of(&pods);
        ((*pointer).to_owned(), draw.of(values).clone())
    } else {
        let containers = of_containers();
        let (pointer, values) = draw.of(&containers);
        (format!("/spec/{}{pointer}", draw.of(&lists)), draw.of(values).clone())
    };
    snapshot::set(pod, &pointer, value);
}

struct Case {
    level: Level,
    minor: u32,
    pod: Value,
}

fn drawn(draw: &mut Draw) -> Case {
    let mut pod = passing();
    for _ in 0..=draw.below(3) {
        change(&mut pod, draw);
    }
    let minor = u32::try_from(draw.below(39)).unwrap();
    Case { level: *draw.of(&[Level::Baseline, Level::Restricted]), minor, pod }
}

fn ours(case: &Case) -> Vec<String> {
    let mut builder = Builder::new("default");
    assert!(builder.add(case.pod.clone(), Origin::Builtin));
    let snapshot = builder.build();
    let template = snapshot.workloads().next().unwrap().parse();
    let found = violations(&Pod::of(&template), case.level, Some(case.minor));
    let mut ids: Vec<String> = found.into_iter().map(|violation| violation.check.to_owned()).collect();
    ids.sort();
    ids.dedup();
    ids
}

fn skip<T>(why: &str) -> Option<T> {
    assert!(std::env::var_os("CI").is_none(), "{why}, and CI is set");
    println!("skipped: {why}");
    None
}

/// Builds the peer; `None` where there is no Go.
fn peer() -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers/pod-security");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pod-security");
    match Command::new("go").arg("build").arg("-o").arg(&program).arg(".").current_dir(source).status() {
        Ok(status) if status.success() => Some(program),
        Ok(_) => skip("go build of the peer failed"),
        Err(_) => skip("no go"),
    }
}

fn theirs(program: &Path, cases: &[Case]) -> Vec<Value> {
    let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let answers = std::thread::scope(|scope| {
        scope.spawn(move || {
            for case in cases {
                let version = format!("v1.{}", case.minor);
                let line = json!({"level": case.level.as_str(), "version": version, "pod": case.pod});
                writeln!(input, "{line}").unwrap();
            }
        });
        output.lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect()
    });
    assert!(child.wait().unwrap().success());
    answers
}

#[test]
fn the_same_checks_as_the_server() {
    let Some(program) = peer() else { return };
    let seed = std::env::var("RINGWALL_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(2026);
    let mut draw = Draw(seed);
    let cases: Vec<Case> = (0..RUNS).map(|_| drawn(&mut draw)).collect();
    let answers = theirs(&program, &cases);
    assert_eq!(answers.len(), RUNS);
    let mut passed = 0;
    for (case, answer) in cases.iter().zip(&answers) {
        let (level, minor) = (case.level.as_str(), case.minor);
        assert_eq!(json!(ours(case)), *answer, "seed {seed}, {level} at 1.{minor}: {}", case.pod);
        passed += usize::from(answer.as_array().is_some_and(Vec::is_empty));
    }
    println!("seed {seed}: {passed} of {RUNS} pods pass, the others fail");
    let sides = 100 * passed.min(RUNS - passed) / RUNS;
    assert!(sides >= 30, "only {sides} % on one side");
}
