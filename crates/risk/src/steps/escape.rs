//! From a container to root on its node.

use super::{Line, Step};
use crate::fixes;
use crate::graph::{Edge, Graph, Index, NewEdge, State};
use crate::world::{World, WorkloadFacts};
use model::{Escape, Evidence, Predicate};

pub(crate) static STEP: Step = Step {
    id: "escape",
    title: "Break out of the container to root on the node",
    attack: "T1611",
    rights: false,
    explain: "A privileged container, a capability as good as root, a writable path of the node that matters, or a container \
              runtime's socket is a way out by design. Ease 0.9. Each way out is a step of its own: a workload with two \
              is not mended by closing one. A known hole of the node's kernel, runtime or kubelet is a way out of every \
              container there: ease 0.3 where attackers are known to use it, else 0.05; upgrading closes it.",
    edges,
    describe,
};

/// The ways out of a workload.
pub(crate) fn ways<'w>(
    world: &'w World<'_>,
    workload: &'w WorkloadFacts<'_>,
) -> impl Iterator<Item = (u32, model::Confidence, &'w Escape)> {
    workload.escapes.iter().filter_map(|joined| match &world.fact(joined.fact)?.predicate {
        Predicate::Escapes(escape) => Some((joined.fact, joined.confidence, escape)),
        _ => None,
    })
}

/// Whether a way out ends at root; the rest only shows something of the node.
pub(crate) fn to_root(escape: &Escape) -> bool {
    match escape {
        Escape::Privileged | Escape::RuntimeSocket { .. } | Escape::Capability(_) | Escape::VulnerableNode { .. } => {
            true
        }
        Escape::HostPath { writable, .. } => *writable,
        Escape::HostPid | Escape::HostNetwork | Escape::HostIpc => false,
    }
}

/// A way out in words.
pub(crate) fn words(escape: &Escape) -> String {
    match escape {
        Escape::Privileged => "is privileged".to_owned(),
        Escape::Capability(name) => format!("has the capability {name}"),
        Escape::HostPid => "sees the node's processes (hostPID)".to_owned(),
        Escape::HostNetwork => "is on the node's network (hostNetwork)".to_owned(),
        Escape::HostIpc => "shares the node's IPC (hostIPC)".to_owned(),
        Escape::HostPath { path, writable: true } => format!("can write {path} of the node"),
        Escape::HostPath { path, writable: false } => format!("can read {path} of the node"),
        Escape::RuntimeSocket { path } => format!("holds the runtime's socket {path}"),
        Escape::VulnerableNode { component, version, id, exploited } => {
            let used = if *exploited { ", exploited in the wild" } else { "" };
            format!("runs on {component} {version} with {id}{used}")
        }
    }
}

/// All ways out of a workload, when a step leads to its node; nothing for other steps.
pub(crate) fn class(world: &World<'_>, workload: Index, head: State) -> Vec<String> {
    let node = matches!(
        head,
        State::AnyNode
            | State::Node(_)
            | State::NodeProcesses
            | State::NodeNetwork
            | State::NodeIpc
            | State::NodeTokens
    );
    let Some(facts) = world.workload_at(workload).filter(|_| node) else { return Vec::new() };
    let mut all: Vec<String> = ways(world, facts).map(|(_, _, escape)| words(escape)).collect();
    all.sort();
    all.dedup();
    all
}

fn edges(world: &World<'_>, graph: &mut Graph) {
    for (at, workload) in world.workloads.iter().enumerate() {
        let at = at as Index;
        let guarded = world.guarded.contains(&workload.scope);
        for (fact, confidence, escape) in ways(world, workload).filter(|(_, _, escape)| to_root(escape)) {
            let close = fixes::close_way_out::key(at, fact);
            let all = [close, fixes::harden_workload::key(at), fixes::pod_security::key(workload.scope)];
            // No setting of the pod mends its node.
            let (ease, fixes) = match escape {
                Escape::VulnerableNode { exploited: true, .. } => (0.3, &all[..1]),
                Escape::VulnerableNode { .. } => (0.05, &all[..1]),
                _ if guarded => continue,
                _ => (0.9, &all[..]),
            };
            let mut add = |to| {
                graph.add(NewEdge { from: &[State::Exec(at)], to, ease, confidence, args: [at, fact], fixes });
            };
            add(State::AnyNode);
            workload.nodes.iter().for_each(|node| add(State::Node(*node)));
        }
    }
}

/// The line of an edge whose arguments are a workload and a way out.
pub(crate) fn line(world: &World<'_>, edge: &Edge) -> Line {
    let [workload, fact] = edge.args;
    let known = world.fact(fact);
    let how = match known.map(|fact| &fact.predicate) {
        Some(Predicate::Escapes(escape)) => words(escape),
        _ => STEP.title.to_owned(),
    };
    let evidence = known.map_or(Evidence::Assumption(String::new()), |fact| fact.evidence.clone());
    let text = format!("{} {}", world.name(workload), how);
    Line { text: model::escape(&text).into_owned(), evidence }
}

fn describe(world: &World<'_>, _: &Graph, edge: &Edge) -> Line {
    line(world, edge)
}

#[cfg(test)]
mod tests {
    use crate::testing::{edges, escapes, pod};
    use model::Escape;

    #[test]
    fn each_way_to_root_is_a_step() {
        let path = |writable| Escape::HostPath { path: "/".into(), writable };
        for way in [Escape::Privileged, path(true), Escape::Capability("SYS_ADMIN".into())] {
            let facts = [escapes("ns", "p", way)];
            assert_eq!(edges("escape", &pod("ns", "p", ""), &facts), ["exec ns/p -> AnyNode 0.90"]);
        }
        assert!(edges("escape", &pod("ns", "p", ""), &[escapes("ns", "p", path(false))]).is_empty());
    }

    #[test]
    fn a_guarded_namespace_refuses_it() {
        let guarded = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: ns, labels: {pod-security.kubernetes.io/enforce: baseline}}\n";
        let facts = [escapes("ns", "p", Escape::Privileged)];
        assert!(edges("escape", &(pod("ns", "p", "") + guarded), &facts).is_empty());
    }

    #[test]
    fn a_hole_of_the_node_is_a_hard_way_that_no_label_closes() {
        let hole = |exploited| Escape::VulnerableNode {
            component: "kernel".into(),
            version: "5.8.0".into(),
            id: "CVE-2022-0847".into(),
            exploited,
        };
        let guarded = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: ns, labels: {pod-security.kubernetes.io/enforce: baseline}}\n";
        for (exploited, want) in [(true, "exec ns/p -> AnyNode 0.30"), (false, "exec ns/p -> AnyNode 0.05")] {
            let facts = [escapes("ns", "p", hole(exploited))];
            assert_eq!(edges("escape", &(pod("ns", "p", "") + guarded), &facts), [want]);
        }
    }

    #[test]
    fn a_running_pod_leads_to_its_own_node() {
        let yaml = pod("ns", "p", "  nodeName: n1\nstatus: {phase: Running}\n");
        let facts = [escapes("ns", "p", Escape::Privileged)];
        assert_eq!(edges("escape", &yaml, &facts), ["exec ns/p -> AnyNode 0.90", "exec ns/p -> node n1 0.90"]);
    }
}
