//! What a fix is worth: the graph without the steps it removes, measured again.

use crate::Rehearsals;
use crate::fixes;
use crate::goal::Valued;
use crate::graph::{EdgeId, FixId, Graph, StateId};
use crate::proof::{self, Proofs};
use crate::rank::{Entry, Group, Searches, over_network};
use crate::repair::{self, Removed, Repaired};
use model::Fix;
use rustc_hash::FxHashMap;
use serde::Serialize;
use std::collections::BTreeSet;

/// A fix with what it leaves.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RankedFix {
    /// The fix.
    #[serde(flatten)]
    pub fix: Fix,
    /// Risk from outside that remains.
    pub residual: f64,
    /// How many of the item's paths it cuts.
    pub cuts: usize,
    /// How many paths the item has.
    pub of: usize,
    /// How many requests from the audit log were replayed against it; `None` when it was not tried.
    pub replayed: Option<u64>,
    #[serde(skip)]
    pub(crate) id: FixId,
}

impl RankedFix {
    /// With what its rehearsal showed.
    fn after(mut self, rehearsed: &Rehearsals) -> Self {
        if let Some(rehearsal) = rehearsed.get(&self.fix.key) {
            self.replayed = Some(rehearsal.replayed);
            self.fix.breaks.extend(rehearsal.breaks.iter().cloned());
        }
        self
    }

    /// Effort, with breaking something counted as three more.
    pub fn cost(&self) -> f64 {
        f64::from(self.fix.effort) + if self.fix.breaks.is_empty() { 0.0 } else { 3.0 }
    }
}

/// Which edges each fix removes.
pub(crate) struct Removals {
    by_fix: Vec<Vec<EdgeId>>,
}

impl Removals {
    pub(crate) fn new(graph: &Graph) -> Self {
        let mut by_fix: Vec<Vec<EdgeId>> = Vec::new();
        for (at, edge) in graph.edges.iter().enumerate() {
            for fix in graph.removers(edge) {
                let slot = *fix as usize;
                if by_fix.len() <= slot {
                    by_fix.resize_with(slot + 1, Vec::new);
                }
                by_fix[slot].push(at as EdgeId);
            }
        }
        Self { by_fix }
    }

    fn of(&self, fix: FixId) -> &[EdgeId] {
        self.by_fix.get(fix as usize).map_or(&[], Vec::as_slice)
    }

    /// Everything these fixes remove.
    fn all(&self, fixes: &[FixId], graph: &Graph) -> Removed {
        Removed::of(fixes.iter().flat_map(|fix| self.of(*fix)).copied(), graph)
    }

    fn touches(&self, fixes: &[FixId], edge: EdgeId) -> bool {
        fixes.iter().any(|fix| self.of(*fix).contains(&edge))
    }
}

/// Tries sets of fixes on the graph, each once.
pub(crate) struct Trials {
    removals: Removals,
    /// Tails by goal and entry.
    tails: FxHashMap<(usize, Entry), Proofs>,
    residuals: FxHashMap<Vec<FixId>, f64>,
    /// Paths left, by goal (those of a group that does not begin outside by its tail, too).
    paths: FxHashMap<(usize, Option<u64>, Vec<FixId>), usize>,
}

impl Trials {
    pub(crate) fn new(graph: &Graph) -> Self {
        Self {
            removals: Removals::new(graph),
            tails: FxHashMap::default(),
            residuals: FxHashMap::default(),
            paths: FxHashMap::default(),
        }
    }

    /// Risk from outside that some fixes leave.
    fn residual(&mut self, searches: &Searches<'_>, fixes: &[FixId]) -> f64 {
        if let Some(known) = self.residuals.get(fixes) {
            return *known;
        }
        let left = searches.outside_without(&self.removals.all(fixes, &searches.graph));
        self.residuals.insert(fixes.to_vec(), left);
        left
    }

    /// How many paths some fixes leave: from outside all of them to a goal, else those of a group.
    fn paths(
        &mut self,
        searches: &Searches<'_>,
        goal: usize,
        inside_of: Option<&Group>,
        fixes: &[FixId],
    ) -> usize {
        let key = (goal, inside_of.map(|group| group.tail), fixes.to_vec());
        if let Some(known) = self.paths.get(&key) {
            return *known;
        }
        let of_group = inside_of.map(|group| [group.entry]);
        let entries = of_group.as_ref().map_or(&[Entry::Internet, Entry::PushAccess][..], |one| one);
        for entry in entries {
            let tails = self.tails.entry((goal, *entry));
            tails.or_insert_with(|| searches.tails(goal, *entry));
        }
        let removed = self.removals.all(fixes, &searches.graph);
        let tails = |entry| self.tails.get(&(goal, entry));
        let left = match inside_of {
            Some(group) => tails(group.entry).map_or(0, |tails| inside(searches, group, tails, &removed)),
            None => entries.iter().filter_map(|e| Some(outside(searches, *e, tails(*e)?, &removed))).sum(),
        };
        self.paths.insert(key, left);
        left
    }

    /// A fix on top of others that are already chosen.
    fn measure(
        &mut self,
        searches: &Searches<'_>,
        goal: usize,
        inside_of: Option<&Group>,
        chosen: &[FixId],
        id: FixId,
        rehearsed: &Rehearsals,
    ) -> Option<RankedFix> {
        let key = searches.graph.fix_key(id)?;
        let with: Vec<FixId> = chosen.iter().copied().chain([id]).collect();
        let before = self.paths(searches, goal, inside_of, chosen);
        let left = self.paths(searches, goal, inside_of, &with);
        let residual = self.residual(searches, &with);
        let fix = fixes::write(&searches.world, key);
        let cuts = before.saturating_sub(left);
        Some(RankedFix { fix, residual, cuts, of: before, replayed: None, id }.after(rehearsed))
    }

