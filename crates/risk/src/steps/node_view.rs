//! From a container to something of its node that is less than root.

use super::{Line, Step, escape};
use crate::fixes;
use crate::graph::{Edge, Graph, Index, NewEdge, State};
use crate::world::World;
use model::Escape;

pub(crate) static STEP: Step = Step {
    id: "node-view",
    title: "See or reach what belongs to the node",
    attack: "T1552.001",
    rights: false,
    explain: "hostPID shows the processes of every container of the node with their environment, hostNetwork passes \
              NetworkPolicies and reaches what listens on the node alone, hostIPC shares memory with its processes, and a \
              readable path that covers the kubelet's directory shows the tokens of its pods. None of these is root by \
              itself. Ease 0.8 for tokens, 0.5 for the rest.",
    edges,
    describe,
};

/// Whether a readable path shows the volumes of the node's pods.
fn shows_tokens(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    "/var/lib/kubelet/pods".starts_with(path) || path.starts_with("/var/lib/kubelet")
}

fn edges(world: &World<'_>, graph: &mut Graph) {
    for (at, workload) in world.workloads.iter().enumerate() {
        let at = at as Index;
        if world.guarded.contains(&workload.scope) {
            continue;
        }
        for (fact, confidence, way) in escape::ways(world, workload) {
            let (to, ease) = match way {
                Escape::HostPid => (State::NodeProcesses, 0.5),
                Escape::HostNetwork => (State::NodeNetwork, 0.5),
                Escape::HostIpc => (State::NodeIpc, 0.5),
                Escape::HostPath { path, writable: false } if shows_tokens(path) => (State::NodeTokens, 0.8),
                _ => continue,
            };
            let fixes = [
                fixes::close_way_out::key(at, fact),
                fixes::harden_workload::key(at),
                fixes::pod_security::key(workload.scope),
            ];
            graph.add(NewEdge { from: &[State::Exec(at)], to, ease, confidence, args: [at, fact], fixes: &fixes });
        }
    }
}

fn describe(world: &World<'_>, _: &Graph, edge: &Edge) -> Line {
    escape::line(world, edge)
}

#[cfg(test)]
mod tests {
    use super::shows_tokens;

    #[test]
    fn only_paths_around_the_kubelets_directory_show_tokens() {
        for path in ["/", "/var", "/var/lib/", "/var/lib/kubelet", "/var/lib/kubelet/pods/x"] {
            assert!(shows_tokens(path), "{path}");
        }
        for path in ["/etc", "/var/log", "/var/lib/docker", "/proc"] {
            assert!(!shows_tokens(path), "{path}");
        }
    }
}
