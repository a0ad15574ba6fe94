//! Conditions: a key, an operator, a value; `any` and `all` of them.
//!
//! Semantics: Kyverno `pkg/engine/variables/operator` and `evaluate.go`.

use crate::go::{duration, glob, print, quantity, semver};
use crate::jmespath::Scope;
use crate::pattern::{Text as Range, in_range};
use crate::template::{Document, TemplateError};
use serde_json::{Number, Value};
use std::cmp::Ordering;

/// Conditions that hold together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conditions {
    /// Each block holds.
    pub(crate) blocks: Vec<Block>,
}

/// One `any`/`all` block.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    /// At least one holds, when given.
    pub(crate) any: Option<Vec<Condition>>,
    /// All hold.
    pub(crate) all: Vec<Condition>,
}

/// One comparison.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) key: Document,
    pub(crate) operator: Operator,
    pub(crate) value: Document,
    pub(crate) message: Option<crate::template::Text>,
}

/// The operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equals,
    NotEquals,
    In,
    NotIn,
    AnyIn,
    AllIn,
    AnyNotIn,
    AllNotIn,
    Order(Compare),
    Duration(Compare),
}

/// The order operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compare {
    More,
    MoreEqual,
    Less,
    LessEqual,
}

impl Operator {
    /// The operator of a word; case does not matter.
    pub(crate) fn of(word: &str) -> Option<Self> {
        let order = |word: &str| {
            Some(match word {
                "greaterthan" => Compare::More,
                "greaterthanorequals" => Compare::MoreEqual,
                "lessthan" => Compare::Less,
                "lessthanorequals" => Compare::LessEqual,
                _ => return None,
            })
        };
        let word = word.to_ascii_lowercase();
        Some(match word.as_str() {
            "equal" | "equals" => Self::Equals,
            "notequal" | "notequals" => Self::NotEquals,
            "in" => Self::In,
            "notin" => Self::NotIn,
            "anyin" => Self::AnyIn,
            "allin" => Self::AllIn,
            "anynotin" => Self::AnyNotIn,
            "allnotin" => Self::AllNotIn,
            other => match other.strip_prefix("duration") {
                Some(rest) => Self::Duration(order(rest)?),
                None => Self::Order(order(other)?),
            },
        })
    }

    /// Whether it holds of two values.
    pub(crate) fn holds(self, key: &Value, value: &Value) -> bool {
        match self {
            Self::Equals => equals(key, value).unwrap_or(false),
            Self::NotEquals => equals(key, value).map_or_else(|| unequal_kind(key, value), |equal| !equal),
            Self::In | Self::AllIn => member(key, value, |found, all| found == all).unwrap_or(false),
            Self::AnyIn => member(key, value, |found, _| found > 0).unwrap_or(false),
            Self::NotIn | Self::AnyNotIn => member(key, value, |found, all| found < all).unwrap_or(false),
            Self::AllNotIn => member(key, value, |found, _| found == 0).unwrap_or(false),
            Self::Order(op) => ordered(key, value).is_some_and(|order| op.holds(order)),
            Self::Duration(op) => seconds(key).zip(seconds(value)).is_some_and(|(a, b)| op.holds(a.cmp(&b))),
        }
    }
}

impl Compare {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::More => order.is_gt(),
            Self::MoreEqual => order.is_ge(),
            Self::Less => order.is_lt(),
            Self::LessEqual => order.is_le(),
        }
    }
}

/// Two durations, when at least one side is written as one and the other is one or a number of seconds.
fn durations(key: &Value, value: &Value) -> Option<(i64, i64)> {
    let written = |v: &Value| v.as_str().filter(|text| *text != "0").and_then(duration::parse);
    let number = |v: &Value| {
        let whole = v.as_i64().or_else(|| v.as_f64().map(|f| f as i64))?;
        whole.checked_mul(1_000_000_000)
    };
    let (a, b) = (written(key), written(value));
    if a.is_none() && b.is_none() {
        return None;
    }
    Some((a.or_else(|| number(key))?, b.or_else(|| number(value))?))
}

fn seconds(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => duration::parse(text),
        other => other.as_f64().map(|f| (f as i64).saturating_mul(1_000_000_000)),
    }
}

