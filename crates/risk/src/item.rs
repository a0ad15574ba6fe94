//! An item: one way to something that hurts, in plain steps, with what to do about it.

use crate::cut::RankedFix;
use crate::goal::Goal;
use crate::graph::State;
use crate::rank::{Entry, Group, Searches};
use crate::steps;
use crate::tier::Tier;
use model::{Confidence, Evidence, ResourceRef};
use serde::Serialize;

/// One way to something that hurts.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// Stable id over step ids and names.
    pub id: String,
    /// When to act.
    pub tier: Tier,
    /// Which row of the table decided.
    pub why: &'static str,
    /// Where it begins.
    pub entry: Entry,
    /// Whose credential it begins with, and the workloads it passes, in order.
    pub through: Vec<String>,
    /// Where it ends.
    pub goal: Goal,
    /// Goals reached on the way.
    pub on_the_way: Vec<Goal>,
    /// Probability of the likeliest way.
    pub ease: f64,
    /// What the goal is worth, 0 to 100.
    pub value: f64,
    /// A step was seen happening.
    pub in_progress: bool,
    /// How sure its weakest step is.
    pub confidence: Confidence,
    /// Workloads that share the weakness; the first stands for them.
    pub workloads: Vec<String>,
    /// Identities whose credentials share it, where that is how it begins.
    pub identities: Vec<String>,
    /// The steps.
    pub steps: Vec<StepLine>,
    /// Fixes, best first.
    pub fixes: Vec<RankedFix>,
}

/// One step in words.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepLine {
    /// Id of the attack step.
    pub step: &'static str,
    /// MITRE ATT&CK technique.
    pub attack: &'static str,
    /// The step here, in plain words; safe to print.
    pub text: String,
    /// Where to look.
    pub evidence: Evidence,
    /// Probability that it succeeds.
    pub ease: f64,
    /// How sure it is that it is possible.
    pub confidence: Confidence,
    /// Nobody looked whether it is.
    pub guessed: bool,
    /// The DetectionRule that saw it happen, and where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<(String, Evidence)>,
}

impl StepLine {
    /// The resource the evidence points at.
    pub fn resource(&self) -> Option<&ResourceRef> {
        match &self.evidence {
            Evidence::Field { resource, .. } => Some(resource),
            _ => None,
        }
    }
}

/// Steps nobody needs to be told: being on the pod network, being a member of what was granted.
fn silent(searches: &Searches<'_>, edge: &crate::graph::Edge) -> bool {
    matches!(searches.graph.what(edge.head), State::PodNetwork | State::NamespaceNetwork(_) | State::Zone(_))
}

pub(crate) fn write(searches: &Searches<'_>, group: &Group, fixes: Vec<RankedFix>) -> Item {
    let (world, graph) = (&searches.world, &searches.graph);
    let goal_of = |at: usize| searches.goals.get(at).map(|goal| goal.goal.clone());
    let mut steps_out = Vec::new();
    let mut through = Vec::new();
    if group.entry == Entry::Foothold {
        through.extend(group.workloads.first().map(|w| world.name(*w)));
    }
    let who = |at: &u32| world.identities.get(*at).map(ToString::to_string).unwrap_or_default();
    let identities: Vec<String> = group.people.iter().map(who).collect();
    through.extend(identities.first().cloned());
    for edge in group.edges.iter().filter_map(|id| graph.edge(*id)) {
        if let State::Exec(workload) = graph.what(edge.head) {
            through.push(world.name(workload));
        }
        if silent(searches, edge) {
            continue;
        }
        let line = steps::describe(world, graph, edge);
        steps_out.push(StepLine {
            step: steps::of(edge).id,
            attack: steps::of(edge).attack,
            text: model::escape(&line.text).into_owned(),
            evidence: line.evidence,
            // The graph computes in f32; a reader needs no digits that are not there.
            ease: (f64::from(edge.ease) * 1e6).round() / 1e6,
            confidence: edge.confidence,
            guessed: edge.guessed,
            seen: steps::observation(world, graph, edge),
        });
    }
    through.dedup();
    let entry = group.entry.to_string();
    let goal = goal_of(group.goal).unwrap_or(Goal::ClusterAdmin);
    let value = searches.goals.get(group.goal).map_or(0.0, |goal| goal.value);
    let goal_name = goal.to_string();
    let texts = steps_out.iter().flat_map(|step| [step.step, named(&step.evidence)]);
    let id = model::stable_id(
        [entry.as_str(), goal_name.as_str()]
            .into_iter()
            .chain(through.iter().map(String::as_str))
            .chain(texts),
    );
    Item {
        id,
        tier: group.tier,
        why: group.why,
        entry: group.entry,
        through,
        goal,
        on_the_way: group.on_the_way.iter().filter_map(|at| goal_of(*at)).collect(),
        ease: (group.ease() * 1e6).round() / 1e6,
        value,
        in_progress: group.observed,
        confidence: group.confidence,
        identities,
        workloads: group.workloads.iter().map(|w| world.name(*w)).collect(),
        steps: steps_out,
        fixes,
    }
}

/// The name in the evidence, for ids: never a position.
fn named(evidence: &Evidence) -> &str {
    match evidence {
        Evidence::Field { resource, .. } => &resource.name,
        _ => "",
    }
}
