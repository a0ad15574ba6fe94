//! One format per file: findings and items rendered. Nothing is decided here.
#![deny(missing_docs)]

mod document;
mod findings;
mod formats;
mod layout;
mod prefix;

pub use document::{
    Document, FindingEntry, FixEntry, GapEntry, HeadlineEntry, ItemEntry, PlanEntry, RingEntry,
    SCHEMA_VERSION, StepEntry,
};
pub use findings::{FINDINGS_FORMATS, Findings, FindingsFormat};
pub use formats::{FORMATS, Format, Options, why};
pub use layout::hanging;
pub use prefix::shortest;

/// What a document is made from.
pub struct Input<'a> {
    /// Name and version of the program.
    pub tool: &'a str,
    /// How many resources and pods were looked at.
    pub resources: u64,
    /// What the coverage of resources counts: `files` or `kinds`.
    pub unit: &'a str,
    /// The ranked items.
    pub assessment: risk::Assessment,
    /// Plain findings of all engines.
    pub findings: Vec<model::Finding>,
    /// What is wrong with what was read.
    pub diagnostics: &'a [model::Diagnostic],
    /// What was looked at and what was not.
    pub coverage: &'a model::Coverage,
    /// Where evidence is, as `file:line` or in words.
    pub place: &'a dyn Fn(&model::Evidence) -> String,
}
