//! Leaves of the decision graph: each distinct check once, each distinct field once.

use super::test::{Test, TextTest, comparable};
use crate::condition::{Check, Expr, Op, Operand, Right, Transformer};
use crate::fields::{Arg, Field, Getter, Source, dotted};
use crate::value::{Kind, Value};
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// Why a condition or an output cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CompileError {
    /// What is wrong.
    pub message: String,
    /// Byte offset in the condition.
    pub at: usize,
    /// Whether a field is unknown (a rule may ask to be left out then).
    pub unknown_field: bool,
}

/// What a value is asked of.
pub(super) trait Subject {
    /// Reads a field.
    fn get<'s>(&'s self, getter: &Getter, arg: &'s Arg) -> Option<Value<'s>>;
}

/// Where a side of a comparison comes from.
pub(super) enum Input {
    Field { getter: Getter, arg: Arg },
    Transform(Transformer, Vec<Input>),
    Literal(String),
}

/// A check, prepared.
pub(super) struct Leaf {
    pub(super) left: Input,
    pub(super) question: Question,
}

pub(super) enum Question {
    Constant(Box<Test>),
    /// The right side is of the event, too.
    Other(Op, Box<Input>),
}

impl Input {
    pub(super) fn value<'s, S: Subject>(&'s self, subject: &'s S) -> Option<Value<'s>> {
        match self {
            Self::Field { getter, arg } => match subject.get(getter, arg)? {
                Value::List(list) if list.is_empty() => None,
                value => Some(value),
            },
            Self::Literal(text) => Some(text.as_str().into()),
            Self::Transform(transformer, of) => {
                let mut values = Vec::with_capacity(of.len());
                for input in of {
                    values.push(input.value(subject)?);
                }
                super::transform::apply(*transformer, values)
            }
        }
    }
}

impl Leaf {
    /// Asks it. A field without value makes it false, whatever the operator.
    pub(super) fn holds<S: Subject>(&self, subject: &S) -> bool {
        let Some(value) = self.left.value(subject) else { return false };
        match &self.question {
            Question::Constant(test) => test.holds(&value),
            Question::Other(op, right) => {
                right.value(subject).is_some_and(|right| compare(*op, &value, &right))
            }
        }
    }
}

/// Compares two values of one event.
fn compare(op: Op, left: &Value<'_>, right: &Value<'_>) -> bool {
    let text = |value: &Value<'_>| -> Option<String> {
        match value {
            Value::Text(bytes) => std::str::from_utf8(bytes).ok().map(str::to_owned),
            Value::List(_) => None,
            other => Some(other.show()),
        }
    };
    let kind = match left {
        Value::Uint(_) | Value::Int(_) => Kind::Int,
        Value::Bool(_) => Kind::Bool,
        Value::Ip(_) | Value::Either(_) => Kind::Ip,
        Value::Text(_) | Value::List(_) | Value::Any(_) => Kind::Text,
        Value::AnyOf(_) => Kind::Int,
    };
    if let (Value::Text(left), Value::Text(right), Op::Eq | Op::Ne) = (left, right, op) {
        return (left == right) == (op == Op::Eq);
    }
    let test = match right {
        _ if op.takes_list() => {
            let values: Option<Vec<String>> = match right {
                Value::List(all) => {
                    all.iter().map(|b| std::str::from_utf8(b).ok().map(str::to_owned)).collect()
                }
                one => text(one).map(|t| vec![t]),
            };
            values.map(|values| Test::list(op, kind, &values))
        }
        one => text(one).map(|text| Test::value(op, kind, &text)),
    };
    matches!(test, Some(Ok(test)) if test.holds(left))
}

/// Prepares checks, each distinct one once.
pub(super) struct Leaves {
    fields: HashMap<&'static str, &'static Field>,
    known: FxHashMap<String, u32>,
    /// Leaves by where their check lies: the same check is met once for each graph.
    places: FxHashMap<*const Check, u32>,
    /// Conditions whose checks are in `places`: while they are held no other check can lie there.
    held: Vec<Arc<Expr>>,
    pub(super) all: Vec<Leaf>,
}

struct Typed {
    input: Input,
    kind: Kind,
    list: bool,
}

impl Leaves {
    pub(super) fn new(source: &'static Source) -> Self {
        Self {
            fields: source.index(),
            known: FxHashMap::default(),
            places: FxHashMap::default(),
            held: Vec::new(),
            all: Vec::new(),
        }
    }

    /// Says that checks of this condition are about to be added.
    pub(super) fn hold(&mut self, condition: &Arc<Expr>) {
        self.held.push(condition.clone());
    }

