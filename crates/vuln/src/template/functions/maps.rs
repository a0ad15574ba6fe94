//! Maps and JSON. Semantics: sprig's `dict.go` and `defaults.go`.

use super::super::shape::any;
use super::super::value::{Map, Value};
use super::{Function, MANY, Result_, at, chars, row, shown, text};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

pub(super) static ROWS: &[Function] = &[
    row("dict", 0, MANY, |_, v| {
        let pair = |pair: &[Value]| (shown(at(pair, 0)), pair.get(1).cloned().unwrap_or(Value::text("")));
        Ok(Value::map(v.chunks(2).map(pair).collect()))
    }),
    row("get", 2, 2, |_, v| {
        Ok(map(v, 0)?.borrow().entries.get(text(v, 1)?).cloned().unwrap_or(Value::text("")))
    }),
    row("set", 3, 3, |_, v| {
        map(v, 0)?.borrow_mut().entries.insert(text(v, 1)?.to_vec(), at(v, 2).clone());
        Ok(at(v, 0).clone())
    }),
    row("unset", 2, 2, |_, v| {
        map(v, 0)?.borrow_mut().entries.remove(text(v, 1)?);
        Ok(at(v, 0).clone())
    }),
    row("hasKey", 2, 2, |_, v| Ok(Value::Bool(map(v, 0)?.borrow().entries.contains_key(text(v, 1)?)))),
    row("pluck", 1, MANY, |_, v| {
        let key = text(v, 0)?;
        let maps: Result<Vec<_>, String> = (1..v.len()).map(|n| map(v, n)).collect();
        Ok(Value::list(maps?.iter().filter_map(|map| map.borrow().entries.get(key).cloned()).collect()))
    }),
    // Go gives keys in any order; here it is theirs.
    row("keys", 0, MANY, |_, v| {
        let maps: Result<Vec<_>, String> = (0..v.len()).map(|n| map(v, n)).collect();
        let keys = maps?.into_iter().flat_map(|map| map.borrow().entries.keys().cloned().collect::<Vec<_>>());
        Ok(Value::list(keys.map(Value::text).collect()))
    }),
    row("values", 1, 1, |_, v| Ok(Value::list(map(v, 0)?.borrow().entries.values().cloned().collect()))),
    row("pick", 1, MANY, |_, v| chosen(v, true)),
    row("omit", 1, MANY, |_, v| chosen(v, false)),
    row("merge", 1, MANY, |_, v| merge(v, false)),
    row("mustMerge", 1, MANY, |_, v| merge(v, false)),
    row("mergeOverwrite", 1, MANY, |_, v| merge(v, true)),
    row("mustMergeOverwrite", 1, MANY, |_, v| merge(v, true)),
    row("dig", 3, MANY, |_, v| dig(v)),
    row("deepCopy", 1, 1, |_, v| Ok(copy(at(v, 0), 0))),
    row("mustDeepCopy", 1, 1, |_, v| Ok(copy(at(v, 0), 0))),
    row("fromJson", 1, 1, |_, v| {
        Ok(serde_json::from_slice(text(v, 0)?).map_or(Value::Nil, |json| any(&json)))
    }),
    row("mustFromJson", 1, 1, |_, v| {
        serde_json::from_slice(text(v, 0)?).map(|json| any(&json)).map_err(|error| error.to_string())
    }),
    row("toJson", 1, 1, |_, v| Ok(Value::text(crate::trivy::compact(&json(at(v, 0), 0), true)))),
    row("mustToJson", 1, 1, |_, v| Ok(Value::text(crate::trivy::compact(&json(at(v, 0), 0), true)))),
    row("toRawJson", 1, 1, |_, v| Ok(Value::text(crate::trivy::compact(&json(at(v, 0), 0), false)))),
    row("mustToRawJson", 1, 1, |_, v| Ok(Value::text(crate::trivy::compact(&json(at(v, 0), 0), false)))),
    row("toPrettyJson", 1, 1, |_, v| Ok(Value::text(crate::trivy::pretty(&json(at(v, 0), 0))))),
    row("mustToPrettyJson", 1, 1, |_, v| Ok(Value::text(crate::trivy::pretty(&json(at(v, 0), 0))))),
];

fn map(values: &[Value], n: usize) -> Result<&Rc<RefCell<Map>>, String> {
    match at(values, n) {
        Value::Map(map) => Ok(map),
        other => {
            Err(format!("argument {} is of type {} instead of a map", n.saturating_add(1), other.kind()))
        }
    }
}

