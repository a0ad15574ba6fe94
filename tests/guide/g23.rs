//! First things first: the untrusted workload on a bare node before etcd, and the other way round once sandboxed.

use super::Row;
use super::snippets::{Snippets, fixture, fixture_text};
use integration::Program;

pub(super) static ROW: Row =
    Row { id: "g23", says: "harden nodes before etcd when workloads are untrusted", owner: "join", run };

fn run(ringwall: &Program, _: &Snippets) -> Result<(), String> {
    let etcd = fixture_text("etcd-open.yaml")?;
    let rank = |workload: &str| {
        let both = format!("{}\n---\n{etcd}", fixture_text(workload)?);
        ringwall.run_with(&["risk", "-", "--all"], &both)
    };
    rank("untrusted-bare.yaml")?.exits(0)?.ranks("untrusted/runner", "etcd")?;
    let boxed = rank("untrusted-sandboxed.yaml")?;
    boxed.exits(0)?.names(&["etcd"])?;
    boxed.ranks("etcd", "untrusted/runner").or_else(|_| boxed.names_none_of(&["untrusted/runner"]))?;
    ringwall.run(&["risk", &fixture("untrusted-bare.yaml")])?.names(&["untrusted/runner"])?;
    Ok(())
}
