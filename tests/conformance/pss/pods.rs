//! Pods that an API server takes as valid: one that passes everywhere, with up to three fields changed.

use integration::Random;
use serde_json::{Value, json};

/// A pod and the pointers of what was changed in it.
pub(super) struct Pod {
    pub(super) value: Value,
    pub(super) changed: Vec<String>,
}

/// Fields that go together, so that the pod stays valid, and the values they get; `null` takes a field away.
type Change = Vec<(&'static str, Value)>;

/// Draws a pod; one in eight is for Windows.
pub(super) fn draw(random: &mut Random) -> Pod {
    let windows = random.chance(12);
    let mut pod = Pod { value: if windows { of_windows() } else { of_linux() }, changed: Vec::new() };
    // One in six stays as it passes.
    for _ in 0..[0, 1, 1, 1, 2, 3][random.below(6)] {
        let change = if windows {
            pick(random, windows_changes())
        } else if random.chance(40) {
            pick(random, pod_changes())
        } else {
            let list = random.pick(&["/spec/containers/0", "/spec/containers/1", "/spec/initContainers/0"]);
            let fields = pick(random, container_changes());
            fields.into_iter().map(|(pointer, value)| (format!("{list}{pointer}"), value)).collect()
        };
        for (pointer, value) in change {
            snapshot::set(&mut pod.value, &pointer, value);
            pod.changed.push(pointer);
        }
    }
    pod
}

fn pick(random: &mut Random, mut from: Vec<Change>) -> Vec<(String, Value)> {
    let at = random.below(from.len());
    from.swap_remove(at).into_iter().map(|(pointer, value)| (pointer.to_owned(), value)).collect()
}

fn of_linux() -> Value {
    let container = |name: &str| {
        json!({"name": name, "image": "registry.test/a:1", "securityContext": {
            "allowPrivilegeEscalation": false, "runAsNonRoot": true, "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"}}})
    };
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "annotations": {}}, "spec": {
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "initContainers": [container("i")], "containers": [container("a"), container("b")],
        "volumes": [{"name": "v", "emptyDir": {}}]}})
}

/// What is asked of Linux alone is not even allowed there.
fn of_windows() -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {
        "os": {"name": "windows"}, "securityContext": {"runAsNonRoot": true},
        "containers": [{"name": "a", "image": "registry.test/a:1"}],
        "volumes": [{"name": "v", "emptyDir": {}}]}})
}

fn one(pointer: &'static str, values: impl IntoIterator<Item = Value>) -> Vec<Change> {
    values.into_iter().map(|value| vec![(pointer, value)]).collect()
}

fn windows_changes() -> Vec<Change> {
    let host = |on: bool| {
        vec![
            ("/spec/hostNetwork", json!(on)),
            ("/spec/securityContext/windowsOptions/hostProcess", json!(on)),
        ]
    };
    let mut all = vec![host(true), host(false)];
    all.extend(one("/spec/securityContext/runAsNonRoot", [json!(false), Value::Null]));
    all.extend(one("/spec/containers/0/securityContext/runAsNonRoot", [json!(false), json!(true)]));
    all.extend(one(
        "/spec/containers/0/securityContext/windowsOptions/runAsUserName",
        [json!("ContainerUser")],
    ));
    all.extend(volumes());
    all
}

fn container_changes() -> Vec<Change> {
    const SECURITY: &str = "/securityContext";
    const ESCALATION: &str = "/securityContext/allowPrivilegeEscalation";
    const CAPABILITIES: &str = "/securityContext/capabilities";
    let with = |pointer, value: Value| vec![(ESCALATION, Value::Null), (pointer, value)];
    let mut all = vec![
        vec![(SECURITY, Value::Null)],
        with("/securityContext/privileged", json!(true)),
        with("/securityContext/capabilities/add", json!(["NET_RAW", "SYS_ADMIN"])),
    ];
    all.extend(one("/securityContext/privileged", [json!(false)]));
    all.extend(one(ESCALATION, [json!(true), Value::Null]));
    all.extend(one("/securityContext/runAsNonRoot", [json!(false), Value::Null]));
    all.extend(one("/securityContext/runAsUser", [json!(0), json!(1)]));
    all.extend(one("/securityContext/procMount", [json!("Default")]));
    all.extend(one(
        CAPABILITIES,
        [Value::Null, json!({}), json!({"drop": []}), json!({"add": ["CHOWN"], "drop": ["ALL"]})],
    ));
    all.extend(one(
        "/securityContext/capabilities/drop",
        [json!(["all"]), json!(["NET_RAW"]), json!(["X", "ALL"])],
    ));
    all.extend(one(
        "/securityContext/capabilities/add",
        [
            json!(["NET_BIND_SERVICE"]),
            json!(["CHOWN"]),
            json!(["NET_RAW"]),
            json!(["net_bind_service"]),
            json!([]),
        ],
    ));
    let profiles = || {
        [
            json!({"type": "Unconfined"}),
            json!({"type": "RuntimeDefault"}),
            json!({"type": "Localhost", "localhostProfile": "x.json"}),
        ]
    };
    all.extend(one("/securityContext/seccompProfile", profiles().into_iter().chain([Value::Null])));
    all.extend(one("/securityContext/appArmorProfile", profiles()));
    all.extend(one("/securityContext/seLinuxOptions", selinux()));
    let ports = |host: u16| json!([{"containerPort": 8080, "hostPort": host}]);
    all.extend(one("/ports", [ports(8080), ports(0)]));
    for host in ["10.0.0.1", "127.0.0.1", "localhost", ""] {
        let http = json!({"httpGet": {"host": host, "port": 80}});
        let tcp = json!({"tcpSocket": {"host": host, "port": 80}});
        all.extend(one("/lifecycle", [json!({"preStop": http}), json!({"postStart": tcp})]));
        all.extend(one("/livenessProbe", [http, tcp.clone()]));
        all.extend(one("/startupProbe", [tcp]));
    }
    all
}