    /// The number of a check's leaf. Its condition must be held.
    pub(super) fn add(&mut self, check: &Check) -> Result<u32, CompileError> {
        if let Some(id) = self.places.get(&std::ptr::from_ref(check)) {
            return Ok(*id);
        }
        let key = check.to_string();
        let id = match self.known.get(&key) {
            Some(id) => *id,
            None => {
                let leaf = self.leaf(check)?;
                let id = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
                self.all.push(leaf);
                self.known.insert(key, id);
                id
            }
        };
        self.places.insert(std::ptr::from_ref(check), id);
        Ok(id)
    }

    fn leaf(&self, check: &Check) -> Result<Leaf, CompileError> {
        let error = |message: String| CompileError { message, at: check.at, unknown_field: false };
        let left = self.operand(&check.left, check.at)?;
        comparable(check.op, left.kind, left.list).map_err(error)?;
        let (op, kind) = (check.op, left.kind);
        let question = match &check.right {
            Right::Nothing => Question::Constant(Box::new(Test::Exists)),
            Right::Value(text) if op.takes_list() => {
                Question::Constant(Box::new(Test::list(op, kind, std::slice::from_ref(text)).map_err(error)?))
            }
            Right::Value(text) => Question::Constant(Box::new(Test::value(op, kind, text).map_err(error)?)),
            Right::List(values) => Question::Constant(Box::new(Test::list(op, kind, values).map_err(error)?)),
            Right::Each(quantifier, values) => {
                if !matches!(kind, Kind::Text | Kind::Path | Kind::Bytes) {
                    return Err(error(format!("'{op}' over a list is for texts only")));
                }
                let tests: Result<Vec<_>, _> = values.iter().map(|v| TextTest::new(op, v)).collect();
                let each = Test::Each(*quantifier, tests.map_err(error)?);
                Question::Constant(Box::new(if op == Op::Ne { Test::Not(Box::new(each)) } else { each }))
            }
            Right::Operand(operand) => {
                let right = self.operand(operand, check.at)?;
                let same = |kind: Kind| match kind {
                    Kind::Path | Kind::Bytes => Kind::Text,
                    kind if kind.numeric() => Kind::Int,
                    kind => kind,
                };
                if same(right.kind) != same(kind) {
                    return Err(error(format!("'{}' and '{operand}' are of different types", check.left)));
                }
                Question::Other(op, Box::new(right.input))
            }
        };
        Ok(Leaf { left: left.input, question })
    }

    /// Prepares a field of an output.
    pub(super) fn output(&self, operand: &Operand) -> Result<Input, CompileError> {
        self.operand(operand, 0).map(|typed| typed.input)
    }

    fn operand(&self, operand: &Operand, at: usize) -> Result<Typed, CompileError> {
        let error = |message: String, unknown_field| CompileError { message, at, unknown_field };
        match operand {
            Operand::Literal(text) => {
                Ok(Typed { input: Input::Literal(text.clone()), kind: Kind::Text, list: false })
            }
            Operand::Field { name, arg } => {
                let unknown = || error(format!("unknown field '{}'", model::escape(name)), true);
                let (name, arg) = match dotted(name) {
                    Some((field, implied)) if arg.is_none() => (field, Some(implied)),
                    _ => (name.as_str(), arg.as_deref()),
                };
                let field = self.fields.get(name).ok_or_else(unknown)?;
                if matches!(field.get, Getter::Unsupported) {
                    return Err(error(format!("field '{name}' cannot be read here"), true));
                }
                let arg = field.argument(arg).map_err(|message| error(message, false))?;
                Ok(Typed {
                    input: Input::Field { getter: field.get, arg },
                    kind: field.kind,
                    list: field.list,
                })
            }
            Operand::Transform(transformer, of) => {
                let typed: Result<Vec<Typed>, _> = of.iter().map(|o| self.operand(o, at)).collect();
                let typed = typed?;
                let (kind, list) = match (transformer, typed.first()) {
                    (Transformer::Len, _) => (Kind::Uint, false),
                    (Transformer::Val, Some(one)) => (one.kind, one.list),
                    (Transformer::GetOpt, _) => (Kind::Text, true),
                    (Transformer::Join | Transformer::Concat, _) => (Kind::Text, false),
                    (_, Some(one)) => (one.kind, one.list),
                    (_, None) => (Kind::Text, false),
                };
                let numbers = typed.iter().any(|t| !matches!(t.kind, Kind::Text | Kind::Path | Kind::Bytes));
                if numbers && !matches!(transformer, Transformer::Val | Transformer::Len) {
                    return Err(error(format!("'{}' is for texts only", transformer.name()), false));
                }
                let inputs = typed.into_iter().map(|t| t.input).collect();
                Ok(Typed { input: Input::Transform(*transformer, inputs), kind, list })
            }
        }
    }
}

/// A value's text, for output.
pub(super) fn shown(value: Option<&Value<'_>>) -> Cow<'static, str> {
    value.map_or(Cow::Borrowed("<NA>"), |value| Cow::Owned(value.show()))
}
