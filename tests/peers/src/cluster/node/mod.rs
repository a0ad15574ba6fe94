//! One real node: containerd, kubelet and the control plane as static pods, in namespaces of their own.
//!
//! Needs root and Linux; changes nothing of the machine outside the cluster's folder but for control groups, which
//! go with it. What the node writes below `/` is kept in memory and gone when it ends.

mod files;
mod image;
mod manifests;

use super::files::Parts;
use super::processes::{self, Lifetime, Process};
use crate::table::PEERS;
use crate::{install, installed};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub use files::NODE;
pub(in crate::cluster) use files::{audit_log, kubelet_config, manifest, replace};
pub use image::BUSYBOX;

/// The node as a process: the shell that made its namespaces.
pub(super) const NAME: &str = "node";
/// What file that shell is.
pub(super) const SHELL: &str = "busybox";

/// The peers a node is made of.
const PROGRAMS: &[&str] = &[
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "containerd",
    "runc",
    "cni",
    "busybox",
    "forward",
];

/// Further files of a peer's folder that a node runs.
const BESIDE: &[(&str, &str)] = &[("containerd", "ctr"), ("containerd", "containerd-shim-runc-v2")];

/// Peers that a node also runs where they are installed: the handler `runsc` of a RuntimeClass.
const SANDBOX: &[&str] = &["runsc", "containerd-shim-runsc-v1"];

/// Whether a node's pods can be sandboxed by gVisor (`handler: runsc`), without a network.
///
/// # Errors
/// Names what is missing, and how to get it.
pub fn sandbox_missing() -> Result<(), String> {
    SANDBOX.iter().try_for_each(|name| installed(name).map(drop))
}

/// What is missing here to start a node.
///
/// # Errors
/// Names everything that is missing, and how to get it.
pub fn missing() -> Result<(), String> {
    let mut missing: Vec<String> = Vec::new();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let root =
        status.lines().any(|line| line.starts_with("Uid:") && line.split_whitespace().nth(2) == Some("0"));
    if !root {
        missing.push("no root: a node needs it".into());
    }
    let kernel = std::fs::read_to_string("/proc/filesystems").unwrap_or_default();
    if !kernel.lines().any(|line| line.trim_end().ends_with("\toverlay")) {
        missing.push("no overlay file system in this kernel".into());
    }
    for tool in ["unshare", "nsenter", "mount", "pivot_root"] {
        if install::on_path(tool).is_none() {
            missing.push(format!("no {tool}: it is of util-linux"));
        }
    }
    let absent: Vec<&str> = PROGRAMS.iter().copied().filter(|name| installed(name).is_err()).collect();
    if !absent.is_empty() {
        missing.push(format!("no {}: `cargo xtask peers` installs what is missing", absent.join(", ")));
    }
    if missing.is_empty() { Ok(()) } else { Err(missing.join("; ")) }
}

/// The version of what runs under a name, as its tag in the manifest.
fn version(name: &str) -> String {
    PEERS.iter().find(|peer| peer.name == name).map_or_else(String::new, |peer| peer.version.to_owned())
}

/// Starts a node with etcd and an API server.
pub(super) fn start(folder: &Path, lifetime: Lifetime) -> Result<(Parts, Vec<Process>), String> {
    missing()?;
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| format!("no free port: {e}"))?;
    let port = listener.local_addr().map_err(|e| format!("no free port: {e}"))?.port();
    // Control groups are one tree for the whole machine: a name nobody else has.
    let groups = format!("ringwall-{}-{port}", std::process::id());
    let parts = files::write(folder, port, &groups)?;
    let link = |name: &str, to: &Path| {
        let at = folder.join("bin").join(name);
        std::os::unix::fs::symlink(to, &at).map_err(|e| format!("{}: {e}", at.display()))
    };
    for name in PROGRAMS {
        let program = installed(name)?;
        // The plugins are a folder of programs.
        link(name, if *name == "cni" { program.parent().unwrap_or(&program) } else { &program })?;
    }
    for name in SANDBOX {
        installed(name).map_or(Ok(()), |program| link(name, &program))?;
    }
    for (peer, name) in BESIDE {
        link(name, &installed(peer)?.with_file_name(name))?;
    }
    let busybox = installed(SHELL)?;
    let names: Vec<String> = manifests::PODS.iter().map(|pod| pod.image(&version(pod.name))).collect();
    image::write(&folder.join("image.tar"), &busybox, &names)?;
    files::manifests(folder, &["etcd", "kube-apiserver"], &version)?;
    let flags = ["sh", "node.sh", "outside"].map(str::to_owned);
    let node = processes::one(folder, NAME, &busybox, &flags, lifetime, Some(OwnedFd::from(listener)))?;
    Ok((parts, vec![node]))
}

/// Starts what needs an API server to start: without one these end, and a kubelet waits ten seconds and more before
/// it tries again.
pub(super) fn start_rest(folder: &Path) -> Result<(), String> {
    files::manifests(folder, &["kube-controller-manager", "kube-scheduler"], &version)
}

/// Runs words inside the namespaces of the node whose outer shell has this id.
pub(super) fn run(shell: u32, words: &[&str]) -> Result<Output, String> {
    let unshare = processes::only_child(shell)?;
    let first = processes::only_child(unshare)?;
    Command::new("nsenter")
        .args(["--net", "--mount", "--pid", "--uts", "--ipc", "--target", &first.to_string(), "--"])
        .args(words)
        .env("PATH", "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .output()
        .map_err(|e| format!("nsenter: {e}"))
}

/// Where a log of the node's own programs lies.
pub(super) fn log(folder: &Path, name: &str) -> PathBuf {
    folder.join("logs").join(format!("{name}.log"))
}
