//! Untrusted workloads run in a sandbox: with it the escape is gone, without it the patch is offered.

use super::snippets::{Snippets, fixture};
use super::{Row, owes};
use integration::Program;

pub(super) static ROW: Row = Row { id: "g22", says: "untrusted workloads: gVisor", owner: "nodes", run };

fn run(ringwall: &Program, _: &Snippets) -> Result<(), String> {
    let bare = ringwall.run(&["check", &fixture("untrusted-bare.yaml")])?;
    bare.exits(0)?.names(&["untrusted/runner", "RuntimeClass", "runsc", "runtimeClassName"])?;
    let boxed = ringwall.run(&["check", &fixture("untrusted-sandboxed.yaml"), "--fail-on", "low"])?;
    boxed.exits(0)?.names_none_of(&["runtimeClassName:"])?;
    owes("the escape step in the graph and its absence, and a container under runsc")
}
