//! The dialect of Kyverno's `ClusterPolicy` and `Policy`: documents in, lowered policies out.
//!
//! Nothing of Kyverno's shape leaves this module; only its words for verdicts do, for those who print its reports.

mod autogen;
mod check;
mod selection;

use crate::rule::{Check, Enforcements, Override, Policy, PolicyRule};
use crate::selection::Selection;
use crate::template::Text;
use crate::verdict::{Enforcement, RuleVerdict, Verdict};
use model::{Diagnostic, Severity};
use serde_json::Value;
use std::sync::Arc;

/// Kinds this module reads, with their API group.
pub const KINDS: [(&str, &str); 2] = [("kyverno.io", "ClusterPolicy"), ("kyverno.io", "Policy")];

/// Kyverno's word for a verdict in reports and tests; a denial that is not scored is a warning.
pub fn word(verdict: &RuleVerdict) -> &'static str {
    match verdict.verdict {
        Verdict::Allow => "pass",
        Verdict::Deny if !verdict.scored => "warn",
        Verdict::Deny => "fail",
        Verdict::Warn => "warn",
        Verdict::Error => "error",
        Verdict::Skip => "skip",
    }
}

/// Something in a document that is not understood, and where.
pub(crate) struct Unsupported(pub(crate) String);

impl Unsupported {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

pub(crate) type Lowered<T> = Result<T, Unsupported>;

/// Lowers a policy document. Rules that are not understood stay in the policy as errors, each with a diagnostic.
pub(crate) fn compile(document: &Value) -> (Policy, Vec<Diagnostic>) {
    let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let namespaced = text("/kind") == "Policy";
    let namespace = match (namespaced, text("/metadata/namespace")) {
        (false, _) => "",
        (true, "") => "default",
        (true, namespace) => namespace,
    };
    let mut diagnostics = Vec::new();
    let defaults = enforcements(document.get("spec"), "validationFailureAction", &mut diagnostics);
    let rules = autogen::rules(document);
    if rules.is_empty() {
        diagnostics.push(Diagnostic::error("policy/no-rules", "the policy has no rules"));
    }
    let mut rules: Vec<_> = rules.iter().map(|rule| lower(rule, &defaults, &mut diagnostics)).collect();
    for what in around(document, &mut diagnostics) {
        for rule in &mut rules {
            rule.check = Check::Unsupported(what.to_owned());
        }
    }
    let name = text("/metadata/name");
    for diagnostic in &mut diagnostics {
        diagnostic.document = name.into();
    }
    let policy = Policy {
        name: name.into(),
        namespace: namespace.into(),
        kind: text("/kind").into(),
        severity: severity(document),
        scored: annotation(document, "policies.kyverno.io/scored") != Some("false"),
        first_only: text("/spec/applyRules") == "One",
        rules,
    };
    (policy, diagnostics)
}

/// Keys of `spec` that change no verdict, or are read elsewhere.
const SPEC_KEYS: [&str; 15] = [
    "rules",
    "validationFailureAction",
    "validationFailureActionOverrides",
    "applyRules",
    "admission",
    "background",
    "emitWarning",
    "failurePolicy",
    "webhookTimeoutSeconds",
    "webhookConfiguration",
    "schemaValidation",
    "mutateExistingOnPolicyUpdate",
    "generateExisting",
    "generateExistingOnPolicyUpdate",
    "useServerSideApply",
];

/// What stands around the rules, decides on verdicts and is not understood.
fn around(document: &Value, diagnostics: &mut Vec<Diagnostic>) -> Vec<&'static str> {
    let fields = document.get("spec").and_then(Value::as_object).into_iter().flatten();
    for (key, _) in fields.filter(|(key, _)| !SPEC_KEYS.contains(&key.as_str())) {
        diagnostics.push(Diagnostic::warning("policy/unknown-field", format!("spec.{key} is not read")));
    }
    let conditions = document.pointer("/spec/webhookConfiguration/matchConditions").and_then(Value::as_array);
    if conditions.is_none_or(Vec::is_empty) {
        return Vec::new();
    }
    let what = "spec.webhookConfiguration.matchConditions";
    diagnostics.push(Diagnostic::error("policy/unsupported", what));
    vec![what]
}

fn annotation<'d>(document: &'d Value, key: &str) -> Option<&'d str> {
    document.pointer("/metadata/annotations")?.get(key)?.as_str()
}

fn severity(document: &Value) -> Severity {
    match annotation(document, "policies.kyverno.io/severity") {
        Some("critical") => Severity::Critical,
        Some("high") => Severity::High,
        Some("medium") => Severity::Medium,
        Some("low") => Severity::Low,
        _ => Severity::Unknown,
    }
}

