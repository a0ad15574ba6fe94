//! The report as a value: what json prints, text renders and the next run remembers.
//!
//! This is the versioned schema (docs/schema/risk.v1.json). Fields are added, never renamed or removed, within a
//! version.

use crate::Input;
use model::{Edit, Evidence, Fix};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Version of the schema.
pub const SCHEMA_VERSION: u32 = 1;

/// A whole report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Program and version.
    pub tool: String,
    /// How many resources and pods were looked at.
    pub resources: u64,
    /// What the coverage of resources counts: `files` of manifests or `kinds` of a cluster.
    pub unit: String,
    /// The first sentence, as values; absent when nothing of value is in reach.
    pub headline: Option<HeadlineEntry>,
    /// Risk from outside: sum over goals of value (0 to 100) times ease (0 to 1).
    pub risk: f64,
    /// Ranked items.
    pub items: Vec<ItemEntry>,
    /// Fixes after which no path from outside is known, as far as it got.
    pub plan: PlanEntry,
    /// Every finding.
    pub findings: Vec<FindingEntry>,
    /// What was looked at.
    pub coverage: Vec<RingEntry>,
    /// What was not.
    pub gaps: Vec<GapEntry>,
    /// What is wrong with what was read, as `file:line: message`.
    pub diagnostics: Vec<String>,
}

/// The first sentence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeadlineEntry {
    /// The most valuable goal in reach.
    pub goal: String,
    /// How many workloads lead to it.
    pub workloads: usize,
    /// How many of these the internet gets into directly.
    pub from_internet: usize,
}

/// A ranked item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemEntry {
    /// Stable id.
    pub id: String,
    /// `NOW`, `THIS WEEK`, `PLANNED` or `WATCH`.
    pub tier: String,
    /// The row of the tier table that decided.
    pub why: String,
    /// `internet`, `push access` or `foothold`.
    pub entry: String,
    /// Workloads it passes, in order.
    pub through: Vec<String>,
    /// Where it ends.
    pub goal: String,
    /// Goals reached on the way.
    pub on_the_way: Vec<String>,
    /// Probability of the likeliest way, 0 to 1.
    pub ease: f64,
    /// What the goal is worth, 0 to 100.
    pub value: f64,
    /// A step was seen happening.
    pub in_progress: bool,
    /// `confirmed`, `inferred` or `assumed`: of the weakest step.
    pub confidence: String,
    /// Workloads that share the weakness.
    pub workloads: Vec<String>,
    /// Identities whose credentials share it, where that is how it begins.
    pub identities: Vec<String>,
    /// The steps in order.
    pub steps: Vec<StepEntry>,
    /// Fixes, best first.
    pub fixes: Vec<FixEntry>,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepEntry {
    /// Id of the attack step.
    pub step: String,
    /// MITRE ATT&CK technique.
    pub attack: String,
    /// The step in plain words.
    pub text: String,
    /// Where to look: `file:line`, or the source in words.
    pub place: String,
    /// Probability that it succeeds, 0 to 1.
    pub ease: f64,
    /// `confirmed`, `inferred` or `assumed`.
    pub confidence: String,
    /// Nobody looked whether it is possible.
    pub guessed: bool,
    /// The detection rule that saw it happen, and where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<(String, String)>,
}

/// A fix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FixEntry {
    /// Stable key.
    pub key: String,
    /// What to do.
    pub title: String,
    /// `field`, `object` or `policy`.
    pub grain: String,
    /// 1 one line to 5 a change of the application.
    pub effort: u8,
    /// What it is known to break.
    pub breaks: Vec<String>,
    /// Machine-applicable edits, as JSON Patch would say them; empty when a person must do it.
    pub edits: Vec<serde_json::Value>,
    /// Risk from outside that remains.
    pub residual: f64,
    /// How many of the item's paths it cuts.
    pub cuts: usize,
    /// How many paths the item has.
    pub of: usize,
    /// How many requests from the audit log were replayed against it; absent when it was not tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replayed: Option<u64>,
}

/// A plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanEntry {
    /// Fixes in the order to apply them.
    pub steps: Vec<FixEntry>,
    /// Risk that remains after the last.
    pub residual: f64,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingEntry {
    /// Stable id.
    pub id: String,
    /// The rule's id.
    pub rule: String,
    /// The loaded rule or advisory, when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Severity on its own.
    pub severity: String,
    /// What it is about.
    pub target: String,
    /// What is wrong.
    pub message: String,
    /// Where to look.
    pub place: String,
    /// Whether it lies on an item's path.
    pub on_path: bool,
}

/// How much of a ring was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingEntry {
    /// Ring.
    pub ring: String,
    /// Seen.
    pub seen: u64,
    /// Of so many.
    pub total: u64,
}

