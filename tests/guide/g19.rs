//! The image built six months ago: its age is a fact and a check.

use super::Row;
use super::snippets::Snippets;
use crate::conformance::trivy::{action, world};
use integration::Program;

pub(super) static ROW: Row =
    Row { id: "g19", says: "the image built six months ago is looked at again", owner: "scan", run };

fn run(ringwall: &Program, _: &Snippets) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    world::cache(folder.path(), &world::database(&action::rows()))?;
    let ringwall = ringwall.clone().env("TRIVY_CACHE_DIR", path("")).env("TRIVY_SKIP_DB_UPDATE", "true");
    std::fs::write(path("grave.tar"), action::image("grave")).map_err(|e| e.to_string())?;
    // The image says that it was built on the first day of 2024.
    let image = path("grave.tar");
    let answer = ringwall.run(&["scan", "image", "--input", &image])?;
    answer
        .exits(0)?
        .names(&["CVE-2024-1001", "days ago"])?
        .names(&["1 of its vulnerabilities have a fix"])?;
    // As a finding beside the workload that runs it.
    let manifest = "apiVersion: v1\nkind: Pod\nmetadata: {name: app, namespace: shop}\nspec: {containers: [{name: app, image: 'registry.test/app:1'}]}\n";
    std::fs::write(path("app.yaml"), manifest).map_err(|e| e.to_string())?;
    let found = ringwall.run(&["risk", &path("app.yaml"), "--scan", &image, "-o", "json"])?;
    found.names(&["images/old-image", "1 fixable since"])?;
    // A fresh one is not called old.
    std::fs::write(path("mild.tar"), action::fresh("mild")).map_err(|e| e.to_string())?;
    let fresh = ringwall.run(&["risk", &path("app.yaml"), "--scan", &path("mild.tar"), "-o", "json"])?;
    fresh.names(&["CVE-2024-1002"])?.names_none_of(&["images/old-image"]).map(drop)
}
