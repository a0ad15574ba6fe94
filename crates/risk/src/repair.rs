//! Steps taken away from a finished search: only what came by them is searched again.
//!
//! Taking steps away never makes a proof cheaper, so whatever does not lean on one of them keeps its cost. What does
//! lean on one is found by following the proofs themselves, and searched again among the rest. The costs are those
//! of a search from the beginning; a fix is measured in the time of what it changes.

use crate::graph::{Edge, EdgeId, Graph, State, StateId};
use crate::proof::{NONE, Proofs, key, others};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Edges that are taken away.
#[derive(Clone, Debug, Default)]
pub(crate) struct Removed {
    edges: Vec<EdgeId>,
    bits: Vec<u64>,
}

impl Removed {
    pub(crate) fn of(edges: impl IntoIterator<Item = EdgeId>, graph: &Graph) -> Self {
        let mut removed = Self { edges: Vec::new(), bits: vec![0; graph.edges.len() / 64 + 1] };
        for edge in edges {
            if !removed.hides(edge) {
                removed.bits[edge as usize / 64] |= 1 << (edge % 64);
                removed.edges.push(edge);
            }
        }
        removed
    }

    fn hides(&self, edge: EdgeId) -> bool {
        self.bits.get(edge as usize / 64).is_some_and(|word| word & (1 << (edge % 64)) != 0)
    }
}

/// The new cost of a state, and the edge it comes by.
#[derive(Clone, Copy, Debug)]
struct New {
    cost: f32,
    via: EdgeId,
    done: bool,
}

/// A finished search with some states' costs replaced.
pub(crate) struct Repaired<'p> {
    base: &'p Proofs,
    /// For each state the place of its new cost in `new`, counted from 1; 0 where nothing changed.
    place: Vec<u32>,
    new: Vec<New>,
    /// The states with a new cost, in the order of `new`.
    changed: Vec<StateId>,
    queue: BinaryHeap<Reverse<(u32, StateId)>>,
}

impl<'p> Repaired<'p> {
    /// The search as it was.
    pub(crate) fn new(base: &'p Proofs, graph: &Graph) -> Self {
        let place = vec![0; graph.states().len()];
        Self { base, place, new: Vec::new(), changed: Vec::new(), queue: BinaryHeap::new() }
    }

    fn at(&self, state: StateId) -> Option<usize> {
        self.place.get(state as usize).and_then(|place| (*place as usize).checked_sub(1))
    }

    fn get(&self, state: StateId) -> Option<&New> {
        self.at(state).and_then(|at| self.new.get(at))
    }

    fn get_mut(&mut self, state: StateId) -> Option<&mut New> {
        self.at(state).and_then(|at| self.new.get_mut(at))
    }

    pub(crate) fn reached(&self, state: StateId) -> bool {
        self.cost(state).is_finite()
    }

    pub(crate) fn cost(&self, state: StateId) -> f32 {
        self.get(state).map_or_else(|| self.base.cost(state), |new| new.cost)
    }

    /// Probability of the cheapest proof; 0 when there is none.
    pub(crate) fn ease(&self, state: StateId) -> f64 {
        f64::from(-self.cost(state)).exp()
    }

    pub(crate) fn via(&self, state: StateId) -> Option<EdgeId> {
        match self.get(state) {
            Some(new) => Some(new.via).filter(|via| *via != NONE),
            None => self.base.via(state),
        }
    }

    /// Takes a state's proof away, if it goes by this edge.
    fn lose(&mut self, state: StateId, via: EdgeId) {
        if self.base.via(state) == Some(via) && self.at(state).is_none() {
            self.new.push(New { cost: f32::INFINITY, via: NONE, done: false });
            self.changed.push(state);
            self.place[state as usize] = self.new.len() as u32;
        }
    }

    /// Whether the state's cost is the final one.
    fn settled(&self, state: StateId) -> bool {
        self.get(state).is_none_or(|new| new.done)
    }

    fn improve(&mut self, state: StateId, cost: f32, via: EdgeId) {
        if let Some(new) = self.get_mut(state).filter(|new| !new.done && cost < new.cost) {
            (new.cost, new.via) = (cost, via);
            self.queue.push(Reverse((key(cost), state)));
        }
    }

    /// The next cheapest state, now settled.
    fn next(&mut self) -> Option<StateId> {
        while let Some(Reverse((_, state))) = self.queue.pop() {
            if let Some(new) = self.get_mut(state).filter(|new| !new.done) {
                new.done = true;
                return Some(state);
            }
        }
        None
    }
}

/// [`crate::proof::forward`] without the removed edges.
pub(crate) fn forward<'p>(graph: &Graph, base: &'p Proofs, removed: &Removed) -> Repaired<'p> {
    let mut after = Repaired::new(base, graph);
    let edge = |id: EdgeId| &graph.edges[id as usize];
    removed.edges.iter().for_each(|id| after.lose(edge(*id).head, *id));
    let mut at = 0;
    while let Some(state) = after.changed.get(at).copied() {
        graph.out(state).iter().for_each(|id| after.lose(edge(*id).head, *id));
        at += 1;
    }
    let come = |after: &mut Repaired<'_>, id: EdgeId| {
        let edge = edge(id);
        if !removed.hides(id) && edge.body().iter().all(|b| after.settled(*b)) {
            let cost = edge.cost() + edge.body().iter().map(|b| after.cost(*b)).sum::<f32>();
            after.improve(edge.head, cost, id);
        }
    };
    for at in 0..after.changed.len() {
        graph.into(after.changed[at]).iter().for_each(|id| come(&mut after, *id));
    }
    while let Some(state) = after.next() {
        graph.out(state).iter().for_each(|id| come(&mut after, *id));
    }
    after
}

