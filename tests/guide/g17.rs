//! Thresholds that make sense: the nested log4j-core is found and ranked, a MEDIUM alone fails nothing.

use super::snippets::Snippets;
use super::{Row, owes};
use integration::Program;

pub(super) static ROW: Row =
    Row { id: "g17", says: "thresholds that make sense; Log4Shell is found", owner: "scan", run };

fn run(_: &Program, _: &Snippets) -> Result<(), String> {
    owes("a jar inside a war with log4j-core, a database that knows it, and the path it moves")
}
