//! The lowered form of a policy, and its evaluation.

use crate::condition::Conditions;
use crate::go::glob;
use crate::jmespath::{Expression, Scope};
use crate::pattern::{Misfit, Pattern, PatternError};
use crate::request::{Operation, Request};
use crate::selection::{LabelSelector, Selection};
use crate::template::{Document, TemplateError, Text};
use crate::verdict::{Enforcement, Evaluation, RuleVerdict, Verdict};
use model::Severity;
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// A compiled policy, whatever language it was written in.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its name.
    pub name: Arc<str>,
    /// Its namespace, for policies that hold in one only; else empty.
    pub namespace: Arc<str>,
    /// Its kind as written.
    pub kind: Arc<str>,
    /// How bad its author calls a violation.
    pub severity: Severity,
    /// Whether its author counts a denial as a failure in reports.
    pub(crate) scored: bool,
    /// Whether only the first rule that applies counts.
    pub(crate) first_only: bool,
    pub(crate) rules: Vec<PolicyRule>,
}

impl Policy {
    /// Names of its rules, generated ones included.
    pub fn rules(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| &*rule.name)
    }
}

/// One rule.
#[derive(Clone, Debug)]
pub(crate) struct PolicyRule {
    pub(crate) name: Arc<str>,
    pub(crate) matches: Selection,
    pub(crate) exclude: Option<Selection>,
    pub(crate) variables: Vec<Variable>,
    pub(crate) preconditions: Conditions,
    pub(crate) check: Check,
    pub(crate) message: Option<Text>,
    pub(crate) enforcement: Enforcements,
    /// Whether an expression speaks of `images`.
    pub(crate) images: bool,
}

/// A variable a rule makes for itself.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) source: VariableSource,
}

#[derive(Clone, Debug)]
pub(crate) enum VariableSource {
    /// A value or an expression, or the expression over the value; and what to take when there is none.
    Computed { value: Option<Document>, path: Option<Text>, default: Option<Document> },
    /// Something of the world: a request must bring it.
    World(&'static str),
}

/// What is checked.
#[derive(Clone, Debug)]
pub(crate) enum Check {
    Pattern(Shape),
    AnyPattern(Vec<Shape>),
    Deny(Conditions),
    ForEach(Vec<ForEach>),
    /// Not understood; says what.
    Unsupported(String),
}

/// A pattern, compiled ahead when it has no expressions in it.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Fixed(Pattern),
    Open(Document),
}

/// A check for each element of a list.
#[derive(Clone, Debug)]
pub(crate) struct ForEach {
    pub(crate) list: Text,
    pub(crate) element_scope: Option<bool>,
    pub(crate) variables: Vec<Variable>,
    pub(crate) preconditions: Conditions,
    pub(crate) check: Check,
}

/// What a denial means, by namespace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Enforcements {
    pub(crate) usual: Enforcement,
    pub(crate) overrides: Vec<Override>,
}

#[derive(Clone, Debug)]
pub(crate) struct Override {
    pub(crate) action: Enforcement,
    pub(crate) namespaces: Vec<String>,
    pub(crate) selector: Option<LabelSelector>,
}

impl Enforcements {
    fn of(&self, request: &Request) -> Enforcement {
        let namespace = match request.text("/kind") {
            "Namespace" => request.text("/metadata/name"),
            _ => request.text("/metadata/namespace"),
        };
        let fits = |o: &&Override| {
            (o.namespaces.is_empty() || o.namespaces.iter().any(|n| glob::matches(n, namespace)))
                && o.selector.as_ref().is_none_or(|s| s.fits_map(&request.namespace_labels))
        };
        self.overrides.iter().find(fits).map_or(self.usual, |o| o.action)
    }
}

/// Judges one request by one policy: one verdict for each rule that applies.
pub fn evaluate(policy: &Policy, request: &Request) -> Evaluation {
    let mut evaluation = Evaluation::default();
    if !policy.namespace.is_empty() && *policy.namespace != *request.text("/metadata/namespace") {
        return evaluation;
    }
    for rule in &policy.rules {
        let excluded = || rule.exclude.as_ref().is_some_and(|exclude| exclude.drops(request));
        if !rule.matches.takes(request) || excluded() {
            continue;
        }
        let Some(answer) = rule.judge(request) else { continue };
        let applied = answer.verdict != Verdict::Skip;
        evaluation.verdicts.push(RuleVerdict {
            rule: rule.name.clone(),
            verdict: answer.verdict,
            message: answer.message,
            pointer: answer.path.map(|path| pointer(&path, request.object())),
            enforcement: rule.enforcement.of(request),
            scored: policy.scored,
        });
        if policy.first_only && applied {
            break;
        }
    }
    evaluation
}

