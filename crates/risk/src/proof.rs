//! Cheapest proofs: Knuth's generalisation of Dijkstra's algorithm to steps with several premises.
//!
//! Costs are negative logarithms of probabilities, so the cheapest proof is the likeliest attack. Both searches
//! are near-linear in the edges; ties are broken by edge order, so the same graph gives the same proof.

use crate::graph::{Edge, EdgeId, Graph, State, StateId};
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

/// For every state its cheapest cost and the edge it comes by (or, searched backwards, goes on by).
#[derive(Clone, Debug)]
pub(crate) struct Proofs {
    cost: Vec<f32>,
    via: Vec<EdgeId>,
}

pub(crate) const NONE: EdgeId = EdgeId::MAX;

impl Proofs {
    fn new(states: usize) -> Self {
        Self { cost: vec![f32::INFINITY; states], via: vec![NONE; states] }
    }

    /// Whether the state can be reached at all.
    pub(crate) fn reached(&self, state: StateId) -> bool {
        self.cost(state).is_finite()
    }

    pub(crate) fn cost(&self, state: StateId) -> f32 {
        self.cost.get(state as usize).copied().unwrap_or(f32::INFINITY)
    }

    /// Probability of the cheapest proof; 0 when there is none.
    pub(crate) fn ease(&self, state: StateId) -> f64 {
        f64::from(-self.cost(state)).exp()
    }

    /// The edge of the cheapest proof; `None` for where the search began and for what it did not reach.
    pub(crate) fn via(&self, state: StateId) -> Option<EdgeId> {
        self.via.get(state as usize).copied().filter(|edge| *edge != NONE)
    }

    fn improve(&mut self, state: StateId, cost: f32, via: EdgeId) -> bool {
        let at = state as usize;
        let better = cost < self.cost[at];
        if better {
            self.cost[at] = cost;
            self.via[at] = via;
        }
        better
    }
}

/// Cost as a totally ordered key (costs are never NaN and never negative, so the bits order as the numbers do).
pub(crate) fn key(cost: f32) -> u32 {
    cost.to_bits()
}

/// From where the attacker is to everything that follows.
pub(crate) fn forward(graph: &Graph, axioms: &[StateId]) -> Proofs {
    let mut proofs = Proofs::new(graph.states().len());
    let mut done = vec![false; graph.states().len()];
    let mut queue = BinaryHeap::new();
    for state in axioms {
        if proofs.improve(*state, 0.0, NONE) {
            queue.push(Reverse((key(0.0), *state)));
        }
    }
    while let Some(Reverse((_, state))) = queue.pop() {
        if std::mem::replace(&mut done[state as usize], true) {
            continue;
        }
        for id in graph.out(state) {
            let edge = &graph.edges[*id as usize];
            if done[edge.head as usize] || !edge.body().iter().all(|b| done[*b as usize]) {
                continue;
            }
            let cost = edge.cost() + edge.body().iter().map(|b| proofs.cost(*b)).sum::<f32>();
            if proofs.improve(edge.head, cost, *id) {
                queue.push(Reverse((key(cost), edge.head)));
            }
        }
    }
    proofs
}

/// From everything to the goals: what it costs to go on from a state, its other premises taken from `reached`.
///
/// The search stops at states for which `stop` says so: their own cost is known, what leads to them is not asked.
pub(crate) fn backward(
    graph: &Graph,
    goals: &[StateId],
    reached: &Proofs,
    stop: fn(State) -> bool,
) -> Proofs {
    let mut tails = Proofs::new(graph.states().len());
    let mut done = vec![false; graph.states().len()];
    let mut queue = BinaryHeap::new();
    for goal in goals {
        if tails.improve(*goal, 0.0, NONE) {
            queue.push(Reverse((key(0.0), *goal)));
        }
    }
    while let Some(Reverse((_, state))) = queue.pop() {
        let stops = stop(graph.what(state)) && tails.via(state).is_some();
        if std::mem::replace(&mut done[state as usize], true) || stops {
            continue;
        }
        for id in graph.into(state) {
            let edge = &graph.edges[*id as usize];
            for from in edge.body() {
                let cost = tails.cost(state) + edge.cost() + others(edge, *from, |b| reached.cost(b));
                if cost.is_finite() && !done[*from as usize] && tails.improve(*from, cost, *id) {
                    queue.push(Reverse((key(cost), *from)));
                }
            }
        }
    }
    tails
}

/// What the premises of a step cost beside one of them.
pub(crate) fn others(edge: &Edge, from: StateId, cost: impl Fn(StateId) -> f32) -> f32 {
    edge.body().iter().filter(|b| **b != from).map(|b| cost(*b)).sum()
}

