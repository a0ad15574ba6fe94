//! An image that was just built here, scanned by its name: no registry is asked.

use super::world;
use integration::{Case, Program, Skip, demand, ringwall};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const FILE: &str = "FROM scratch
COPY os-release /etc/os-release
COPY installed /lib/apk/db/installed
";
const ID: &str = "CVE-2024-1003";

pub(super) fn cases() -> Result<Vec<Case>, Skip> {
    if Command::new("podman").arg("--version").stdout(Stdio::null()).status().is_err() {
        return Err(Skip("no podman: the Debian package is called so".to_owned()));
    }
    Ok(vec![Case::new("local/podman-build", podman)])
}

fn podman() -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let at = |name: &str| folder.path().join(name);
    for (name, text) in [
        ("Containerfile", FILE.to_owned()),
        ("os-release", "ID=alpine\nVERSION_ID=3.19.1\n".to_owned()),
        ("installed", "P:none\nV:0.9-r0\nA:x86_64\no:none\n\n".to_owned()),
        (
            "storage.conf",
            format!(
                "[storage]\ndriver = \"vfs\"\ngraphroot = \"{0}/store\"\nrunroot = \"{0}/run\"\n",
                folder.path().display()
            ),
        ),
    ] {
        std::fs::write(at(name), text).map_err(|e| format!("{name}: {e}"))?;
    }
    let rows = vec![
        ("alpine 3.19|none|CVE-2024-1003".to_owned(), r#"{"FixedVersion":"1"}"#.to_owned()),
        (format!("vulnerability|{ID}"), r#"{"Title":"t","VendorSeverity":{"nvd":3}}"#.to_owned()),
    ];
    world::cache(folder.path(), &world::database(&rows))?;
    let storage = at("storage.conf").display().to_string();
    let built = Command::new("podman")
        .args(["build", "--isolation", "chroot", "--quiet", "--tag", "here"])
        .arg(folder.path())
        .env("CONTAINERS_STORAGE_CONF", &storage)
        .output()
        .map_err(|e| format!("podman: {e}"))?;
    demand!(built.status.success(), "podman build: {}", String::from_utf8_lossy(&built.stderr));
    let ringwall = ringwall()?
        .env("TRIVY_CACHE_DIR", folder.path())
        .env("TRIVY_SKIP_DB_UPDATE", "true")
        .env("CONTAINERS_STORAGE_CONF", &storage);

    // Through the command, under every name it has.
    for name in ["here", "localhost/here", "localhost/here:latest"] {
        found(&ringwall, name, &[])?;
    }
    // Through the socket, with nothing that tells the command where the store lies.
    let socket = at("podman.sock");
    let service = Service::start(&socket, &storage)?;
    let host = format!("unix://{}", socket.display());
    let elsewhere = ringwall.clone().env("CONTAINERS_STORAGE_CONF", "/nonexistent");
    found(&elsewhere, "localhost/here:latest", &["--podman-host", &host])?;
    drop(service);
    // One that is not there is not clean, and nobody is asked for it.
    let answer = ringwall.run(&["scan", "image", "localhost/not-here:1", "--image-src", "podman"])?;
    answer.exits(3)?;
    demand!(answer.stderr.contains("podman"), "where one looked is not told: {}", answer.stderr);
    Ok(())
}

fn found(ringwall: &Program, name: &str, more: &[&str]) -> Result<(), String> {
    let words = [&["scan", "image", name, "--image-src", "podman", "-f", "json"], more].concat();
    let report = ringwall.run(&words)?.exits(0)?.json()?;
    let first = &report["Results"][0];
    demand!(first["Vulnerabilities"][0]["VulnerabilityID"] == ID, "{name}: {report:#}");
    demand!(report["ArtifactName"] == name, "{name}: {}", report["ArtifactName"]);
    Ok(())
}

/// Podman's service, ended when it is dropped.
struct Service(Child);

impl Service {
    fn start(socket: &Path, storage: &str) -> Result<Self, String> {
        let child = Command::new("podman")
            .args(["system", "service", "--time", "0"])
            .arg(format!("unix://{}", socket.display()))
            .env("CONTAINERS_STORAGE_CONF", storage)
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("podman: {e}"))?;
        let service = Self(child);
        let until = Instant::now() + Duration::from_secs(30);
        while !socket.exists() {
            demand!(Instant::now() < until, "podman's service has no socket after 30 seconds");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(service)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
