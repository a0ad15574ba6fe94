//! No NodePort: each one found, with a patch, and the patched form is silent.

use super::snippets::{Snippets, fixture};
use super::{Row, owes};
use integration::Program;

pub(super) static ROW: Row =
    Row { id: "g12", says: "no NodePort; ingress or a load balancer instead", owner: "nodes", run };

fn run(ringwall: &Program, _: &Snippets) -> Result<(), String> {
    let answer = ringwall.run(&["check", &fixture("nodeport.yaml")])?;
    answer.exits(0)?.names(&[
        "storefront",
        "NodePort",
        "30443",
        "ClusterIP",
        "Ingress",
        "loadBalancerSourceRanges",
    ])?;
    answer.names_none_of(&["inside-only"])?;
    ringwall.run(&["check", &fixture("nodeport.yaml"), "--fail-on", "low"])?.exits(1)?;
    owes("the patch applied, run again and found silent; the NodePort as an entry of the graph")
}
