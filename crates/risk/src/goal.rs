//! What an attacker is after, and what it is worth.

use crate::graph::{Graph, State, StateId};
use crate::world::World;
use serde::Serialize;

/// Something that hurts when an attacker gets there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Goal {
    /// Every right in the cluster.
    ClusterAdmin,
    /// The content of every Secret.
    AllSecrets,
    /// Root on a node.
    NodeRoot,
    /// Tokens and Secrets of the pods of a node.
    NodeTokens,
    /// The Secrets of one namespace.
    NamespaceSecrets,
    /// Code in a workload whose owner said what it is worth.
    Workload(String),
    /// The processes of a node, with their environment.
    NodeProcesses,
    /// The network of a node.
    NodeNetwork,
    /// The IPC of a node.
    NodeIpc,
}

impl Goal {
    /// Whether root on the node includes it.
    pub(crate) fn within_node_root(&self) -> bool {
        matches!(self, Self::NodeTokens | Self::NodeProcesses | Self::NodeNetwork | Self::NodeIpc)
    }
}

impl std::fmt::Display for Goal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ClusterAdmin => "cluster-admin",
            Self::AllSecrets => "all Secrets",
            Self::NodeRoot => "node root",
            Self::NodeTokens => "tokens on its node",
            Self::NamespaceSecrets => "Secrets of a namespace",
            Self::Workload(name) => return write!(f, "code in {}", model::escape(name)),
            Self::NodeProcesses => "processes of its node",
            Self::NodeNetwork => "network of its node",
            Self::NodeIpc => "IPC of its node",
        })
    }
}

/// A goal with its value (0 to 100) and the states that are it.
pub(crate) struct Valued {
    pub(crate) goal: Goal,
    pub(crate) value: f64,
    pub(crate) states: Vec<StateId>,
}

/// How many workloads with a value of their own are followed as goals.
const MOST_WORKLOADS: usize = 50;

/// The goals of a world, most valuable first.
pub(crate) fn all(world: &World<'_>, graph: &Graph) -> Vec<Valued> {
    let one = |goal, value, state| Valued { goal, value, states: graph.find(state).into_iter().collect() };
    let mut goals = vec![
        one(Goal::ClusterAdmin, 100.0, State::ClusterAdmin),
        one(Goal::AllSecrets, 60.0, State::Secrets(0)),
        one(Goal::NodeRoot, 40.0, State::AnyNode),
        one(Goal::NodeTokens, 30.0, State::NodeTokens),
        one(Goal::NodeProcesses, 10.0, State::NodeProcesses),
        one(Goal::NodeNetwork, 10.0, State::NodeNetwork),
        one(Goal::NodeIpc, 5.0, State::NodeIpc),
    ];
    let scopes = world.scopes.iter().filter(|(scope, _)| *scope != 0);
    let states = scopes.filter_map(|(scope, _)| graph.find(State::Secrets(scope))).collect();
    goals.push(Valued { goal: Goal::NamespaceSecrets, value: 20.0, states });
    let mut valued: Vec<(u8, u32)> =
        (0..).zip(&world.workloads).filter_map(|(at, w)| Some((w.value?, at))).collect();
    valued.sort_by_key(|(value, at)| (std::cmp::Reverse(*value), *at));
    for (value, at) in valued.into_iter().take(MOST_WORKLOADS) {
        goals.push(one(Goal::Workload(world.name(at)), f64::from(value), State::Exec(at)));
    }
    goals.retain(|goal| !goal.states.is_empty());
    goals.sort_by(|a, b| b.value.total_cmp(&a.value).then_with(|| a.goal.cmp(&b.goal)));
    goals
}
