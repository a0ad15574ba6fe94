//! Peers that are made here: Go programs, built with the ordinary client from a module of ours that pins every version,
//! and images.

use crate::cost::{Cost, measure};
use crate::root;
use std::path::Path;
use std::process::Command;

/// Builds `package` of the module in `tests/peers/FOLDER` into `binary`.
pub(crate) fn build(binary: &Path, folder: &str, package: &str, link: &str) -> Result<Cost, String> {
    let mut go = Command::new("go");
    go.args(["build", "-trimpath", "-mod=readonly", "-buildvcs=false", "-ldflags"])
        .arg(format!("-s -w {link}"))
        .arg("-o");
    run(go, binary, &[package], folder)
}

/// Builds what the script of `tests/peers/FOLDER` builds into `binary`.
pub(crate) fn script(binary: &Path, folder: &str) -> Result<Cost, String> {
    let mut shell = Command::new("sh");
    shell.arg("build.sh");
    run(shell, binary, &[], folder)
}

/// Makes an image: `image-debian` is what `make.sh debian` makes.
pub(crate) fn image(archive: &Path, name: &str) -> Result<Cost, String> {
    let mut shell = Command::new("sh");
    shell.args(["make.sh", name.trim_start_matches("image-")]);
    run(shell, archive, &[], "images")
}

/// Runs a command that is yet to be told where its output goes, and what follows that.
///
/// The file appears whole or not at all: it is built beside its place and renamed.
fn run(mut command: Command, binary: &Path, rest: &[&str], folder: &str) -> Result<Cost, String> {
    let home = binary.parent().ok_or("a peer's binary has a folder")?;
    std::fs::create_dir_all(home).map_err(|e| format!("{}: {e}", home.display()))?;
    let unfinished = binary.with_extension("unfinished");
    let module = root().join("tests/peers").join(folder);
    command
        .arg(&unfinished)
        .args(rest)
        .current_dir(&module)
        // What is built follows from go.mod and go.sum alone.
        .env("GOFLAGS", "")
        .env("GOWORK", "off")
        .env("CGO_ENABLED", "0")
        .envs(settings(&module));
    let (status, cost) = measure(&mut command)?;
    if !status.success() {
        return Err(format!(
            "{} for {} in tests/peers/{folder}: {status}",
            command.get_program().display(),
            home.display()
        ));
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
