//! Where tests find the corpus, if it is at hand.

use std::path::PathBuf;

/// Bytes of a file of the corpus. `None`, said aloud, where there is no corpus; with `CI=true` that is a failure.
#[expect(clippy::disallowed_methods, reason = "tests read the corpus; the engine does not")]
pub(crate) fn read(path: &str) -> Option<Vec<u8>> {
    let root = std::env::var_os("RINGWALL_CORPUS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
    );
    if !root.is_dir() {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "no corpus at {}", root.display());
        println!("skipped: no corpus");
        return None;
    }
    Some(std::fs::read(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}")))
}