fn pod_changes() -> Vec<Change> {
    let mut all = vec![
        // Only with a user namespace of its own may a pod see all of /proc.
        vec![
            ("/spec/hostUsers", json!(false)),
            ("/spec/containers/0/securityContext/procMount", json!("Unmasked")),
        ],
        vec![
            ("/spec/hostUsers", json!(false)),
            ("/spec/containers/0/securityContext/runAsNonRoot", Value::Null),
            ("/spec/securityContext/runAsNonRoot", Value::Null),
        ],
        vec![("/spec/hostUsers", json!(false)), ("/spec/containers/1/securityContext/runAsUser", json!(0))],
    ];
    all.extend(one("/spec/hostNetwork", [json!(true), json!(false)]));
    all.extend(one("/spec/hostPID", [json!(true)]));
    all.extend(one("/spec/hostIPC", [json!(true)]));
    all.extend(one("/spec/hostUsers", [json!(false), json!(true)]));
    all.extend(one("/spec/securityContext", [Value::Null, json!({})]));
    all.extend(one("/spec/securityContext/runAsNonRoot", [json!(false), Value::Null]));
    all.extend(one("/spec/securityContext/runAsUser", [json!(0), json!(7)]));
    all.extend(one("/spec/securityContext/seccompProfile", [Value::Null, json!({"type": "Unconfined"})]));
    all.extend(one(
        "/spec/securityContext/appArmorProfile",
        [json!({"type": "Unconfined"}), json!({"type": "Localhost", "localhostProfile": "x"})],
    ));
    all.extend(one("/spec/securityContext/seLinuxOptions", selinux()));
    let sysctls = [
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_notsent_lowat",
        "kernel.msgmax",
        "net/ipv4/tcp_rmem",
    ];
    let sysctl = |name: &str| json!([{"name": name, "value": "1"}]);
    all.extend(one("/spec/securityContext/sysctls", sysctls.map(sysctl)));
    let annotations = [
        ("container.apparmor.security.beta.kubernetes.io/a", "unconfined"),
        ("container.apparmor.security.beta.kubernetes.io/a", "runtime/default"),
        ("container.apparmor.security.beta.kubernetes.io/i", "localhost/x"),
        ("seccomp.security.alpha.kubernetes.io/pod", "unconfined"),
        ("container.seccomp.security.alpha.kubernetes.io/a", "unconfined"),
        ("container.seccomp.security.alpha.kubernetes.io/b", "docker/default"),
    ];
    let annotation = |(key, value): (&str, &str)| json!({ key: value });
    all.extend(one("/metadata/annotations", annotations.map(annotation)));
    all.extend(volumes());
    all
}

fn selinux() -> Vec<Value> {
    let types = ["container_t", "container_init_t", "container_kvm_t", "container_engine_t", "spc_t", ""];
    let others = [json!({"user": "u"}), json!({"role": "r"}), json!({"level": "s0"})];
    types.into_iter().map(|name| json!({"type": name})).chain(others).collect()
}

fn volumes() -> Vec<Change> {
    let kinds = [
        json!({"hostPath": {"path": "/x"}}),
        json!({"nfs": {"server": "s", "path": "/x"}}),
        json!({"emptyDir": {"medium": "Memory"}}),
        json!({"configMap": {"name": "c"}}),
        json!({"secret": {"secretName": "s"}}),
        json!({"downwardAPI": {"items": []}}),
        json!({"persistentVolumeClaim": {"claimName": "p"}}),
        json!({"csi": {"driver": "d.test"}}),
        json!({"iscsi": {"targetPortal": "10.0.0.1", "iqn": "iqn.2026-01.test:a", "lun": 0}}),
        json!({"projected": {"sources": []}}),
        json!({"image": {"reference": "registry.test/a:1"}}),
        json!({"ephemeral": {"volumeClaimTemplate": {"spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}}}),
    ];
    let named = |mut kind: Value| {
        kind["name"] = json!("y");
        json!([{"name": "x", "emptyDir": {}}, kind])
    };
    one("/spec/volumes", kinds.map(named))
}
