//! Which programs there are, pinned to what, and why.
//!
//! One more peer is one more row of [`PEERS`] and its Go module below `tests/peers/`.

/// How a peer is had.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A Go program, built from the module in `tests/peers/FOLDER`, whose go.mod and go.sum pin everything.
    Go {
        /// Folder below `tests/peers/`.
        folder: &'static str,
        /// The package to build, as `go build` takes it.
        package: &'static str,
        /// Further linker flags.
        link: &'static str,
    },
    /// A Go program whose source is changed first: `sh build.sh OUT` in `tests/peers/FOLDER`, whose go.mod and go.sum
    /// pin everything.
    Script {
        /// Folder below `tests/peers/`.
        folder: &'static str,
    },
    /// No program: an image of packages that were really installed, made by `sh make.sh NAME OUT` in
    /// `tests/peers/images`.
    Image,
    /// A Debian package, unpacked into the cache. The version is the one looked for first; a release's archive
    /// keeps only the latest.
    Debian {
        /// What of it is run: a path in the package.
        program: &'static str,
        /// The release it is from; empty for the machine's own.
        suite: &'static str,
    },
}

/// One pinned peer.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Name of the binary.
    pub name: &'static str,
    /// How it is had.
    pub kind: Kind,
    /// The Go module or Debian package whose version is pinned.
    pub module: &'static str,
    /// Its version; a new one is a new folder of the cache.
    pub version: &'static str,
    /// Whether one that is installed on the machine does as well: then none is built unless it is named.
    pub any: bool,
    /// What it is for.
    pub why: &'static str,
}

/// What Kubernetes' programs say of their own version.
const KUBERNETES: &str = "-X k8s.io/component-base/version.gitVersion=v1.36.3 \
    -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36";

const fn kubernetes(name: &'static str, package: &'static str, why: &'static str) -> Peer {
    let kind = Kind::Go { folder: "kubernetes", package, link: KUBERNETES };
    Peer { name, kind, module: "k8s.io/kubernetes", version: "v1.36.3", any: false, why }
}

const fn debian(
    name: &'static str,
    module: &'static str,
    version: &'static str,
    program: &'static str,
    why: &'static str,
) -> Peer {
    Peer { name, kind: Kind::Debian { program, suite: "" }, module, version, any: false, why }
}

const fn image(name: &'static str, version: &'static str, why: &'static str) -> Peer {
    Peer { name, kind: Kind::Image, module: "image", version, any: false, why }
}