/// Something that was not looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapEntry {
    /// Ring.
    pub ring: String,
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
    /// Whether it was asked for.
    pub asked: bool,
    /// What would close it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// Two decimals are what these figures are good for.
fn rounded(figure: f64) -> f64 {
    (figure * 100.0).round() / 100.0
}

/// The word serde writes for a unit variant.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

impl Document {
    /// Builds the document from what the engines found.
    pub fn new(input: Input<'_>) -> Self {
        let Input { assessment, findings, coverage, place, .. } = input;
        let on_paths = assessment.on_paths();
        let findings = findings.into_iter().map(|finding| FindingEntry {
            id: finding.id(),
            rule: finding.rule.id.to_owned(),
            severity: finding.severity.to_string(),
            target: finding.target.to_string(),
            place: place(&finding.evidence),
            on_path: on_paths.hold(&finding),
            message: escaped(finding.message),
            instance: finding.instance,
        });
        let rings = coverage.seen.iter();
        Self {
            schema_version: SCHEMA_VERSION,
            tool: input.tool.to_owned(),
            resources: input.resources,
            unit: input.unit.to_owned(),
            headline: assessment.headline.map(|h| HeadlineEntry {
                goal: h.goal.to_string(),
                workloads: h.workloads,
                from_internet: h.from_internet,
            }),
            risk: rounded(assessment.risk.total),
            items: assessment.items.into_iter().map(|item| ItemEntry::new(item, place)).collect(),
            plan: PlanEntry {
                steps: assessment.plan.steps.into_iter().map(FixEntry::new).collect(),
                residual: rounded(assessment.plan.residual),
            },
            findings: findings.collect(),
            coverage: rings
                .map(|(ring, seen, total)| RingEntry { ring: word(ring), seen: *seen, total: *total })
                .collect(),
            gaps: coverage.gaps.iter().map(gap).collect(),
            diagnostics: input.diagnostics.iter().map(diagnostic).collect(),
        }
    }
}

/// Safe to print; what is so already stays where it is.
fn escaped(text: String) -> String {
    match model::escape(&text) {
        Cow::Owned(escaped) => escaped,
        Cow::Borrowed(_) => text,
    }
}

fn gap(gap: &model::Gap) -> GapEntry {
    GapEntry {
        ring: word(&gap.ring),
        what: model::escape(&gap.what).into_owned(),
        why: model::escape(&gap.why).into_owned(),
        asked: gap.asked,
        help: gap.help.clone(),
    }
}

fn diagnostic(diagnostic: &model::Diagnostic) -> String {
    let place = match diagnostic.position {
        Some(at) => format!("{}:{}:{}", diagnostic.document, at.line, at.column),
        None => diagnostic.document.to_string(),
    };
    let help = diagnostic.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
    model::escape(&format!("{place}: {}: {}{help}", word(&diagnostic.level), diagnostic.message)).into_owned()
}

impl ItemEntry {
    fn new(item: risk::Item, place: &dyn Fn(&Evidence) -> String) -> Self {
        let steps = item.steps.into_iter().map(|step| StepEntry {
            step: step.step.to_owned(),
            attack: step.attack.to_owned(),
            text: step.text,
            place: place(&step.evidence),
            ease: step.ease,
            confidence: word(&step.confidence),
            guessed: step.guessed,
            seen: step.seen.map(|(rule, at)| (escaped(rule), place(&at))),
        });
        let all = |names: Vec<String>| names.into_iter().map(escaped).collect();
        Self {
            id: item.id,
            tier: item.tier.to_string(),
            why: item.why.to_owned(),
            entry: item.entry.to_string(),
            through: all(item.through),
            goal: item.goal.to_string(),
            on_the_way: item.on_the_way.iter().map(ToString::to_string).collect(),
            ease: item.ease,
            value: item.value,
            in_progress: item.in_progress,
            confidence: word(&item.confidence),
            workloads: all(item.workloads),
            identities: all(item.identities),
            steps: steps.collect(),
            fixes: item.fixes.into_iter().map(FixEntry::new).collect(),
        }
    }
}

impl FixEntry {
    fn new(ranked: risk::RankedFix) -> Self {
        let Fix { key, title, grain, effort, breaks, edits } = ranked.fix;
        Self {
            key,
            title: escaped(title),
            grain: word(&grain),
            effort,
            breaks: breaks.into_iter().map(escaped).collect(),
            edits: edits.iter().filter_map(|edit: &Edit| serde_json::to_value(edit).ok()).collect(),
            residual: rounded(ranked.residual),
            cuts: ranked.cuts,
            of: ranked.of,
            replayed: ranked.replayed,
        }
    }
}
