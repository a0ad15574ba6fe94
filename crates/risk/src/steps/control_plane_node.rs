//! From root on a control-plane node to the cluster.

use super::{Line, Step};
use crate::graph::{Edge, Graph, Index, NewEdge, State};
use crate::world::World;
use model::{Confidence, Evidence, ResourceRef};

pub(crate) static STEP: Step = Step {
    id: "control-plane-node",
    title: "Take the cluster from a control-plane node",
    attack: "T1552.004",
    rights: false,
    explain: "The keys of the cluster lie on its control-plane nodes: root there is cluster-admin. Ease 1. Keep ordinary \
              workloads off these nodes (taint).",
    edges,
    describe,
};

fn edges(world: &World<'_>, graph: &mut Graph) {
    for (at, _) in world.nodes.iter().enumerate().filter(|(_, node)| node.control_plane) {
        if graph.find(State::Node(at as Index)).is_some() {
            graph.add(NewEdge {
                from: &[State::Node(at as Index)],
                to: State::ClusterAdmin,
                ease: 1.0,
                confidence: Confidence::Confirmed,
                args: [at as Index, 0],
                fixes: &[],
            });
        }
    }
}

fn describe(world: &World<'_>, _: &Graph, edge: &Edge) -> Line {
    let name = world.nodes.get(edge.args[0] as usize).map_or("", |node| &node.name);
    let node = world.snapshot.get(&ResourceRef::new("", "Node", "", name));
    Line {
        text: format!("Node {} holds the keys of the cluster", model::escape(name)),
        evidence: node.map_or(Evidence::Assumption(String::new()), |n| n.evidence("/metadata/labels")),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{edges, escapes, pod};
    use model::Escape;

    fn world(labels: &str) -> String {
        let node = format!("---\napiVersion: v1\nkind: Node\nmetadata: {{name: n1, labels: {{{labels}}}}}\n");
        pod("ns", "a", "  nodeName: n1\nstatus: {phase: Running}\n") + &node
    }

    #[test]
    fn root_on_a_control_plane_node_is_cluster_admin() {
        let facts = [escapes("ns", "a", Escape::Privileged)];
        let yaml = world("node-role.kubernetes.io/control-plane: ''");
        assert_eq!(edges("control-plane-node", &yaml, &facts), ["node n1 -> ClusterAdmin 1.00"]);
    }

    #[test]
    fn a_worker_is_not_and_nor_is_a_node_nobody_reaches() {
        let facts = [escapes("ns", "a", Escape::Privileged)];
        assert!(edges("control-plane-node", &world("x: y"), &facts).is_empty());
        assert!(edges("control-plane-node", &world("node-role.kubernetes.io/control-plane: ''"), &[]).is_empty());
    }
}
