//! Everything a node and its control plane read, laid out as kubeadm does below `/etc/kubernetes`.

use super::image::PAUSE;
use super::manifests::{PODS, StaticPod};
use crate::cluster::certificates::{Authority, Pair, signing_key};
use crate::cluster::files::{self, Parts, kubeconfig, people, put, secret};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as STANDARD;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The node's name.
pub const NODE: &str = "node1";
/// Its own address, on the loopback device of its network namespace.
const ADDRESS: &str = "10.77.0.1";
/// Where its own programs find the API server.
const SERVER: &str = "https://10.77.0.1:6443";

pub(in crate::cluster) fn manifest(folder: &Path, name: &str) -> PathBuf {
    folder.join("kubernetes/manifests").join(format!("{name}.yaml"))
}

pub(in crate::cluster) fn kubelet_config(folder: &Path) -> PathBuf {
    folder.join("kubernetes/kubelet.yaml")
}

pub(in crate::cluster) fn audit_log(folder: &Path) -> PathBuf {
    folder.join("var/kubernetes/audit.log")
}

/// Writes the files of a new node whose API server is reached at a port of the machine's loopback device; those of
/// one that was there are gone. No manifest yet.
pub(super) fn write(folder: &Path, port: u16, groups: &str) -> Result<Parts, String> {
    for old in ["kubernetes", "var", "logs", "bin"] {
        std::fs::remove_dir_all(folder.join(old)).ok();
    }
    for new in [
        "kubernetes/manifests",
        "kubernetes/node",
        "kubernetes/pki/etcd",
        "var/kubernetes",
        "var/pods",
        "logs",
        "bin",
    ] {
        let path = folder.join(new);
        std::fs::create_dir_all(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    let url = format!("https://127.0.0.1:{port}");
    let authority = Authority::new("kubernetes")?;
    let ca = authority.pair().certificate;
    let people = people(folder, &url, &ca)?;
    put(&folder.join(files::CA), &ca)?;
    put(&folder.join("kubernetes/pki/tokens.csv"), &people.tokens)?;
    keys(&folder.join("kubernetes/pki"), &authority)?;
    components(&folder.join("kubernetes"), &authority, &ca)?;
    put(&kubelet_config(folder), &format!("{:#}\n", kubelet(groups)))?;
    put(&folder.join("kubernetes/node/containerd.toml"), &containerd())?;
    put(&folder.join("kubernetes/node/runsc.toml"), RUNSC)?;
    put(&folder.join("kubernetes/node/cni.conflist"), &format!("{:#}\n", network()))?;
    put(&folder.join("cgroup"), groups)?;
    put(&folder.join("node.sh"), include_str!("node.sh"))?;
    Ok(Parts { url, ca, admin_token: people.admin_token, ports: [port, 0, 0] })
}

/// Writes the manifests of these programs; the kubelet starts them at once.
pub(super) fn manifests(
    folder: &Path,
    names: &[&str],
    version: &dyn Fn(&str) -> String,
) -> Result<(), String> {
    let named = |pod: &&StaticPod| names.contains(&pod.name);
    for pod in PODS.iter().filter(named) {
        replace(&manifest(folder, pod.name), &pod.yaml(&version(pod.name)))?;
    }
    Ok(())
}

/// Puts a file in its place whole: the kubelet watches the folder of manifests, and ignores files with a leading dot.
pub(in crate::cluster) fn replace(path: &Path, text: &str) -> Result<(), String> {
    let name = path.file_name().unwrap_or_default().display().to_string();
    let beside = path.with_file_name(format!(".{name}"));
    put(&beside, text)?;
    std::fs::rename(&beside, path).map_err(|e| format!("{}: {e}", path.display()))
}

fn keys(pki: &Path, authority: &Authority) -> Result<(), String> {
    let pair = |name: &str, Pair { certificate, key }: Pair| {
        put(&pki.join(format!("{name}.crt")), &certificate)?;
        put(&pki.join(format!("{name}.key")), &key)
    };
    let names = [
        "localhost",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        NODE,
        "127.0.0.1",
        ADDRESS,
        "10.99.0.1",
    ];
    pair("ca", authority.pair())?;
    pair("apiserver", authority.server("kube-apiserver", &names)?)?;
    pair(
        "apiserver-kubelet-client",
        authority.client("kube-apiserver-kubelet-client", &["system:masters"])?,
    )?;
    pair("kubelet", authority.server(&format!("system:node:{NODE}"), &[NODE, ADDRESS])?)?;
    // Authorities of their own: whoever has a certificate of the cluster's is nobody to etcd, and no proxy.
    let etcd = Authority::new("etcd-ca")?;
    put(&pki.join("etcd/ca.crt"), &etcd.pair().certificate)?;
    pair("etcd/server", etcd.member(NODE, &["localhost", "127.0.0.1"])?)?;
    pair("apiserver-etcd-client", etcd.client("kube-apiserver-etcd-client", &[])?)?;
    let front = Authority::new("front-proxy-ca")?;
    put(&pki.join("front-proxy-ca.crt"), &front.pair().certificate)?;
    pair("front-proxy-client", front.client("front-proxy-client", &[])?)?;
    let (accounts, accounts_key) = signing_key()?;
    put(&pki.join("sa.pub"), &accounts)?;
    put(&pki.join("sa.key"), &accounts_key)?;
    put(&pki.join("audit-policy.yaml"), files::POLICY)?;
    let key: String = secret()?.chars().take(32).collect();
    let provider = json!({"secretbox": {"keys": [{"name": "first", "secret": STANDARD.encode(key)}]}});
    let encryption = json!({
        "apiVersion": "apiserver.config.k8s.io/v1", "kind": "EncryptionConfiguration",
        "resources": [{"resources": ["secrets"], "providers": [provider, {"identity": {}}]}],
    });
    put(&pki.join("encryption.yaml"), &format!("{encryption:#}\n"))
}

/// The kubeconfigs of the node's programs.
fn components(folder: &Path, authority: &Authority, ca: &str) -> Result<(), String> {
    let kubelet = format!("system:node:{NODE}");
    for (file, user, groups) in [
        ("controller-manager.conf", "system:kube-controller-manager", &[][..]),
        ("scheduler.conf", "system:kube-scheduler", &[]),
        ("kubelet.conf", kubelet.as_str(), &["system:nodes"]),
    ] {
        let Pair { certificate, key } = authority.client(user, groups)?;
        let user_entry = json!({
            "client-certificate-data": STANDARD.encode(certificate),
            "client-key-data": STANDARD.encode(key),
        });
        put(&folder.join(file), &kubeconfig(SERVER, ca, user, &user_entry))?;
    }
    Ok(())
}

/// The kubelet's configuration: as hardened as a node without systemd, iptables and the right to raise limits can be.
fn kubelet(groups: &str) -> Value {
    json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": ADDRESS,
        "authentication": {
            "anonymous": {"enabled": false},
            "webhook": {"enabled": true, "cacheTTL": "2s"},
            "x509": {"clientCAFile": "/etc/kubernetes/pki/ca.crt"},
        },
        "authorization": {"mode": "Webhook", "webhook": {"cacheAuthorizedTTL": "2s", "cacheUnauthorizedTTL": "2s"}},
        "readOnlyPort": 0,
        "tlsCertFile": "/etc/kubernetes/pki/kubelet.crt",
        "tlsPrivateKeyFile": "/etc/kubernetes/pki/kubelet.key",
        "rotateCertificates": true,
        "streamingConnectionIdleTimeout": "5m0s",
        "seccompDefault": true,
        "podPidsLimit": 1024,
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "staticPodPath": "/etc/kubernetes/manifests",
        "fileCheckFrequency": "2s",
        "nodeStatusUpdateFrequency": "2s",
        "syncFrequency": "10s",
        "volumePluginDir": "/var/lib/kubelet/plugins-exec",
        "resolvConf": "",
        // There is no systemd, and control groups may be of version 1.
        "cgroupDriver": "cgroupfs",
        "failCgroupV1": false,
        "cgroupRoot": format!("/{groups}"),
        "failSwapOn": false,
        // There is no iptables, and limits of the kernel belong to the machine.
        "makeIPTablesUtilChains": false,
        "protectKernelDefaults": false,
        // The images are imported and nowhere else.
        "imagePullCredentialsVerificationPolicy": "NeverVerify",
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"memory.available": "50Mi"},
    })
}

