//! What a path of the node is worth to whoever can read or write it.

use crate::Workload;
use model::{Edit, Fix, Grain};
use snapshot::{Container, PodSpec};

/// What reaching a path gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worth {
    /// Writing there is running code as root on the node; reading shows credentials.
    Node,
    /// Writing there is running code as root on the node; reading shows how it is built.
    System,
    /// Credentials or data of others can be read there.
    Data,
    /// Nothing known.
    Little,
}

/// Paths whose content is code, configuration or credentials of the node, and everything above and below them.
const NODE: &[&str] = &[
    "/etc/kubernetes",
    "/etc/shadow",
    "/root",
    "/home",
    "/var/lib/kubelet",
    "/var/lib/containerd",
    "/var/lib/docker",
    "/var/lib/containers",
    "/var/lib/etcd",
    "/var/lib/rancher",
];

/// Paths whose content is code or configuration, which readers learn little from.
const SYSTEM: &[&str] = &[
    "/bin",
    "/boot",
    "/etc",
    "/lib",
    "/lib64",
    "/opt/cni",
    "/proc",
    "/sbin",
    "/sys",
    "/usr",
    "/var/spool/cron",
    "/run/systemd",
];

/// Paths below those that are shared on purpose.
const SHARED: &[&str] = &[
    "/etc/ca-certificates",
    "/etc/hosts",
    "/etc/localtime",
    "/etc/machine-id",
    "/etc/os-release",
    "/etc/pki/ca-trust",
    "/etc/pki/tls/certs",
    "/etc/resolv.conf",
    "/etc/ssl/certs",
    "/etc/timezone",
    "/sys/devices/virtual/dmi",
    "/sys/kernel/mm/transparent_hugepage",
    "/usr/lib/os-release",
    "/usr/share/ca-certificates",
    "/usr/share/zoneinfo",
    // Directories of kubelet plugins, which drivers must write.
    "/var/lib/kubelet/device-plugins",
    "/var/lib/kubelet/plugins",
    "/var/lib/kubelet/plugins_registry",
    "/var/lib/kubelet/pod-resources",
];

/// Where a runtime listens; `/var/run` is `/run`.
const SOCKETS: &[&str] = &[
    "/run/containerd/containerd.sock",
    "/run/cri-dockerd.sock",
    "/run/crio/crio.sock",
    "/run/docker.sock",
    "/run/dockershim.sock",
    "/run/k3s/containerd/containerd.sock",
    "/run/podman/podman.sock",
];

/// The path without `.`, `..`, doubled or closing slashes; `/var/run` is written `/run`.
pub(crate) fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    if parts.starts_with(&["var", "run"]) {
        parts.remove(0);
    }
    format!("/{}", parts.join("/"))
}

/// Whether `path` is `base` or below it; both normal.
fn below(path: &str, base: &str) -> bool {
    base == "/" || path.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What a normal path is worth.
pub(crate) fn worth(path: &str) -> Worth {
    let touches = |list: &[&str]| list.iter().any(|known| below(path, known) || below(known, path));
    if SHARED.iter().any(|shared| below(path, shared)) {
        Worth::Little
    } else if touches(NODE) {
        Worth::Node
    } else if touches(SYSTEM) {
        Worth::System
    } else if below(path, "/var/log") {
        Worth::Data
    } else {
        Worth::Little
    }
}

/// The runtime's socket that a normal path is, or whose directory it is. Being mounted read-only does not matter:
/// connecting is no write.
pub(crate) fn socket(path: &str) -> Option<&'static str> {
    SOCKETS.iter().copied().find(|socket| {
        let own_directory = socket.rsplit_once('/').map_or("", |(directory, _)| directory);
        path == *socket || path == own_directory
    })
}

/// A path of the node that a container sees.
#[derive(Clone, Debug)]
pub(crate) struct Seen<'t, 'a> {
    pub(crate) container: Container<'t, 'a>,
    /// The mount, by its place in the container's list.
    pub(crate) mount: usize,
    /// The path on the node, normal, with the mount's `subPath`.
    pub(crate) path: String,
    pub(crate) writable: bool,
    /// Whether the container's own arguments say that it keeps its data there: it does not work without.
    pub(crate) kept: bool,
    /// The volume, by its place in the pod's list; `None` when another mount shows it too.
    volume: Option<usize>,
}

impl Seen<'_, '_> {
    /// Takes the mount away, and the volume with it when nobody else mounts that.
    pub(crate) fn unmount(&self, workload: &Workload<'_, '_>) -> Fix {
        let remove = |pointer| Edit::Remove { resource: workload.reference().clone(), pointer };
        let mount = remove(self.container.pointer(&format!("/volumeMounts/{}", self.mount)));
        let pod = workload.template.spec_pointer();
        let volume = self.volume.map(|volume| remove(format!("{pod}/volumes/{volume}")));
        let (path, name) = (model::escape(&self.path), model::escape(self.container.name()));
        Fix {
            key: format!("{} {name} unmount {path}", workload.reference()),
            title: format!("take {path} away from container {name}"),
            grain: Grain::Object,
            effort: 2,
            breaks: vec![format!("what container {name} does with {path}")],
            edits: [mount].into_iter().chain(volume).collect(),
        }
    }
}

