//! The developer role: five mistakes, each explained, each with a corrected manifest; and what it really grants.

use super::Row;
use super::snippets::Snippets;
use integration::{Program, demand};

pub(super) static ROW: Row =
    Row { id: "g07", says: "developer-role.yaml restricts less than it says", owner: "rbac", run };

fn run(ringwall: &Program, snippets: &Snippets) -> Result<(), String> {
    let [first, second] = snippets.names;
    let lint = ringwall.run(&["rbac", "lint", &snippets.path("developer-role.yaml")])?;
    lint.exits(0)?;
    // Names are not namespaces, and the rule holds in every one of them.
    lint.names(&["resourceNames", "not namespaces", "every namespace"])?;
    // A create by POST never matches a name; PUT and server-side apply do.
    lint.names(&["create", "POST", "server-side apply"])?;
    // What is meant to protect secrets grants those of these names.
    lint.names(&["grants", "secrets", first, second])?;
    // A list by name works only with the selector.
    lint.names(&["metadata.name"])?;
    // A ClusterRole alone grants nothing; the binding decides where.
    lint.names(&["until bound"])?;
    // Each with a corrected manifest.
    let corrected = lint.stdout.matches("kind: Role").count();
    demand!(corrected > 0, "no corrected manifest:\n{}", lint.stdout);

    let bound = bind(snippets)?;
    let can = |words: &[&str]| {
        let words =
            [&["rbac", "can"], words, &["--as", "dana", "--as-group", "developers", "-f", "-"]].concat();
        ringwall.run_with(&words, &bound)
    };
    let (deployment, secret) = (format!("deployments.apps/{first}"), format!("secrets/{second}"));
    for request in [
        ["get", "pods", "-n", "prod"].as_slice(),
        &["list", "services", "-A"],
        // The name holds in every namespace, prod too.
        &["update", &deployment, "-n", "prod"],
        &["patch", &deployment, "-n", "prod"],
        &["delete", &deployment, "-n", "kube-system"],
        &["get", &secret, "-n", "prod"],
    ] {
        can(request)?.exits(0)?.first_line("yes")?;
    }
    for request in [
        // In the namespace of that name, but not the object of that name.
        ["update", "deployments.apps/web", "-n", first].as_slice(),
        &["create", "deployments.apps", "-n", first],
        &["get", "secrets/database", "-n", first],
        &["list", "secrets", "-n", first],
        &["create", "pods", "-n", first],
        &["get", "pods/log", "-n", first],
    ] {
        can(request)?.exits(1)?.first_line("no")?;
    }
    Ok(())
}

/// The role with a binding for a group, as one stream.
fn bind(snippets: &Snippets) -> Result<String, String> {
    let role = snippets.text("developer-role.yaml")?;
    let name = snippets.developers;
    Ok(format!(
        "{role}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata:\n  name: bound\n\
         roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: ClusterRole\n  name: {name}\nsubjects:\n\
         - apiGroup: rbac.authorization.k8s.io\n  kind: Group\n  name: developers\n"
    ))
}
