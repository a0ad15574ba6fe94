//! Who can send packets to a workload, and where its own may go, as far as NetworkPolicies say.
//!
//! [`reach`] judges a pair; here the same rules are read for all workloads at once. Workloads of a namespace that the
//! same policies select are alike, so each set of policies is read once. Of ports only this is asked: whether a rule
//! opens any, since a workload may listen on ports that it does not declare.

use super::World;
use crate::graph::Index;
use reach::{Direction, End, Endpoint, Peer, Policy, Port, Rule};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// From where a workload takes packets, and where it may send them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// Some policy selects it for ingress.
    pub(crate) limited: bool,
    /// From outside the cluster.
    pub(crate) internet: bool,
    /// From any pod.
    pub(crate) cluster: bool,
    /// From pods of these namespaces.
    pub(crate) namespaces: Vec<Index>,
    /// From these workloads.
    pub(crate) workloads: Vec<Index>,
    /// Where its own packets go.
    pub(crate) leaves: Leaves,
}

/// Where the packets of a workload may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Leaves {
    /// Anywhere in the cluster.
    #[default]
    Anywhere,
    /// To the workloads of a [`Zone`].
    Zone(Index),
}

/// What some workloads of a namespace may send to, because the same policies say so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Zone {
    /// The namespace of the senders.
    pub(crate) scope: Index,
    /// Workloads their packets may go to, sorted.
    pub(crate) receivers: Vec<Index>,
}

impl Zone {
    /// Whether their packets go nowhere.
    pub(crate) fn is_empty(&self) -> bool {
        self.receivers.is_empty()
    }
}

/// Past this many receivers a sender counts as one that may send anywhere, which errs to the careful side.
const MOST_RECEIVERS: usize = 4_096;

impl Reach {
    /// Whether anything inside the cluster can send it packets.
    pub(crate) fn inside(&self) -> bool {
        self.cluster || !self.namespaces.is_empty() || !self.workloads.is_empty()
    }
}

/// Works out every workload's reach.
pub(crate) fn judge(world: &mut World<'_>) {
    let mut reaches: Vec<Reach> = Vec::with_capacity(world.workloads.len());
    let mut zones = Vec::new();
    let mut known: FxHashMap<(Index, Vec<usize>), Reach> = FxHashMap::default();
    let mut scope_of: FxHashMap<&Arc<str>, Index> = FxHashMap::default();
    scope_of.extend(world.scopes.iter().map(|(at, name)| (name, at)));
    for workload in &world.workloads {
        let policies = world.policies.policies(&workload.endpoint.workload.namespace);
        let selects = |policy: &Policy| {
            !workload.endpoint.host_network && policy.selects.matches(&workload.endpoint.labels)
        };
        let selecting: Vec<usize> =
            (0..).zip(policies).filter(|(_, p)| selects(p)).map(|(at, _)| at).collect();
        let reach = known.entry((workload.scope, selecting)).or_insert_with_key(|(scope, selecting)| {
            let policies: Vec<&Policy> = selecting.iter().filter_map(|at| policies.get(*at)).collect();
            let mut reach = enters(world, *scope, &policies);
            if let Some(zone) = leaves(world, *scope, &policies) {
                reach.leaves = Leaves::Zone(zones.len() as Index);
                zones.push(zone);
            }
            reach
        });
        reaches.push(reach.clone());
    }
    for (workload, reach) in world.workloads.iter_mut().zip(reaches) {
        workload.reach = reach;
    }
    world.zones = zones;
}

/// Whether packets from outside may come to a port of a workload, itself or through a node that forwards them. Without
/// a port, to any.
pub(crate) fn takes_from_outside(world: &World<'_>, receiver: &Endpoint, port: Option<Port>) -> bool {
    let mut limited = false;
    for (_, rules) in world.policies.limiting(receiver, Direction::Ingress) {
        limited = true;
        let mut open =
            rules.iter().filter(|rule| port.is_none_or(|port| rule.ports.allow(End::Pod(receiver), port)));
        if open.any(|rule| from_outside(rule) || from_all_pods(rule)) {
            return true;
        }
    }
    !limited
}