/// Every path of the node that some container mounts. Volumes that none mounts reach nobody.
pub(crate) fn seen<'t, 'a>(spec: PodSpec<'t, 'a>, containers: &[Container<'t, 'a>]) -> Vec<Seen<'t, 'a>> {
    let volumes: Vec<(&str, &str)> =
        spec.volumes().filter_map(|volume| Some((volume.name(), volume.host_path()?))).collect();
    let mut all = Vec::new();
    if volumes.is_empty() {
        return all;
    }
    let mounts_of =
        |name: &str| containers.iter().flat_map(|c| c.mounts()).filter(|m| m.volume == name).count();
    let places: Vec<&str> = spec.volumes().map(|volume| volume.name()).collect();
    for container in containers {
        let mounts = container.json.get("volumeMounts").items();
        for (index, (mount, json)) in container.mounts().zip(mounts).enumerate() {
            let Some((_, base)) = volumes.iter().find(|(name, _)| *name == mount.volume) else { continue };
            // A path made of variables is not known: the whole volume is taken to be seen.
            let below = json.get("subPath").text();
            let path = normal(&format!("{base}/{below}"));
            let place = places.iter().position(|name| *name == mount.volume);
            let volume = place.filter(|_| mounts_of(mount.volume) == 1);
            let (writable, kept) = (!mount.read_only, keeps_data(*container, &normal(mount.path)));
            all.push(Seen { container: *container, mount: index, path, writable, kept, volume });
        }
    }
    all
}

/// Words in the name of a flag whose value is written to: `--data-dir`, `--audit-log-path`, `--wal-dir`.
const WRITTEN: &[&str] = &["data", "log", "wal", "cache", "state", "storage", "output"];

/// Whether a flag in the container's command line says that it writes at or below `mounted`, a normal path.
fn keeps_data(container: Container<'_, '_>, mounted: &str) -> bool {
    let list = |field: &str| container.json.get(field).strings().map(str::to_owned).collect::<Vec<_>>();
    let words = [list("command"), list("args")].concat();
    let written = |flag: &str, value: &str| {
        let name = flag.trim_start_matches('-').to_ascii_lowercase();
        let (value, is_flag) = (value.trim_matches(['"', '\'']), flag.starts_with('-'));
        is_flag
            && value.starts_with('/')
            && WRITTEN.iter().any(|word| name.contains(word))
            && below(&normal(value), mounted)
    };
    // `--flag=value`, `--flag value`, and both inside the one argument of a shell.
    let split: Vec<&str> = words.iter().flat_map(|word| word.split_whitespace()).collect();
    split.iter().any(|word| word.split_once('=').is_some_and(|(flag, value)| written(flag, value)))
        || split.windows(2).any(|pair| matches!(pair, [flag, value] if written(flag, value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_brought_to_one_form() {
        for (path, want) in [
            ("/", "/"),
            ("", "/"),
            ("//etc///kubernetes/", "/etc/kubernetes"),
            ("/etc/../home/.", "/home"),
            ("/../..", "/"),
            ("/var/run/docker.sock", "/run/docker.sock"),
            ("/var/running", "/var/running"),
        ] {
            assert_eq!(normal(path), want, "{path}");
        }
    }

    #[test]
    fn what_paths_are_worth() {
        for (path, want) in [
            ("/", Worth::Node),
            ("/var", Worth::Node),
            ("/var/lib", Worth::Node),
            ("/var/lib/kubelet/pods", Worth::Node),
            ("/etc", Worth::Node),
            ("/etc/systemd", Worth::System),
            ("/proc", Worth::System),
            ("/sys/fs/cgroup", Worth::System),
            ("/etc/localtime", Worth::Little),
            ("/dev/shm", Worth::Little),
            ("/data", Worth::Little),
            ("/etcetera", Worth::Little),
            ("/var/log/pods", Worth::Data),
            ("/var/lib/kubelet/device-plugins", Worth::Little),
        ] {
            assert_eq!(worth(path), want, "{path}");
        }
    }

    #[test]
    fn sockets_and_their_directories() {
        assert_eq!(socket("/run/docker.sock"), Some("/run/docker.sock"));
        assert_eq!(socket("/run/containerd"), Some("/run/containerd/containerd.sock"));
        assert!(socket("/run").is_some());
        assert_eq!(socket("/run/dbus"), None);
        assert_eq!(socket("/"), None);
    }
}
