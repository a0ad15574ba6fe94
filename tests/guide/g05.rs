//! Wildcards, as a bare fragment on stdin: understood, flagged, and told what to write instead.

use super::Row;
use super::snippets::Snippets;
use integration::{Program, demand};

pub(super) static ROW: Row =
    Row { id: "g05", says: "wildcard-rules.yaml: don't do this", owner: "rbac", run };

fn run(ringwall: &Program, snippets: &Snippets) -> Result<(), String> {
    let fragment = snippets.text("wildcard-rules.yaml")?;
    let text = ringwall.run_with(&["rbac", "lint", "-"], &fragment)?;
    text.exits(0)?.names(&["wildcard", "instead"])?;
    let json = ringwall.run_with(&["rbac", "lint", "-", "-o", "json"], &fragment)?;
    let found = json.exits(0)?.json()?["findings"].as_array().map_or(0, Vec::len);
    demand!(found > 0, "no finding on `*` everywhere:\n{}", json.stdout);
    // With a threshold it fails a build.
    ringwall.run_with(&["rbac", "lint", "-", "--fail-on", "high"], &fragment)?.exits(1)?;
    // The near miss: the same fragment without a wildcard.
    let narrow = "rules:\n- apiGroups: [\"apps\"]\n  resources: [\"deployments\"]\n  verbs: [\"get\"]\n";
    let silent = ringwall.run_with(&["rbac", "lint", "-", "--fail-on", "low"], narrow)?;
    silent.exits(0)?.names_none_of(&["wildcard"])?;
    Ok(())
}