/// [`crate::proof::backward`] without the removed edges, the other premises taken from `reached`.
pub(crate) fn backward<'p>(
    graph: &Graph,
    base: &'p Proofs,
    reached: &Repaired<'_>,
    stop: fn(State) -> bool,
    removed: &Removed,
) -> Repaired<'p> {
    let mut after = Repaired::new(base, graph);
    let edge = |id: EdgeId| &graph.edges[id as usize];
    let leave = |after: &mut Repaired<'_>, id: EdgeId| {
        edge(id).body().iter().for_each(|from| after.lose(*from, id));
    };
    removed.edges.iter().for_each(|id| leave(&mut after, *id));
    // A premise that costs more now makes the step dearer for those who hold the other.
    for state in &reached.changed {
        let joint = |id: &&EdgeId| edge(**id).body().len() > 1;
        graph.out(*state).iter().filter(joint).for_each(|id| leave(&mut after, *id));
    }
    let mut at = 0;
    while let Some(state) = after.changed.get(at).copied() {
        graph.into(state).iter().for_each(|id| leave(&mut after, *id));
        at += 1;
    }
    let cost = |after: &Repaired<'_>, edge: &Edge, from: StateId| {
        after.cost(edge.head) + edge.cost() + others(edge, from, |b| reached.cost(b))
    };
    let stops = |state: StateId| stop(graph.what(state)) && base.via(state).is_some();
    for at in 0..after.changed.len() {
        let state = after.changed[at];
        for id in graph.out(state).iter().filter(|id| !removed.hides(**id)) {
            let edge = edge(*id);
            if after.settled(edge.head) && !stops(edge.head) {
                let cost = cost(&after, edge, state);
                after.improve(state, cost, *id);
            }
        }
    }
    while let Some(state) = after.next() {
        if stops(state) {
            continue;
        }
        for id in graph.into(state).iter().filter(|id| !removed.hides(**id)) {
            let edge = edge(*id);
            for from in edge.body() {
                let cost = cost(&after, edge, *from);
                after.improve(*from, cost, *id);
            }
        }
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::NewEdge;
    use crate::proof;
    use model::Confidence;
    use proptest::prelude::*;

    /// States 0 to 11 are workloads; those from 8 on stand for ports, where tails stop.
    fn state(at: u32) -> State {
        if at < 8 { State::Exec(at) } else { State::Net(at) }
    }

    fn stop(state: State) -> bool {
        matches!(state, State::Net(_))
    }

    type Step = (Vec<u32>, u32, u8);

    /// All states exist in any case, so that two graphs number them alike.
    fn graph(steps: &[Step]) -> Graph {
        let mut graph = Graph::default();
        (0..12).for_each(|at| {
            graph.state(state(at));
        });
        for (from, to, ease) in steps {
            let from: Vec<State> = from.iter().map(|at| state(*at)).collect();
            let (ease, confidence) = (f64::from(*ease) / 4.0, Confidence::Confirmed);
            graph.add(NewEdge { from: &from, to: state(*to), ease, confidence, args: [0, 0], fixes: &[] });
        }
        graph.close();
        graph
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        prop::collection::vec((prop::collection::vec(0..12u32, 1..=2), 0..12u32, 1..=4u8), 1..40)
    }

    proptest! {
        #[test]
        fn a_repaired_search_costs_what_a_new_one_does(steps in steps(), gone in prop::collection::vec(any::<bool>(), 40)) {
            let full = graph(&steps);
            let left: Vec<Step> = steps.iter().zip(&gone).filter(|(_, gone)| !**gone).map(|(s, _)| s.clone()).collect();
            let left = graph(&left);
            let removed = (0..).zip(&steps).zip(&gone).filter(|(_, gone)| **gone).map(|((at, _), _)| at);
            let removed = Removed::of(removed, &full);

            let base = proof::forward(&full, &[0, 1]);
            let (want, got) = (proof::forward(&left, &[0, 1]), forward(&full, &base, &removed));
            let tails = proof::backward(&full, &[3, 9], &base, stop);
            let want_tails = proof::backward(&left, &[3, 9], &want, stop);
            let got_tails = backward(&full, &tails, &got, stop, &removed);
            for at in 0..12 {
                prop_assert_eq!(want.cost(at), got.cost(at), "forward {}", at);
                prop_assert_eq!(want_tails.cost(at), got_tails.cost(at), "backward {}", at);
                let hidden = |via: Option<EdgeId>| via.is_some_and(|via| removed.hides(via));
                prop_assert!(!hidden(got.via(at)) && !hidden(got_tails.via(at)));
            }
        }
    }

    #[test]
    fn nothing_removed_changes_nothing() {
        let graph = graph(&[(vec![0], 1, 2), (vec![1], 2, 2)]);
        let base = proof::forward(&graph, &[0]);
        let after = forward(&graph, &base, &Removed::default());
        assert!(after.changed.is_empty() && after.reached(2));
    }

    #[test]
    fn a_cycle_does_not_keep_itself_alive() {
        let graph = graph(&[(vec![0], 1, 4), (vec![1], 2, 4), (vec![2], 1, 4)]);
        let base = proof::forward(&graph, &[0]);
        let after = forward(&graph, &base, &Removed::of([0], &graph));
        assert!(!after.reached(1) && !after.reached(2) && after.reached(0));
    }
}
