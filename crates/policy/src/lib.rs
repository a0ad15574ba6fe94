//! Admission policies against a request, to verdicts.
//!
//! A policy document is lowered once to rules of our own; a request is judged by them without files, network or
//! clock. What is not understood is an error verdict, never a pass.
#![deny(missing_docs)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::string_slice, clippy::arithmetic_side_effects))]

mod condition;
mod go;
mod images;
mod jmespath;
mod judge;
pub mod kyverno;
pub mod pattern;
mod request;
mod rule;
mod selection;
mod template;
mod verdict;

pub use judge::{Judged, RULES, Row, judge};
pub use request::{Operation, Request, User};
pub use rule::{Policy, evaluate};
pub use verdict::{Enforcement, Evaluation, Lookup, RuleVerdict, Verdict};

use model::Diagnostic;
use serde_json::Value;

/// Why a document is no policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// Its kind is not one this engine reads.
    #[error("{api_version} {kind} is no policy kind this version reads")]
    Kind {
        /// `apiVersion` as written.
        api_version: String,
        /// `kind` as written.
        kind: String,
    },
}

/// Whether a document is of a policy kind, read or not yet read: such a document must never be passed over.
pub fn is_policy(document: &Value) -> bool {
    let text = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or_default();
    let group = model::ResourceRef::group_of(text("apiVersion"));
    let kind = text("kind");
    match group {
        "kyverno.io" => matches!(kind, "ClusterPolicy" | "Policy"),
        "policies.kyverno.io" => kind.ends_with("Policy"),
        "admissionregistration.k8s.io" => {
            matches!(kind, "ValidatingAdmissionPolicy" | "MutatingAdmissionPolicy")
        }
        _ => false,
    }
}

/// Lowers a policy document.
///
/// Rules that are not understood stay in the policy and give error verdicts; each has a diagnostic.
///
/// # Errors
/// The document is of no kind this engine reads.
pub fn compile(document: &Value) -> Result<(Policy, Vec<Diagnostic>), CompileError> {
    let text = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let group = model::ResourceRef::group_of(api_version);
    if kyverno::KINDS.contains(&(group, kind)) {
        return Ok(kyverno::compile(document));
    }
    Err(CompileError::Kind { api_version: api_version.to_owned(), kind: kind.to_owned() })
}
