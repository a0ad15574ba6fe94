//! The image policy as written: its key is a placeholder, so it loads, says so, and lets nothing in.

use super::snippets::Snippets;
use super::{Row, owes};
use integration::Program;

pub(super) static ROW: Row =
    Row { id: "g15", says: "verify-image-signature.yaml, enforced as written", owner: "admission", run };

fn run(ringwall: &Program, snippets: &Snippets) -> Result<(), String> {
    let policy = snippets.path("verify-image-signature.yaml");
    let lint = ringwall.run(&["policy", "lint", &policy])?;
    lint.exits(1)?.names(&["verify-image-signature", "not a PEM public key"])?;
    let pod = |image: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n  - name: web\n    image: {image}\n"
        )
    };
    let apply =
        |image: &str| ringwall.run_with(&["policy", "apply", &policy, "--resource", "-"], &pod(image));
    apply(&format!("{}/web:1.0", snippets.repository))?.exits(1)?.names(&["not a PEM public key"])?;
    // An image the policy does not speak of is let through.
    apply("registry.test/other/web:1.0")?.exits(0)?;
    owes("real keys: unsigned, signed with and without log entry, Pod and Deployment, beside the Kyverno CLI")
}
