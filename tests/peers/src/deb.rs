//! Peers out of Debian packages: fetched with apt and unpacked into the cache; nothing is installed.

use crate::cost::{Cost, measure};
use std::path::Path;
use std::process::Command;

/// Fetches `package` and unpacks it into `folder`, which appears whole or not at all. `suite` is empty for the machine's
/// own release.
///
/// A release's archive keeps one version of a package, the latest fixed one. Where the pinned version is gone, the
/// one that replaced it is taken, and said.
pub(crate) fn unpack(folder: &Path, package: &str, version: &str, suite: &str) -> Result<Cost, String> {
    let home = folder.parent().ok_or("a peer has a folder")?;
    let unfinished = home.join("unfinished");
    std::fs::remove_dir_all(&unfinished).ok();
    std::fs::create_dir_all(&unfinished).map_err(|e| format!("{}: {e}", unfinished.display()))?;
    let script = include_str!("deb.sh");
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "deb", package, version, suite]).current_dir(&unfinished);
    let (status, cost) = measure(&mut shell)?;
    if !status.success() {
        return Err(format!("the Debian package {package} {version} could not be had: {status}"));
    }
    std::fs::rename(unfinished.join("unpacked"), folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    std::fs::remove_dir_all(&unfinished).ok();
    Ok(cost)
}