/// A verdict before it is put in the row.
struct Answer {
    verdict: Verdict,
    message: String,
    /// As Kyverno writes paths.
    path: Option<String>,
}

impl Answer {
    fn new(verdict: Verdict, message: impl Into<String>) -> Self {
        Self { verdict, message: message.into(), path: None }
    }

    fn error(what: &str, error: &impl std::fmt::Display) -> Self {
        Self::new(Verdict::Error, format!("{what}: {error}"))
    }
}

/// The object a pattern is held against, and whether it is an element of a list.
#[derive(Clone, Copy)]
struct Subject<'a> {
    value: &'a Value,
    element: bool,
}

impl PolicyRule {
    fn judge(&self, request: &Request) -> Option<Answer> {
        if let Check::Unsupported(what) = &self.check {
            return Some(Answer::new(Verdict::Error, format!("unsupported: {what}")));
        }
        let root = Scope::root(&request.variables, "request", &request.variable);
        let images = if self.images { crate::images::variable(request.object()) } else { None };
        let scope = root.inner(images.iter().map(|images| ("images", images)).collect());
        let subject = Subject { value: request.object(), element: false };
        let block = Block {
            rule: self,
            request,
            variables: &self.variables,
            preconditions: &self.preconditions,
            check: &self.check,
        };
        block.judge(&scope, subject, 0)
    }
}

/// A check with what stands before it: the rule itself, or one of its loops.
struct Block<'r> {
    rule: &'r PolicyRule,
    request: &'r Request,
    variables: &'r [Variable],
    preconditions: &'r Conditions,
    check: &'r Check,
}

