//! The tree walk.

use super::functions::{self, Argument};
use super::{Comparison, Expr, Fault, Scope};
use serde_json::{Map, Value};
use std::borrow::Cow;

type Got<'a> = Result<Cow<'a, Value>, Fault>;

/// What `@` is: all variables at the start, later a value.
#[derive(Clone)]
enum At<'a> {
    Root(&'a Scope<'a>),
    Value(Cow<'a, Value>),
}

const NULL: Cow<'static, Value> = Cow::Owned(Value::Null);

pub(super) fn evaluate<'a>(expr: &'a Expr, scope: &'a Scope<'a>) -> Got<'a> {
    walk(expr, At::Root(scope))
}

/// Evaluates a function's expression argument over an element.
pub(super) fn over(expr: &Expr, element: &Value) -> Result<Value, Fault> {
    swallow(walk(expr, At::Value(Cow::Borrowed(element)))).map(Cow::into_owned)
}

/// A missing key becomes null; other faults stay.
fn swallow(got: Got<'_>) -> Got<'_> {
    match got {
        Err(Fault::NotFound(_)) => Ok(NULL),
        other => other,
    }
}

fn walk<'a>(expr: &'a Expr, at: At<'a>) -> Got<'a> {
    match expr {
        Expr::Current => Ok(match at {
            At::Root(scope) => Cow::Owned(scope.whole()),
            At::Value(value) => value,
        }),
        Expr::Field(name) => field(name, at),
        Expr::Literal(value) => Ok(Cow::Borrowed(value)),
        Expr::Index(index) => Ok(index_of(*index, at)),
        Expr::Slice(start, stop, step) => slice(*start, *stop, *step, at),
        Expr::Then(left, right) => walk(right, At::Value(walk(left, at)?)),
        Expr::Pipe(left, right) => {
            let left = swallow(walk(left, at))?;
            swallow(walk(right, At::Value(left)))
        }
        Expr::Or(left, right) => {
            let got = swallow(walk(left, at.clone()))?;
            if is_false(&got) { swallow(walk(right, at)) } else { Ok(got) }
        }
        Expr::And(left, right) => {
            let got = swallow(walk(left, at.clone()))?;
            if is_false(&got) { Ok(got) } else { walk(right, at) }
        }
        Expr::Not(inner) => Ok(Cow::Owned(Value::Bool(is_false(swallow(walk(inner, at))?.as_ref())))),
        Expr::Compare(op, left, right) => {
            let left = swallow(walk(left, at.clone()))?;
            let right = swallow(walk(right, at))?;
            Ok(Cow::Owned(compare(*op, &left, &right)))
        }
        Expr::Flatten(inner) => flatten(walk(inner, at)),
        Expr::Project(list, each) => match items(swallow(walk(list, at))?) {
            Some(list) => project(list, each),
            None => Ok(NULL),
        },
        Expr::Values(inner, each) => match walk(inner, at).map(values) {
            Ok(Some(list)) => project(list, each),
            _ => Ok(NULL),
        },
        Expr::Filter(inner, condition, each) => match walk(inner, at).map(items) {
            Ok(Some(list)) => filter(list, condition, each),
            _ => Ok(NULL),
        },
        Expr::List(exprs) => list(exprs, at),
        Expr::Hash(pairs) => hash(pairs, at),
        Expr::Call(function, arguments) => call(function, arguments, at),
        Expr::Reference(_) => Err(Fault::Invalid("an expression reference is no value".to_owned())),
    }
}

fn field<'a>(name: &str, at: At<'a>) -> Got<'a> {
    let missing = || Fault::NotFound(name.to_owned());
    match at {
        At::Root(scope) => scope.get(name).map(Cow::Borrowed).ok_or_else(missing),
        At::Value(Cow::Borrowed(Value::Object(fields))) => {
            fields.get(name).map(Cow::Borrowed).ok_or_else(missing)
        }
        At::Value(Cow::Owned(Value::Object(mut fields))) => {
            fields.remove(name).map(Cow::Owned).ok_or_else(missing)
        }
        At::Value(_) => Ok(NULL),
    }
}

fn index_of<'a>(index: i64, at: At<'a>) -> Cow<'a, Value> {
    let place = |length: usize| {
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        let at = if index < 0 { index.saturating_add(length) } else { index };
        usize::try_from(at).ok()
    };
    match at {
        At::Value(Cow::Borrowed(Value::Array(list))) => {
            place(list.len()).and_then(|at| list.get(at)).map_or(NULL, Cow::Borrowed)
        }
        At::Value(Cow::Owned(Value::Array(mut list))) => match place(list.len()) {
            Some(at) if at < list.len() => Cow::Owned(list.swap_remove(at)),
            _ => NULL,
        },
        _ => NULL,
    }
}

