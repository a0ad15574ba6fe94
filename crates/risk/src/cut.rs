//! What a fix is worth: the graph without the steps it removes, measured again.

use crate::Rehearsals;
use crate::fixes;
use crate::graph::{EdgeId, FixId, Graph};
use crate::proof::Mask;
use crate::rank::{Entry, Group, Searches};
use model::Fix;
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

    /// The graph without what these fixes remove.
    pub(crate) fn mask(&self, fixes: &[FixId], graph: &Graph) -> Mask {
        Mask::of(fixes.iter().flat_map(|fix| self.of(*fix)).copied(), graph)
    }
}

/// Fixes that remove a step of the group's path, best first. Those that cut nothing are left out.
pub(crate) fn fixes_of(
    searches: &Searches<'_, '_>,
    removals: &Removals,
    group: &Group,
    before: f64,
    rehearsed: &Rehearsals,
) -> Vec<RankedFix> {
    let graph = searches.graph;
    let edges = group.edges.iter().filter_map(|id| graph.edge(*id));
    let candidates: BTreeSet<FixId> = edges.flat_map(|edge| graph.removers(edge)).copied().collect();
    let paths = Paths::new(searches, group, &Mask::default());
    let mut out = Vec::new();
    for id in candidates {
        let Some(key) = graph.fix_key(id) else { continue };
        let mask = removals.mask(&[id], graph);
        let left = Paths::new(searches, group, &mask);
        let cuts = paths.cut_by(&left);
        let residual = searches.outside(&mask).total;
        if cuts > 0 || residual < before - 1e-9 {
            let fix = fixes::write(searches.world, key);
            out.push(RankedFix { fix, residual, cuts, of: paths.len(), replayed: None, id }.after(rehearsed));
        }
    }
    let gain = |fix: &RankedFix| {
        let share = fix.cuts as f64 / fix.of.max(1) as f64;
        ((before - fix.residual).max(0.0) + share) / fix.cost()
    };
    out.sort_by(|a, b| gain(b).total_cmp(&gain(a)).then_with(|| a.fix.title.cmp(&b.fix.title)));
    out
}

/// The paths of an item: from outside all of them to its goal, from a foothold those of its workloads.
enum Paths {
    Outside(rustc_hash::FxHashSet<(Entry, u32)>),
    Inside(Vec<u32>),
}

impl Paths {
    fn new(searches: &Searches<'_, '_>, group: &Group, mask: &Mask) -> Self {
        if group.entry == Entry::Foothold {
            let leading = searches.leading_to(group.goal, mask);
            Self::Inside(group.workloads.iter().filter(|w| leading.contains(w)).copied().collect())
        } else {
            Self::Outside(searches.paths(group.goal, mask))
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Outside(pairs) => pairs.len(),
            Self::Inside(workloads) => workloads.len(),
        }
    }

    fn cut_by(&self, left: &Self) -> usize {
        self.len().saturating_sub(left.len())
    }
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

/// The implicit hitting-set loop: find the most valuable remaining proof, take the fix on it that leaves least for
/// its cost, search again.
pub(crate) fn plan(
    searches: &Searches<'_, '_>,
    removals: &Removals,
    groups: &[Group],
    rehearsed: &Rehearsals,
) -> Plan {
    let graph = searches.graph;
    let mut chosen: Vec<FixId> = Vec::new();
    let mut plan = Plan { steps: Vec::new(), residual: searches.outside(&Mask::default()).total };
    while plan.residual > 1e-9 && chosen.len() < LONGEST {
        let mask = removals.mask(&chosen, graph);
        let open = groups.iter().find(|group| {
            group.entry != Entry::Foothold
                && !group.edges.iter().any(|edge| mask_hides(removals, &chosen, *edge))
        });
        let Some(group) = open else { break };
        let edges = group.edges.iter().filter_map(|id| graph.edge(*id));
        let candidates: BTreeSet<FixId> = edges.flat_map(|edge| graph.removers(edge)).copied().collect();
        let before = Paths::new(searches, group, &mask);
        let best = candidates.into_iter().filter_map(|id| {
            let mut with = chosen.clone();
            with.push(id);
            let mask = removals.mask(&with, graph);
            let residual = searches.outside(&mask).total;
            let fix = fixes::write(searches.world, graph.fix_key(id)?);
            let cuts = before.cut_by(&Paths::new(searches, group, &mask));
            Some(RankedFix { fix, residual, cuts, of: before.len(), replayed: None, id }.after(rehearsed))
        });
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

fn mask_hides(removals: &Removals, chosen: &[FixId], edge: EdgeId) -> bool {
    chosen.iter().any(|fix| removals.of(*fix).contains(&edge))
}
