//! Images and registries that mean harm: an error or `unknown` in bounded memory and time, never "nothing found".

use super::{action, world};
use crate::signing::{Act, Faulty, digest};
use flate2::Compression;
use flate2::write::GzEncoder;
use integration::{Answer, Case, Program, demand, ringwall};
use std::io::Write as _;
use std::path::Path;

/// What a scan of such a thing may cost: CPU seconds of a build that is not optimised, and MiB.
const CPU: u64 = 60;
const MIB: u64 = 64;
const ALWAYS: usize = usize::MAX;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("hostile/bombs", || bombs(&ringwall()?)),
        Case::new("hostile/archives", || archives(&ringwall()?)),
        Case::new("hostile/registries", || registries(&ringwall()?)),
    ]
}

/// A folder with a database in it.
fn folder() -> Result<tempfile::TempDir, String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    world::cache(folder.path(), &world::database(&action::rows()))?;
    Ok(folder)
}

fn scan(ringwall: &Program, at: &Path, image: &[&str]) -> Result<Answer, String> {
    let cache = at.display().to_string();
    let words =
        ["scan", "image", "--cache-dir", &cache, "--skip-db-update", "--scanners", "vuln", "--strict"];
    ringwall.run(&[&words, image].concat())
}

/// A docker archive whose only layer are these bytes, which inflate to what nobody looked at.
fn around(layer: &[u8]) -> Vec<u8> {
    let ids = [format!("sha256:{}", "0".repeat(64))];
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": ids},
    });
    let manifest = serde_json::json!([{"Config": "c.json", "RepoTags": null, "Layers": ["l.tar"]}]);
    world::tar(&[
        ("c.json".into(), config.to_string().into_bytes()),
        ("l.tar".into(), layer.to_vec()),
        ("manifest.json".into(), manifest.to_string().into_bytes()),
    ])
}

/// The headers of so many million empty members.
fn headers(millions: usize) -> impl Iterator<Item = Vec<u8>> {
    let thousand: Vec<u8> =
        (0..1000).flat_map(|n| world::tar(&[(format!("d/{n:08}"), Vec::new())])[..512].to_vec()).collect();
    std::iter::repeat_n(thousand, millions * 1000)
}

fn zstd(pieces: impl Iterator<Item = Vec<u8>>) -> Result<Vec<u8>, String> {
    let mut out = zstd::Encoder::new(Vec::new(), 1).map_err(|e| e.to_string())?;
    for piece in pieces {
        out.write_all(&piece).map_err(|e| e.to_string())?;
    }
    out.finish().map_err(|e| e.to_string())
}

/// `count` MiB of zeros behind the header of a file that is wanted whole.
fn zeros(count: usize) -> impl Iterator<Item = Vec<u8>> {
    let file = world::tar(&[("lib/apk/db/installed".into(), Vec::new())]);
    let mut head = file[..512].to_vec();
    head[124..136].copy_from_slice(format!("{:011o}\0", count << 20).as_bytes());
    head[148..156].copy_from_slice(b"        ");
    let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
    head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    std::iter::once(head).chain(std::iter::repeat_n(vec![0; 1 << 20], count))
}

/// What inflates a thousandfold, in the layer and around the whole archive.
fn bombs(ringwall: &Program) -> Result<(), String> {
    let folder = folder()?;
    let at = folder.path().join("image.tar");
    let image = at.display().to_string();
    let gzip = |pieces: &mut dyn Iterator<Item = Vec<u8>>| -> Result<Vec<u8>, String> {
        let mut out = GzEncoder::new(Vec::new(), Compression::best());
        for piece in pieces {
            out.write_all(&piece).map_err(|e| e.to_string())?;
        }
        out.finish().map_err(|e| e.to_string())
    };
    // xz's own way to say a gigabyte of zeros is not read at all; that too is told.
    let xz = [b"\xfd7zXZ\0".to_vec(), vec![0; 1 << 16]].concat();
    let cases = [
        ("gzip", around(&gzip(&mut zeros(600))?), "over the limit"),
        ("zstd", around(&zstd(zeros(600))?), "over the limit"),
        ("gzip around everything", gzip(&mut zeros(600))?, "over the limit"),
        ("xz", around(&xz), "unknown"),
    ];
    for (what, bytes, want) in cases {
        std::fs::write(&at, &bytes).map_err(|e| e.to_string())?;
        let answer = scan(ringwall, folder.path(), &["--input", &image])?;
        let said = format!("{}{}", answer.stdout, answer.stderr);
        demand!(answer.code == Some(3) && said.contains(want), "{what}: {:?} {said}", answer.code);
        answer.costs_less(CPU, MIB).map_err(|e| format!("{what}: {e}"))?;
    }
    Ok(())
}