fn lower(rule: &Value, defaults: &Enforcements, diagnostics: &mut Vec<Diagnostic>) -> PolicyRule {
    let name: Arc<str> = rule.get("name").and_then(Value::as_str).unwrap_or_default().into();
    let mut own = own_enforcements(rule, defaults, diagnostics);
    let lowered = parts(rule, &name).map(|mut rule| {
        rule.enforcement = std::mem::take(&mut own);
        rule
    });
    match lowered {
        Ok(rule) => rule,
        Err(Unsupported(what)) => {
            let message = format!("rule {name}: {what}");
            diagnostics.push(Diagnostic::error("policy/unsupported", message).help(
                "the rule gives an error verdict for everything it matches; remove it or write it differently",
            ));
            PolicyRule {
                matches: matches(rule).unwrap_or_else(|_| everything()),
                exclude: None,
                check: Check::Unsupported(what),
                enforcement: own,
                name,
                variables: Vec::new(),
                preconditions: crate::condition::Conditions::default(),
                message: None,
                images: false,
            }
        }
    }
}

/// What a rule whose `match` is not understood is about: it might be anything.
fn everything() -> Selection {
    let kinds = vec![crate::selection::KindSelector::parse("*")];
    Selection::Any(vec![crate::selection::Filter { kinds, ..Default::default() }])
}

fn matches(rule: &Value) -> Lowered<Selection> {
    match rule.get("match") {
        Some(block) => selection::lower(block),
        None => Err(Unsupported::new("it has no match")),
    }
}

const RULE_KEYS: [&str; 8] = [
    "name",
    "match",
    "exclude",
    "preconditions",
    "validate",
    "context",
    "skipBackgroundRequests",
    "reportProperties",
];

fn parts(rule: &Value, name: &Arc<str>) -> Lowered<PolicyRule> {
    only(rule, &RULE_KEYS, "")?;
    let Some(validate) = rule.get("validate") else {
        return Err(Unsupported::new("it has no validate"));
    };
    let message = match validate.get("message").and_then(Value::as_str) {
        None | Some("") => None,
        Some(text) => Some(Text::compile(text).map_err(|e| Unsupported(format!("message: {e}")))?),
    };
    Ok(PolicyRule {
        name: name.clone(),
        matches: matches(rule)?,
        exclude: rule.get("exclude").map(selection::lower).transpose()?,
        variables: check::variables(rule.get("context"))?,
        preconditions: check::conditions(rule.get("preconditions"))?,
        check: check::lower(validate)?,
        message,
        enforcement: Enforcements::default(),
        images: rule.to_string().contains("images"),
    })
}

/// Refuses a map with keys that are not in the list: what is not read must not be passed over.
pub(crate) fn only(value: &Value, known: &[&str], place: &str) -> Lowered<()> {
    let Some(fields) = value.as_object() else {
        return Err(Unsupported(format!("{place} is no map").trim_start().to_owned()));
    };
    match fields.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) if place.is_empty() => Err(Unsupported(key.clone())),
        Some(key) => Err(Unsupported(format!("{place}.{key}"))),
        None => Ok(()),
    }
}

fn action(word: &str) -> Option<Enforcement> {
    match word {
        "enforce" | "Enforce" => Some(Enforcement::Enforce),
        "audit" | "Audit" => Some(Enforcement::Audit),
        _ => None,
    }
}

/// What a denial means: the action under `key` and the overrides under `<key>Overrides`.
fn enforcements(block: Option<&Value>, key: &str, diagnostics: &mut Vec<Diagnostic>) -> Enforcements {
    let mut out = Enforcements::default();
    let Some(block) = block else { return out };
    let mut read = |value: Option<&Value>| {
        let word = value.and_then(Value::as_str)?;
        let action = action(word);
        if action.is_none() {
            let message = format!("{key} {word:?} is neither Audit nor Enforce; Audit is assumed");
            diagnostics.push(Diagnostic::warning("policy/failure-action", message));
        }
        action
    };
    out.usual = read(block.get(key)).unwrap_or_default();
    for entry in block.get(format!("{key}Overrides")).and_then(Value::as_array).into_iter().flatten() {
        let Some(action) = read(entry.get("action")) else { continue };
        let selector = entry.get("namespaceSelector").map(selection::labels).transpose();
        out.overrides.push(Override {
            action,
            namespaces: selection::texts(entry.get("namespaces")),
            selector: selector.unwrap_or_default(),
        });
    }
    out
}

fn own_enforcements(
    rule: &Value,
    defaults: &Enforcements,
    diagnostics: &mut Vec<Diagnostic>,
) -> Enforcements {
    let validate = rule.get("validate");
    let own = enforcements(validate, "failureAction", diagnostics);
    let says = |key: &str| validate.is_some_and(|v| v.get(key).is_some());
    Enforcements {
        usual: if says("failureAction") { own.usual } else { defaults.usual },
        overrides: if says("failureActionOverrides") { own.overrides } else { defaults.overrides.clone() },
    }
}

#[cfg(test)]
mod tests;
