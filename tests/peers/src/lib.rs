//! The real programs that suites run against: pinned, installed with ordinary package clients into a cache outside
//! the clone, started and ended. Never needed by a command of the README.
#![expect(clippy::print_stdout, reason = "what was installed is told to the person who asked")]

pub mod cluster;
pub mod cost;
mod deb;
mod go;
mod install;
pub mod sysdig;
mod table;

pub use install::{cache, install, installed, list};
pub use table::{Kind, PEERS, Peer};

use std::path::{Path, PathBuf};

/// The root of the clone.
pub(crate) fn root() -> PathBuf {
    // Cargo says where it runs this; what was compiled in may be another clone with the same build folder.
    // Whoever runs it lives one or two folders below the root.
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    let holds = |folder: &&Path| folder.join("tests/peers/kubernetes").is_dir();
    here.ancestors().find(holds).unwrap_or(Path::new(".")).to_path_buf()
}
