//! Files and folders that are not what a reader hopes for.

use super::{Check, MIB, Place, SMALL_MIB, WITNESS};
use integration::demand;

pub(super) static CHECKS: &[(&str, Check)] = &[
    ("ten-thousand-files", ten_thousand_files),
    ("missing-file", missing_file),
    ("folder-without-manifests", folder_without_manifests),
    ("empty-stdin", empty_stdin),
    ("stdin-twice", stdin_twice),
    ("truncated-snapshot", truncated_snapshot),
    ("garbage-as-snapshot", garbage_as_snapshot),
    ("links-in-circles", links_in_circles),
    ("pipe-among-files", pipe_among_files),
    ("names-that-speak", names_that_speak),
    ("folders-without-end", folders_without_end),
    ("state-that-cannot-be-kept", state_that_cannot_be_kept),
];

/// Each hundredth is broken: all others are read, and the gaps say which are not.
fn ten_thousand_files(place: &Place<'_>) -> Result<(), String> {
    for n in 0..10_000 {
        let text = if n % 100 == 7 {
            "apiVersion: v1\nkind: [\n".to_owned()
        } else {
            format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{n}, namespace: many}}\n")
        };
        place.put(&format!("f{n:05}.yaml"), text)?;
    }
    let answer = place.bad(&["f00007.yaml:", "f09907.yaml:", "9901 of 10001 files"], MIB)?;
    answer.names(&["9901 resources"])?;
    Ok(())
}

fn missing_file(place: &Place<'_>) -> Result<(), String> {
    let answer = place.run(&["risk", "witness.yaml", "nowhere/at-all.yaml"], b"", SMALL_MIB)?;
    answer.exits(3)?.talks_of(&["nowhere/at-all.yaml", "no such file"])?;
    Ok(())
}

fn folder_without_manifests(place: &Place<'_>) -> Result<(), String> {
    std::fs::create_dir(place.folder.join("notes")).map_err(|e| e.to_string())?;
    place.put("notes/todo.txt", "nothing here")?;
    let answer = place.run(&["risk", "notes"], b"", SMALL_MIB)?;
    answer.exits(3)?.names(&["nothing was looked at", "notes"])?;
    // Beside something that was read it is still told.
    place
        .run(&["risk", "witness.yaml", "notes"], b"", SMALL_MIB)?
        .exits(3)?
        .names(&["notes", "court/witness"])?;
    Ok(())
}

fn empty_stdin(place: &Place<'_>) -> Result<(), String> {
    for input in [&b""[..], b"\n\n", b"# only words\n", b"---\n---\n"] {
        place.run(&["risk", "-"], input, SMALL_MIB)?.exits(3)?.names(&["nothing was looked at"])?;
    }
    Ok(())
}

fn stdin_twice(place: &Place<'_>) -> Result<(), String> {
    place.run(&["risk", "-", "-"], WITNESS.as_bytes(), SMALL_MIB)?.exits(2)?.talks_of(&["`-`", "twice"])?;
    place.run(&["risk", "-"], WITNESS.as_bytes(), SMALL_MIB)?.exits(0)?.names(&["court/witness", "-:6"])?;
    Ok(())
}

/// Cut anywhere it is an error; what lies beside it is read.
fn truncated_snapshot(place: &Place<'_>) -> Result<(), String> {
    place.run(&["snapshot", "save", "witness.yaml", "-o", "whole.rwsnap"], b"", SMALL_MIB)?.exits(0)?;
    let whole = std::fs::read(place.folder.join("whole.rwsnap")).map_err(|e| e.to_string())?;
    place.run(&["risk", "whole.rwsnap"], b"", SMALL_MIB)?.exits(0)?.names(&["court/witness"])?;
    for cut in [5, whole.len() / 2, whole.len() - 1] {
        place.put("cut.rwsnap", &whole[..cut])?;
        let answer = place.run(&["risk", "witness.yaml", "cut.rwsnap", "--all"], b"", SMALL_MIB)?;
        answer.exits(3)?.names(&["court/witness", "cut.rwsnap"])?;
    }
    Ok(())
}

/// The first four bytes promise what the rest does not keep.
fn garbage_as_snapshot(place: &Place<'_>) -> Result<(), String> {
    let mut bytes = vec![0x28, 0xb5, 0x2f, 0xfd];
    bytes.extend((0..4096_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8));
    place.put("noise.snapshot", bytes)?;
    place.bad(&["noise.snapshot"], SMALL_MIB)?;
    Ok(())
}

#[cfg(unix)]
fn links_in_circles(place: &Place<'_>) -> Result<(), String> {
    use std::os::unix::fs::symlink;
    let link =
        |to: &str, name: &str| symlink(to, place.folder.join(name)).map_err(|e| format!("{name}: {e}"));
    std::fs::create_dir(place.folder.join("a")).map_err(|e| e.to_string())?;
    link("..", "a/up")?;
    link("me.yaml", "me.yaml")?;
    link("nowhere.yaml", "dangling.yaml")?;
    place.bad(&["me.yaml", "dangling.yaml"], SMALL_MIB)?;
    Ok(())
}

#[cfg(not(unix))]
fn links_in_circles(_: &Place<'_>) -> Result<(), String> {
    Ok(())
}

/// Nobody ever writes into it: whoever opens it waits forever.
#[cfg(unix)]
fn pipe_among_files(place: &Place<'_>) -> Result<(), String> {
    let made = std::process::Command::new("mkfifo").arg(place.folder.join("pipe.yaml")).status();
    demand!(made.is_ok_and(|status| status.success()), "mkfifo does not work here");
    let answer = place.run(&["risk", ".", "--all"], b"", SMALL_MIB)?;
    demand!(matches!(answer.code, Some(0 | 3)), "it ended with {:?}", answer.code);
    place.reached(&["court/witness"], SMALL_MIB)?;
    Ok(())
}

#[cfg(not(unix))]
fn pipe_among_files(_: &Place<'_>) -> Result<(), String> {
    Ok(())
}

/// A file's name is a stranger's word, too.
fn names_that_speak(place: &Place<'_>) -> Result<(), String> {
    place.put("a\u{1b}[2J\u{202e}\nERROR: all is well.yaml", "kind: [\n")?;
    place.put("--all", WITNESS.replace("witness", "dashes"))?;
    place.bad(&["all is well.yaml"], SMALL_MIB)?;
    place.run(&["risk", "--", "--all"], b"", SMALL_MIB)?.exits(0)?.names(&["court/dashes"])?;
    Ok(())
}

fn folders_without_end(place: &Place<'_>) -> Result<(), String> {
    let deep = "d/".repeat(300);
    std::fs::create_dir_all(place.folder.join(&deep)).map_err(|e| e.to_string())?;
    place.put(&format!("{deep}bottom.yaml"), WITNESS.replace("witness", "bottom"))?;
    place.bad(&["folders deep"], SMALL_MIB)?;
    Ok(())
}

/// `why` will miss it; the run does not.
fn state_that_cannot_be_kept(place: &Place<'_>) -> Result<(), String> {
    place.put("taken", "")?;
    let stubborn = Place {
        folder: place.folder,
        ringwall: place.ringwall.clone().env("RINGWALL_STATE_DIR", place.folder.join("taken")),
    };
    stubborn.run(&["risk", "witness.yaml"], b"", SMALL_MIB)?.exits(0)?.names(&["court/witness"])?;
    stubborn.run(&["risk", "why", "RW-0"], b"", SMALL_MIB)?.exits(3)?.talks_of(&["no run is remembered"])?;
    Ok(())
}