/// The edges of the cheapest proof of `state`, premises before conclusions, each once; each state's last one is given
/// by `via`.
pub(crate) fn proof(graph: &Graph, via: impl Fn(StateId) -> Option<EdgeId>, state: StateId) -> Vec<EdgeId> {
    let mut out = Vec::new();
    let mut seen = BTreeSet::new();
    // An explicit stack: (state, premises already expanded).
    let mut stack = vec![(state, false)];
    while let Some((state, expanded)) = stack.pop() {
        let Some(id) = via(state) else { continue };
        if expanded {
            out.push(id);
        } else if seen.insert(state) {
            stack.push((state, true));
            let body = graph.edge(id).map(Edge::body).unwrap_or(&[]);
            stack.extend(body.iter().rev().map(|b| (*b, false)));
        }
    }
    out
}

/// The edges from `state` on to a goal, each state's next one given by `via`.
pub(crate) fn tail(graph: &Graph, via: impl Fn(StateId) -> Option<EdgeId>, state: StateId) -> Vec<EdgeId> {
    let mut out = Vec::new();
    let mut at = state;
    while let Some(id) = via(at).filter(|_| out.len() < 64) {
        out.push(id);
        at = graph.edge(id).map_or(at, |edge| edge.head);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::NewEdge;
    use model::Confidence;

    fn graph(edges: &[(&[State], State, f64)]) -> Graph {
        let mut graph = Graph::default();
        for (from, to, ease) in edges {
            let confidence = Confidence::Confirmed;
            graph.add(NewEdge { from, to: *to, ease: *ease, confidence, args: [0, 0], fixes: &[] });
        }
        graph.close();
        graph
    }

    fn ease_of(graph: &Graph, from: &[State], to: State) -> f64 {
        let axioms: Vec<_> = from.iter().filter_map(|s| graph.find(*s)).collect();
        let proofs = forward(graph, &axioms);
        (proofs.ease(graph.find(to).unwrap()) * 1000.0).round() / 1000.0
    }

    #[test]
    fn the_likelier_of_two_ways_wins() {
        let g = graph(&[
            (&[State::Internet], State::Net(0), 0.5),
            (&[State::Net(0)], State::Exec(0), 0.5),
            (&[State::Internet], State::Exec(0), 0.2),
        ]);
        assert_eq!(ease_of(&g, &[State::Internet], State::Exec(0)), 0.25);
    }

    #[test]
    fn all_premises_must_hold() {
        let g = graph(&[
            (&[State::Internet], State::Acts(1), 0.5),
            (&[State::Acts(1), State::AnyNode], State::ClusterAdmin, 0.8),
        ]);
        assert_eq!(ease_of(&g, &[State::Internet], State::ClusterAdmin), 0.0);
        assert_eq!(ease_of(&g, &[State::Internet, State::AnyNode], State::ClusterAdmin), 0.4);
    }

    #[test]
    fn cycles_end() {
        let g = graph(&[
            (&[State::Exec(0)], State::Acts(0), 0.9),
            (&[State::Acts(0)], State::Exec(0), 0.9),
            (&[State::Acts(0)], State::ClusterAdmin, 0.9),
        ]);
        assert_eq!(ease_of(&g, &[State::Exec(0)], State::ClusterAdmin), 0.81);
    }

    #[test]
    fn a_tail_takes_other_premises_from_the_forward_search_and_stops() {
        let g = graph(&[
            (&[State::Internet], State::AnyNode, 0.5),
            (&[State::Exec(0)], State::Acts(1), 0.5),
            (&[State::Acts(1), State::AnyNode], State::ClusterAdmin, 0.8),
            (&[State::Exec(1)], State::Exec(0), 0.5),
        ]);
        let id = |s| g.find(s).unwrap();
        let fwd = forward(&g, &[id(State::Internet)]);
        let stop = |s: State| matches!(s, State::Exec(_));
        let tails = backward(&g, &[id(State::ClusterAdmin)], &fwd, stop);
        assert!((tails.ease(id(State::Exec(0))) - 0.2).abs() < 1e-6);
        assert!(!tails.reached(id(State::Exec(1))), "the search stops at the first workload");
        assert_eq!(tail(&g, |s| tails.via(s), id(State::Exec(0))), [1, 2]);
    }

    #[test]
    fn a_proof_lists_premises_first_and_each_once() {
        let g = graph(&[
            (&[State::Internet], State::Net(0), 0.5),
            (&[State::Net(0)], State::Acts(0), 0.5),
            (&[State::Net(0)], State::AnyNode, 0.5),
            (&[State::Acts(0), State::AnyNode], State::ClusterAdmin, 0.5),
        ]);
        let fwd = forward(&g, &[g.find(State::Internet).unwrap()]);
        assert_eq!(proof(&g, |s| fwd.via(s), g.find(State::ClusterAdmin).unwrap()), [0, 1, 2, 3]);
    }
}
