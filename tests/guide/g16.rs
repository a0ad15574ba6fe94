//! The scan step of a workflow: the same inputs, SARIF written, and it fails exactly when it should.

use super::Row;
use super::snippets::Snippets;
use crate::conformance::trivy::{action, world};
use integration::{Program, demand};

pub(super) static ROW: Row =
    Row { id: "g16", says: "scan-step.yaml: fail the build on CRITICAL and HIGH", owner: "scan", run };

fn run(ringwall: &Program, snippets: &Snippets) -> Result<(), String> {
    let step = snippets.text("scan-step.yaml")?;
    // The inputs as the workflow writes them, with an image of ours for the reference.
    let mut inputs = Vec::new();
    for line in step.lines().skip_while(|line| line.trim() != "with:").skip(1) {
        let Some((input, value)) = line.trim().split_once(':') else { continue };
        let value = value.split(" #").next().unwrap_or_default().trim().trim_matches(['\'', '"']);
        if input != "image-ref" {
            inputs.push((input.to_owned(), value.to_owned()));
        }
    }
    demand!(inputs.len() >= 3, "the snippet has {} inputs", inputs.len());
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let at = folder.path();
    world::cache(at, &world::database(&action::rows()))?;
    for (module, want) in [("grave", 1), ("mild", 0)] {
        std::fs::write(at.join("image.tar"), action::image(module)).map_err(|e| e.to_string())?;
        let mut all: Vec<(&str, &str)> = inputs.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        all.extend([("input", "image.tar"), ("output", "results.sarif")]);
        let code = action::step(ringwall, at, &all)?;
        demand!(code == want, "an image with {module} ends the step with {code}, not {want}");
        let text =
            std::fs::read_to_string(at.join("results.sarif")).map_err(|e| format!("results.sarif: {e}"))?;
        demand!(text.contains("CVE-2024-100") && text.contains("sarif-schema"), "no SARIF:\n{text}");
    }
    Ok(())
}