    /// Fixes that remove a step of the group's path, best first. Those that cut nothing are left out.
    pub(crate) fn fixes_of(
        &mut self,
        searches: &Searches<'_>,
        group: &Group,
        rehearsed: &Rehearsals,
    ) -> Vec<RankedFix> {
        let before = self.residual(searches, &[]);
        let inside_of = Some(group).filter(|group| !group.entry.outside());
        let candidates = candidates(&searches.graph, &group.edges).into_iter();
        let mut out: Vec<RankedFix> = candidates
            .filter_map(|id| self.measure(searches, group.goal, inside_of, &[], id, rehearsed))
            .filter(|fix| fix.cuts > 0 || fix.residual < before - 1e-9)
            .collect();
        let gain = |fix: &RankedFix| {
            let share = fix.cuts as f64 / fix.of.max(1) as f64;
            ((before - fix.residual).max(0.0) + share) / fix.cost()
        };
        out.sort_by(|a, b| gain(b).total_cmp(&gain(a)).then_with(|| a.fix.title.cmp(&b.fix.title)));
        out
    }

    /// The cheapest proof that is left of each goal, the most valuable first.
    fn remaining(&self, searches: &Searches<'_>, fixes: &[FixId]) -> Vec<(usize, Vec<EdgeId>)> {
        let after = searches.outside_after(&self.removals.all(fixes, &searches.graph));
        let best = |goal: &Valued| {
            let states = goal.states.iter().copied().filter(|state| after.reached(*state));
            states.min_by(|a, b| after.cost(*a).total_cmp(&after.cost(*b)))
        };
        let goals = searches.goals.iter().enumerate();
        let mut left: Vec<(usize, f64, StateId)> = goals
            .filter_map(|(at, goal)| best(goal).map(|state| (at, goal.value * after.ease(state), state)))
            .collect();
        left.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let proof = |state| proof::proof(&searches.graph, |s| after.via(s), state);
        left.into_iter().map(|(goal, _, state)| (goal, proof(state))).collect()
    }

    /// The implicit hitting-set loop: find the most valuable remaining proof, take the fix on it that leaves least
    /// for its cost, search again.
    pub(crate) fn plan(&mut self, searches: &Searches<'_>, groups: &[Group], rehearsed: &Rehearsals) -> Plan {
        let mut chosen: Vec<FixId> = Vec::new();
        let mut plan = Plan { steps: Vec::new(), residual: self.residual(searches, &[]) };
        while plan.residual > 1e-9 && chosen.len() < LONGEST {
            let open = |group: &&Group| {
                group.entry.outside() && !group.edges.iter().any(|edge| self.removals.touches(&chosen, *edge))
            };
            let ranked = groups.iter().filter(open).map(|group| (group.goal, group.edges.clone()));
            // Ways round what was fixed are in no group: those were no one's cheapest.
            let round = std::iter::once_with(|| self.remaining(searches, &chosen)).flatten();
            let fixable =
                ranked.chain(round).map(|(goal, edges)| (goal, candidates(&searches.graph, &edges)));
            let Some((goal, candidates)) = fixable.into_iter().find(|(_, fixes)| !fixes.is_empty()) else {
                break;
            };
            let best = candidates
                .into_iter()
                .filter_map(|id| self.measure(searches, goal, None, &chosen, id, rehearsed));
            let gain = |fix: &RankedFix| (plan.residual - fix.residual) / fix.cost();
            let Some(best) =
                best.max_by(|a, b| gain(a).total_cmp(&gain(b)).then_with(|| b.fix.title.cmp(&a.fix.title)))
            else {
                break;
            };
            chosen.push(best.id);
            plan.residual = best.residual;
            plan.steps.push(best);
        }
        plan
    }
}

/// Members of the group from which its goal is still reached once someone is there.
fn inside(searches: &Searches<'_>, group: &Group, tails: &Proofs, removed: &Removed) -> usize {
    let graph = &searches.graph;
    let reached = Repaired::new(searches.reached(group.entry), graph);
    let tails = repair::backward(graph, tails, &reached, over_network, removed);
    group.members(graph).filter(|state| tails.reached(*state)).count()
}

/// Paths from an entry: each workload it still gets into that leads to the goal, and the way through none.
fn outside(searches: &Searches<'_>, entry: Entry, tails: &Proofs, removed: &Removed) -> usize {
    let Searches { graph, inside, .. } = searches;
    let base = searches.reached(entry);
    let reached = repair::forward(graph, base, removed);
    let after = repair::backward(graph, tails, &reached, over_network, removed);
    let leads = |state: StateId| reached.reached(state) && after.reached(state);
    let through = inside.iter().filter(|(_, state)| leads(*state)).count();
    let straight = |start: &StateId| {
        leads(*start) && !proof::tail(graph, |s| after.via(s), *start).iter().any(|id| searches.enters(id))
    };
    through + usize::from(searches.start(entry).is_some_and(|start| straight(&start)))
}

/// The fixes that remove a step of a path, in a stable order.
fn candidates(graph: &Graph, path: &[EdgeId]) -> BTreeSet<FixId> {
    let edges = path.iter().filter_map(|id| graph.edge(*id));
    edges.flat_map(|edge| graph.removers(edge)).copied().collect()
}

/// A set of fixes after which no path from outside is known, or as far as it got.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The fixes, in the order to apply them, each with the risk that remains after it.
    pub steps: Vec<RankedFix>,
    /// Risk that remains after the last.
    pub residual: f64,
}

/// How many fixes a plan has at most.
const LONGEST: usize = 8;
