//! Sign and verify, with a key and without, both ways with cosign.

use super::Row;
use super::snippets::{Snippets, fixture};
use crate::{conformance, signing};
use integration::Program;

pub(super) static ROW: Row = Row { id: "g13", says: "Cosign: sign and verify", owner: "signing", run };

fn run(ringwall: &Program, _: &Snippets) -> Result<(), String> {
    // A placeholder is no key: could not look, never "not signed" and never "verified".
    let placeholder = ["verify", "--key", &fixture("placeholder.pub"), "registry.test/acme/web:1"];
    ringwall.run(&placeholder)?.exits(3)?.talks_of(&["placeholder.pub", "PEM"])?;
    // By identity and issuer, and what the real programs made once: frozen, so that it holds in any clone.
    signing::keyless()?;
    signing::frozen()?;
    // Both ways with the real programs, where they are.
    conformance::cosign::both_ways().map(drop)
}
