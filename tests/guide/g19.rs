//! The image built six months ago: its age is a fact and a check.

use super::snippets::Snippets;
use super::{Row, owes};
use integration::Program;

pub(super) static ROW: Row =
    Row { id: "g19", says: "the image built six months ago is looked at again", owner: "scan", run };

fn run(_: &Program, _: &Snippets) -> Result<(), String> {
    owes("an image with a creation date: built N days ago, M fixable since")
}
