//! What comes out: one verdict for each PolicyRule that applies.

use std::sync::Arc;

/// What a PolicyRule says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// The object is as the rule wants it.
    Allow,
    /// The rule matched, and does not apply: preconditions or anchors say so.
    Skip,
    /// The object is not as the rule wants it, and the rule only warns.
    Warn,
    /// The object is not as the rule wants it.
    Deny,
    /// The rule could not be judged; never to be taken for a pass.
    Error,
}

/// What follows from a denial.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Enforcement {
    /// It is reported.
    #[default]
    Audit,
    /// The request is refused.
    Enforce,
}

/// The verdict of one PolicyRule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleVerdict {
    /// Name of the rule, `autogen-` included.
    pub rule: Arc<str>,
    /// What it says.
    pub verdict: Verdict,
    /// In the words of the policy's own engine.
    pub message: String,
    /// JSON pointer of the field at fault, where one is known.
    pub pointer: Option<String>,
    /// What a denial means here.
    pub enforcement: Enforcement,
    /// Whether the policy's author counts a denial as a failure in reports, not as a warning.
    pub scored: bool,
}

/// What an evaluation lacks from the world. The shell fetches with the policy author's rights, adds the answers to
/// the request and evaluates again.
///
/// No rule asks yet: those that would are errors. The shape is here so that callers are written for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Lookup {
    /// A ConfigMap, put under `variable`.
    ConfigMap {
        /// Name the rule gives it.
        variable: String,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
}

/// The verdicts of one policy on one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evaluation {
    /// One per rule that applies, in the policy's order.
    pub verdicts: Vec<RuleVerdict>,
    /// What must be looked up before the rest can be judged; empty when everything was.
    pub needs: Vec<Lookup>,
}
