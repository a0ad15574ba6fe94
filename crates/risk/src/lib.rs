//! Facts to attack steps to paths to ranked items and cheapest fixes.
//!
//! A [`Ranking`] is a pure value: made of a snapshot and facts, it gives an [`Assessment`]. Steps are Horn clauses
//! ([`STEPS`]), goals have values, the cheapest proof per entry and goal is found by Knuth's algorithm, tiers come
//! from a written table ([`TABLE`]), and each fix is measured by removing its steps and searching again.
#![deny(missing_docs)]

mod cut;
mod fixes;
mod goal;
mod graph;
mod image_facts;
mod item;
#[cfg(test)]
mod laws;
mod proof;
mod rank;
mod repair;
mod steps;
#[cfg(test)]
mod testing;
mod tier;
mod world;

pub use cut::{Plan, RankedFix};
pub use fixes::{FIXES, FixKind};
pub use goal::Goal;
pub use image_facts::{IMAGE_FACTS, read_image_facts};
pub use item::{Item, StepLine};
pub use rank::{Entry, Risk};
pub use steps::{STEPS, Step};
pub use tier::{Row, TABLE, Tier};

use model::{Coverage, Evidence, Fact, Finding, Fix, Gap, ResourceRef, Ring, Target};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;
use snapshot::Snapshot;

/// What a [`Ranking`] is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// For how many items fixes are measured; the rest have none.
    pub measured: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { measured: 10 }
    }
}

/// What happened when a fix was tried on a copy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rehearsal {
    /// How many requests from the audit log were replayed.
    pub replayed: u64,
    /// What went wrong, in words.
    pub breaks: Vec<String>,
}

/// Rehearsals by the fix's key.
pub type Rehearsals = std::collections::BTreeMap<String, Rehearsal>;

/// The answer: what to fix first, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Assessment {
    /// Risk from outside.
    pub risk: Risk,
    /// The most valuable goal that is in reach of any workload, with how many lead there and how many of these the
    /// internet gets into directly.
    pub headline: Option<Headline>,
    /// Ranked.
    pub items: Vec<Item>,
    /// Fixes after which no path from outside is known.
    pub plan: Plan,
    /// What was joined and what was not.
    pub coverage: Coverage,
    /// Size of the graph.
    pub graph: GraphSize,
}

impl Assessment {
    /// What the steps of its items point at.
    pub fn on_paths(&self) -> OnPaths {
        let mut on = OnPaths::default();
        for step in self.items.iter().flat_map(|item| &item.steps) {
            on.resources.extend(step.resource().cloned());
            on.evidence.entry(step.evidence.clone()).or_default().push(step.text.clone());
        }
        on
    }
}

/// What lies on some item's path: a finding about it needs no line of its own.
#[derive(Clone, Debug, Default)]
pub struct OnPaths {
    resources: FxHashSet<ResourceRef>,
    /// The words of the steps that a piece of evidence backs.
    evidence: FxHashMap<Evidence, Vec<String>>,
}

impl OnPaths {
    /// Whether a step points at what the finding is about, at the very field, or at this vulnerability.
    pub fn hold(&self, finding: &Finding) -> bool {
        if let Target::Workload(about) | Target::Resource(about) = &finding.target
            && self.resources.contains(about)
        {
            return true;
        }
        let Some(steps) = self.evidence.get(&finding.evidence) else { return false };
        let instance = finding.instance.as_deref().unwrap_or_default();
        let names = |text: &String| text.split([' ', ',']).any(|word| word == instance);
        !matches!(finding.evidence, Evidence::Document { .. }) || steps.iter().any(names)
    }
}

/// The first sentence of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Headline {
    /// The goal.
    pub goal: Goal,
    /// Workloads that lead to it.
    pub workloads: usize,
    /// Those the internet gets into directly.
    pub from_internet: usize,
}

/// Size of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct GraphSize {
    /// States.
    pub states: usize,
    /// Steps.
    pub edges: usize,
}

/// Everything joined and searched once, to be assessed again as soon as more is known of the fixes.
pub struct Ranking<'a> {
    searches: rank::Searches<'a>,
    groups: Vec<rank::Group>,
    trials: cut::Trials,
    measured: usize,
}