/// Every peer. The large ones come first, so that the smaller ones find most of their packages built.
pub static PEERS: &[Peer] = &[
    kubernetes(
        "kube-apiserver",
        "k8s.io/kubernetes/cmd/kube-apiserver",
        "judges RBAC, admission, audit events and YAML as the real API server does",
    ),
    kubernetes(
        "kube-controller-manager",
        "k8s.io/kubernetes/cmd/kube-controller-manager",
        "fills aggregated roles, makes ServiceAccounts, pods and tokens, deletes what a namespace holds",
    ),
    kubernetes("kubelet", "k8s.io/kubernetes/cmd/kubelet", "runs real pods and tells how it is set"),
    kubernetes("kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler", "places pods on the node"),
    Peer {
        name: "etcd",
        kind: Kind::Go { folder: "etcd", package: "go.etcd.io/etcd/server/v3", link: "" },
        module: "go.etcd.io/etcd/server/v3",
        version: "v3.6.16",
        any: false,
        why: "keeps the real API server's objects",
    },
    Peer {
        name: "trivy",
        kind: Kind::Go { folder: "trivy", package: "github.com/aquasecurity/trivy/cmd/trivy", link: "" },
        module: "github.com/aquasecurity/trivy",
        version: "v0.74.0",
        any: false,
        why: "scans the same images with the same database",
    },
    Peer {
        name: "forward",
        kind: Kind::Go { folder: "forward", package: "peers/forward", link: "" },
        module: "peers/forward",
        version: "1",
        any: false,
        why: "carries connections into a node's network namespace",
    },
    debian(
        "containerd",
        "containerd",
        "1.6.20~ds1-1+deb12u3",
        "usr/bin/containerd",
        "runs a node's containers",
    ),
    Peer {
        name: "cosign",
        kind: Kind::Go { folder: "cosign", package: "github.com/sigstore/cosign/v3/cmd/cosign", link: "" },
        module: "github.com/sigstore/cosign/v3",
        version: "v3.1.3",
        any: false,
        why: "signs and verifies as people do today",
    },
    Peer {
        kind: Kind::Debian { program: "usr/bin/cosign", suite: "trixie" },
        ..debian("cosign-2", "cosign", "2.5.0-2+b5", "", "signs and verifies as people did before")
    },
    Peer {
        name: "registry",
        kind: Kind::Go { folder: "registry", package: "peers/registry", link: "" },
        module: "peers/registry",
        version: "1",
        any: false,
        why: "a registry that lists referrers",
    },
    Peer {
        name: "rekor",
        kind: Kind::Go {
            folder: "rekor",
            package: "github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix",
            link: "",
        },
        module: "github.com/sigstore/rekor-tiles/v2",
        version: "v2.3.0",
        any: false,
        why: "a transparency log to enter signatures into",
    },
    Peer {
        name: "sigstore",
        kind: Kind::Go { folder: "sigstore", package: "peers/sigstore", link: "" },
        module: "peers/sigstore",
        version: "1",
        any: false,
        why: "a private Sigstore to sign with an identity: certificates, their log, time stamps, Rekor 1, an issuer",
    },
    debian(
        "docker-registry",
        "docker-registry",
        "2.8.2+ds1-1",
        "usr/bin/docker-registry",
        "a registry that does not",
    ),
    Peer {
        any: true,
        ..debian("umoci", "umoci", "0.4.7+ds-3+b7", "usr/bin/umoci", "makes and changes images in folders")
    },
    Peer {
        any: true,
        ..debian(
            "skopeo",
            "skopeo",
            "1.9.3+ds1-1+b10",
            "usr/bin/skopeo",
            "carries images between registries and folders",
        )
    },
    debian("runc", "runc", "1.1.5+ds1-1+deb12u1", "usr/sbin/runc", "makes containers"),
    debian(
        "cni",
        "containernetworking-plugins",
        "1.1.1+ds1-3+b5",
        "usr/lib/cni/bridge",
        "gives a node's pods their addresses",
    ),
    debian(
        "busybox",
        "busybox-static",
        "1:1.35.0-4+deb12u1+b1",
        "bin/busybox",
        "starts a node, and is what its test pods are made of",
    ),
    debian("runsc", "runsc", "0.0~20221219.0-2+b3", "usr/bin/runsc", "makes sandboxes: gVisor"),
    Peer {
        name: "containerd-shim-runsc-v1",
        kind: Kind::Script { folder: "runsc-shim" },
        module: "gvisor.dev/gvisor",
        version: "v0.0.0-20240722211153-64c016c92987",
        any: false,
        why: "lets containerd start sandboxes of gVisor",
    },
    image("image-debian", "1", "a Debian of years ago, to scan"),
    image("image-applications", "1", "the same with wheels, Node modules and a Go program"),
    image("image-java", "1", "the same with a war that holds jars"),
    image("image-rpm", "2", "packages that rpm entered into its database"),
    Peer {
        any: true,
        ..kubernetes(
            "kubectl",
            "k8s.io/kubernetes/cmd/kubectl",
            "reads manifests and speaks to the API server as people do",
        )
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root;

    /// The version in the table is the one the module's own files pin, and its `tool` lines name what is built.
    #[test]
    fn the_table_and_the_modules_agree() {
        for peer in PEERS {
            let (folder, package) = match peer.kind {
                Kind::Go { folder, package, .. } => (folder, package),
                Kind::Script { folder } => (folder, peer.module),
                Kind::Debian { .. } | Kind::Image => continue,
            };
            let path = root().join("tests/peers").join(folder);
            let pins = std::fs::read_to_string(path.join("go.mod")).expect(peer.name);
            if pins.contains(&format!("module {}\n", peer.module)) {
                // A program of our own.
                continue;
            }
            let pin = format!("{} {}", peer.module, peer.version);
            assert!(pins.contains(&pin), "{} is pinned otherwise", peer.name);
            assert!(pins.contains(package), "{package} is no tool of {folder}");
            let sums = std::fs::read_to_string(path.join("go.sum")).expect(peer.name);
            assert!(sums.contains(&format!("{pin} h1:")), "{} has no sum", peer.name);
        }
    }

    #[test]
    fn rows_are_unique_and_reasoned() {
        for (at, peer) in PEERS.iter().enumerate() {
            assert!(!peer.why.is_empty());
            assert!(PEERS.iter().skip(at + 1).all(|other| other.name != peer.name), "{} twice", peer.name);
        }
    }
}
