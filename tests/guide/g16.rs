//! The scan step of a workflow: the same inputs, SARIF written, and it fails exactly when it should.

use super::snippets::Snippets;
use super::{Row, owes};
use integration::{Program, demand, root};

pub(super) static ROW: Row =
    Row { id: "g16", says: "scan-step.yaml: fail the build on CRITICAL and HIGH", owner: "scan", run };

fn run(_: &Program, snippets: &Snippets) -> Result<(), String> {
    let step = snippets.text("scan-step.yaml")?;
    let action = std::fs::read_to_string(root().join("deploy/action/action.yml"))
        .map_err(|e| format!("deploy/action/action.yml: {e}"))?;
    for line in step.lines().skip_while(|line| line.trim() != "with:").skip(1) {
        let Some((input, _)) = line.trim().split_once(':') else { continue };
        demand!(action.contains(&format!("  {input}:")), "the action has no input {input}");
    }
    owes("the action's script on an image with a HIGH and on one with only MEDIUM")
}
