//! Arithmetic over numbers, durations and quantities.
//!
//! A number and a duration give a duration, a number and a quantity a quantity; a ratio of two alike is a number.

use super::{Argument, Function, Takes, at, float, invalid};
use crate::go::{duration, quantity};
use crate::jmespath::Fault;
use serde_json::Value;

type Given<'s, 'a> = &'s [Argument<'a>];
type Got = Result<Value, Fault>;

const NUMBER: Takes = Takes::NUMBER;

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "abs", takes: &[NUMBER], variadic: false, run: |g| float(at(g, 0).number().abs()) },
    Function { name: "ceil", takes: &[NUMBER], variadic: false, run: |g| float(at(g, 0).number().ceil()) },
    Function { name: "floor", takes: &[NUMBER], variadic: false, run: |g| float(at(g, 0).number().floor()) },
    Function { name: "avg", takes: &[Takes::ARRAY], variadic: false, run: avg },
    Function { name: "sum", takes: &[Takes::ARRAY], variadic: false, run: sum },
    Function {
        name: "add",
        takes: &[Takes::ANY, Takes::ANY],
        variadic: false,
        run: |g| plain(g, |a, b| a + b),
    },
    Function {
        name: "subtract",
        takes: &[Takes::ANY, Takes::ANY],
        variadic: false,
        run: |g| plain(g, |a, b| a - b),
    },
    Function {
        name: "multiply",
        takes: &[Takes::ANY, Takes::ANY],
        variadic: false,
        run: |g| plain(g, |a, b| a * b),
    },
    Function { name: "divide", takes: &[Takes::ANY, Takes::ANY], variadic: false, run: divide },
    Function { name: "modulo", takes: &[Takes::ANY, Takes::ANY], variadic: false, run: modulo },
    Function { name: "round", takes: &[NUMBER, NUMBER], variadic: false, run: round },
];

/// What an argument is worth.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Worth {
    Number(f64),
    Duration(i64),
    Quantity(quantity::Quantity),
}

fn worth(value: &Value) -> Result<Worth, Fault> {
    match value {
        Value::Number(n) => Ok(Worth::Number(n.as_f64().unwrap_or_default())),
        Value::String(text) => duration::parse(text)
            .map(Worth::Duration)
            .or_else(|| quantity::parse(text).map(Worth::Quantity))
            .ok_or_else(|| Fault::Invalid(format!("{text:?} is no number, duration or quantity"))),
        _ => invalid("arithmetic needs numbers, durations or quantities"),
    }
}

/// Numbers only: sums of durations and quantities need Kubernetes' canonical spelling, which is not here yet.
fn plain(given: Given<'_, '_>, apply: fn(f64, f64) -> f64) -> Got {
    match (worth(at(given, 0).value())?, worth(at(given, 1).value())?) {
        (Worth::Number(a), Worth::Number(b)) => float(apply(a, b)),
        _ => invalid("arithmetic over durations and quantities is not supported here"),
    }
}

fn pair(given: Given<'_, '_>) -> Result<(f64, f64), Fault> {
    let pair = match (worth(at(given, 0).value())?, worth(at(given, 1).value())?) {
        (Worth::Number(a), Worth::Number(b)) => (a, b),
        (Worth::Duration(a), Worth::Duration(b)) => (a as f64, b as f64),
        (Worth::Quantity(a), Worth::Quantity(b)) => (a.as_f64(), b.as_f64()),
        _ => return invalid("arithmetic over durations and quantities is not supported here"),
    };
    if pair.1 == 0.0 { invalid("division by zero") } else { Ok(pair) }
}

fn divide(given: Given<'_, '_>) -> Got {
    pair(given).and_then(|(a, b)| float(a / b))
}

fn modulo(given: Given<'_, '_>) -> Got {
    pair(given).and_then(|(a, b)| float(a % b))
}

fn round(given: Given<'_, '_>) -> Got {
    let shift = 10_f64.powf(at(given, 1).number().trunc());
    float((at(given, 0).number() * shift).round() / shift)
}

fn numbers(given: Given<'_, '_>) -> Result<Vec<f64>, Fault> {
    let numbers: Option<Vec<f64>> = at(given, 0).list().iter().map(Value::as_f64).collect();
    numbers.ok_or_else(|| Fault::Invalid("sums over durations and quantities are not supported".to_owned()))
}

fn sum(given: Given<'_, '_>) -> Got {
    float(numbers(given)?.iter().sum())
}

fn avg(given: Given<'_, '_>) -> Got {
    let numbers = numbers(given)?;
    if numbers.is_empty() {
        return Ok(Value::Null);
    }
    float(numbers.iter().sum::<f64>() / numbers.len() as f64)
}