impl<'a> Ranking<'a> {
    /// Joins facts to a snapshot, draws the attack graph and ranks what can happen.
    pub fn new(snapshot: &'a Snapshot, facts: &'a [Fact], options: &Options) -> Self {
        let searches = rank::Searches::new(world::World::new(snapshot, facts));
        let groups = searches.groups();
        let trials = cut::Trials::new(&searches.graph);
        Self { searches, groups, trials, measured: options.measured }
    }

    /// The fixes of the measured items and of the plan, to be rehearsed.
    pub fn proposals(&mut self) -> Vec<Fix> {
        let Self { searches, groups, trials, measured } = self;
        let none = Rehearsals::new();
        let mut fixes: Vec<RankedFix> =
            groups.iter().take(*measured).flat_map(|group| trials.fixes_of(searches, group, &none)).collect();
        fixes.extend(trials.plan(searches, groups, &none).steps);
        fixes.into_iter().map(|ranked| ranked.fix).collect()
    }

    /// What to fix first, given what rehearsals of the fixes showed. What was tried once is not searched again.
    pub fn assess(&mut self, rehearsed: &Rehearsals) -> Assessment {
        let Self { searches, groups, trials, measured } = self;
        let items = groups.iter().enumerate().map(|(at, group)| {
            let wanted = at < *measured;
            let fixes = if wanted { trials.fixes_of(searches, group, rehearsed) } else { Vec::new() };
            item::write(searches, group, fixes)
        });
        Assessment {
            items: items.collect(),
            headline: headline(searches),
            plan: trials.plan(searches, groups, rehearsed),
            coverage: coverage(&searches.world),
            graph: GraphSize { states: searches.graph.states().len(), edges: searches.graph.edges.len() },
            risk: searches.outside(),
        }
    }
}

/// Ranks what can happen, with no fix rehearsed.
pub fn assess(snapshot: &Snapshot, facts: &[Fact], options: &Options) -> Assessment {
    Ranking::new(snapshot, facts, options).assess(&Rehearsals::new())
}

fn headline(searches: &rank::Searches<'_>) -> Option<Headline> {
    (0..searches.goals.len()).find_map(|at| {
        let tails = searches.tails(at, Entry::Foothold);
        let from_internet =
            searches.leading(&tails).filter(|w| searches.directly(Entry::Internet, *w)).count();
        let (goal, workloads) = (searches.goals.get(at)?.goal.clone(), searches.leading(&tails).count());
        (workloads > 0).then_some(Headline { goal, workloads, from_internet })
    })
}

/// How many images were scanned, how many signatures looked for, where pods run, and which facts found no place.
fn coverage(world: &world::World<'_>) -> Coverage {
    let mut coverage = Coverage::default();
    let images: std::collections::BTreeMap<String, (bool, bool)> =
        world.workloads.iter().flat_map(|w| &w.images).fold(Default::default(), |mut all, image| {
            let known: &mut (bool, bool) = all.entry(image.id.to_string()).or_default();
            known.0 |= image.scanned;
            known.1 |= image.provenance.is_some();
            all
        });
    let total = images.len() as u64;
    coverage.count(Ring::Images, images.values().filter(|(scanned, _)| *scanned).count() as u64, total);
    coverage.count(Ring::Signatures, images.values().filter(|(_, signed)| *signed).count() as u64, total);
    if world.snapshot.pods().is_empty() && !world.workloads.is_empty() {
        coverage.gap(Gap {
            ring: Ring::Nodes,
            what: "which pods share a node".into(),
            why: "manifests do not say where pods run".into(),
            asked: false,
            help: Some("run against the cluster, or on a saved snapshot of it".into()),
        });
    }
    let mut lost: std::collections::BTreeMap<&str, u64> = Default::default();
    for (_, why) in &world.unjoined {
        *lost.entry(why).or_default() += 1;
    }
    for (why, count) in lost {
        coverage.gap(Gap {
            ring: Ring::Resources,
            what: format!("{count} facts"),
            why: why.to_owned(),
            asked: false,
            help: None,
        });
    }
    coverage
}
