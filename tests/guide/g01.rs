//! Every component is an attack vector: `check` names each, its version, how it is set, and what it cannot see.

use super::Row;
use super::snippets::{Snippets, fixture};
use integration::Program;

pub(super) static ROW: Row =
    Row { id: "g01", says: "every component is an attack vector", owner: "nodes", run };

fn run(ringwall: &Program, _: &Snippets) -> Result<(), String> {
    let answer = ringwall.run(&["check", &fixture("components.yaml"), "-o", "json"])?;
    answer.exits(0)?.json()?;
    answer.names(&["kube-apiserver", "kubelet", "etcd", "kube-scheduler", "kube-controller-manager"])?;
    answer.names(&["containerd", "1.6.4", "docker", "19.3.15", "v1.24.17"])?;
    answer.names_one_of(&["end of life", "end-of-life"])?.names(&["runc --version on the node"])?;
    ringwall
        .run(&["check", &fixture("components.yaml")])?
        .exits(0)?
        .names(&["runc", "unknown: the node's status"])?;
    // A kubelet's configuration by what holds, where it is given.
    let configz =
        ["check", &fixture("components.yaml"), "--configz", &format!("worker-1={}", fixture("configz.json"))];
    ringwall.run(&configz)?.exits(0)?.names(&["readOnlyPort is 10255", "worker-1"])?;
    // A known hole of a node is a step of the graph, with the upgrade that closes it.
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec: {containers: [{name: a, image: 'registry.test/a:1'}]}\n";
    let node = "apiVersion: v1\nkind: Node\nmetadata: {name: old}\nstatus: {nodeInfo: {kernelVersion: 5.8.0, kubeletVersion: v1.36.1}}\n";
    let graph = ringwall.run_with(&["risk", "-", "--all"], &format!("{node}---\n{pod}"))?;
    graph.exits(0)?.names(&["kernel 5.8.0", "CVE-", "upgrade kernel 5.8.0"])?;
    let mended = format!("{node}---\n{pod}").replace("5.8.0", "6.12.0");
    ringwall.run_with(&["risk", "-", "--all"], &mended)?.exits(0)?.names_none_of(&["upgrade kernel"])?;
    // The same of a live cluster: suite e2e/node.
    Ok(())
}