fn from_outside(rule: &Rule) -> bool {
    let wide = |peer: &Peer| matches!(peer, Peer::Block(block) if block.is_wide());
    rule.peers.as_ref().is_none_or(|peers| peers.iter().any(wide))
}

fn from_all_pods(rule: &Rule) -> bool {
    rule.peers.as_ref().is_none_or(|peers| peers.iter().any(is_all_pods))
}

fn is_all_pods(peer: &Peer) -> bool {
    match peer {
        // Whether a block holds for pods depends on the network plugin: it is taken to.
        Peer::Block(block) => block.may_hold_pods(),
        Peer::Pods { namespaces, pods } => {
            namespaces.as_ref().is_some_and(|s| s.is_empty()) && pods.as_ref().is_none_or(|s| s.is_empty())
        }
    }
}

fn enters(world: &World<'_>, scope: Index, policies: &[&Policy]) -> Reach {
    let mut reach = Reach::default();
    let limiting: Vec<&[Rule]> =
        policies.iter().filter_map(|policy| policy.rules(Direction::Ingress)).collect();
    reach.limited = !limiting.is_empty();
    let rules = || limiting.iter().copied().flatten();
    reach.internet = !reach.limited || rules().any(from_outside);
    reach.cluster = !reach.limited || rules().any(from_all_pods);
    if !reach.cluster {
        for peer in rules().flat_map(|rule| rule.peers.iter().flatten()) {
            match chosen(world, scope, peer) {
                Chosen::Nobody => {}
                Chosen::Namespaces(scopes) => reach.namespaces.extend(scopes),
                Chosen::Workloads(workloads) => reach.workloads.extend(workloads),
            }
        }
    }
    for list in [&mut reach.namespaces, &mut reach.workloads] {
        list.sort_unstable();
        list.dedup();
    }
    reach
}

/// Where packets may go; `None` for anywhere.
fn leaves(world: &World<'_>, scope: Index, policies: &[&Policy]) -> Option<Zone> {
    let limiting: Vec<&[Rule]> =
        policies.iter().filter_map(|policy| policy.rules(Direction::Egress)).collect();
    let rules = || limiting.iter().copied().flatten();
    if limiting.is_empty() || rules().any(from_all_pods) {
        return None;
    }
    let mut receivers = Vec::new();
    for peer in rules().flat_map(|rule| rule.peers.iter().flatten()) {
        match chosen(world, scope, peer) {
            Chosen::Nobody => {}
            Chosen::Namespaces(scopes) => {
                receivers.extend(scopes.into_iter().flat_map(|scope| world.workloads_in(scope)))
            }
            Chosen::Workloads(workloads) => receivers.extend(workloads),
        }
    }
    // Rules that name pods do not hold for pods on the network of their node.
    receivers.retain(|at| world.workload_at(*at).is_some_and(|w| !w.endpoint.host_network));
    receivers.sort_unstable();
    receivers.dedup();
    (receivers.len() <= MOST_RECEIVERS).then_some(Zone { scope, receivers })
}

/// Whom a peer names.
enum Chosen {
    Nobody,
    Namespaces(Vec<Index>),
    Workloads(Vec<Index>),
}

