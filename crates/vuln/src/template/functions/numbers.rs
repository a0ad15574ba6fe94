//! Numbers and choices. Semantics: sprig's `numeric.go` and `defaults.go`.

use super::super::value::Value;
use super::{Function, MANY, Result_, at, int, row, shown};

pub(super) static ROWS: &[Function] = &[
    row("int", 1, 1, |_, v| Ok(Value::Int(whole(at(v, 0))))),
    row("int64", 1, 1, |_, v| Ok(Value::Int(whole(at(v, 0))))),
    row("float64", 1, 1, |_, v| Ok(Value::Float(fraction(at(v, 0))))),
    row("atoi", 1, 1, |_, v| Ok(Value::Int(super::chars(v, 0)?.parse().unwrap_or(0)))),
    row("toDecimal", 1, 1, |_, v| {
        Ok(Value::Int(i64::from_str_radix(&String::from_utf8_lossy(&shown(at(v, 0))), 8).unwrap_or(0)))
    }),
    row("add1", 1, 1, |_, v| Ok(Value::Int(whole(at(v, 0)).wrapping_add(1)))),
    row("add", 0, MANY, |_, v| Ok(Value::Int(v.iter().fold(0, |sum: i64, n| sum.wrapping_add(whole(n)))))),
    row("sub", 2, 2, |_, v| Ok(Value::Int(whole(at(v, 0)).wrapping_sub(whole(at(v, 1)))))),
    row("mul", 1, MANY, |_, v| Ok(Value::Int(v.iter().fold(1, |out: i64, n| out.wrapping_mul(whole(n)))))),
    row("div", 2, 2, |_, v| {
        let out = whole(at(v, 0)).checked_div(whole(at(v, 1)));
        out.map(Value::Int).ok_or_else(|| "division by nothing".to_owned())
    }),
    row("mod", 2, 2, |_, v| {
        let out = whole(at(v, 0)).checked_rem(whole(at(v, 1)));
        out.map(Value::Int).ok_or_else(|| "division by nothing".to_owned())
    }),
    row("add1f", 1, 1, |_, v| Ok(Value::Float(tidy(fraction(at(v, 0)) + 1.0)))),
    row("addf", 0, MANY, |_, v| Ok(Value::Float(tidy(v.iter().map(fraction).sum())))),
    row("subf", 1, MANY, |_, v| folded(v, |a, b| a - b)),
    row("mulf", 1, MANY, |_, v| folded(v, |a, b| a * b)),
    row("divf", 1, MANY, |_, v| folded(v, |a, b| a / b)),
    row("max", 1, MANY, |_, v| Ok(Value::Int(v.iter().map(whole).max().unwrap_or(0)))),
    row("biggest", 1, MANY, |_, v| Ok(Value::Int(v.iter().map(whole).max().unwrap_or(0)))),
    row("min", 1, MANY, |_, v| Ok(Value::Int(v.iter().map(whole).min().unwrap_or(0)))),
    row("maxf", 1, MANY, |_, v| folded(v, f64::max)),
    row("minf", 1, MANY, |_, v| folded(v, f64::min)),
    row("floor", 1, 1, |_, v| Ok(Value::Float(fraction(at(v, 0)).floor()))),
    row("ceil", 1, 1, |_, v| Ok(Value::Float(fraction(at(v, 0)).ceil()))),
    row("round", 2, 3, |_, v| {
        let power = 10_f64.powi(i32::try_from(int(v, 1)?).unwrap_or(0));
        let limit = if v.len() > 2 { fraction(at(v, 2)) } else { 0.5 };
        let digit = fraction(at(v, 0)) * power;
        let out = if digit.fract() >= limit { digit.ceil() } else { digit.floor() };
        Ok(Value::Float(out / power))
    }),
    row("until", 1, 1, |_, v| {
        let count = int(v, 0)?;
        steps(0, count, if count < 0 { -1 } else { 1 }).map(Value::list)
    }),
    row("untilStep", 3, 3, |_, v| steps(int(v, 0)?, int(v, 1)?, int(v, 2)?).map(Value::list)),
    row("seq", 0, 3, |_, v| sequence(v)),
    row("default", 1, 2, |_, v| Ok(if v.len() < 2 || empty(at(v, 1)) { at(v, 0) } else { at(v, 1) }.clone())),
    row("empty", 1, 1, |_, v| Ok(Value::Bool(empty(at(v, 0))))),
    row("coalesce", 0, MANY, |_, v| Ok(v.iter().find(|one| !empty(one)).cloned().unwrap_or(Value::Nil))),
    row("all", 0, MANY, |_, v| Ok(Value::Bool(!v.iter().any(empty)))),
    row("any", 0, MANY, |_, v| Ok(Value::Bool(!v.iter().all(empty)))),
    row("ternary", 3, 3, |_, v| match at(v, 2) {
        Value::Bool(choice) => Ok(at(v, if *choice { 0 } else { 1 }).clone()),
        other => Err(format!("the last argument is of type {} instead of bool", other.kind())),
    }),
    row("fail", 1, 1, |_, v| Err(super::chars(v, 0)?)),
    row("hello", 0, 0, |_, _| Ok(Value::text("Hello!"))),
    row("kindOf", 1, 1, |_, v| Ok(Value::text(kind(at(v, 0))))),
    row("kindIs", 2, 2, |_, v| Ok(Value::Bool(super::text(v, 0)? == kind(at(v, 1)).as_bytes()))),
    row("typeOf", 1, 1, |_, v| Ok(Value::text(at(v, 0).kind()))),
    row("typeIs", 2, 2, |_, v| Ok(Value::Bool(super::text(v, 0)? == at(v, 1).kind().as_bytes()))),
];

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Nil => "invalid",
        Value::Null => "ptr",
        Value::List(_) => "slice",
        Value::Map(_) => "map",
        Value::Record(_) | Value::Time(_) => "struct",
        value => value.kind(),
    }
}