impl Block<'_> {
    fn judge(&self, scope: &Scope<'_>, subject: Subject<'_>, nesting: usize) -> Option<Answer> {
        let Some((first, rest)) = self.variables.split_first() else {
            return self.checked(scope, subject, nesting);
        };
        let rest = Block { variables: rest, ..*self };
        // A value that came with the request stands for what the rule would compute or look up.
        if self.request.variables.contains_key(&first.name) {
            return rest.judge(scope, subject, nesting);
        }
        match first.value(scope) {
            Ok(Some(value)) => {
                let inner = scope.inner(vec![(&first.name, &value)]);
                rest.judge(&inner, subject, nesting)
            }
            // A variable without a value is missed only by who asks for it.
            Ok(None) => rest.judge(scope, subject, nesting),
            Err(error) => Some(Answer::error("failed to load context", &error)),
        }
    }

    fn checked(&self, scope: &Scope<'_>, subject: Subject<'_>, nesting: usize) -> Option<Answer> {
        match self.preconditions.evaluate(scope) {
            Err(error) => return Some(Answer::error("failed to evaluate preconditions", &error)),
            Ok(held) if !held.holds => {
                let mut message = "preconditions not met".to_owned();
                if !held.message.is_empty() {
                    message = format!("{message}; {}", held.message);
                }
                return Some(Answer::new(Verdict::Skip, message));
            }
            Ok(_) => {}
        }
        let gone = self.request.operation == Operation::Delete && !subject.element;
        match self.check {
            Check::Deny(conditions) => Some(self.deny(conditions, scope)),
            Check::Pattern(_) | Check::AnyPattern(_) if gone => None,
            Check::Pattern(shape) => Some(self.pattern(shape, scope, subject)),
            Check::AnyPattern(shapes) => Some(self.any_pattern(shapes, scope, subject)),
            Check::ForEach(loops) => Some(self.for_each(loops, scope, subject, nesting)),
            Check::Unsupported(what) => Some(Answer::new(Verdict::Error, format!("unsupported: {what}"))),
        }
    }

    fn passed(&self) -> Answer {
        Answer::new(Verdict::Allow, format!("validation rule '{}' passed.", self.rule.name))
    }

    fn deny(&self, conditions: &Conditions, scope: &Scope<'_>) -> Answer {
        match conditions.evaluate(scope) {
            Err(error) => Answer::error("failed to check deny conditions", &error),
            Ok(held) if !held.holds => self.passed(),
            Ok(_) => Answer::new(
                Verdict::Deny,
                match &self.rule.message {
                    None => format!("validation error: rule {} failed", self.rule.name),
                    Some(text) => text.render_text(scope).unwrap_or_else(|_| text.source().to_owned()),
                },
            ),
        }
    }

    fn pattern(&self, shape: &Shape, scope: &Scope<'_>, subject: Subject<'_>) -> Answer {
        let pattern = match shape.pattern(scope) {
            Ok(pattern) => pattern,
            Err(error) => return Answer::error("variable substitution failed", &error),
        };
        match pattern.judge(subject.value) {
            Ok(()) => self.passed(),
            Err(Misfit::Skip(message)) => Answer::new(Verdict::Skip, message),
            Err(Misfit::Missing(message)) => {
                let name = &self.rule.name;
                let tail = format!("rule {name} execution error: {message}");
                Answer::new(Verdict::Error, self.error_text(scope, &tail, &message))
            }
            Err(Misfit::Fail { path, message }) => {
                let tail = format!("rule {} failed at path {path}", self.rule.name);
                let message = self.error_text(scope, &tail, &message);
                Answer { path: Some(path), ..Answer::new(Verdict::Deny, message) }
            }
        }
    }

    /// `validation error: <the rule's message>. <tail>`
    fn error_text(&self, scope: &Scope<'_>, tail: &str, cause: &str) -> String {
        let Some(text) = &self.rule.message else { return format!("validation error: {tail}") };
        match text.render_text(scope) {
            Ok(message) => {
                let dot = if message.ends_with('.') { "" } else { "." };
                format!("validation error: {message}{dot} {tail}")
            }
            Err(_) => format!(
                "validation error: variables substitution error in rule {} execution error: {cause}",
                self.rule.name
            ),
        }
    }

    fn any_pattern(&self, shapes: &[Shape], scope: &Scope<'_>, subject: Subject<'_>) -> Answer {
        let name = &self.rule.name;
        let (mut failed, mut skipped, mut first) = (Vec::new(), Vec::new(), None);
        for (index, shape) in shapes.iter().enumerate() {
            let pattern = match shape.pattern(scope) {
                Ok(pattern) => pattern,
                Err(error) => return Answer::error("variable substitution failed", &error),
            };
            match pattern.judge(subject.value) {
                Ok(()) => {
                    let message = format!("validation rule '{name}' anyPattern[{index}] passed.");
                    return Answer::new(Verdict::Allow, message);
                }
                Err(Misfit::Skip(why)) => skipped.push(format!("rule {name}[{index}] skipped: {why}")),
                Err(Misfit::Missing(why)) => failed.push(format!("rule {name}[{index}] failed: {why}")),
                Err(Misfit::Fail { path, .. }) => {
                    failed.push(format!("rule {name}[{index}] failed at path {path}"));
                    first.get_or_insert(path);
                }
            }
        }
        if failed.is_empty() {
            return match skipped.is_empty() {
                true => self.passed(),
                false => Answer::new(Verdict::Skip, skipped.join(" ")),
            };
        }
        let tail = failed.join(" ");
        let message = match self.rule.message.as_ref().map(Text::source) {
            None => format!("validation error: {tail}"),
            Some(text) if text.ends_with('.') => format!("validation error: {text} {tail}"),
            Some(text) => format!("validation error: {text}. {tail}"),
        };
        Answer { path: first, ..Answer::new(Verdict::Deny, message) }
    }

    fn for_each(&self, loops: &[ForEach], scope: &Scope<'_>, subject: Subject<'_>, nesting: usize) -> Answer {
        let mut applied = false;
        for each in loops {
            let list = match each.list.render(scope) {
                // A list that is not there has no elements.
                Err(_) => continue,
                Ok(list) => list,
            };
            let elements = match list.as_ref() {
                Value::Array(items) => items.as_slice(),
                Value::Null => continue,
                one => std::slice::from_ref(one),
            };
            match self.elements(each, elements, scope, subject, nesting) {
                Ok(some) => applied = applied || some,
                Err(answer) => return answer,
            }
        }
        match applied {
            true => Answer::new(Verdict::Allow, "rule passed"),
            false => Answer::new(Verdict::Skip, "rule skipped"),
        }
    }

    /// Whether the check applied to any element; the answer that ends the rule otherwise.
    fn elements(
        &self,
        each: &ForEach,
        elements: &[Value],
        scope: &Scope<'_>,
        subject: Subject<'_>,
        nesting: usize,
    ) -> Result<bool, Answer> {
        let (index_name, name) = (format!("elementIndex{nesting}"), format!("element{nesting}"));
        let mut applied = false;
        let mut unjudged: Option<Answer> = None;
        for (index, element) in elements.iter().enumerate().filter(|(_, e)| !e.is_null()) {
            let scoped = each.element_scope.unwrap_or(element.is_object());
            if scoped && !element.is_object() {
                let message = "failed to process foreach: elementScope needs elements that are maps";
                return Err(Answer::new(Verdict::Error, message));
            }
            let at = Value::from(index);
            let inner = scope.inner(vec![
                ("element", element),
                ("elementIndex", &at),
                (&name, element),
                (&index_name, &at),
            ]);
            let block = Block {
                rule: self.rule,
                request: self.request,
                variables: &each.variables,
                preconditions: &each.preconditions,
                check: &each.check,
            };
            let subject = if scoped { Subject { value: element, element: true } } else { subject };
            match block.judge(&inner, subject, nesting.saturating_add(1)) {
                None => {}
                Some(answer) => match answer.verdict {
                    Verdict::Skip => {}
                    Verdict::Allow => applied = true,
                    Verdict::Error => unjudged = Some(answer),
                    _ => return Err(answer.wrapped()),
                },
            }
        }
        match unjudged {
            Some(answer) => Err(answer.wrapped()),
            None => Ok(applied),
        }
    }
}

