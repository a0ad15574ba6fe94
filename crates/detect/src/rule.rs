//! A detection rule, as every dialect is lowered to.

use crate::condition::Expr;
use crate::output::Template;
use serde::Serialize;
use std::fmt;
use std::sync::Arc;

/// How urgent a rule's author finds it. Order: most urgent first, as the reference numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Priority {
    /// System is unusable.
    Emergency,
    /// Act at once.
    Alert,
    /// Critical.
    Critical,
    /// Error.
    Error,
    /// Warning.
    Warning,
    /// Normal but significant.
    Notice,
    /// Informational.
    Informational,
    /// Debugging.
    Debug,
}

impl Priority {
    /// All of them, most urgent first.
    pub const ALL: [Self; 8] = [
        Self::Emergency,
        Self::Alert,
        Self::Critical,
        Self::Error,
        Self::Warning,
        Self::Notice,
        Self::Informational,
        Self::Debug,
    ];

    /// Reads a name, whatever its case; `info` is `informational`.
    pub fn parse(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("info") {
            return Some(Self::Informational);
        }
        Self::ALL.into_iter().find(|p| text.eq_ignore_ascii_case(p.name()))
    }

    /// Its name as alerts show it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Emergency => "Emergency",
            Self::Alert => "Alert",
            Self::Critical => "Critical",
            Self::Error => "Error",
            Self::Warning => "Warning",
            Self::Notice => "Notice",
            Self::Informational => "Informational",
            Self::Debug => "Debug",
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A detection rule.
#[derive(Clone, Debug)]
pub struct DetectionRule {
    /// Name.
    pub name: String,
    /// What it detects, in words.
    pub desc: String,
    /// Whose events it is about: `syscall`, `k8s_audit`.
    pub source: String,
    /// Priority.
    pub priority: Priority,
    /// Tags, sorted.
    pub tags: Vec<String>,
    /// Whether it is switched on.
    pub enabled: bool,
    /// When it fires; no macros are left in it.
    pub condition: Arc<Expr>,
    /// The condition as it is written, macros and lists not put in.
    pub condition_text: String,
    /// What an alert says.
    pub output: Template,
    /// The output as it is written.
    pub output_text: String,
    /// Names of macros it uses, directly or not, in order of use.
    pub macros: Vec<String>,
    /// File it was read from.
    pub file: Arc<str>,
    /// Byte offset of the YAML document in the file.
    pub document: u64,
    /// JSON pointer in that document.
    pub pointer: String,
}

/// Rules in file order.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    /// The rules, the ones switched off included.
    pub rules: Vec<DetectionRule>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priorities() {
        for (text, want) in [
            ("WARNING", Some(Priority::Warning)),
            ("Info", Some(Priority::Informational)),
            ("informational", Some(Priority::Informational)),
            ("warn", None),
            ("", None),
        ] {
            assert_eq!(Priority::parse(text), want, "{text}");
        }
        assert!(Priority::Emergency < Priority::Debug);
    }
}
