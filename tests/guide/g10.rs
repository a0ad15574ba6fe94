//! Managed clusters: recognised from their nodes, with the provider's own command; unknown until logs arrive.

use super::snippets::{Snippets, fixture_text};
use super::{Row, owes};
use integration::Program;

pub(super) static ROW: Row =
    Row { id: "g10", says: "EKS, GKE, AKS: see the provider's console", owner: "audit", run };

fn run(ringwall: &Program, _: &Snippets) -> Result<(), String> {
    let node = fixture_text("managed-node.yaml")?;
    for (provider, id, command) in [
        ("EKS", "aws:///eu-west-1a/i-0123456789abcdef0", "aws eks update-cluster-config"),
        ("GKE", "gce://example-project/europe-west1-b/gke-one", "gcloud"),
        ("AKS", "azure:///subscriptions/0/resourceGroups/one/vm0", "az monitor diagnostic-settings"),
    ] {
        let nodes = node.replace("PROVIDER-ID", id);
        let answer = ringwall.run_with(&["audit", "check", "-"], &nodes)?;
        // Could not look is not a pass.
        answer.exits(3)?.names(&[provider, command, "unknown"])?.names_none_of(&["pass"])?;
    }
    owes("the answer once logs of that provider are given")
}
