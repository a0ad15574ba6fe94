//! No NodePort: each one found, with a patch, and the patched form is silent.

use super::Row;
use super::snippets::{Snippets, fixture, fixture_text};
use integration::Program;

pub(super) static ROW: Row =
    Row { id: "g12", says: "no NodePort; ingress or a load balancer instead", owner: "nodes", run };

fn run(ringwall: &Program, _: &Snippets) -> Result<(), String> {
    let answer = ringwall.run(&["check", &fixture("nodeport.yaml")])?;
    answer.exits(0)?.names(&[
        "storefront",
        "NodePort",
        "30443",
        "ClusterIP",
        "Ingress",
        "loadBalancerSourceRanges",
    ])?;
    answer.names_none_of(&["inside-only"])?;
    ringwall.run(&["check", &fixture("nodeport.yaml"), "--fail-on", "low"])?.exits(1)?;
    // The patch, applied and run again: silent.
    let only = ["--only", "network/node-port"];
    let fixed =
        ringwall.run(&[["check", &fixture("nodeport.yaml"), "--fixed"].as_slice(), &only].concat())?;
    fixed.exits(0)?.names(&["ClusterIP", "kind: Ingress"])?.names_none_of(&["nodePort", "inside-only"])?;
    let again = [["check", "-", "--fail-on", "low"].as_slice(), &only].concat();
    ringwall.run_with(&again, &fixed.stdout)?.exits(0)?.names(&["0 findings"])?;
    // In the graph it is an entry, given something behind it.
    let graph = ringwall.run_with(&["risk", "-", "--all"], &with_pod()?)?;
    graph.exits(0)?.names(&["storefront", "NodePort"])?;
    Ok(())
}

/// The Services, and a pod with a way out behind the one that is open.
fn with_pod() -> Result<String, String> {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: storefront, namespace: retail, labels: {app: storefront}}\n\
               spec: {containers: [{name: a, image: 'registry.test/a:1', securityContext: {privileged: true}}]}\n";
    Ok(format!("{}\n---\n{pod}", fixture_text("nodeport.yaml")?))
}