/// Members without number, archives within archives, last bytes that are wrong.
fn archives(ringwall: &Program) -> Result<(), String> {
    let folder = folder()?;
    let at = folder.path().join("image.tar");
    let image = at.display().to_string();
    let mut nested =
        world::zip(&[("META-INF/maven/g/a/pom.properties", b"groupId=g\nartifactId=a\nversion=1\n")]);
    for _ in 0..50 {
        nested = world::zip(&[("lib/inner.jar", &nested)]);
    }
    let system = |more: Vec<(String, Vec<u8>)>| {
        let mut files = vec![
            ("etc/os-release".to_owned(), b"ID=alpine\nVERSION_ID=3.19.1\n".to_vec()),
            ("lib/apk/db/installed".to_owned(), b"P:musl\nV:1.2.4-r2\nA:x86_64\no:musl\n\n".to_vec()),
        ];
        files.extend(more);
        world::image(&[files], "registry.test/app:1", "2024-01-01T00:00:00Z")
    };
    let mut layer = GzEncoder::new(Vec::new(), Compression::fast());
    layer
        .write_all(&world::tar(&[("etc/os-release".into(), b"ID=alpine\nVERSION_ID=3.19.1\n".to_vec())]))
        .map_err(|e| e.to_string())?;
    let mut checked = layer.finish().map_err(|e| e.to_string())?;
    let last = checked.len() - 6;
    checked[last] ^= 1;
    let forged = |path: &str, id: &str| {
        let mut noise: Vec<u8> =
            (0..64 * 1024_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        noise[..16].copy_from_slice(b"SQLite format 3\0");
        world::image(
            &[vec![
                ("etc/os-release".into(), format!("ID={id}\nVERSION_ID=9.1\n").into_bytes()),
                (path.into(), noise),
            ]],
            "registry.test/app:1",
            "2024-01-01T00:00:00Z",
        )
    };
    let cases = [
        ("ten million members", around(&zstd(headers(10))?), "over the limit"),
        ("fifty jars in one another", system(vec![("opt/a.jar".into(), nested)]), "opt/a.jar"),
        ("a sum that is wrong", around(&checked), "corrupt"),
        ("a forged rpm database", forged("var/lib/rpm/rpmdb.sqlite", "rocky"), "rpmdb.sqlite"),
        ("a forged dpkg database", forged("var/lib/dpkg/status", "debian"), "unknown"),
    ];
    for (what, bytes, want) in cases {
        std::fs::write(&at, &bytes).map_err(|e| e.to_string())?;
        let answer = scan(ringwall, folder.path(), &["--input", &image])?;
        let said = format!("{}{}", answer.stdout, answer.stderr);
        demand!(answer.code == Some(3) && said.contains(want), "{what}: {:?} {said}", answer.code);
        answer.costs_less(CPU, MIB).map_err(|e| format!("{what}: {e}"))?;
    }
    Ok(())
}

/// A registry that floods, lies, dawdles and leads astray.
fn registries(ringwall: &Program) -> Result<(), String> {
    let folder = folder()?;
    let registry = Faulty::start();
    let layer = world::tar(&[
        ("etc/os-release".into(), b"ID=alpine\nVERSION_ID=3.19.1\n".to_vec()),
        ("lib/apk/db/installed".into(), b"P:musl\nV:1-r0\nA:x86_64\n\n".to_vec()),
        ("node_modules/grave/package.json".into(), br#"{"name":"grave","version":"1.0.0"}"#.to_vec()),
    ]);
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [digest(&layer)]},
    })
    .to_string();
    let of = |media: &str, bytes: &[u8]| {
        let digest = registry.blob("app", bytes);
        serde_json::json!({"mediaType": format!("application/vnd.oci.image.{media}"), "digest": digest, "size": bytes.len()})
    };
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": of("config.v1+json", config.as_bytes()), "layers": [of("layer.v1.tar", &layer)],
    });
    registry.manifest(
        "app",
        Some("1"),
        "application/vnd.oci.image.manifest.v1+json",
        manifest.to_string().as_bytes(),
    );
    let image = format!("{}/app:1", registry.address);
    let layer_at = digest(&layer);
    let docker = folder.path().join("docker");
    std::fs::create_dir(&docker).map_err(|e| e.to_string())?;
    let login = format!(r#"{{"auths":{{"{}":{{"auth":"dXNlcjpodW50ZXIyeA=="}}}}}}"#, registry.address);
    std::fs::write(docker.join("config.json"), login).map_err(|e| e.to_string())?;
    let ringwall = ringwall.clone().env("DOCKER_CONFIG", &docker);
    let words = ["--image-src", "remote", image.as_str()];
    let look = |cache: &Path| scan(&ringwall, cache, &words);

    // Without a fault it is found; what is known of the layer then must not answer for the faults.
    look(folder.path())?.exits(0)?.names(&["CVE-2024-1001"])?;
    // Manifest, config, layer: registries are not asked for a config among the manifests.
    let asked = registry.asked();
    demand!(asked.len() == 3, "not three requests: {asked:#?}");
    look(folder.path())?.exits(0)?;
    let asked = registry.asked();
    demand!(asked.len() == 2, "not two requests when the layer is known: {asked:#?}");
    std::fs::remove_dir_all(folder.path().join("ringwall")).map_err(|e| e.to_string())?;
    let elsewhere = Faulty::start();
    let to = |place: String| Act::Status(307, vec![("Location", place)], String::new());
    let realm = |place: &str| {
        let challenge = format!("Bearer realm=\"{place}\",service=\"x\"");
        Act::Status(401, vec![("WWW-Authenticate", challenge)], String::new())
    };
    let other = format!("http://localhost:{}/token", elsewhere.address.port());
    let cases: Vec<(&str, &str, Act)> = vec![
        ("a manifest without end", "/manifests/1", Act::Endless),
        ("a layer without end", &layer_at, Act::Endless),
        ("a layer of other bytes", &layer_at, Act::Bytes(world::tar(&[("a".into(), b"b".to_vec())]))),
        ("a layer that breaks off", &layer_at, Act::BreakAfter(600)),
        ("a manifest that is none", "/manifests/1", Act::Bytes(b"{}".to_vec())),
        ("a layer at a metadata service", &layer_at, to("http://169.254.169.254/latest/".into())),
        ("a realm at a metadata service", "/manifests/1", realm("http://169.254.169.254/token")),
        ("a realm on another host", "/manifests/1", realm(&other)),
        (
            "a registry that is busy",
            "/manifests/1",
            Act::Status(429, vec![("Retry-After", "0".into())], String::new()),
        ),
        ("a layer that is gone", &layer_at, Act::Status(404, Vec::new(), String::new())),
    ];
    for (what, place, act) in cases {
        registry.state().faults.clear();
        registry.state().log.clear();
        registry.fault(place, ALWAYS, act);
        let answer = look(folder.path())?;
        let said = format!("{}{}", answer.stdout, answer.stderr);
        demand!(answer.code == Some(3), "{what}: {:?} {said}", answer.code);
        demand!(
            !said.contains("hunter2x") && !said.contains("dXNlcjpodW50ZXIyeA="),
            "{what}: the password is told: {said}"
        );
        answer.costs_less(CPU, MIB).map_err(|e| format!("{what}: {e}"))?;
        let asked = registry.asked().len();
        demand!(asked <= 24, "{what}: asked {asked} times");
        let _ = std::fs::remove_dir_all(folder.path().join("ringwall"));
    }
    let strayed: Vec<_> =
        elsewhere.state().log.iter().filter_map(|asked| asked.authorization.clone()).collect();
    demand!(strayed.is_empty(), "credentials went to another host: {strayed:?}");
    Ok(())
}
