//! Nodes are not public: what the API shows, what it cannot show, and what to use instead.

use super::snippets::{Snippets, fixture};
use super::{Row, owes};
use integration::Program;

pub(super) static ROW: Row =
    Row { id: "g11", says: "nodes not public; a tunnel instead of SSH", owner: "nodes", run };

fn run(ringwall: &Program, _: &Snippets) -> Result<(), String> {
    let answer = ringwall.run(&["check", &fixture("public-nodes.yaml")])?;
    answer.exits(0)?.names(&["public-node", "203.0.113.7", "ssh-door", "22"])?;
    // Private addresses and ordinary ports are no finding.
    answer.names_none_of(&["10.0.0.8", "quiet-pod"])?;
    answer.names(&["unknown", "--probe"])?.names_one_of(&["Tailscale", "Session Manager"])?;
    owes("--probe of own nodes, and firewall rules imported from a file")
}
