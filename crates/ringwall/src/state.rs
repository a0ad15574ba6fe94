//! What the last run found, so that `risk why RW-7f3a` just works.

use crate::exit;
use crate::output;
use report::Document;
use std::path::PathBuf;

/// The state folder: `RINGWALL_STATE_DIR`, else the user's state folder.
fn folder() -> Option<PathBuf> {
    let of = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    of("RINGWALL_STATE_DIR").or_else(|| {
        let base = of("XDG_STATE_HOME").or_else(|| of("HOME").map(|home| home.join(".local/state")))?;
        Some(base.join("ringwall"))
    })
}

/// Remembers a report. Where it cannot be written the run goes on; only `why` will miss it.
pub(crate) fn remember(document: &Document) {
    let Some(folder) = folder() else { return };
    let written = std::fs::create_dir_all(&folder).and_then(|()| {
        output::whole(&folder.join("last-risk.json"), |file| {
            serde_json::to_writer(file, document).map_err(std::io::Error::other)
        })
    });
    if let Err(error) = written {
        tracing::info!(%error, folder = %folder.display(), "the report is not remembered");
    }
}

/// The report of the last run.
pub(crate) fn recall() -> anyhow::Result<Document> {
    let nothing = || {
        exit::unreadable("no run is remembered; run `ringwall risk PATH` first, or pass the same PATH here")
    };
    let path = folder().ok_or_else(nothing)?.join("last-risk.json");
    let bytes = std::fs::read(&path).map_err(|_| nothing())?;
    serde_json::from_slice(&bytes).map_err(|error| {
        exit::unreadable(format!("{}: {error}; run `ringwall risk PATH` again", path.display()))
    })
}
