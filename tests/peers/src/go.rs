//! Peers written in Go: built with the ordinary client from a module of ours that pins every version.

use crate::cost::{Cost, measure};
use crate::root;
use std::path::Path;
use std::process::Command;

/// Builds `package` of the module in `tests/peers/FOLDER` into `binary`.
///
/// The file appears whole or not at all: it is built beside its place and renamed.
pub(crate) fn build(binary: &Path, folder: &str, package: &str, link: &str) -> Result<Cost, String> {
    let home = binary.parent().ok_or("a peer's binary has a folder")?;
    std::fs::create_dir_all(home).map_err(|e| format!("{}: {e}", home.display()))?;
    let unfinished = binary.with_extension("unfinished");
    let module = root().join("tests/peers").join(folder);
    let mut go = Command::new("go");
    go.args(["build", "-trimpath", "-mod=readonly", "-buildvcs=false", "-ldflags"])
        .arg(format!("-s -w {link}"))
        .arg("-o")
        .arg(&unfinished)
        .arg(package)
        .current_dir(&module)
        // What is built follows from go.mod and go.sum alone.
        .env("GOFLAGS", "")
        .env("GOWORK", "off")
        .env("CGO_ENABLED", "0")
        .envs(settings(&module));
    let (status, cost) = measure(&mut go)?;
    if !status.success() {
        return Err(format!("go build {package} in tests/peers/{folder}: {status}"));
    }
    std::fs::rename(&unfinished, binary).map_err(|e| format!("{}: {e}", binary.display()))?;
    Ok(cost)
}

/// What a module needs beside its go.mod: lines `NAME=value` of its `go.env`.
fn settings(module: &Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(module.join("go.env")).unwrap_or_default();
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_a_module() {
        let peers = root().join("tests/peers");
        assert_eq!(settings(&peers.join("trivy")), [("GOEXPERIMENT".to_owned(), "jsonv2".to_owned())]);
        assert!(settings(&peers.join("etcd")).is_empty());
    }
}
