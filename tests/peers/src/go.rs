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
    let mut go = Command::new("go");
    go.args(["build", "-trimpath", "-mod=readonly", "-buildvcs=false", "-ldflags"])
        .arg(format!("-s -w {link}"))
        .arg("-o")
        .arg(&unfinished)
        .arg(package)
        .current_dir(root().join("tests/peers").join(folder))
        // What is built follows from go.mod and go.sum alone.
        .env("GOFLAGS", "")
        .env("GOWORK", "off")
        .env("CGO_ENABLED", "0");
    let (status, cost) = measure(&mut go)?;
    if !status.success() {
        return Err(format!("go build {package} in tests/peers/{folder}: {status}"));
    }
    std::fs::rename(&unfinished, binary).map_err(|e| format!("{}: {e}", binary.display()))?;
    Ok(cost)
}
