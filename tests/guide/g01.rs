//! Every component is an attack vector: `check` names each, its version, how it is set, and what it cannot see.

use super::snippets::{Snippets, fixture};
use super::{Row, owes};
use integration::Program;

pub(super) static ROW: Row =
    Row { id: "g01", says: "every component is an attack vector", owner: "nodes", run };

fn run(ringwall: &Program, _: &Snippets) -> Result<(), String> {
    let answer = ringwall.run(&["check", &fixture("components.yaml"), "-o", "json"])?;
    answer.exits(0)?.json()?;
    answer.names(&["kube-apiserver", "kubelet", "etcd", "kube-scheduler", "kube-controller-manager"])?;
    answer.names(&["containerd", "1.6.4", "docker", "19.3.15", "v1.24.17"])?;
    answer.names_one_of(&["end of life", "end-of-life"])?.names(&["runc", "unknown"])?;
    // A kubelet's configuration by what holds, where it is given.
    let configz =
        ["check", &fixture("components.yaml"), "--configz", &format!("worker-1={}", fixture("configz.json"))];
    ringwall.run(&configz)?.exits(0)?.names(&["readOnlyPort is 10255", "worker-1"])?;
    // The same of a live cluster: suite e2e/node.
    owes("the facts of node.status.nodeInfo as steps of the graph")
}
