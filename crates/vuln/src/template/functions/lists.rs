//! Lists. Semantics: sprig's `list.go`.

use super::super::value::Value;
use super::numbers::empty;
use super::{Function, MANY, Result_, at, int, list, row, shown};

pub(super) static ROWS: &[Function] = &[
    row("list", 0, MANY, |_, v| Ok(Value::list(v.to_vec()))),
    row("tuple", 0, MANY, |_, v| Ok(Value::list(v.to_vec()))),
    row("append", 2, 2, |_, v| append(v)),
    row("push", 2, 2, |_, v| append(v)),
    row("mustAppend", 2, 2, |_, v| append(v)),
    row("mustPush", 2, 2, |_, v| append(v)),
    row("prepend", 2, 2, |_, v| prepend(v)),
    row("mustPrepend", 2, 2, |_, v| prepend(v)),
    row("first", 1, 1, |_, v| Ok(list(v, 0)?.first().cloned().unwrap_or(Value::Nil))),
    row("mustFirst", 1, 1, |_, v| Ok(list(v, 0)?.first().cloned().unwrap_or(Value::Nil))),
    row("last", 1, 1, |_, v| Ok(list(v, 0)?.last().cloned().unwrap_or(Value::Nil))),
    row("mustLast", 1, 1, |_, v| Ok(list(v, 0)?.last().cloned().unwrap_or(Value::Nil))),
    row("rest", 1, 1, |_, v| rest(v)),
    row("mustRest", 1, 1, |_, v| rest(v)),
    row("initial", 1, 1, |_, v| initial(v)),
    row("mustInitial", 1, 1, |_, v| initial(v)),
    row("reverse", 1, 1, |_, v| Ok(Value::list(list(v, 0)?.iter().rev().cloned().collect()))),
    row("mustReverse", 1, 1, |_, v| Ok(Value::list(list(v, 0)?.iter().rev().cloned().collect()))),
    row("compact", 1, 1, |_, v| compact(v)),
    row("mustCompact", 1, 1, |_, v| compact(v)),
    row("uniq", 1, 1, |_, v| uniq(v)),
    row("mustUniq", 1, 1, |_, v| uniq(v)),
    row("without", 1, MANY, |_, v| without(v)),
    row("mustWithout", 1, MANY, |_, v| without(v)),
    row("has", 2, 2, |_, v| has(v)),
    row("mustHas", 2, 2, |_, v| has(v)),
    row("slice", 1, 3, |_, v| slice(v)),
    row("mustSlice", 1, 3, |_, v| slice(v)),
    row("concat", 0, MANY, |_, v| {
        let all: Result<Vec<&[Value]>, String> = (0..v.len()).map(|n| list(v, n)).collect();
        Ok(Value::list(all?.concat()))
    }),
    row("chunk", 2, 2, |_, v| chunk(v)),
    row("mustChunk", 2, 2, |_, v| chunk(v)),
    row("join", 2, 2, |_, v| Ok(Value::text(texts(at(v, 1)).join(super::text(v, 0)?)))),
    row("toStrings", 1, 1, |_, v| Ok(Value::list(texts(at(v, 0)).into_iter().map(Value::text).collect()))),
    row("sortAlpha", 1, 1, |_, v| {
        let mut all = texts(at(v, 0));
        all.sort();
        Ok(Value::list(all.into_iter().map(Value::text).collect()))
    }),
    row("deepEqual", 2, 2, |_, v| Ok(Value::Bool(same(at(v, 0), at(v, 1), 0)))),
];

/// The texts of a list, or of what is none.
fn texts(value: &Value) -> Vec<Vec<u8>> {
    match value {
        Value::Nil | Value::Null => Vec::new(),
        Value::List(list) => list.iter().filter(|one| !matches!(one, Value::Nil)).map(shown).collect(),
        other => vec![shown(other)],
    }
}

/// Whether two values are the same all the way down.
pub(super) fn same(a: &Value, b: &Value, depth: usize) -> bool {
    let below = depth.saturating_add(1);
    if depth > 64 {
        return false;
    }
    match (a, b) {
        (Value::Nil | Value::Null, Value::Nil | Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) | (Value::Named(a, _), Value::Named(b, _)) => a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Text(a), Value::Text(b)) => a == b,
        (Value::Time(a), Value::Time(b)) => a == b,
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(a, b, below))
        }
        (Value::Map(a), Value::Map(b)) => {
            let (a, b) = (a.borrow(), b.borrow());
            a.entries.len() == b.entries.len()
                && a.entries
                    .iter()
                    .all(|(key, one)| b.entries.get(key).is_some_and(|other| same(one, other, below)))
        }
        (Value::Record(a), Value::Record(b)) => {
            std::ptr::eq(a.shape, b.shape) && a.values.iter().zip(&b.values).all(|(a, b)| same(a, b, below))
        }
        _ => false,
    }
}

fn append(values: &[Value]) -> Result_ {
    let mut out = list(values, 0)?.to_vec();
    out.push(at(values, 1).clone());
    Ok(Value::list(out))
}

fn prepend(values: &[Value]) -> Result_ {
    let mut out = vec![at(values, 1).clone()];
    out.extend_from_slice(list(values, 0)?);
    Ok(Value::list(out))
}

fn rest(values: &[Value]) -> Result_ {
    Ok(Value::list(list(values, 0)?.iter().skip(1).cloned().collect()))
}

fn initial(values: &[Value]) -> Result_ {
    let list = list(values, 0)?;
    Ok(Value::list(list.iter().take(list.len().saturating_sub(1)).cloned().collect()))
}

fn compact(values: &[Value]) -> Result_ {
    Ok(Value::list(list(values, 0)?.iter().filter(|one| !empty(one)).cloned().collect()))
}

fn uniq(values: &[Value]) -> Result_ {
    let mut out: Vec<Value> = Vec::new();
    for one in list(values, 0)? {
        if !out.iter().any(|old| same(old, one, 0)) {
            out.push(one.clone());
        }
    }
    Ok(Value::list(out))
}

fn without(values: &[Value]) -> Result_ {
    let omitted = values.get(1..).unwrap_or_default();
    let kept = list(values, 0)?.iter().filter(|one| !omitted.iter().any(|other| same(one, other, 0)));
    Ok(Value::list(kept.cloned().collect()))
}

fn has(values: &[Value]) -> Result_ {
    match at(values, 1) {
        Value::Nil => Ok(Value::Bool(false)),
        _ => Ok(Value::Bool(list(values, 1)?.iter().any(|one| same(one, at(values, 0), 0)))),
    }
}

fn slice(values: &[Value]) -> Result_ {
    let list = list(values, 0)?;
    if list.is_empty() {
        return Ok(Value::Nil);
    }
    let index = |n: usize, default: usize| match values.len() > n {
        true => {
            int(values, n).and_then(|at| usize::try_from(at).map_err(|_| format!("{at} is out of range")))
        }
        false => Ok(default),
    };
    let (from, to) = (index(1, 0)?, index(2, list.len())?);
    let cut = list.get(from..to).ok_or_else(|| format!("{from} to {to} is out of range"))?;
    Ok(Value::list(cut.to_vec()))
}

fn chunk(values: &[Value]) -> Result_ {
    let size = usize::try_from(int(values, 0)?).ok().filter(|size| *size > 0);
    let size = size.ok_or_else(|| "the size of a chunk is above nothing".to_owned())?;
    Ok(Value::list(list(values, 1)?.chunks(size).map(|part| Value::list(part.to_vec())).collect()))
}
