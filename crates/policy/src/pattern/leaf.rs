//! A leaf of a pattern: operators, ranges, alternatives, quantities, durations, wildcards.
//!
//! Semantics: Kyverno `pkg/engine/pattern`. A text is split at `|`, then at `&`; each part is one operator with an
//! operand that is compared as a duration, else as a quantity, else as a wildcard text.

use crate::go::quantity::Quantity;
use crate::go::{duration, glob, print, quantity};
use serde_json::{Number, Value};
use std::cmp::Ordering;

/// A compiled leaf.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Leaf {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Text),
}

/// Alternatives of conjunctions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Text {
    /// As written.
    pub(crate) source: String,
    any: Vec<Vec<Term>>,
}

#[derive(Clone, Debug, PartialEq)]
enum Term {
    Compare(Compare),
    Within(Compare, Compare),
    Outside(Compare, Compare),
}

#[derive(Clone, Debug, PartialEq)]
struct Compare {
    op: Op,
    text: String,
    duration: Option<i64>,
    quantity: Option<Quantity>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Equal,
    NotEqual,
    More,
    Less,
    MoreEqual,
    LessEqual,
}

impl Leaf {
    /// Compiles a scalar; `None` for a map or an array.
    pub(crate) fn compile(pattern: &Value) -> Option<Self> {
        Some(match pattern {
            Value::Null => Self::Null,
            Value::Bool(b) => Self::Bool(*b),
            Value::Number(n) => match n.as_i64() {
                Some(i) => Self::Int(i),
                None => Self::Float(n.as_f64().unwrap_or_default()),
            },
            Value::String(text) => Self::Text(Text::compile(text)),
            Value::Array(_) | Value::Object(_) => return None,
        })
    }

    /// Whether a scalar or map fits; an array fits no leaf (its elements are asked one by one).
    pub(crate) fn fits(&self, value: &Value) -> bool {
        match self {
            Self::Null => is_zero(value),
            Self::Bool(b) => value.as_bool() == Some(*b),
            Self::Int(i) => fits_int(*i, value),
            Self::Float(f) => fits_float(*f, value),
            Self::Text(text) => text.fits(value),
        }
    }

    /// As Go prints it in a message.
    pub(crate) fn print(&self) -> String {
        match self {
            Self::Null => "<nil>".to_owned(),
            Self::Bool(b) => b.to_string(),
            Self::Int(i) => i.to_string(),
            Self::Float(f) => print::float(*f),
            Self::Text(text) => text.source.clone(),
        }
    }
}

/// What a `null` pattern accepts: null and the zero of every scalar type.
fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(b) => !b,
        Value::Number(n) => n.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(_) | Value::Object(_) => false,
    }
}

fn fits_int(want: i64, value: &Value) -> bool {
    match value {
        Value::Number(n) => match n.as_i64() {
            Some(i) => i == want,
            None => n.as_f64().is_some_and(|f| f.trunc() == f && f == want as f64),
        },
        Value::String(text) => text.parse() == Ok(want),
        _ => false,
    }
}

fn fits_float(want: f64, value: &Value) -> bool {
    match value {
        Value::Number(n) => n.as_f64() == Some(want),
        Value::String(text) => text.parse() == Ok(want),
        _ => false,
    }
}

impl Text {
    /// Compiles a text.
    pub(crate) fn compile(source: &str) -> Self {
        let all = |part: &str| part.split('&').map(|term| Term::compile(term.trim_matches(' '))).collect();
        let any = source.split('|').map(|part| all(part.trim_matches(' '))).collect();
        Self { source: source.to_owned(), any }
    }

    /// Whether a value fits.
    pub(crate) fn fits(&self, value: &Value) -> bool {
        value.as_str() == Some(&self.source)
            || self.any.iter().any(|all| all.iter().all(|term| term.fits(value)))
    }
}

impl Term {
    fn compile(term: &str) -> Self {
        let prefixes = [
            (">=", Op::MoreEqual),
            ("<=", Op::LessEqual),
            (">", Op::More),
            ("<", Op::Less),
            ("!", Op::NotEqual),
        ];
        // A text of one byte is never an operator.
        if term.len() < 2 {
            return Self::Compare(Compare::new(Op::Equal, term));
        }
        for (prefix, op) in prefixes {
            if let Some(operand) = term.strip_prefix(prefix) {
                return Self::Compare(Compare::new(op, operand));
            }
        }
        if let Some((low, high)) = range(term, "!-") {
            return Self::Outside(Compare::new(Op::Less, low), Compare::new(Op::More, high));
        }
        if let Some((low, high)) = range(term, "-") {
            return Self::Within(Compare::new(Op::MoreEqual, low), Compare::new(Op::LessEqual, high));
        }
        Self::Compare(Compare::new(Op::Equal, term))
    }

    fn fits(&self, value: &Value) -> bool {
        match self {
            Self::Compare(compare) => compare.fits(value),
            Self::Within(low, high) => low.fits(value) && high.fits(value),
            Self::Outside(low, high) => low.fits(value) || high.fits(value),
        }
    }
}

/// Whether a text is a range `a-b`, and its ends.
pub(crate) fn in_range(text: &str) -> bool {
    text.len() >= 2
        && !text.starts_with(['>', '<', '!'])
        && range(text, "!-").is_none()
        && range(text, "-").is_some()
}

