//! Running images are scanned: one file, applied once.

use super::snippets::Snippets;
use super::{Row, owes};
use integration::{Program, demand, root};

pub(super) static ROW: Row =
    Row { id: "g18", says: "scan-running.sh: one apply, running images are scanned", owner: "install", run };

fn run(_: &Program, _: &Snippets) -> Result<(), String> {
    demand!(root().join("deploy/ringwall.yaml").is_file(), "there is no deploy/ringwall.yaml");
    owes("the file applied to a real API server, a running image scanned, a new advisory finding its pods")
}
