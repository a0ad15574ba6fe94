//! The language's own functions. Semantics: Go's `text/template/funcs.go`.

use super::super::print;
use super::super::value::Value;
use super::{Function, MANY, Result_, at, chars, int, row};
use std::cmp::Ordering;

pub(super) static ROWS: &[Function] = &[
    // These two are evaluated where they stand; the rows only name them.
    row("and", 1, MANY, |_, v| Ok(v.last().cloned().unwrap_or(Value::Nil))),
    row("or", 1, MANY, |_, v| Ok(v.last().cloned().unwrap_or(Value::Nil))),
    row("not", 1, 1, |_, v| Ok(Value::Bool(!at(v, 0).truth()))),
    row("len", 1, 1, |_, v| length(at(v, 0))),
    row("index", 1, MANY, |_, v| index(v)),
    row("print", 0, MANY, |_, v| Ok(Value::text(print::together(v)))),
    row("println", 0, MANY, |_, v| {
        let all: Vec<Vec<u8>> = v.iter().map(print::plain).collect();
        Ok(Value::text([all.join(&b' '), b"\n".to_vec()].concat()))
    }),
    row("printf", 1, MANY, |_, v| {
        let (format, rest) = v.split_first().unwrap_or((&Value::Nil, &[]));
        match format {
            Value::Text(format) => print::printf(format, rest).map(Value::text),
            other => Err(format!("the format is of type {}", other.kind())),
        }
    }),
    row("html", 0, MANY, |_, v| Ok(Value::text(html(&together(v))))),
    row("js", 0, MANY, |_, v| Ok(Value::text(js(&together(v))))),
    row("urlquery", 0, MANY, |_, v| Ok(Value::text(query(&all(v))))),
    row("eq", 2, MANY, |_, v| {
        let (first, rest) = v.split_first().unwrap_or((&Value::Nil, &[]));
        for other in rest {
            if equal(first, other)? {
                return Ok(Value::Bool(true));
            }
        }
        Ok(Value::Bool(false))
    }),
    row("ne", 2, 2, |_, v| Ok(Value::Bool(!equal(at(v, 0), at(v, 1))?))),
    row("lt", 2, 2, |_, v| order(v, |o| o == Ordering::Less)),
    row("le", 2, 2, |_, v| order(v, |o| o != Ordering::Greater)),
    row("gt", 2, 2, |_, v| order(v, |o| o == Ordering::Greater)),
    row("ge", 2, 2, |_, v| order(v, |o| o != Ordering::Less)),
];

fn length(value: &Value) -> Result_ {
    let length = match value {
        Value::Text(text) => text.len(),
        Value::List(list) => list.len(),
        Value::Map(map) => map.borrow().entries.len(),
        other => return Err(format!("a value of type {} has no length", other.kind())),
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

fn index(values: &[Value]) -> Result_ {
    let mut value = at(values, 0).clone();
    for n in 1..values.len() {
        value = match &value {
            Value::List(list) => {
                let at = int(values, n)?;
                let found = usize::try_from(at).ok().and_then(|at| list.get(at)).cloned();
                found.ok_or_else(|| format!("{at} is out of range: there are {}", list.len()))?
            }
            Value::Text(text) => {
                let at = int(values, n)?;
                let found = usize::try_from(at).ok().and_then(|at| text.get(at));
                Value::Int(found.copied().map(i64::from).ok_or_else(|| format!("{at} is out of range"))?)
            }
            Value::Map(map) => {
                let key = chars(values, n)?;
                let map = map.borrow();
                map.entries.get(key.as_bytes()).cloned().or(map.zero.clone()).unwrap_or(Value::Nil)
            }
            other => return Err(format!("a value of type {} has no entries", other.kind())),
        };
    }
    Ok(value)
}

/// Whether two values are the same; of different kinds they cannot be compared.
fn equal(a: &Value, b: &Value) -> Result<bool, String> {
    Ok(match (a, b) {
        (Value::Nil | Value::Null, Value::Nil | Value::Null) => true,
        (Value::Nil | Value::Null, _) | (_, Value::Nil | Value::Null) => false,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a) | Value::Named(a, _), Value::Int(b) | Value::Named(b, _)) => a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Text(a), Value::Text(b)) => a == b,
        (Value::Time(a), Value::Time(b)) => a == b,
        _ => return Err(format!("{} and {} cannot be compared", a.kind(), b.kind())),
    })
}

fn order(values: &[Value], is: fn(Ordering) -> bool) -> Result_ {
    let (a, b) = (at(values, 0), at(values, 1));
    let order = match (a, b) {
        (Value::Int(a) | Value::Named(a, _), Value::Int(b) | Value::Named(b, _)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        _ => return Err(format!("{} and {} cannot be compared", a.kind(), b.kind())),
    };
    Ok(Value::Bool(order.is_some_and(is)))
}

/// Arguments as one text.
fn all(values: &[Value]) -> Vec<u8> {
    match values {
        [Value::Text(text)] => text.to_vec(),
        values => print::together(values),
    }
}

fn together(values: &[Value]) -> String {
    String::from_utf8_lossy(&all(values)).into_owned()
}

fn html(text: &str) -> String {
    super::own::escaped(text).replace('\0', "\u{fffd}")
}

fn js(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '\'' | '"' => out.extend(['\\', c]),
            '<' => out.push_str("\\u003C"),
            '>' => out.push_str("\\u003E"),
            '&' => out.push_str("\\u0026"),
            '=' => out.push_str("\\u003D"),
            c if c < ' ' => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

fn query(text: &[u8]) -> String {
    let mut out = String::new();
    for byte in text {
        match byte {
            b' ' => out.push('+'),
            byte if byte.is_ascii_alphanumeric() || b"-_.~".contains(byte) => out.push(char::from(*byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
