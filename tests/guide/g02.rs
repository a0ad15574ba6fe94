//! Everyone gives cluster-admin to everything: each binding, who is behind it, and a smaller grant.

use super::Row;
use super::snippets::{Snippets, fixture};
use integration::Program;

pub(super) static ROW: Row =
    Row { id: "g02", says: "everyone slaps cluster-admin on everything", owner: "rbac", run };

fn run(ringwall: &Program, _: &Snippets) -> Result<(), String> {
    let file = fixture("admins.yaml");
    let lint = ringwall.run(&["rbac", "lint", &file])?;
    lint.exits(0)?.names(&["person-admin", "group-admin", "account-admin", "masters-admin"])?;
    lint.names(&[
        "jane@example.test",
        "platform-team",
        "system:serviceaccount:ci:deployer",
        "system:masters",
    ])?;
    // A smaller grant, and that nothing proves yet that it is enough.
    lint.names(&["RoleBinding", "unproven"])?.names_one_of(&["edit", "admin in"])?;
    let risk = ringwall.run(&["risk", &file, "--all"])?;
    risk.exits(0)?.names(&["account-admin", "ci/deployer", "cluster-admin"])?;
    Ok(())
}
