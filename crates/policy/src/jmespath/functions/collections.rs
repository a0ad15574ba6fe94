//! Functions over arrays and objects: those of the JMESPath standard, and Kyverno's `items` and the like.

use super::super::eval::equal;
use super::{Argument, Function, Takes, at, invalid};
use crate::jmespath::Fault;
use serde_json::{Map, Value};
use std::cmp::Ordering;

type Given<'s, 'a> = &'s [Argument<'a>];
type Got = Result<Value, Fault>;

const LIST: Takes = Takes::ARRAY;
const SIZED: Takes = Takes::ARRAY.or(Takes::OBJECT).or(Takes::STRING);

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "length", takes: &[SIZED], variadic: false, run: length },
    Function {
        name: "contains",
        takes: &[LIST.or(Takes::STRING), Takes::ANY],
        variadic: false,
        run: contains,
    },
    Function { name: "keys", takes: &[Takes::OBJECT], variadic: false, run: keys },
    Function { name: "values", takes: &[Takes::OBJECT], variadic: false, run: values },
    Function { name: "merge", takes: &[Takes::OBJECT], variadic: true, run: merge },
    Function { name: "sort", takes: &[LIST], variadic: false, run: sort },
    Function { name: "sort_by", takes: &[LIST, Takes::EXPRESSION], variadic: false, run: sort_by },
    Function { name: "max_by", takes: &[LIST, Takes::EXPRESSION], variadic: false, run: max_by },
    Function { name: "min_by", takes: &[LIST, Takes::EXPRESSION], variadic: false, run: min_by },
    Function { name: "map", takes: &[Takes::EXPRESSION, LIST], variadic: false, run: map },
    Function { name: "max", takes: &[LIST], variadic: false, run: max },
    Function { name: "min", takes: &[LIST], variadic: false, run: min },
    Function { name: "reverse", takes: &[LIST.or(Takes::STRING)], variadic: false, run: reverse },
    Function { name: "not_null", takes: &[Takes::ANY], variadic: true, run: not_null },
    Function {
        name: "items",
        takes: &[LIST.or(Takes::OBJECT), Takes::STRING, Takes::STRING],
        variadic: false,
        run: items,
    },
    Function { name: "object_from_lists", takes: &[LIST, LIST], variadic: false, run: object_from_lists },
    Function {
        name: "lookup",
        takes: &[LIST.or(Takes::OBJECT), Takes::STRING.or(Takes::NUMBER)],
        variadic: false,
        run: lookup,
    },
];

fn length(given: Given<'_, '_>) -> Got {
    let size = match at(given, 0).value() {
        Value::Array(list) => list.len(),
        Value::Object(fields) => fields.len(),
        Value::String(text) => text.chars().count(),
        _ => 0,
    };
    Ok(Value::from(size))
}

fn contains(given: Given<'_, '_>) -> Got {
    let needle = at(given, 1).value();
    Ok(Value::Bool(match at(given, 0).value() {
        Value::Array(list) => list.iter().any(|item| equal(item, needle)),
        Value::String(text) => needle.as_str().is_some_and(|needle| text.contains(needle)),
        _ => false,
    }))
}

fn fields<'s>(given: Given<'s, '_>, index: usize) -> impl Iterator<Item = (&'s String, &'s Value)> {
    at(given, index).value().as_object().into_iter().flatten()
}

fn keys(given: Given<'_, '_>) -> Got {
    Ok(fields(given, 0).map(|(key, _)| Value::from(key.as_str())).collect::<Vec<_>>().into())
}

fn values(given: Given<'_, '_>) -> Got {
    Ok(fields(given, 0).map(|(_, value)| value.clone()).collect::<Vec<_>>().into())
}

fn merge(given: Given<'_, '_>) -> Got {
    let mut all = Map::new();
    for index in 0..given.len() {
        all.extend(fields(given, index).map(|(key, value)| (key.clone(), value.clone())));
    }
    Ok(Value::Object(all))
}

/// The order of two numbers or two strings.
fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64()?.partial_cmp(&b.as_f64()?),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// Elements with their sort keys; all keys are numbers or all are strings.
fn keyed(list: &[Value], key: impl Fn(&Value) -> Got) -> Result<Vec<(Value, Value)>, Fault> {
    let pairs: Vec<_> = list.iter().map(|v| Ok((key(v)?, v.clone()))).collect::<Result<_, Fault>>()?;
    let alike = pairs.windows(2).all(|pair| match pair {
        [(a, _), (b, _)] => order(a, b).is_some(),
        _ => true,
    });
    let first = pairs.first().is_none_or(|(key, _)| order(key, key).is_some());
    if alike && first { Ok(pairs) } else { invalid("elements cannot be put in order") }
}