impl Answer {
    fn wrapped(self) -> Self {
        Self { message: format!("validation failure: {}", self.message), path: None, ..self }
    }
}

impl Shape {
    fn pattern<'a>(&'a self, scope: &'a Scope<'a>) -> Result<Cow<'a, Pattern>, ShapeError> {
        match self {
            Self::Fixed(pattern) => Ok(Cow::Borrowed(pattern)),
            Self::Open(document) => Ok(Cow::Owned(Pattern::compile(&*document.render(scope)?)?)),
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum ShapeError {
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error(transparent)]
    Pattern(#[from] PatternError),
}

impl Variable {
    /// Its value; `None` when it has none, which only matters to who asks for it.
    fn value(&self, scope: &Scope<'_>) -> Result<Option<Value>, String> {
        match &self.source {
            VariableSource::World(what) => {
                Err(format!("variable {} needs {what}, which is not supported", self.name))
            }
            VariableSource::Computed { value, path, default } => {
                let computed = computed(value.as_ref(), path.as_ref(), scope);
                match (computed, default) {
                    (Some(value), _) if !value.is_null() => Ok(Some(value)),
                    (_, Some(default)) => match default.render(scope) {
                        Ok(value) => Ok(Some(value.into_owned())),
                        Err(error) => Err(error.to_string()),
                    },
                    (computed, None) => Ok(computed),
                }
            }
        }
    }
}

fn computed(value: Option<&Document>, path: Option<&Text>, scope: &Scope<'_>) -> Option<Value> {
    let value = match value {
        Some(value) => Some(value.render(scope).ok()?.into_owned()),
        None => None,
    };
    let Some(path) = path else { return value };
    let expression = Expression::compile(&path.render_text(scope).ok()?).ok()?;
    match value {
        None => expression.evaluate(scope).ok().map(Cow::into_owned),
        Some(value) => expression.over(&value).ok(),
    }
}

/// The JSON pointer of one of Kyverno's paths, whose keys may have slashes in them.
fn pointer(path: &str, object: &Value) -> String {
    let mut out = String::new();
    let mut at = object;
    let mut rest = path.trim_matches('/');
    while !rest.is_empty() {
        let (key, after) = rest.split_at(key_end(rest, at));
        at = match at {
            Value::Array(items) => {
                key.parse().ok().and_then(|index: usize| items.get(index)).unwrap_or(&Value::Null)
            }
            other => other.get(key).unwrap_or(&Value::Null),
        };
        out.push('/');
        out.push_str(&key.replace('~', "~0").replace('/', "~1"));
        rest = after.trim_start_matches('/');
    }
    out
}

/// Where the longest key that the object has ends, else the first segment.
fn key_end(rest: &str, at: &Value) -> usize {
    let ends: Vec<usize> = rest.match_indices('/').map(|(end, _)| end).chain([rest.len()]).collect();
    let has = |end: &&usize| rest.get(..**end).is_some_and(|key| at.get(key).is_some());
    ends.iter().rev().find(has).or(ends.first()).copied().unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pointers_escape_slashes_of_keys_the_object_has() {
        let object = json!({"metadata": {"annotations": {"a.b/c": "x"}}, "spec": [{"n": 1}]});
        assert_eq!(pointer("/metadata/annotations/a.b/c/", &object), "/metadata/annotations/a.b~1c");
        assert_eq!(pointer("/spec/0/n/", &object), "/spec/0/n");
        assert_eq!(pointer("/spec/0/gone/deep/", &object), "/spec/0/gone/deep");
        assert_eq!(pointer("/", &object), "");
    }
}
