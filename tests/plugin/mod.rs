//! As `kubectl-ringwall` on `PATH` it is a kubectl plugin.

use integration::{Case, Program, Skip, Suite, demand, ringwall, skip};
use std::path::Path;

pub(crate) static SUITE: Suite = Suite { name: "plugin", cases };

/// One check: kubectl that finds the plugin, and the plugin by its own name.
type Check = fn(&Program, &Program) -> Result<(), String>;

static CHECKS: &[(&str, Check)] = &[
    ("same-bytes", same_bytes),
    ("help-says-kubectl", help_says_kubectl),
    ("exit-codes-pass-through", exit_codes),
    ("stdin-passes-through", stdin),
    ("is-listed", is_listed),
];

fn cases() -> Result<Vec<Case>, Skip> {
    let Ok(answer) = Program::new("kubectl").run(&["version", "--client"]) else { skip!("no kubectl") };
    if answer.code != Some(0) {
        skip!("kubectl does not run");
    }
    let case = |(name, check): &(&'static str, Check)| {
        let check = *check;
        Case::new(*name, move || {
            let folder = tempfile::tempdir().map_err(|e| format!("no temporary folder: {e}"))?;
            let plugin = folder.path().join("kubectl-ringwall");
            link(ringwall()?.path(), &plugin).map_err(|e| format!("{}: {e}", plugin.display()))?;
            let before = std::env::var_os("PATH").unwrap_or_default();
            let path = std::env::join_paths(
                [folder.path().to_path_buf()].into_iter().chain(std::env::split_paths(&before)),
            )
            .map_err(|e| e.to_string())?;
            check(&Program::new("kubectl").env("PATH", path).with(&["ringwall"]), &Program::new(plugin))
        })
    };
    Ok(CHECKS.iter().map(case).collect())
}

#[cfg(unix)]
fn link(from: &Path, to: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(from, to)
}

#[cfg(not(unix))]
fn link(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::copy(from, to.with_extension("exe")).map(drop)
}

fn same_bytes(kubectl: &Program, plugin: &Program) -> Result<(), String> {
    for words in
        [&["risk", "examples/shop"][..], &["risk", "examples/shop", "-o", "json"], &["explain", "exploit"]]
    {
        let plain = ringwall()?.run(words)?;
        plain.exits(0)?;
        for other in [kubectl, plugin] {
            let answer = other.run(words)?;
            answer.exits(0)?;
            demand!(answer.stdout == plain.stdout, "{words:?}: another page:\n{}", answer.stdout);
        }
    }
    Ok(())
}

/// The usage is what has to be typed.
fn help_says_kubectl(kubectl: &Program, plugin: &Program) -> Result<(), String> {
    for program in [kubectl, plugin] {
        program
            .run(&["--help"])?
            .exits(0)?
            .names(&["Usage: kubectl ringwall "])?
            .names_none_of(&["kubectl-ringwall"])?;
        program.run(&["risk", "--help"])?.exits(0)?.names(&["Usage: kubectl ringwall risk"])?;
        program.run(&["rsik"])?.exits(2)?.talks_of(&["kubectl ringwall"])?;
    }
    ringwall()?
        .run(&["--help"])?
        .exits(0)?
        .names(&["Usage: ringwall "])?
        .names_none_of(&["kubectl ringwall"])?;
    Ok(())
}

fn exit_codes(kubectl: &Program, _: &Program) -> Result<(), String> {
    kubectl.run(&["risk", "examples/shop", "--fail-on", "now"])?.exits(1)?;
    kubectl.run(&["risk", "no/such/folder"])?.exits(3)?.talks_of(&["no/such/folder"])?;
    Ok(())
}

fn stdin(kubectl: &Program, _: &Program) -> Result<(), String> {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: registry.test/c:1, securityContext: {privileged: true}}]}\n";
    kubectl.run_with(&["risk", "-"], pod)?.exits(0)?.names(&["default/a is privileged"])?;
    Ok(())
}

fn is_listed(kubectl: &Program, _: &Program) -> Result<(), String> {
    let listing = kubectl.clone().with(&["plugin"]);
    listing.run(&["list"])?.names(&["kubectl-ringwall"])?;
    Ok(())
}
