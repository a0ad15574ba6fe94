//! A bill of materials as a target.

use crate::exit;
use inventory::{Inventory, Limits, SbomKind};
use std::path::Path;
use vuln::trivy::Request;

/// Reads a document.
pub(crate) fn read(path: &Path, request: &mut Request) -> anyhow::Result<Inventory> {
    request.name = path.display().to_string();
    let bad = |why: String| exit::unreadable(format!("{}: {why}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| bad(error.to_string()))?;
    let (found, kind) =
        inventory::sbom(&bytes, &Limits::default()).map_err(|error| bad(error.to_string()))?;
    request.kind = match kind {
        SbomKind::CycloneDx => "cyclonedx",
        SbomKind::Spdx => "spdx",
    };
    // What only development needs is in the document because somebody put it there.
    request.dev = true;
    Ok(found)
}
