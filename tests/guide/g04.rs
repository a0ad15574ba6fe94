//! The pod reader: no finding, and exactly the rights it names.

use super::Row;
use super::snippets::Snippets;
use integration::{Program, demand};

pub(super) static ROW: Row =
    Row { id: "g04", says: "pod-reader.yaml is how it should look", owner: "rbac", run };

fn run(ringwall: &Program, snippets: &Snippets) -> Result<(), String> {
    let file = snippets.path("pod-reader.yaml");
    let lint = ringwall.run(&["rbac", "lint", &file, "-o", "json"])?;
    let findings = lint.exits(0)?.json()?;
    let none = findings["findings"].as_array().is_some_and(Vec::is_empty);
    demand!(none, "findings on a good Role:\n{}", lint.stdout);

    let account = format!("system:serviceaccount:{}:{}", snippets.namespace, snippets.account);
    let can = |request: &[&str]| {
        let words = [&["rbac", "can"], request, &["--as", &account, "-f", &file]].concat();
        ringwall.run(&words)
    };
    let here = ["-n", snippets.namespace];
    for request in [
        ["get", "pods"].as_slice(),
        &["get", "pods/log"],
        &["list", "pods"],
        &["watch", "pods"],
        &["get", "pods", "--subresource", "log"],
    ] {
        can(&[request, &here].concat())?.exits(0)?.first_line("yes")?;
    }
    for request in [
        ["get", "pods", "-n", "elsewhere"].as_slice(),
        &["get", "pods", "-A"],
        &["create", "pods/exec", "-n", snippets.namespace],
        &["get", "pods/exec", "-n", snippets.namespace],
        &["get", "secrets", "-n", snippets.namespace],
        &["list", "secrets", "-A"],
        &["delete", "pods", "-n", snippets.namespace],
    ] {
        can(request)?.exits(1)?.first_line("no")?;
    }
    // Somebody else gains nothing from the binding.
    let other = ["rbac", "can", "get", "pods", "-n", snippets.namespace, "--as", "mallory", "-f", &file];
    ringwall.run(&other)?.exits(1)?.first_line("no")?;
    Ok(())
}
