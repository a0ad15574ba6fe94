//! Only signed images, or images from a vetted registry: a policy that says so is enforced.

use super::snippets::{Snippets, fixture};
use super::{Row, owes};
use integration::Program;

pub(super) static ROW: Row =
    Row { id: "g14", says: "only signed images or a vetted registry", owner: "admission", run };

fn run(ringwall: &Program, _: &Snippets) -> Result<(), String> {
    let policy = fixture("vetted-registries.yaml");
    let apply = |pod: &str| ringwall.run(&["policy", "apply", &policy, "--resource", &fixture(pod)]);
    apply("pod-vetted.yaml")?.exits(0)?.names(&["pass"])?;
    apply("pod-elsewhere.yaml")?.exits(1)?.names(&["fail", "vetted-registries", "registry.test"])?;
    owes("the same policy in admission, and the fact in the graph")
}
