//! Where the clone lies and where the shared data lies, if it is there.

use std::path::{Path, PathBuf};

/// The root of the clone.
pub fn root() -> PathBuf {
    // Cargo says where it runs this; what was compiled in may be another clone with the same build folder.
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    here.parent().unwrap_or(Path::new(".")).to_path_buf()
}

/// The corpus of real inputs: `RINGWALL_CORPUS`, or `../shared/corpus` beside the clone; `None` when absent.
pub fn corpus() -> Option<PathBuf> {
    let given = std::env::var_os("RINGWALL_CORPUS").filter(|path| !path.is_empty()).map(PathBuf::from);
    given.or_else(|| Some(root().parent()?.join("shared/corpus"))).filter(|path| path.is_dir())
}

/// The guide's own snippets, beside the corpus; `None` when absent.
pub fn originals() -> Option<PathBuf> {
    corpus()?.parent().map(|shared| shared.join("guide")).filter(|path| path.is_dir())
}
