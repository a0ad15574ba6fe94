//! From root on a node to every pod that runs there.

use super::{Line, Step};
use crate::graph::{Edge, Graph, Index, NewEdge, State};
use crate::world::World;
use model::{Confidence, Evidence};

pub(crate) static STEP: Step = Step {
    id: "node-pods",
    title: "Enter the other pods of the node",
    attack: "T1611",
    rights: false,
    explain: "Root on a node is root in each of its pods, tokens included. Ease 0.95. Needs to know which pods run where, that is \
              a live snapshot; on manifests alone the step is not drawn and the coverage says so.",
    edges,
    describe,
};

fn edges(world: &World<'_>, graph: &mut Graph) {
    for (at, workload) in world.workloads.iter().enumerate() {
        for node in &workload.nodes {
            // A node nobody escapes to needs no edges to its pods.
            if graph.find(State::Node(*node)).is_some() {
                graph.add(NewEdge {
                    from: &[State::Node(*node)],
                    to: State::Exec(at as Index),
                    ease: 0.95,
                    confidence: Confidence::Confirmed,
                    args: [at as Index, *node],
                    fixes: &[],
                });
            }
        }
    }
}

fn describe(world: &World<'_>, _: &Graph, edge: &Edge) -> Line {
    let node = world.nodes.get(edge.args[1] as usize).map_or("", |node| &node.name);
    Line {
        text: format!("{} runs on the same node ({})", world.name(edge.args[0]), model::escape(node)),
        evidence: Evidence::Assumption("pod status".into()),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{edges, escapes, pod};
    use model::Escape;

    fn on(node: &str, name: &str) -> String {
        pod("ns", name, &format!("  nodeName: {node}\nstatus: {{phase: Running}}\n"))
    }

    #[test]
    fn root_on_a_node_is_in_all_its_pods() {
        let yaml = on("n1", "a") + &on("n1", "b") + &on("n2", "c");
        let facts = [escapes("ns", "a", Escape::Privileged)];
        assert_eq!(edges("node-pods", &yaml, &facts), ["node n1 -> exec ns/a 0.95", "node n1 -> exec ns/b 0.95"]);
    }

    #[test]
    fn manifests_do_not_say_where_pods_run() {
        let facts = [escapes("ns", "a", Escape::Privileged)];
        assert!(edges("node-pods", &(pod("ns", "a", "") + &pod("ns", "b", "")), &facts).is_empty());
    }
}