/// Two numbers, each with an optional sign, fraction and unit, around a separator.
fn range<'t>(text: &'t str, separator: &str) -> Option<(&'t str, &'t str)> {
    let end = endpoint(text)?;
    let (low, rest) = text.split_at_checked(end)?;
    let high = rest.strip_prefix(separator)?;
    (endpoint(high)? == high.len()).then_some((low, high))
}

fn endpoint(text: &str) -> Option<usize> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = unsigned.trim_start_matches(|c: char| c.is_ascii_digit());
    if digits.len() == unsigned.len() {
        return None;
    }
    let mut rest = digits;
    if let Some(fraction) = digits.strip_prefix('.') {
        let after = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
        if after.len() < fraction.len() {
            rest = after;
        }
    }
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    text.len().checked_sub(rest.len())
}

impl Compare {
    fn new(op: Op, operand: &str) -> Self {
        let text = operand.trim().to_owned();
        Self { op, duration: duration::parse(&text), quantity: quantity::parse(&text), text }
    }

    fn fits(&self, value: &Value) -> bool {
        let number = number_text(value);
        if let (Some(want), Some(text)) = (self.duration, &number)
            && let Some(got) = duration::parse(text)
        {
            return self.op.holds(got.cmp(&want));
        }
        if let (Some(want), Some(text)) = (self.quantity, &number)
            && let Some(got) = quantity::parse(text)
        {
            return self.op.holds(got.cmp(&want));
        }
        let Some(text) = plain_text(value) else { return false };
        match self.op {
            Op::Equal => glob::matches(&self.text, &text),
            Op::NotEqual => !glob::matches(&self.text, &text),
            _ => false,
        }
    }
}

impl Op {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::More => order.is_gt(),
            Self::Less => order.is_lt(),
            Self::MoreEqual => order.is_ge(),
            Self::LessEqual => order.is_le(),
        }
    }
}

/// The text a duration or quantity is read from; a missing value counts as `0`.
fn number_text(value: &Value) -> Option<std::borrow::Cow<'_, str>> {
    match value {
        Value::Null => Some("0".into()),
        Value::String(text) => Some(text.into()),
        Value::Number(n) => Some(fixed(n).into()),
        _ => None,
    }
}

fn fixed(n: &Number) -> String {
    match n.as_i64() {
        Some(i) => i.to_string(),
        None => format!("{:.6}", n.as_f64().unwrap_or_default()),
    }
}

/// The text a wildcard is matched against; null, maps and arrays have none.
fn plain_text(value: &Value) -> Option<std::borrow::Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.into()),
        Value::Bool(b) => Some(if *b { "true" } else { "false" }.into()),
        Value::Number(n) => Some(match n.as_i64() {
            Some(i) => i.to_string().into(),
            None => print::float_upper(n.as_f64().unwrap_or_default()).into(),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fits(pattern: Value, value: Value) -> bool {
        Leaf::compile(&pattern).unwrap().fits(&value)
    }

    #[test]
    fn hits() {
        for (pattern, value) in [
            (json!("?*"), json!("a")),
            (json!("*"), json!("")),
            (json!("a|b"), json!("b")),
            (json!("a | b*"), json!("bc")),
            (json!("!*:latest"), json!("nginx:1")),
            (json!("!a & !b"), json!("c")),
            (json!(">1Gi"), json!("2Gi")),
            (json!("<= 500m"), json!("0.5")),
            (json!(">1h"), json!("90m")),
            (json!("10-20"), json!(15)),
            (json!("1Mi-1Gi"), json!("512Mi")),
            (json!("10!-20"), json!(25)),
            (json!("-5-5"), json!(-3)),
            (json!("1024"), json!("1Ki")),
            (json!(80), json!("80")),
            (json!(80), json!(80.0)),
            (json!(1.5), json!("1.5")),
            (json!("80*"), json!(8080)),
            (json!("true"), json!(true)),
            (json!(null), json!(false)),
            (json!(null), json!(0)),
            (json!(null), json!("")),
            (json!("a|b"), json!("a|b")),
            (json!("<5"), json!(null)),
        ] {
            assert!(fits(pattern.clone(), value.clone()), "{pattern} {value}");
        }
    }

    #[test]
    fn misses() {
        for (pattern, value) in [
            (json!("?*"), json!("")),
            (json!("?*"), json!(null)),
            (json!("*"), json!(null)),
            (json!("a|b"), json!("ab")),
            (json!("!a & !b"), json!("b")),
            (json!("!*:latest"), json!("nginx:latest")),
            (json!("!a"), json!(null)),
            (json!(">1Gi"), json!("1Gi")),
            (json!(">a"), json!("b")),
            (json!("10-20"), json!(21)),
            (json!("10!-20"), json!(15)),
            (json!(true), json!("true")),
            (json!(80), json!("80.0")),
            (json!(null), json!({})),
            (json!("*"), json!({})),
        ] {
            assert!(!fits(pattern.clone(), value.clone()), "{pattern} {value}");
        }
    }

    #[test]
    fn a_name_with_dashes_is_no_range() {
        assert!(!in_range("runtime-default"));
        assert!(!in_range("a-1"));
        assert!(in_range("1-2") && in_range("1.5Gi-2Gi") && !in_range("1!-2") && !in_range("1-2-3"));
    }
}
