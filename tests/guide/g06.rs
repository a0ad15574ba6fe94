//! People come from the cloud's IAM: its mappings become identities, and what the cluster cannot show is a gap.

use super::Row;
use super::snippets::{Snippets, fixture};
use integration::Program;

pub(super) static ROW: Row =
    Row { id: "g06", says: "people get kubeconfigs from IAM; not everyone needs admin", owner: "rbac", run };

fn run(ringwall: &Program, _: &Snippets) -> Result<(), String> {
    let file = fixture("people.yaml");
    let who = ringwall.run(&["rbac", "who-can", "list", "secrets", "-A", "-f", &file])?;
    who.exits(0)?.names(&["arn:aws:iam::111122223333:role/night-shift", "system:masters"])?;
    who.names(&["security@example.test", "6f1c2c1e-52a5-4c5e-9a35-0d8d8f0f7e11"])?;
    who.names_none_of(&["arn:aws:iam::111122223333:role/readers"])?;
    who.names(&["access entries"])?.names_one_of(&["not seen", "unknown", "could not"])?;
    let can =
        ["rbac", "can", "list", "secrets", "-A", "--as", "arn:aws:iam::111122223333:user/lee", "-f", &file];
    ringwall.run(&can)?.exits(0)?.first_line("yes")?;
    Ok(())
}
