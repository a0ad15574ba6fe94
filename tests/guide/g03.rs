//! The production install, never the dev install: what one install may do that another may not.

use super::snippets::{Snippets, fixture};
use super::{Row, owes};
use integration::{Program, corpus};

pub(super) static ROW: Row =
    Row { id: "g03", says: "Argo CD: production install, never the dev install", owner: "rbac", run };

fn run(ringwall: &Program, _: &Snippets) -> Result<(), String> {
    let own =
        ringwall.run(&["rbac", "diff", &fixture("install-narrow.yaml"), &fixture("install-wide.yaml")])?;
    // A difference is an answer by nature: yes, somebody can newly do something.
    own.exits(1)?.names(&["controller", "secrets", "every namespace"])?.names_none_of(&["configmaps"])?;
    let same =
        ringwall.run(&["rbac", "diff", &fixture("install-wide.yaml"), &fixture("install-wide.yaml")])?;
    same.exits(0)?;
    let Some(corpus) = corpus() else { return owes("the real installs: no corpus here") };
    let install = |name: &str| corpus.join("manifests/argo-cd").join(name).display().to_string();
    let wide =
        ringwall.run(&["rbac", "diff", &install("namespace-install.yaml"), &install("install.yaml")])?;
    wide.exits(1)?.names(&["argocd-application-controller", "argocd-server"])?;
    let high = ringwall.run(&["rbac", "diff", &install("install.yaml"), &install("ha/install.yaml")])?;
    high.exits(1)?.names(&["redis-ha"])?.names_none_of(&["argocd-application-controller can"])?;
    Ok(())
}