/// Whether both are equal; `None` when their kinds cannot be compared.
fn equals(key: &Value, value: &Value) -> Option<bool> {
    match (key, value) {
        (Value::Bool(a), Value::Bool(b)) => Some(a == b),
        (Value::Number(a), Value::Number(b)) => Some(a == b || a.as_f64() == b.as_f64()),
        (Value::Number(_), Value::String(text)) if key.is_i64() => {
            text.parse().ok().map(|n: i64| Some(n) == key.as_i64())
        }
        (Value::Number(a), Value::String(text)) => text.parse().ok().map(|f: f64| Some(f) == a.as_f64()),
        (Value::String(text), other) => {
            if let Some((a, b)) = durations(key, other) {
                return Some(a == b);
            }
            let other = other.as_str()?;
            if let Some(a) = quantity::parse(text) {
                return quantity::parse(other).map(|b| a == b);
            }
            Some(glob::matches(other, text))
        }
        (Value::Array(_), Value::Array(_)) | (Value::Object(_), Value::Object(_)) => Some(same(key, value)),
        _ => None,
    }
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(x, y)| same(x, y)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, x)| b.get(k).is_some_and(|y| same(x, y)))
        }
        (a, b) => a == b,
    }
}

/// What `NotEquals` says of values that cannot be compared: different, except for a null key and for a quantity
/// against a text that is none.
fn unequal_kind(key: &Value, value: &Value) -> bool {
    match key {
        Value::Null => false,
        Value::String(text) => !(value.is_string() && quantity::parse(text).is_some()),
        _ => true,
    }
}

/// How many of the keys are among the values, judged by `decide(found, all)`; `None` when the kinds do not fit.
fn member(key: &Value, value: &Value, decide: fn(usize, usize) -> bool) -> Option<bool> {
    let keys: Vec<String> = match key {
        Value::String(_) | Value::Number(_) | Value::Bool(_) => vec![print::value(key)],
        Value::Array(items) => items.iter().map(print::value).collect(),
        Value::Null | Value::Object(_) => return None,
    };
    let found = |inside: &dyn Fn(&str) -> bool| keys.iter().filter(|key| inside(key)).count();
    let among = |values: &[String]| {
        found(&|key| values.iter().any(|value| glob::matches(value, key) || glob::matches(key, value)))
    };
    let count = match value {
        Value::Array(items) => among(&items.iter().map(print::value).collect::<Vec<_>>()),
        Value::Number(_) if key.is_array() => among(&[print::value(value)]),
        Value::String(text) if in_range(text) => {
            let range = Range::compile(text);
            found(&|key| range.fits(&Value::from(key)))
        }
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            _ if keys.iter().all(|key| glob::matches(text, key)) => keys.len(),
            Ok(Value::Array(list)) => {
                let list: Option<Vec<String>> = list.iter().map(|v| v.as_str().map(str::to_owned)).collect();
                among(&list?)
            }
            Ok(_) if key.is_array() => return None,
            _ => among(std::slice::from_ref(text)),
        },
        _ => return None,
    };
    Some(decide(count, keys.len()))
}

/// The order of two durations, quantities, numbers or versions.
fn ordered(key: &Value, value: &Value) -> Option<Ordering> {
    if let Some((a, b)) = durations(key, value) {
        return Some(a.cmp(&b));
    }
    let float = |n: &Number| n.as_f64();
    match (key, value) {
        (Value::Number(a), Value::Number(b)) => float(a)?.partial_cmp(&float(b)?),
        (Value::Number(a), Value::String(text)) => float(a)?.partial_cmp(&text.parse().ok()?),
        (Value::String(text), other) => {
            if let Some((a, b)) = quantity::parse(text).zip(other.as_str().and_then(quantity::parse)) {
                return Some(a.cmp(&b));
            }
            if let Ok(number) = text.parse::<f64>() {
                let other = match other {
                    Value::Number(n) => float(n)?,
                    Value::String(text) => text.parse().ok()?,
                    _ => return None,
                };
                return number.partial_cmp(&other);
            }
            Some(semver::parse(text)?.cmp(&semver::parse(other.as_str()?)?))
        }
        _ => None,
    }
}

/// Whether conditions hold, and the messages of those that decided.
pub(crate) struct Held {
    pub(crate) holds: bool,
    pub(crate) message: String,
}

impl Conditions {
    /// Evaluates all blocks.
    ///
    /// # Errors
    /// An expression without a value.
    pub(crate) fn evaluate(&self, scope: &Scope<'_>) -> Result<Held, TemplateError> {
        let mut messages = Vec::new();
        for block in &self.blocks {
            let held = block.evaluate(scope)?;
            if !held.holds {
                return Ok(held);
            }
            messages.push(held.message);
        }
        messages.retain(|message| !message.is_empty());
        Ok(Held { holds: true, message: messages.join(";") })
    }
}

