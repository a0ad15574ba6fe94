//! Static description of whatever can produce a finding.

use crate::Severity;
use serde::Serialize;

/// An item of a public catalogue a rule answers to (`CIS 5.1.2`, `NSA`, `PSS baseline`, `AVD-KSV-0017`, `T1611`).
pub type Control = &'static str;

/// What a finding is an instance of. Docs page, `explain`, SARIF rule and `--list` derive from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Stable id: `area/kebab-case`.
    pub id: &'static str,
    /// One line, sentence case, no full stop.
    pub title: &'static str,
    /// How bad on its own, before anything is joined.
    pub severity: Severity,
    /// Catalogue items it answers to.
    pub controls: &'static [Control],
    /// Why it matters and what to do, in Markdown.
    pub explain: &'static str,
}
