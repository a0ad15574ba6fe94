//! At runtime: a shell, a write to a host path, an unusual connection; each live, each with a near miss.

use super::snippets::Snippets;
use super::{Row, owes};
use integration::Program;

pub(super) static ROW: Row =
    Row { id: "g20", says: "unexpected shells, host path writes, unusual connections", owner: "probe", run };

fn run(_: &Program, _: &Snippets) -> Result<(), String> {
    owes("default rules on live system calls")
}
