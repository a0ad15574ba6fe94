//! The shell rule: after the macros it needs it loads with a warning, alone it names the file to add.

use super::snippets::{Snippets, fixture};
use super::{Row, owes};
use integration::Program;

pub(super) static ROW: Row =
    Row { id: "g21", says: "falco-shell.yaml raises on a shell in a container", owner: "probe", run };

fn run(ringwall: &Program, snippets: &Snippets) -> Result<(), String> {
    let rule = snippets.path("falco-shell.yaml");
    let alone = ringwall.run(&["detect", "rules", "validate", &rule])?;
    alone.exits(1)?.names(&["shell_procs", "falco_rules.yaml"])?;
    let macros = fixture("falco_rules.yaml");
    let both = ringwall.run(&["detect", "rules", "validate", &macros, &rule])?;
    both.exits(0)?.names(&["LOAD_NO_EVTTYPE", "Terminal shell in container"])?;
    let lint = ringwall.run(&["detect", "rules", "lint", &macros, &rule])?;
    lint.names(&["spawned_process and"])?;
    owes("a real shell in a real container, folded with a count")
}
