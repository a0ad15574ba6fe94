//! Databases and images that are not what a scanner hopes for: an error or `unknown`, never "nothing found".

use super::{action, world};
use integration::{Case, Program, demand, ringwall};
use std::path::Path;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("bad/databases", || databases(&ringwall()?)),
        Case::new("bad/images", || images(&ringwall()?)),
        Case::new("bad/words", || words(&ringwall()?)),
    ]
}

/// Scans an image with what is in a folder; exit code and everything that was said.
fn scan(ringwall: &Program, at: &Path, more: &[&str]) -> Result<(i32, String), String> {
    let (image, cache) = (at.join("image.tar").display().to_string(), at.display().to_string());
    let mut words = vec![
        "scan",
        "image",
        "--input",
        &image,
        "--cache-dir",
        &cache,
        "--skip-db-update",
        "--scanners",
        "vuln",
        "--strict",
    ];
    words.extend(more);
    let answer = ringwall.run(&words)?;
    Ok((answer.code.unwrap_or(-1), format!("{}{}", answer.stdout, answer.stderr)))
}

fn databases(ringwall: &Program) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let at = folder.path();
    let put =
        |name: &str, bytes: &[u8]| std::fs::write(at.join(name), bytes).map_err(|e| format!("{name}: {e}"));
    put("image.tar", &action::image("grave"))?;
    let (code, said) = scan(ringwall, at, &[])?;
    demand!(code == 3 && said.contains("no vulnerability database"), "without a database: {code} {said}");
    let whole = world::database(&action::rows());
    let empty = world::database(&[]);
    let hollow = world::database(&[("vulnerability|CVE-1".into(), "{}".into())]);
    let torn = {
        // The pages of the buckets are noise; both meta pages are whole.
        let mut bytes = whole.clone();
        for byte in bytes.iter_mut().skip(3 * 4096) {
            *byte ^= 0x5a;
        }
        bytes
    };
    for (what, bytes) in [
        ("nothing", &b""[..]),
        ("noise", b"not a database at all"),
        ("half", &whole[..whole.len() / 2]),
        ("all but the last byte", &whole[..whole.len() - 1]),
        ("no buckets", &empty),
        ("no advisories", &hollow),
        ("broken pages", &torn),
    ] {
        world::cache(at, bytes)?;
        let (code, said) = scan(ringwall, at, &[])?;
        demand!(code == 3 && said.contains("trivy.db"), "{what}: {code} {said}");
    }
    world::cache(at, &whole)?;
    for (metadata, want) in [("{", "metadata.json"), (r#"{"Version":1}"#, "schema version 1")] {
        put("db/metadata.json", metadata.as_bytes())?;
        let (code, said) = scan(ringwall, at, &[])?;
        demand!(code == 3 && said.contains(want), "{metadata}: {code} {said}");
    }
    world::cache(at, &whole)?;
    let (code, said) = scan(ringwall, at, &["--max-db-age", "1h"])?;
    demand!(code == 3 && said.contains("--max-db-age"), "an old database: {code} {said}");
    // A database without a word on the system: its packages are unknown.
    let other = world::database(&[
        ("alpine 3.10|musl|CVE-1".into(), "{}".into()),
        ("vulnerability|CVE-1".into(), "{}".into()),
    ]);
    world::cache(at, &other)?;
    let (code, said) = scan(ringwall, at, &[])?;
    demand!(code == 3 && said.contains("no advisories for alpine 3.19"), "another release: {code} {said}");
    // What is imported is held against all of this before it is put in place.
    world::cache(at, &whole)?;
    let archive =
        world::tar(&[("trivy.db".into(), empty), ("metadata.json".into(), br#"{"Version":2}"#.to_vec())]);
    put("db.tar", &archive)?;
    let answer = ringwall.run(&[
        "scan",
        "db",
        "import",
        &at.join("db.tar").display().to_string(),
        "--cache-dir",
        &at.display().to_string(),
    ])?;
    answer.exits(3)?.talks_of(&["empty"])?;
    let (code, said) = scan(ringwall, at, &["--severity", "HIGH", "--exit-code", "9"])?;
    demand!(code == 9 && said.contains("CVE-2024-1001"), "the database before is gone: {code} {said}");
    Ok(())
}

fn images(ringwall: &Program) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let at = folder.path();
    world::cache(at, &world::database(&action::rows()))?;
    let whole = action::image("grave");
    let entry = |path: &str, body: &[u8]| (path.to_owned(), body.to_vec());
    let system = || entry("etc/os-release", b"ID=alpine\nVERSION_ID=3.19.1\n");
    let of =
        |files: Vec<(String, Vec<u8>)>| world::image(&[files], "registry.test/app:1", "2024-01-01T00:00:00Z");
    for (what, bytes, want) in [
        ("nothing", Vec::new(), "manifest.json"),
        ("noise", b"GIF89a".repeat(400), "image.tar"),
        ("half", whole[..whole.len() / 2].to_vec(), "image.tar"),
        ("a tar of nothing we know", world::tar(&[entry("a", b"b")]), "manifest.json"),
        ("no package database", of(vec![system()]), "no apk package database"),
        (
            "a forged database",
            of(vec![system(), entry("lib/apk/db/installed", b"P:musl\n\nV:1\n\n\xff\xfe\n")]),
            "no version",
        ),
        (
            "a jar that is none",
            of(vec![system(), entry("lib/apk/db/installed", b"P:musl\nV:1-r0\n\n"), entry("a.jar", b"x")]),
            "a.jar",
        ),
        ("a path that climbs", of(vec![system(), entry("../../etc/shadow", b"x")]), "climbs out"),
        (
            "rpm in no form it has",
            of(vec![
                entry("etc/os-release", b"ID=rhel\nVERSION_ID=8\n"),
                entry("var/lib/rpm/Packages", b"x"),
            ]),
            "not a Berkeley DB hash file",
        ),
    ] {
        std::fs::write(at.join("image.tar"), &bytes).map_err(|e| e.to_string())?;
        let (code, said) = scan(ringwall, at, &[])?;
        demand!(code == 3 && said.contains(want), "{what}: {code}, not telling {want}: {said}");
    }
    Ok(())
}

fn words(ringwall: &Program) -> Result<(), String> {
    for (words, want) in [
        (&["scan", "image"][..], "--input"),
        (&["scan", "image", "--input", "x", "--severity", "TERRIBLE"], "TERRIBLE is no severity"),
        (&["scan", "image", "--input", "x", "--format", "origami"], "no format origami"),
        (&["scan", "image", "--input", "x", "--ignore-status", "maybe"], "maybe is no status"),
        (&["scan", "image", "--input", "x", "--vex", "oci"], "--vex oci"),
    ] {
        ringwall.run(words)?.exits(2)?.talks_of(&[want])?;
    }
    // Under Trivy's name an error is 1.
    ringwall
        .run(&["trivy", "image", "--input", "x", "--format", "origami"])?
        .exits(1)?
        .talks_of(&["FATAL"])?;
    ringwall.run(&["trivy", "k8s", "--report", "summary"])?.exits(1)?;
    ringwall.run(&["trivy", "--version"])?.exits(0)?.names(&["Version: 0.74.0"])?;
    Ok(())
}
