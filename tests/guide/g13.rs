//! Sign and verify, with a key and without, both ways with cosign.

use super::snippets::{Snippets, fixture};
use super::{Row, owes};
use integration::Program;

pub(super) static ROW: Row = Row { id: "g13", says: "Cosign: sign and verify", owner: "signing", run };

fn run(ringwall: &Program, _: &Snippets) -> Result<(), String> {
    // A placeholder is no key: could not look, never "not signed" and never "verified".
    let placeholder = ["verify", "--key", &fixture("placeholder.pub"), "registry.test/acme/web:1"];
    ringwall.run(&placeholder)?.exits(3)?.talks_of(&["placeholder.pub", "PEM"])?;
    owes("images signed by cosign 3.1.3 and 2.5 and verified here, and the other way round")
}