fn chosen(world: &World<'_>, scope: Index, peer: &Peer) -> Chosen {
    let Peer::Pods { namespaces, pods } = peer else { return Chosen::Nobody };
    let scopes: Vec<Index> = match namespaces {
        None => vec![scope],
        Some(selector) => {
            let all = world.scopes.iter().skip(1);
            all.filter(|(_, name)| world.policies.selects_namespace(selector, name))
                .map(|(at, _)| at)
                .collect()
        }
    };
    match pods.as_ref().filter(|selector| !selector.is_empty()) {
        None => Chosen::Namespaces(scopes),
        Some(selector) => {
            let labels =
                |at: &Index| world.workload_at(*at).is_some_and(|w| selector.matches(&w.endpoint.labels));
            let there = scopes.into_iter().flat_map(|scope| world.workloads_in(scope));
            Chosen::Workloads(there.filter(labels).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::State;
    use crate::testing::snapshot;
    use proptest::prelude::*;
    use reach::Allowed;

    fn selector() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "{}",
            "{matchLabels: {k: x}}",
            "{matchExpressions: [{key: k, operator: NotIn, values: [x]}]}",
            "{matchExpressions: [{key: k, operator: Exists}]}",
        ])
    }

    fn peer() -> impl Strategy<Value = String> {
        prop_oneof![
            selector().prop_map(|s| format!("{{podSelector: {s}}}")),
            selector().prop_map(|s| format!("{{namespaceSelector: {s}}}")),
            (selector(), selector())
                .prop_map(|(a, b)| format!("{{namespaceSelector: {a}, podSelector: {b}}}")),
            Just("{ipBlock: {cidr: 192.0.2.0/24}}".to_owned()),
        ]
    }

    fn rules(side: &'static str) -> impl Strategy<Value = String> {
        let rule = prop::collection::vec(peer(), 0..3).prop_map(move |peers| match peers.is_empty() {
            true => "{}".to_owned(),
            false => format!("{{{side}: [{}]}}", peers.join(", ")),
        });
        prop::collection::vec(rule, 0..3).prop_map(|rules| format!("[{}]", rules.join(", ")))
    }

    fn cluster() -> impl Strategy<Value = String> {
        let place = || prop::sample::select(vec!["one", "two"]);
        let label = || prop::sample::select(vec!["", "k: x", "k: z"]);
        let policy = (
            place(),
            selector(),
            rules("from"),
            rules("to"),
            prop::sample::select(vec!["Ingress", "Egress", "Ingress, Egress"]),
        );
        (prop::collection::vec((place(), label()), 2..5), label(), prop::collection::vec(policy, 0..4)).prop_map(
            |(pods, namespace, policies)| {
                let mut text = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: one, labels: {{{namespace}}}}}\n");
                for (at, (place, label)) in pods.iter().enumerate() {
                    text += &format!("---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p{at}, namespace: {place}, labels: {{{label}}}}}\nspec: {{containers: [{{name: c, image: i}}]}}\n");
                }
                for (at, (place, pods, ingress, egress, types)) in policies.iter().enumerate() {
                    text += &format!("---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: q{at}, namespace: {place}}}\nspec: {{podSelector: {pods}, policyTypes: [{types}], ingress: {ingress}, egress: {egress}}}\n");
                }
                text
            },
        )
    }

    /// States that follow from one, over the steps of the pod network alone.
    fn reached(graph: &crate::graph::Graph, from: State, to: State) -> bool {
        let mut seen = vec![from];
        let mut next = 0;
        while let Some(state) = seen.get(next).copied() {
            next += 1;
            for edge in graph.edges.iter().filter(|edge| crate::steps::of(edge).id == "pod-network") {
                let head = graph.what(edge.head);
                let starts = edge.body().iter().all(|body| graph.what(*body) == state);
                if starts && !seen.contains(&head) {
                    seen.push(head);
                }
            }
        }
        seen.contains(&to)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn the_graph_says_of_each_pair_what_the_policies_say(text in cluster()) {
            let snapshot = snapshot(&text);
            let world = World::new(&snapshot, &[]);
            let graph = crate::steps::graph(&world);
            for (from, sender) in (0..).zip(&world.workloads) {
                for (to, receiver) in (0..).zip(&world.workloads).filter(|(to, _)| *to != from) {
                    let allowed = world.policies.allows(End::Pod(&sender.endpoint), End::Pod(&receiver.endpoint), Port::tcp(80));
                    // A block of addresses outside is nobody's in the cluster.
                    let want = allowed == Allowed::Yes;
                    let got = reached(&graph, State::Exec(from), State::Net(to));
                    prop_assert_eq!(got, want, "{} to {} in\n{}", world.name(from), world.name(to), &text);
                }
            }
        }
    }
}