fn slice<'a>(start: Option<i64>, stop: Option<i64>, step: Option<i64>, at: At<'a>) -> Got<'a> {
    let At::Value(value) = at else { return Ok(NULL) };
    let Some(list) = items(value) else { return Ok(NULL) };
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err(Fault::Invalid("a slice cannot have a step of 0".to_owned()));
    }
    let length = i64::try_from(list.len()).unwrap_or(i64::MAX);
    let (low, high) = if step > 0 { (0, length) } else { (-1, length.saturating_sub(1)) };
    let clamp = |bound: i64| {
        let bound = if bound < 0 { bound.saturating_add(length) } else { bound };
        bound.clamp(low, high)
    };
    let (first, last) = if step > 0 { (low, high) } else { (high, low) };
    let mut at = start.map_or(first, clamp);
    let stop = stop.map_or(last, clamp);
    let mut out = Vec::new();
    while (step > 0 && at < stop) || (step < 0 && at > stop) {
        if let Some(item) = usize::try_from(at).ok().and_then(|at| list.get(at)) {
            out.push(item.clone().into_owned());
        }
        at = at.saturating_add(step);
    }
    Ok(Cow::Owned(Value::Array(out)))
}

/// The elements of an array, borrowed where the array is.
fn items(value: Cow<'_, Value>) -> Option<Vec<Cow<'_, Value>>> {
    match value {
        Cow::Borrowed(Value::Array(list)) => Some(list.iter().map(Cow::Borrowed).collect()),
        Cow::Owned(Value::Array(list)) => Some(list.into_iter().map(Cow::Owned).collect()),
        _ => None,
    }
}

/// The values of an object, in the order of its keys.
fn values(value: Cow<'_, Value>) -> Option<Vec<Cow<'_, Value>>> {
    match value {
        Cow::Borrowed(Value::Object(fields)) => Some(fields.values().map(Cow::Borrowed).collect()),
        Cow::Owned(Value::Object(fields)) => Some(fields.into_iter().map(|(_, v)| Cow::Owned(v)).collect()),
        _ => None,
    }
}

fn flatten(got: Got<'_>) -> Got<'_> {
    let Ok(value) = got else { return Ok(NULL) };
    let Some(list) = items(value) else { return Ok(NULL) };
    let mut out = Vec::new();
    for item in list {
        match item.into_owned() {
            Value::Array(inner) => out.extend(inner),
            other => out.push(other),
        }
    }
    Ok(Cow::Owned(Value::Array(out)))
}

fn project<'a>(list: Vec<Cow<'a, Value>>, each: &'a Expr) -> Got<'a> {
    let mut out = Vec::new();
    for item in list {
        let got = swallow(walk(each, At::Value(item)))?;
        if !got.is_null() {
            out.push(got.into_owned());
        }
    }
    Ok(Cow::Owned(Value::Array(out)))
}

fn filter<'a>(list: Vec<Cow<'a, Value>>, condition: &'a Expr, each: &'a Expr) -> Got<'a> {
    let mut kept = Vec::new();
    for item in list {
        let holds = {
            let element = At::Value(Cow::Borrowed(item.as_ref()));
            !is_false(swallow(walk(condition, element))?.as_ref())
        };
        if holds {
            kept.push(item);
        }
    }
    project(kept, each)
}

fn list<'a>(exprs: &'a [Expr], at: At<'a>) -> Got<'a> {
    if matches!(&at, At::Value(value) if value.is_null()) {
        return Ok(NULL);
    }
    let each = |expr| swallow(walk(expr, at.clone())).map(Cow::into_owned);
    exprs.iter().map(each).collect::<Result<Vec<_>, _>>().map(|list| Cow::Owned(Value::Array(list)))
}

fn hash<'a>(pairs: &'a [(String, Expr)], at: At<'a>) -> Got<'a> {
    if matches!(&at, At::Value(value) if value.is_null()) {
        return Ok(NULL);
    }
    let mut out = Map::new();
    for (key, expr) in pairs {
        out.insert(key.clone(), swallow(walk(expr, at.clone()))?.into_owned());
    }
    Ok(Cow::Owned(Value::Object(out)))
}

fn call<'a>(function: &'static functions::Function, exprs: &'a [Expr], at: At<'a>) -> Got<'a> {
    let mut arguments = Vec::with_capacity(exprs.len());
    for expr in exprs {
        arguments.push(match expr {
            Expr::Reference(inner) => Argument::Expression(inner),
            other => Argument::Value(swallow(walk(other, at.clone()))?),
        });
    }
    functions::call(function, arguments)
}

/// What JMESPath takes for false: `false`, null, and everything empty.
fn is_false(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(b) => !b,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Number(_) => false,
    }
}

/// Deep equality in which `1` equals `1.0`.
pub(super) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(x, y)| equal(x, y)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, x)| b.get(key).is_some_and(|y| equal(x, y)))
        }
        (a, b) => a == b,
    }
}

fn compare(op: Comparison, left: &Value, right: &Value) -> Value {
    match op {
        Comparison::Equal => return Value::Bool(equal(left, right)),
        Comparison::NotEqual => return Value::Bool(!equal(left, right)),
        _ => {}
    }
    let (Some(a), Some(b)) = (left.as_f64(), right.as_f64()) else { return Value::Null };
    Value::Bool(match op {
        Comparison::Less => a < b,
        Comparison::LessEqual => a <= b,
        Comparison::More => a > b,
        _ => a >= b,
    })
}
