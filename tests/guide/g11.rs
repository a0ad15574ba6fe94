//! Nodes are not public: what the API shows, what it cannot show, and what to use instead.

use super::Row;
use super::snippets::{Snippets, fixture};
use integration::Program;

pub(super) static ROW: Row =
    Row { id: "g11", says: "nodes not public; a tunnel instead of SSH", owner: "nodes", run };

fn run(ringwall: &Program, _: &Snippets) -> Result<(), String> {
    let answer = ringwall.run(&["check", &fixture("public-nodes.yaml")])?;
    answer.exits(0)?.names(&["public-node", "203.0.113.7", "ssh-door", "22"])?;
    // Private addresses and ordinary ports are no finding.
    answer.names_none_of(&["10.0.0.8", "quiet-pod"])?;
    answer.names(&["unknown", "--probe"])?.names_one_of(&["Tailscale", "Session Manager"])?;
    // Rules from a file turn the unknown into an answer.
    let rules =
        |name: &str| ringwall.run(&["check", &fixture("public-nodes.yaml"), "--firewall", &fixture(name)]);
    let open = rules("firewall-open.json")?;
    open.exits(0)?.names(&["the firewall that was given opens: 22 (SSH)"])?.names_none_of(&["--probe"])?;
    let closed = rules("firewall-closed.json")?;
    closed.exits(0)?.names(&["closes every port that is asked"])?.names_none_of(&["--probe"])?;
    // A node that is this machine is asked; nothing answers where nothing listens.
    let here = "apiVersion: v1\nkind: Node\nmetadata: {name: here}\nstatus:\n  addresses:\n  - {type: ExternalIP, address: 127.0.0.1}\n";
    let probed = ringwall.run_with(&["check", "-", "--probe"], here)?;
    probed.exits(0)?.names(&["from here", "of 12 ports answer"])?.names_none_of(&["--firewall"])?;
    Ok(())
}