fn containerd() -> String {
    format!(
        "version = 2\n\
         oom_score = 0\n\
         [plugins.\"io.containerd.grpc.v1.cri\"]\n  \
         sandbox_image = \"{PAUSE}\"\n  \
         restrict_oom_score_adj = true\n\
         [plugins.\"io.containerd.grpc.v1.cri\".cni]\n  \
         bin_dir = \"/opt/cni/bin\"\n  \
         conf_dir = \"/etc/cni/net.d\"\n\
         [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]\n  \
         runtime_type = \"io.containerd.runc.v2\"\n\
         [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc.options]\n  \
         BinaryName = \"/usr/local/bin/runc\"\n\
         [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runsc]\n  \
         runtime_type = \"io.containerd.runsc.v1\"\n\
         [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runsc.options]\n  \
         TypeUrl = \"io.containerd.runsc.v1.options\"\n  \
         ConfigPath = \"/etc/containerd/runsc.toml\"\n"
    )
}

/// gVisor: by ptrace, which runs anywhere, and without a network.
const RUNSC: &str = "[runsc_config]\nplatform = \"ptrace\"\nnetwork = \"none\"\n";

fn network() -> Value {
    json!({
        "cniVersion": "1.0.0",
        "name": "bridge",
        "plugins": [{
            "type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": false, "hairpinMode": true,
            "ipam": {
                "type": "host-local",
                "ranges": [[{"subnet": "10.77.1.0/24"}]],
                "routes": [{"dst": "0.0.0.0/0"}],
                "dataDir": "/var/lib/cni/networks",
            },
        }],
    })
}
