//! The one image of a node's pods: busybox, in an archive as `docker save` writes it.

use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::path::Path;

/// What the runtime starts first in every pod.
pub(super) const PAUSE: &str = "registry.test/pause:1";
/// For tests: a shell and the small programs of busybox.
pub const BUSYBOX: &str = "registry.test/busybox:1";

/// Programs that are there by their own names too.
const APPLETS: &[&str] = &[
    "sh", "cat", "chmod", "cp", "cut", "date", "echo", "env", "false", "find", "grep", "head", "hostname",
    "id", "kill", "ln", "ls", "mkdir", "mount", "mv", "nc", "nslookup", "ps", "rm", "sed", "sleep", "sort",
    "stat", "tail", "tar", "test", "touch", "true", "umount", "uname", "wc", "wget", "whoami",
];

/// Writes the archive; the image goes by each of these names and by [`PAUSE`] and [`BUSYBOX`].
pub(super) fn write(archive: &Path, busybox: &Path, names: &[String]) -> Result<(), String> {
    let layer = layer(busybox).map_err(|e| format!("{}: {e}", busybox.display()))?;
    let config = json!({
        "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" },
        "os": "linux",
        // What a pod is held open by: it is killed, never asked.
        "config": {"Cmd": ["/bin/sleep", "2147483647"], "Env": ["PATH=/usr/local/bin:/bin"], "WorkingDir": "/"},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", hex(&layer))]},
        "history": [{"created_by": "busybox"}],
    })
    .to_string();
    let tags: Vec<&str> = [PAUSE, BUSYBOX].into_iter().chain(names.iter().map(String::as_str)).collect();
    let name = format!("{}.json", hex(config.as_bytes()));
    let manifest = json!([{"Config": name, "RepoTags": tags, "Layers": ["layer.tar"]}]).to_string();
    let told = |e: std::io::Error| format!("{}: {e}", archive.display());
    let mut tar = tar::Builder::new(std::fs::File::create(archive).map_err(told)?);
    for (name, bytes) in [
        (name.as_str(), config.as_bytes()),
        ("layer.tar", layer.as_slice()),
        ("manifest.json", manifest.as_bytes()),
    ] {
        file(&mut tar, name, 0o644, bytes).map_err(told)?;
    }
    tar.finish().map_err(told)
}

fn layer(busybox: &Path) -> std::io::Result<Vec<u8>> {
    let program = std::fs::read(busybox)?;
    let mut tar = tar::Builder::new(Vec::new());
    for (folder, mode) in
        [("bin/", 0o755), ("etc/", 0o755), ("root/", 0o700), ("tmp/", 0o1777), ("usr/local/bin/", 0o755)]
    {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_mode(mode);
        header.set_size(0);
        tar.append_data(&mut header, folder, std::io::empty())?;
    }
    file(&mut tar, "bin/busybox", 0o755, &program)?;
    file(
        &mut tar,
        "etc/passwd",
        0o644,
        b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    )?;
    file(&mut tar, "etc/group", 0o644, b"root:x:0:\nnogroup:x:65534:\n")?;
    for applet in APPLETS {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_mode(0o777);
        header.set_size(0);
        tar.append_link(&mut header, format!("bin/{applet}"), "busybox")?;
    }
    tar.into_inner()
}

fn file<W: std::io::Write>(
    tar: &mut tar::Builder<W>,
    name: &str,
    mode: u32,
    bytes: &[u8],
) -> std::io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_mode(mode);
    header.set_size(bytes.len() as u64);
    tar.append_data(&mut header, name, bytes)
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_names_what_it_holds() {
        let folder = tempfile::tempdir().expect("a folder");
        let (archive, program) = (folder.path().join("a.tar"), folder.path().join("busybox"));
        std::fs::write(&program, "a program").expect("a file");
        write(&archive, &program, &["registry.test/x:2".into()]).expect("an archive");
        let mut tar = tar::Archive::new(std::fs::File::open(&archive).expect("it is there"));
        let mut names = Vec::new();
        for entry in tar.entries().expect("a tar") {
            let mut entry = entry.expect("an entry");
            let name = entry.path().expect("a name").display().to_string();
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut bytes).expect("bytes");
            if name.len() > 60 {
                assert_eq!(name, format!("{}.json", hex(&bytes)));
            }
            names.push(name);
        }
        assert_eq!(names[1..], ["layer.tar", "manifest.json"]);
    }
}
