//! The corpus, where there is one.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Says why a test does nothing; with `CI=true` that is a failure.
pub(crate) fn skip<T>(why: &str) -> Option<T> {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "required: {why}");
    // Captured output would hide it from who runs the tests.
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
    None
}

/// The files of the corpus whose names end in one of `ends`, sorted.
pub(crate) fn corpus(ends: &[&str]) -> Option<Vec<PathBuf>> {
    let folder =
        std::env::var("RINGWALL_CORPUS").map_or_else(|_| root().join("../shared/corpus"), Into::into);
    if !folder.is_dir() {
        return skip("no corpus");
    }
    let (mut files, mut folders) = (Vec::new(), vec![folder]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else if ends.iter().any(|end| name.ends_with(end)) {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    assert!(!files.is_empty());
    Some(files)
}
