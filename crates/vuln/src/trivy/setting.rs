//! What writers are given beside the report: clock, version, environment, a template, a source of ids.

use crate::template::{TemplateError, World};

/// Everything a writer may use that is not in the report.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// Clock, environment and version.
    pub world: World,
    /// The text of `--template`.
    pub template: Option<String>,
    /// What ids are made from: another number, other ids.
    pub seed: u128,
}

/// Why a report is not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The format needs one.
    #[error("--format template needs a --template")]
    NoTemplate,
    /// The template is at fault.
    #[error(transparent)]
    Template(#[from] TemplateError),
}
