//! `snapshot`: what is saved is what was there, less what nobody should keep.

use integration::{Program, demand};

fn temporary() -> Result<tempfile::TempDir, String> {
    tempfile::tempdir().map_err(|e| format!("no temporary folder: {e}"))
}

/// `risk` on the saved shop is `risk` on its files: the same items, ids, fixes, figures and places.
pub(super) fn of_the_shop(ringwall: &Program) -> Result<(), String> {
    let folder = temporary()?;
    let path = folder.path().join("shop.rwsnap");
    let saved = path.to_string_lossy();
    ringwall
        .run(&["snapshot", "save", "examples/shop", "-o", &saved])?
        .exits(0)?
        .talks_of(&["11 resources"])?;
    let first = std::fs::read(&path).map_err(|e| e.to_string())?;
    ringwall.run(&["snapshot", "save", "examples/shop", "-o", &saved])?.exits(0)?;
    demand!(Ok(first) == std::fs::read(&path).map_err(|e| e.to_string()), "the same shop, other bytes");
    // What lay beside the manifests is no part of a snapshot.
    let files = ringwall.run(&["risk", "examples/shop", "-o", "json"])?.exits(0)?.json()?;
    let words = ["risk", &saved, "examples/shop/images", "examples/shop/audit.log", "-o", "json"];
    let snapshot = ringwall.run(&words)?.exits(0)?.json()?;
    for part in ["headline", "risk", "items", "plan", "findings"] {
        demand!(files[part] == snapshot[part], "{part} of the snapshot is another: {:#}", snapshot[part]);
    }
    Ok(())
}

/// Values of Secrets are neither in the file nor on any page.
pub(super) fn keeps_no_secret(ringwall: &Program) -> Result<(), String> {
    let folder = temporary()?;
    let (plain, coded) = ("correct-horse-battery", "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5");
    let secret = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: s, annotations: {{kubectl.kubernetes.io/last-applied-configuration: '{coded}'}}}}\n\
         data: {{a: {coded}}}\nstringData: {{b: {plain}}}\n"
    );
    std::fs::write(folder.path().join("secret.yaml"), secret).map_err(|e| e.to_string())?;
    let ringwall = ringwall.clone().inside(folder.path());
    ringwall.run(&["snapshot", "save", "secret.yaml", "-o", "s.rwsnap"])?.exits(0)?;
    let packed = std::fs::read(folder.path().join("s.rwsnap")).map_err(|e| e.to_string())?;
    let text = zstd::decode_all(&*packed).map_err(|e| format!("s.rwsnap: {e}"))?;
    let text = String::from_utf8_lossy(&text);
    demand!(text.contains("Secret"), "it is not in the snapshot at all");
    demand!(!text.contains(plain) && !text.contains(coded), "the snapshot holds a Secret's value");
    for words in
        [&["risk", ".", "--all"][..], &["risk", ".", "-o", "json"], &["snapshot", "show", "s.rwsnap"]]
    {
        ringwall.run(words)?.names_none_of(&[plain, coded])?;
    }
    Ok(())
}

pub(super) fn show(ringwall: &Program) -> Result<(), String> {
    let answer = ringwall.run(&["snapshot", "show", "examples/shop"])?;
    answer.exits(0)?.names(&[
        "3  Deployment (apps)",
        "1  DaemonSet (apps)",
        "1  Secret (core)",
        "0  pods as rows",
    ])?;
    let counts = answer.stdout.lines().filter_map(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    let total: u64 = counts.sum();
    demand!(total == 11, "the counts make {total}, not 11:\n{}", answer.stdout);
    ringwall.run(&["snapshot"])?.exits(2)?;
    Ok(())
}