fn chosen(values: &[Value], keep: bool) -> Result_ {
    let names: Result<Vec<String>, String> = (1..values.len()).map(|n| chars(values, n)).collect();
    let names = names?;
    let mut entries = map(values, 0)?.borrow().entries.clone();
    entries.retain(|key, _| names.iter().any(|name| name.as_bytes() == key.as_slice()) == keep);
    Ok(Value::map(entries))
}

fn merge(values: &[Value], over: bool) -> Result_ {
    let into = map(values, 0)?;
    for n in 1..values.len() {
        let from = map(values, n)?;
        if !Rc::ptr_eq(into, from) {
            merged(&mut into.borrow_mut().entries, &from.borrow().entries, over, 0);
        }
    }
    Ok(at(values, 0).clone())
}

fn merged(into: &mut BTreeMap<Vec<u8>, Value>, from: &BTreeMap<Vec<u8>, Value>, over: bool, depth: usize) {
    for (key, value) in from {
        match (into.get(key), value) {
            (Some(Value::Map(old)), Value::Map(new)) if depth < 64 && !Rc::ptr_eq(old, new) => {
                // A map within itself is borrowed already: it has what it would be given.
                if let (Ok(mut old), Ok(new)) = (old.try_borrow_mut(), new.try_borrow()) {
                    merged(&mut old.entries, &new.entries, over, depth.saturating_add(1));
                }
            }
            (Some(old), _) if !over && old.truth() => {}
            _ if over && !value.truth() && into.contains_key(key) => {}
            _ => drop(into.insert(key.clone(), value.clone())),
        }
    }
}

fn dig(values: &[Value]) -> Result_ {
    let last = values.len().saturating_sub(1);
    let default = at(values, last.saturating_sub(1));
    let mut value = at(values, last).clone();
    for n in 0..last.saturating_sub(1) {
        let key = chars(values, n)?;
        let next = match &value {
            Value::Map(map) => map.borrow().entries.get(key.as_bytes()).cloned(),
            other => return Err(format!("{key} of a value of type {}", other.kind())),
        };
        match next {
            Some(next) => value = next,
            None => return Ok(default.clone()),
        }
    }
    Ok(value)
}

fn copy(value: &Value, depth: usize) -> Value {
    let below = depth.saturating_add(1);
    match value {
        _ if depth > 64 => Value::Nil,
        Value::List(list) => Value::list(list.iter().map(|one| copy(one, below)).collect()),
        Value::Map(map) => {
            let map = map.borrow();
            let entries = map.entries.iter().map(|(key, one)| (key.clone(), copy(one, below))).collect();
            Value::Map(Rc::new(RefCell::new(Map { entries, zero: map.zero.clone() })))
        }
        other => other.clone(),
    }
}

/// A value as JSON; what a struct's tags leave out when empty is left out.
fn json(value: &Value, depth: usize) -> crate::trivy::Json {
    use crate::trivy::Json as Ordered;
    let below = depth.saturating_add(1);
    match value {
        _ if depth > 64 => Ordered::Null,
        Value::Nil | Value::Null => Ordered::Null,
        Value::Bool(value) => Ordered::Bool(*value),
        Value::Int(n) => Ordered::Number((*n).into()),
        Value::Float(n) => serde_json::Number::from_f64(*n).map_or(Ordered::Null, Ordered::Number),
        Value::Text(text) => Ordered::String(String::from_utf8_lossy(text).into_owned()),
        Value::Named(_, text) => Ordered::String((*text).to_owned()),
        Value::Time(at) => Ordered::String(at.to_string()),
        Value::List(list) => Ordered::List(list.iter().map(|one| json(one, below)).collect()),
        Value::Map(map) => {
            let entry = |(key, one): (&Vec<u8>, &Value)| {
                (String::from_utf8_lossy(key).into_owned(), json(one, below))
            };
            Ordered::Object(map.borrow().entries.iter().map(entry).collect())
        }
        Value::Record(record) => match &record.text {
            Some(text) => Ordered::String(String::from_utf8_lossy(text).into_owned()),
            None => {
                let mut out = Vec::new();
                for (field, one) in record.shape.fields.iter().zip(&record.values) {
                    let written = json(one, below);
                    match written {
                        // The fields of what is embedded stand beside the others.
                        Ordered::Object(inner) if field.embedded() => out.extend(inner),
                        Ordered::Object(inner) if field.optional && inner.is_empty() => {}
                        written if field.optional && !one.truth() => drop(written),
                        written => out.push((field.json.to_owned(), written)),
                    }
                }
                Ordered::Object(out)
            }
        },
    }
}
