//! The real programs that suites run against: pinned, installed with ordinary package clients into a cache
//! outside the clone, and never needed by a command of the README.
//!
//! One more peer is one more row of [`PEERS`] and its Go module below `tests/peers/`.

mod go;

use std::path::PathBuf;

/// How a peer is had.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// A Go program, built from the module in `tests/peers/FOLDER`, whose go.mod and go.sum pin everything.
    Go {
        /// Folder below `tests/peers/`.
        folder: &'static str,
        /// The package to build, as `go build` takes it.
        package: &'static str,
        /// Further linker flags.
        link: &'static str,
    },
}

/// One pinned peer.
pub(crate) struct Peer {
    /// Name of the binary.
    pub(crate) name: &'static str,
    /// How it is had.
    pub(crate) kind: Kind,
    /// The module whose version is pinned.
    pub(crate) module: &'static str,
    /// Its version; a new one is a new folder of the cache.
    pub(crate) version: &'static str,
    /// What it is for.
    pub(crate) why: &'static str,
}

static PEERS: &[Peer] = &[
    Peer {
        name: "kube-apiserver",
        kind: Kind::Go {
            folder: "kubernetes",
            package: ".",
            link: "-X k8s.io/component-base/version.gitVersion=v1.36.3 \
                   -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36",
        },
        module: "k8s.io/kubernetes",
        version: "v1.36.3",
        why: "judges RBAC, admission, audit events and YAML as the real API server does",
    },
    Peer {
        name: "etcd",
        kind: Kind::Go { folder: "etcd", package: "go.etcd.io/etcd/server/v3", link: "" },
        module: "go.etcd.io/etcd/server/v3",
        version: "v3.6.16",
        why: "keeps the real API server's objects",
    },
];

/// The cache folder: `RINGWALL_CACHE`, or `ringwall` in the user's cache folder.
pub(crate) fn cache() -> Result<PathBuf, String> {
    if let Some(folder) = std::env::var_os("RINGWALL_CACHE").filter(|folder| !folder.is_empty()) {
        return Ok(folder.into());
    }
    let home = std::env::var_os("HOME").ok_or("neither RINGWALL_CACHE nor HOME is set")?;
    Ok(PathBuf::from(home).join(".cache/ringwall"))
}

/// Where a peer's binary lies once it is installed.
pub(crate) fn binary(cache: &std::path::Path, peer: &Peer) -> PathBuf {
    cache.join("peers").join(peer.name).join(peer.version).join(peer.name)
}

/// Prints the table.
pub(crate) fn list() -> Result<(), String> {
    let cache = cache()?;
    for peer in PEERS {
        let path = binary(&cache, peer);
        let state = if path.exists() { path.display().to_string() } else { "not installed".into() };
        println!(
            "{:<16} {:<9} {:<28} {}\n{:<16} {state}",
            peer.name, peer.version, peer.module, peer.why, ""
        );
    }
    Ok(())
}

/// Installs the named peers, or all; those already there cost nothing.
pub(crate) fn install(names: &[&str]) -> Result<(), String> {
    for name in names {
        if !PEERS.iter().any(|peer| peer.name == *name) {
            return Err(format!("no peer named {name}; see `cargo xtask peers --list`"));
        }
    }
    let cache = cache()?;
    for peer in PEERS.iter().filter(|peer| names.is_empty() || names.contains(&peer.name)) {
        let path = binary(&cache, peer);
        if path.exists() {
            println!("{} {}: there already ({})", peer.name, peer.version, path.display());
            continue;
        }
        let cost = match peer.kind {
            Kind::Go { folder, package, link } => go::build(&path, folder, package, link)?,
        };
        let mib = std::fs::metadata(&path).map_or(0, |file| file.len() >> 20);
        println!("{} {}: built, {mib} MiB, {cost} ({})", peer.name, peer.version, path.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::root;

    /// The version in the table is the one the module's own files pin.
    #[test]
    fn the_table_and_the_modules_agree() {
        for peer in PEERS {
            let Kind::Go { folder, .. } = peer.kind;
            let path = root().join("tests/peers").join(folder);
            let pins = std::fs::read_to_string(path.join("go.mod")).expect(peer.name);
            assert!(
                pins.contains(&format!("{} {}", peer.module, peer.version)),
                "{} is pinned otherwise",
                peer.name
            );
            let sums = std::fs::read_to_string(path.join("go.sum")).expect(peer.name);
            assert!(
                sums.contains(&format!("{} {} h1:", peer.module, peer.version)),
                "{} has no sum",
                peer.name
            );
        }
    }

    #[test]
    fn rows_are_unique_and_reasoned() {
        for (at, peer) in PEERS.iter().enumerate() {
            assert!(!peer.why.is_empty());
            assert!(PEERS.iter().skip(at + 1).all(|other| other.name != peer.name), "{} twice", peer.name);
        }
    }

    #[test]
    fn an_unknown_name_is_an_error() {
        assert!(install(&["no-such-peer"]).is_err());
    }
}
