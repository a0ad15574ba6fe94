//! Facts to attack steps to paths to ranked items and cheapest fixes.
//!
//! [`assess`] is a pure function: a snapshot and facts in, an [`Assessment`] out. Steps are Horn clauses
//! ([`STEPS`]), goals have values, the cheapest proof per entry and goal is found by Knuth's algorithm, tiers come
//! from a written table ([`TABLE`]), and each fix is measured by removing its steps and searching again.
#![deny(missing_docs)]

mod cut;
mod fixes;
mod goal;
mod graph;
mod image_facts;
mod item;
mod proof;
mod rank;
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

use model::{Coverage, Fact, Finding, Gap, Ring, Target};
use serde::Serialize;
use snapshot::Snapshot;

/// What [`assess`] is asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// For how many items fixes are measured; the rest name the fixes of their path unmeasured.
    pub measured: usize,
    /// What rehearsals of fixes showed, by the fix's key.
    pub rehearsed: Rehearsals,
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

impl Default for Options {
    fn default() -> Self {
        Self { measured: 10, rehearsed: Rehearsals::new() }
    }
}

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
    /// Every fix that was measured.
    pub fn fixes(&self) -> impl Iterator<Item = &model::Fix> {
        let of_items = self.items.iter().flat_map(|item| &item.fixes);
        of_items.chain(&self.plan.steps).map(|ranked| &ranked.fix)
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

/// Ranks what can happen.
pub fn assess(snapshot: &Snapshot, facts: &[Fact], options: &Options) -> Assessment {
    let world = world::World::new(snapshot, facts);
    let graph = steps::graph(&world);
    let goals = goal::all(&world, &graph);
    let searches = rank::Searches::new(&world, &graph, &goals);
    let removals = cut::Removals::new(&graph);
    let groups = searches.groups();
    let risk = searches.outside(&proof::Mask::default());
    let measured = groups.iter().enumerate().map(|(at, group)| {
        let fixes = if at < options.measured {
            cut::fixes_of(&searches, &removals, group, risk.total, &options.rehearsed)
        } else {
            Vec::new()
        };
        item::write(&searches, group, fixes)
    });
    Assessment {
        items: measured.collect(),
        headline: headline(&searches),
        plan: cut::plan(&searches, &removals, &groups, &options.rehearsed),
        coverage: coverage(&world),
        graph: GraphSize { states: graph.states().len(), edges: graph.edges.len() },
        risk,
    }
}

fn headline(searches: &rank::Searches<'_, '_>) -> Option<Headline> {
    (0..searches.goals.len()).find_map(|at| {
        let leading = searches.leading_to(at, &proof::Mask::default());
        let from_internet = leading.iter().filter(|w| searches.directly(Entry::Internet, **w)).count();
        let goal = searches.goals.get(at)?.goal.clone();
        (!leading.is_empty()).then_some(Headline { goal, workloads: leading.len(), from_internet })
    })
}

/// Whether a finding is about something that lies on one of the items' paths: then it needs no line of its own.
pub fn on_a_path(items: &[Item], finding: &Finding) -> bool {
    let (Target::Workload(about) | Target::Resource(about)) = &finding.target else { return false };
    items.iter().any(|item| item.steps.iter().any(|step| step.resource().is_some_and(|r| r == about)))
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
