//! Images of this machine: just built, scanned by name; in every form a tool writes them to disk.

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
    if Command::new("skopeo").arg("--version").stdout(Stdio::null()).status().is_err() {
        return Err(Skip("no skopeo: the Debian package is called so".to_owned()));
    }
    Ok(vec![Case::new("local/podman-build", podman), Case::new("local/every-form-is-one-image", forms)])
}

fn rows() -> world::Rows {
    vec![
        (format!("alpine 3.19|none|{ID}"), r#"{"FixedVersion":"1"}"#.to_owned()),
        (format!("vulnerability|{ID}"), r#"{"Title":"t","VendorSeverity":{"nvd":3}}"#.to_owned()),
    ]
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
    world::cache(folder.path(), &world::database(&rows()))?;
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

/// One image as skopeo writes it: a docker archive, an OCI layout, a layout in an archive.
fn forms() -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let at = |name: &str| folder.path().join(name).display().to_string();
    world::cache(folder.path(), &world::database(&rows()))?;
    let files = |n: usize| {
        vec![
            ("etc/os-release".to_owned(), b"ID=alpine\nVERSION_ID=3.19.1\n".to_vec()),
            ("lib/apk/db/installed".to_owned(), format!("P:none\nV:0.{n}-r0\nA:x86_64\n\n").into_bytes()),
        ]
    };
    let made = world::image(&[files(1), files(2)], "registry.test/app:1", "2024-01-01T00:00:00Z");
    std::fs::write(at("docker.tar"), made).map_err(|e| e.to_string())?;
    for to in ["oci", "oci-archive"] {
        let status = Command::new("skopeo")
            .args(["copy", "--quiet", &format!("docker-archive:{}", at("docker.tar"))])
            .arg(format!("{to}:{}:registry.test/app:1", at(to)))
            .status()
            .map_err(|e| format!("skopeo: {e}"))?;
        demand!(status.success(), "skopeo to {to}: {status}");
    }
    let ringwall = ringwall()?.env("TRIVY_CACHE_DIR", folder.path()).env("TRIVY_SKIP_DB_UPDATE", "true");
    let mut seen = Vec::new();
    for form in ["docker.tar", "oci", "oci-archive"] {
        let words = ["scan", "image", "--input", &at(form), "-f", "json"];
        let report = ringwall.run(&words)?.exits(0)?.json()?;
        let first = &report["Results"][0];
        demand!(first["Vulnerabilities"][0]["VulnerabilityID"] == ID, "{form}: {report:#}");
        demand!(first["Vulnerabilities"][0]["InstalledVersion"] == "0.2-r0", "{form}: {report:#}");
        seen.push((report["Metadata"]["ImageID"].clone(), report["Metadata"]["DiffIDs"].clone()));
    }
    // skopeo writes the config anew, and leaves the layers alone.
    demand!(seen[0].1 == seen[1].1 && seen[1] == seen[2], "not one image: {seen:#?}");
    // What a layout in an archive lacks is told, whatever it is.
    let whole = std::fs::read(at("oci-archive")).map_err(|e| e.to_string())?;
    for cut in [whole.len() / 2, 1024] {
        std::fs::write(at("cut"), &whole[..cut]).map_err(|e| e.to_string())?;
        ringwall.run(&["scan", "image", "--input", &at("cut")])?.exits(3)?;
    }
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