/// Nothing, as `default` and `coalesce` see it: a struct is always something.
pub(super) fn empty(value: &Value) -> bool {
    !value.truth()
}

/// Without its fraction; out of range it is the nearest there is.
pub(super) fn truncated(value: f64) -> i64 {
    // A cast of a float stays within the type's bounds.
    value as i64
}

/// A whole number, whatever it is made of; 0 where it is none.
fn whole(value: &Value) -> i64 {
    match value {
        Value::Int(n) | Value::Named(n, _) => *n,
        Value::Float(n) => truncated(*n),
        Value::Bool(value) => i64::from(*value),
        Value::Text(text) => String::from_utf8_lossy(text).parse().unwrap_or(0),
        _ => 0,
    }
}

fn fraction(value: &Value) -> f64 {
    match value {
        Value::Float(n) => *n,
        Value::Text(text) => String::from_utf8_lossy(text).parse().unwrap_or(0.0),
        // Whole numbers of reports are far below the point where a float loses them.
        value => whole(value) as f64,
    }
}

/// Sums are decimal elsewhere: what only binary fractions add is rounded off.
fn tidy(value: f64) -> f64 {
    format!("{value:.12}").parse().unwrap_or(value)
}

fn folded(values: &[Value], apply: fn(f64, f64) -> f64) -> Result_ {
    let out = values.iter().map(fraction).reduce(apply).unwrap_or(0.0);
    Ok(Value::Float(tidy(out)))
}

/// Entries a list of numbers may have.
const LONGEST: usize = 1_000_000;

fn steps(start: i64, stop: i64, step: i64) -> Result<Vec<Value>, String> {
    let mut out = Vec::new();
    let mut at = start;
    let up = stop >= start;
    if step == 0 || (step > 0) != up {
        return Ok(out);
    }
    while (up && at < stop) || (!up && at > stop) {
        if out.len() >= LONGEST {
            return Err(format!("more than {LONGEST} numbers"));
        }
        out.push(Value::Int(at));
        at = at.saturating_add(step);
    }
    Ok(out)
}

fn sequence(values: &[Value]) -> Result_ {
    let all: Result<Vec<i64>, String> = (0..values.len()).map(|n| int(values, n)).collect();
    let list = match all?.as_slice() {
        [end] => {
            let step = if *end < 1 { -1 } else { 1 };
            steps(1, end.saturating_add(step), step)?
        }
        [start, end] => {
            let step = if end < start { -1 } else { 1 };
            steps(*start, end.saturating_add(step), step)?
        }
        [start, step, end] if end < start && *step > 0 => steps(*start, *start, *step)?,
        [start, step, end] => steps(*start, end.saturating_add(if end < start { -1 } else { 1 }), *step)?,
        _ => Vec::new(),
    };
    Ok(Value::text(list.iter().map(shown).collect::<Vec<_>>().join(&b' ')))
}
