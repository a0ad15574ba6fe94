//! Untrusted workloads run in a sandbox: with it the escape is gone, without it the patch is offered.

use super::Row;
use super::snippets::{Snippets, fixture, fixture_text};
use integration::Program;

pub(super) static ROW: Row = Row { id: "g22", says: "untrusted workloads: gVisor", owner: "nodes", run };

fn run(ringwall: &Program, _: &Snippets) -> Result<(), String> {
    let bare = ringwall.run(&["check", &fixture("untrusted-bare.yaml")])?;
    bare.exits(0)?.names(&["untrusted/runner", "RuntimeClass", "runsc", "runtimeClassName"])?;
    let boxed = ringwall.run(&["check", &fixture("untrusted-sandboxed.yaml"), "--fail-on", "low"])?;
    boxed.exits(0)?.names_none_of(&["runtimeClassName:"])?;
    // The patch is applied and the sandbox is there.
    let only = ["--only", "workloads/untrusted"];
    let fixed =
        ringwall.run(&[["check", &fixture("untrusted-bare.yaml"), "--fixed"].as_slice(), &only].concat())?;
    fixed.exits(0)?.names(&["kind: RuntimeClass", "handler: runsc", "runtimeClassName: gvisor"])?;
    // With it the escape is no step of the graph; without it, it is.
    let graph = |name: &str| ringwall.run_with(&["risk", "-", "--all"], &with_way_out(name)?);
    graph("untrusted-bare.yaml")?.exits(0)?.names(&["untrusted/runner -> node root"])?;
    let boxed = graph("untrusted-sandboxed.yaml")?;
    boxed.exits(0)?.names(&["SYS_ADMIN"])?.names_none_of(&["node root"])?;
    // The same with containers that run, one of them under runsc: suite e2e/node, a-sandbox-takes-the-step-away.
    Ok(())
}

/// A fixture whose container has a way out through the kernel, sandboxed or not.
fn with_way_out(name: &str) -> Result<String, String> {
    let text = fixture_text(name)?;
    Ok(text
        .replace("capabilities: {drop: [ALL]}", "capabilities: {add: [SYS_ADMIN]}")
        .replace("Egress]", "Egress]\n  ingress: [{}]"))
}
