//! Installs peers into the cache, and says where they lie.

use crate::table::{Kind, PEERS, Peer};
use crate::{deb, go};
use std::path::{Path, PathBuf};

/// The cache folder: `RINGWALL_CACHE`, or `ringwall` in the user's cache folder.
///
/// # Errors
/// When neither `RINGWALL_CACHE` nor `HOME` is set.
pub fn cache() -> Result<PathBuf, String> {
    if let Some(folder) = std::env::var_os("RINGWALL_CACHE").filter(|folder| !folder.is_empty()) {
        return Ok(folder.into());
    }
    let home = std::env::var_os("HOME").ok_or("neither RINGWALL_CACHE nor HOME is set")?;
    Ok(PathBuf::from(home).join(".cache/ringwall"))
}

/// Where a peer's binary lies once it is built.
fn binary(cache: &Path, peer: &Peer) -> PathBuf {
    let folder = cache.join("peers").join(peer.name).join(peer.version);
    match peer.kind {
        Kind::Go { .. } | Kind::Script { .. } | Kind::Image => folder.join(peer.name),
        Kind::Debian { program, .. } => folder.join(program),
    }
}

/// The program of this name among the folders of `PATH`.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// The program to run for a peer: the pinned one, or where any does, one of the machine's.
///
/// # Errors
/// When it is not there; the message says how to get it.
pub fn installed(name: &str) -> Result<PathBuf, String> {
    let peer = row(name)?;
    let built = Some(binary(&cache()?, peer)).filter(|path| path.is_file());
    built
        .or_else(|| on_path(name).filter(|_| peer.any))
        .ok_or_else(|| format!("no {name}: `cargo xtask peers {name}` builds it"))
}

fn row(name: &str) -> Result<&'static Peer, String> {
    PEERS
        .iter()
        .find(|peer| peer.name == name)
        .ok_or_else(|| format!("no peer named {name}; see `cargo xtask peers --list`"))
}

/// Prints the table.
///
/// # Errors
/// When there is no cache folder.
pub fn list() -> Result<(), String> {
    cache()?;
    for peer in PEERS {
        let state = installed(peer.name).map_or("not installed".into(), |path| path.display().to_string());
        let Peer { name, version, module, why, .. } = peer;
        println!("{name:<24} {version:<9} {module:<28} {why}\n{:<24} {state}", "");
    }
    Ok(())
}

/// Installs the named peers, or all; those already there cost nothing.
///
/// # Errors
/// When one is unknown or does not build.
pub fn install(names: &[&str]) -> Result<(), String> {
    for name in names {
        row(name)?;
    }
    let cache = cache()?;
    for peer in PEERS.iter().filter(|peer| names.is_empty() || names.contains(&peer.name)) {
        let path = binary(&cache, peer);
        let there = if names.is_empty() { installed(peer.name).ok() } else { Some(path.clone()) };
        if let Some(path) = there.filter(|path| path.exists()) {
            println!("{} {}: there already ({})", peer.name, peer.version, path.display());
            continue;
        }
        let cost = match peer.kind {
            Kind::Go { folder, package, link } => go::build(&path, folder, package, link)?,
            Kind::Script { folder } => go::script(&path, folder)?,
            Kind::Image => go::image(&path, peer.name)?,
            Kind::Debian { suite, .. } => {
                let folder = cache.join("peers").join(peer.name).join(peer.version);
                deb::unpack(&folder, peer.module, peer.version, suite)?
            }
        };
        let mib = std::fs::metadata(&path).map_or(0, |file| file.len() >> 20);
        println!("{} {}: made, {mib} MiB, {cost} ({})", peer.name, peer.version, path.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_an_error() {
        assert!(install(&["no-such-peer"]).is_err());
        assert!(installed("no-such-peer").is_err());
    }

    #[test]
    fn programs_of_the_machine_are_found() {
        assert!(on_path("sh").is_some());
        assert!(on_path("no-such-program-here").is_none());
    }
}
