//! `validate` blocks, conditions and context.

use super::{Lowered, Unsupported, only};
use crate::condition::{Block, Condition, Conditions, Operator};
use crate::pattern::Pattern;
use crate::rule::{Check, ForEach, Shape, Variable, VariableSource};
use crate::template::{Document, TemplateError, Text};
use serde_json::Value;

/// Loops inside loops taken.
const MAX_NESTING: usize = 4;

impl From<TemplateError> for Unsupported {
    fn from(error: TemplateError) -> Self {
        Self(error.to_string())
    }
}

/// Keys of a `validate` that say nothing of the check itself.
const AROUND: [&str; 4] = ["message", "failureAction", "failureActionOverrides", "allowExistingViolations"];
const CHECKS: [&str; 4] = ["deny", "pattern", "anyPattern", "foreach"];

/// Lowers a `validate`.
pub(super) fn lower(validate: &Value) -> Lowered<Check> {
    let known: Vec<&str> = AROUND.into_iter().chain(CHECKS).collect();
    only(validate, &known, "validate")?;
    check(validate, 0)
}

fn check(block: &Value, nesting: usize) -> Lowered<Check> {
    if let Some(deny) = block.get("deny") {
        only(deny, &["conditions"], "deny")?;
        return conditions(deny.get("conditions")).map(Check::Deny);
    }
    if let Some(pattern) = block.get("pattern") {
        return shape(pattern).map(Check::Pattern);
    }
    if let Some(patterns) = block.get("anyPattern") {
        let Some(list) = patterns.as_array() else { return Err(Unsupported::new("anyPattern is no list")) };
        return list.iter().map(shape).collect::<Lowered<_>>().map(Check::AnyPattern);
    }
    if let Some(loops) = block.get("foreach") {
        let Some(list) = loops.as_array() else { return Err(Unsupported::new("foreach is no list")) };
        if nesting >= MAX_NESTING {
            return Err(Unsupported(format!("foreach nested more than {MAX_NESTING} times")));
        }
        return list.iter().map(|one| for_each(one, nesting)).collect::<Lowered<_>>().map(Check::ForEach);
    }
    Err(Unsupported::new("validate checks nothing"))
}

fn shape(pattern: &Value) -> Lowered<Shape> {
    let document = Document::compile(pattern)?;
    match document.plain() {
        None => Ok(Shape::Open(document)),
        Some(plain) => {
            Pattern::compile(plain).map(Shape::Fixed).map_err(|error| Unsupported(error.to_string()))
        }
    }
}

fn for_each(block: &Value, nesting: usize) -> Lowered<ForEach> {
    let mut known = vec!["list", "elementScope", "context", "preconditions"];
    known.extend(CHECKS);
    only(block, &known, "foreach")?;
    let Some(list) = block.get("list").and_then(Value::as_str) else {
        return Err(Unsupported::new("foreach without a list"));
    };
    // The list is an expression without braces.
    let list =
        if list.contains("{{") { Text::compile(list) } else { Text::compile(&format!("{{{{ {list} }}}}")) };
    Ok(ForEach {
        list: list?,
        element_scope: block.get("elementScope").and_then(Value::as_bool),
        variables: variables(block.get("context"))?,
        preconditions: conditions(block.get("preconditions"))?,
        check: check(block, nesting.saturating_add(1))?,
    })
}

/// Lowers conditions: `any`/`all`, or the old list where all must hold.
pub(super) fn conditions(block: Option<&Value>) -> Lowered<Conditions> {
    let list = |list: &Value| -> Lowered<Vec<Condition>> {
        match list.as_array() {
            Some(list) => list.iter().map(condition).collect(),
            None if list.is_null() => Ok(Vec::new()),
            None => Err(Unsupported::new("conditions are no list")),
        }
    };
    let one = |block: &Value| -> Lowered<Block> {
        only(block, &["any", "all"], "conditions")?;
        Ok(Block {
            any: block.get("any").filter(|any| !any.is_null()).map(list).transpose()?,
            all: block.get("all").map(list).transpose()?.unwrap_or_default(),
        })
    };
    let blocks = match block {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(entries)) if entries.iter().any(|e| e.get("any").or(e.get("all")).is_some()) => {
            entries.iter().map(one).collect::<Lowered<_>>()?
        }
        Some(old @ Value::Array(_)) => vec![Block { any: None, all: list(old)? }],
        Some(block) => vec![one(block)?],
    };
    Ok(Conditions { blocks })
}

fn condition(entry: &Value) -> Lowered<Condition> {
    only(entry, &["key", "operator", "value", "message"], "condition")?;
    let word = entry.get("operator").and_then(Value::as_str).unwrap_or_default();
    let operator = Operator::of(word).ok_or_else(|| Unsupported(format!("operator {word:?}")))?;
    let document = |key: &str| Document::compile(entry.get(key).unwrap_or(&Value::Null));
    let message = entry.get("message").and_then(Value::as_str).map(Text::compile).transpose()?;
    Ok(Condition { key: document("key")?, operator, value: document("value")?, message })
}

/// Lowers a `context`: variables a rule makes or asks of the world.
pub(super) fn variables(context: Option<&Value>) -> Lowered<Vec<Variable>> {
    let Some(context) = context else { return Ok(Vec::new()) };
    let Some(entries) = context.as_array() else { return Err(Unsupported::new("context is no list")) };
    entries.iter().map(variable).collect()
}

fn variable(entry: &Value) -> Lowered<Variable> {
    let world = [
        ("configMap", "a ConfigMap"),
        ("apiCall", "an API call"),
        ("imageRegistry", "an image registry"),
        ("globalReference", "a global context entry"),
    ];
    let Some(name) = entry.get("name").and_then(Value::as_str) else {
        return Err(Unsupported::new("context entry without a name"));
    };
    let name = name.to_owned();
    if let Some((_, what)) = world.into_iter().find(|(key, _)| entry.get(key).is_some()) {
        return Ok(Variable { name, source: VariableSource::World(what) });
    }
    only(entry, &["name", "variable"], "context")?;
    let Some(variable) = entry.get("variable") else {
        return Err(Unsupported(format!("context entry {name} without a source")));
    };
    only(variable, &["value", "jmesPath", "default"], "context.variable")?;
    let document = |key: &str| variable.get(key).map(Document::compile).transpose();
    let path = variable.get("jmesPath").and_then(Value::as_str).map(Text::compile).transpose()?;
    let source = VariableSource::Computed { value: document("value")?, path, default: document("default")? };
    Ok(Variable { name, source })
}