impl Block {
    fn evaluate(&self, scope: &Scope<'_>) -> Result<Held, TemplateError> {
        let (mut yes, mut no) = (Vec::new(), Vec::new());
        let mut any = self.any.is_none();
        for condition in self.any.iter().flatten() {
            any = condition.evaluate(scope)?;
            if any { &mut yes } else { &mut no }.push(condition.message(scope));
            if any {
                break;
            }
        }
        let mut all = true;
        for condition in &self.all {
            all = condition.evaluate(scope)?;
            if all { &mut yes } else { &mut no }.push(condition.message(scope));
            if !all {
                break;
            }
        }
        let holds = any && all;
        let mut messages = if holds { yes } else { no };
        messages.retain(|message| !message.is_empty());
        Ok(Held { holds, message: messages.join("; ") })
    }
}

impl Condition {
    fn evaluate(&self, scope: &Scope<'_>) -> Result<bool, TemplateError> {
        let key = self.key.render(scope)?;
        let value = self.value.render(scope)?;
        Ok(self.operator.holds(&key, &value))
    }

    fn message(&self, scope: &Scope<'_>) -> String {
        let Some(message) = &self.message else { return String::new() };
        message.render_text(scope).unwrap_or_else(|_| message.source().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn holds(key: Value, operator: &str, value: Value) -> bool {
        Operator::of(operator).unwrap().holds(&key, &value)
    }

    #[test]
    fn table() {
        for (key, operator, value, want) in [
            (json!("a"), "Equals", json!("a"), true),
            (json!("abc"), "Equals", json!("a*"), true),
            (json!("a*"), "Equals", json!("abc"), false),
            (json!("1Gi"), "Equals", json!("1024Mi"), true),
            (json!("60s"), "Equals", json!("1m"), true),
            (json!("60s"), "Equals", json!(60), true),
            (json!(1), "Equals", json!(1.0), true),
            (json!(1), "Equals", json!("1"), true),
            (json!([1, 2]), "Equals", json!([1, 2]), true),
            (json!(null), "Equals", json!(null), false),
            (json!("a"), "NotEquals", json!(null), true),
            (json!(null), "NotEquals", json!("a"), false),
            (json!(true), "NotEquals", json!("true"), true),
            (json!([1]), "NotEquals", json!({}), true),
            (json!("DELETE"), "AnyIn", json!(["CREATE", "DELETE"]), true),
            (json!(["a", "b"]), "AnyIn", json!(["b"]), true),
            (json!(["a", "b"]), "AllIn", json!(["b"]), false),
            (json!(["a", "b"]), "AllIn", json!("[\"a\",\"b\"]"), true),
            (json!(["a", "b"]), "AnyNotIn", json!(["b"]), true),
            (json!(["b"]), "AnyNotIn", json!(["b", "c"]), false),
            (json!([]), "AnyNotIn", json!(["b"]), false),
            (json!(["kube-system", "default"]), "AllNotIn", json!("kube-system"), false),
            (json!(["default", "x"]), "AllNotIn", json!(["kube-*"]), true),
            (json!(64), "AllNotIn", json!("64"), false),
            (json!(5), "AnyIn", json!("1-10"), true),
            (json!([5, 20]), "AnyNotIn", json!("1-10"), true),
            (json!(null), "AnyIn", json!(["a"]), false),
            (json!({}), "AnyNotIn", json!(["a"]), false),
            (json!(5), "GreaterThan", json!(4), true),
            (json!("2Gi"), "GreaterThan", json!("1500Mi"), true),
            (json!("1h"), "LessThan", json!("59m"), false),
            (json!("10"), "LessThanOrEquals", json!(10), true),
            (json!("1.10.0"), "GreaterThanOrEquals", json!("1.9.0"), true),
            (json!("a"), "GreaterThan", json!(1), false),
            (json!("2m"), "DurationGreaterThan", json!(100), true),
        ] {
            assert_eq!(holds(key.clone(), operator, value.clone()), want, "{key} {operator} {value}");
        }
    }

    #[test]
    fn words() {
        assert_eq!(Operator::of("anyin"), Some(Operator::AnyIn));
        assert_eq!(Operator::of("Matches"), None);
    }
}
