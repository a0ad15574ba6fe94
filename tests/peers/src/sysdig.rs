//! sysdig out of Debian's unstable suite, in a folder that is entered by chroot. Only one test wants it, and that one
//! is skipped where it cannot be had: the suite moves.

use std::path::PathBuf;
use std::process::Command;

/// The version whose answers are kept beside the suites.
pub const VERSION: &str = "0.41.4";

/// The folder sysdig is unpacked in, or will be.
///
/// # Errors
/// When there is no cache folder.
pub fn root() -> Result<PathBuf, String> {
    Ok(crate::cache()?.join("peers/sysdig").join(VERSION))
}

/// Unpacks it, unless it is there.
///
/// # Errors
/// When it cannot be had; the programs' own words are on stderr.
pub fn unpack() -> Result<(), String> {
    let root = root()?;
    if root.join("usr/bin/sysdig").is_file() {
        println!("sysdig {VERSION}: there already ({})", root.display());
        return Ok(());
    }
    let parent = root.parent().ok_or("the cache has no folder")?;
    std::fs::create_dir_all(parent).map_err(|e| format!("{}: {e}", parent.display()))?;
    let script = include_str!("sysdig.sh");
    let status = Command::new("sh")
        .args(["-c", script, "sysdig.sh"])
        .arg(&root)
        .status()
        .map_err(|e| format!("no sh: {e}"))?;
    if !status.success() {
        return Err(format!("sysdig could not be had: {status}"));
    }
    println!("sysdig {VERSION}: unpacked ({})", root.display());
    Ok(())
}