fn sorted(mut pairs: Vec<(Value, Value)>) -> Vec<Value> {
    pairs.sort_by(|(a, _), (b, _)| order(a, b).unwrap_or(Ordering::Equal));
    pairs.into_iter().map(|(_, value)| value).collect()
}

fn itself(value: &Value) -> Got {
    Ok(value.clone())
}

fn sort(given: Given<'_, '_>) -> Got {
    keyed(at(given, 0).list(), itself).map(|pairs| sorted(pairs).into())
}

fn sort_by(given: Given<'_, '_>) -> Got {
    keyed(at(given, 0).list(), |v| at(given, 1).over(v)).map(|pairs| sorted(pairs).into())
}

/// The first of the largest elements.
fn largest(pairs: Vec<(Value, Value)>) -> Value {
    let mut best: Option<(Value, Value)> = None;
    for (key, value) in pairs {
        if best.as_ref().is_none_or(|(known, _)| order(&key, known) == Some(Ordering::Greater)) {
            best = Some((key, value));
        }
    }
    best.map_or(Value::Null, |(_, value)| value)
}

/// The first of the smallest elements.
fn smallest(pairs: Vec<(Value, Value)>) -> Value {
    sorted(pairs).into_iter().next().unwrap_or(Value::Null)
}

fn max(given: Given<'_, '_>) -> Got {
    keyed(at(given, 0).list(), itself).map(largest)
}

fn min(given: Given<'_, '_>) -> Got {
    keyed(at(given, 0).list(), itself).map(smallest)
}

fn max_by(given: Given<'_, '_>) -> Got {
    keyed(at(given, 0).list(), |v| at(given, 1).over(v)).map(largest)
}

fn min_by(given: Given<'_, '_>) -> Got {
    keyed(at(given, 0).list(), |v| at(given, 1).over(v)).map(smallest)
}

fn map(given: Given<'_, '_>) -> Got {
    at(given, 1).list().iter().map(|v| at(given, 0).over(v)).collect::<Result<Vec<_>, _>>().map(Value::from)
}

fn reverse(given: Given<'_, '_>) -> Got {
    Ok(match at(given, 0).value() {
        Value::String(text) => Value::from(text.chars().rev().collect::<String>()),
        _ => at(given, 0).list().iter().rev().cloned().collect::<Vec<_>>().into(),
    })
}

fn not_null(given: Given<'_, '_>) -> Got {
    Ok(given.iter().map(Argument::value).find(|v| !v.is_null()).cloned().unwrap_or(Value::Null))
}

/// An object as a list of pairs, or a list with its indexes.
fn items(given: Given<'_, '_>) -> Got {
    let (key, value) = (at(given, 1).text(), at(given, 2).text());
    let pair = |k: Value, v: &Value| {
        Value::Object(Map::from_iter([(key.to_owned(), k), (value.to_owned(), v.clone())]))
    };
    Ok(match at(given, 0).value() {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            fields.into_iter().map(|(k, v)| pair(Value::from(k.as_str()), v)).collect::<Vec<_>>().into()
        }
        _ => {
            let list = at(given, 0).list().iter().enumerate();
            list.map(|(k, v)| pair(Value::from(k), v)).collect::<Vec<_>>().into()
        }
    })
}

fn object_from_lists(given: Given<'_, '_>) -> Got {
    let mut out = Map::new();
    for (index, key) in at(given, 0).list().iter().enumerate() {
        let Some(key) = key.as_str() else { return invalid("keys of an object must be strings") };
        out.insert(key.to_owned(), at(given, 1).list().get(index).cloned().unwrap_or(Value::Null));
    }
    Ok(Value::Object(out))
}

fn lookup(given: Given<'_, '_>) -> Got {
    let key = at(given, 1);
    Ok(match (at(given, 0).value(), key.value()) {
        (Value::Object(fields), Value::String(key)) => fields.get(key).cloned().unwrap_or(Value::Null),
        (Value::Array(list), Value::Number(n)) => {
            let index = n.as_u64().and_then(|n| usize::try_from(n).ok());
            index.and_then(|n| list.get(n)).cloned().unwrap_or(Value::Null)
        }
        _ => return invalid("lookup() needs an object and a string, or an array and a whole number"),
    })
}
