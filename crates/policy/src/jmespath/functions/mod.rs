//! The functions: one row each, in the table of its group.

mod arithmetic;
mod collections;
mod convert;
mod strings;

use super::{Expr, Fault};
use serde_json::Value;
use std::borrow::Cow;

/// A function: its name, what each argument may be, and what it does.
pub(crate) struct Function {
    /// As expressions call it.
    pub(crate) name: &'static str,
    /// One per argument.
    pub(crate) takes: &'static [Takes],
    /// The last argument may be repeated.
    pub(crate) variadic: bool,
    /// The body.
    pub(crate) run: fn(&[Argument<'_>]) -> Result<Value, Fault>,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// A set of types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Takes(u8);

impl Takes {
    const NULL: Self = Self(1);
    const BOOL: Self = Self(2);
    const NUMBER: Self = Self(4);
    const STRING: Self = Self(8);
    const ARRAY: Self = Self(16);
    const OBJECT: Self = Self(32);
    const EXPRESSION: Self = Self(64);
    const ANY: Self = Self(63);

    const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn admits(self, argument: &Argument<'_>) -> bool {
        let kind = match argument {
            Argument::Expression(_) => Self::EXPRESSION,
            Argument::Value(value) => match value.as_ref() {
                Value::Null => Self::NULL,
                Value::Bool(_) => Self::BOOL,
                Value::Number(_) => Self::NUMBER,
                Value::String(_) => Self::STRING,
                Value::Array(_) => Self::ARRAY,
                Value::Object(_) => Self::OBJECT,
            },
        };
        self.0 & kind.0 != 0
    }
}

/// An evaluated argument, or an expression to apply.
pub(crate) enum Argument<'a> {
    Value(Cow<'a, Value>),
    Expression(&'a Expr),
}

impl Argument<'_> {
    fn value(&self) -> &Value {
        match self {
            Self::Value(value) => value,
            Self::Expression(_) => &Value::Null,
        }
    }

    fn text(&self) -> &str {
        self.value().as_str().unwrap_or_default()
    }

    fn number(&self) -> f64 {
        self.value().as_f64().unwrap_or_default()
    }

    fn list(&self) -> &[Value] {
        self.value().as_array().map_or(&[], Vec::as_slice)
    }

    fn over(&self, element: &Value) -> Result<Value, Fault> {
        match self {
            Self::Expression(expr) => super::eval::over(expr, element),
            Self::Value(value) => Ok(value.clone().into_owned()),
        }
    }
}

const GROUPS: [&[Function]; 4] =
    [collections::FUNCTIONS, strings::FUNCTIONS, arithmetic::FUNCTIONS, convert::FUNCTIONS];

/// The function of a name.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    GROUPS.into_iter().flatten().find(|function| function.name == name)
}

/// Checks the arguments and calls.
pub(super) fn call<'a>(
    function: &'static Function,
    arguments: Vec<Argument<'a>>,
) -> Result<Cow<'a, Value>, Fault> {
    let (given, wanted) = (arguments.len(), function.takes.len());
    if given < wanted || (given > wanted && !function.variadic) {
        return Err(Fault::Invalid(format!("{}() takes {wanted} arguments, not {given}", function.name)));
    }
    let last = function.takes.last().copied().unwrap_or(Takes::ANY);
    for (index, argument) in arguments.iter().enumerate() {
        let takes = function.takes.get(index).copied().unwrap_or(last);
        if !takes.admits(argument) {
            let (name, at) = (function.name, index.saturating_add(1));
            let found = crate::go::print::type_name(argument.value());
            return Err(Fault::Invalid(format!("JMESPath function '{name}': argument #{at} is {found}")));
        }
    }
    (function.run)(&arguments).map(Cow::Owned)
}

fn invalid<T>(message: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Invalid(message.into()))
}

/// A float as a JSON number, whole ones as integers.
fn float(f: f64) -> Result<Value, Fault> {
    if f.fract() == 0.0 && f.abs() < 9e15 {
        return Ok(Value::from(f as i64));
    }
    serde_json::Number::from_f64(f)
        .map(Value::Number)
        .ok_or_else(|| Fault::Invalid("the result is no finite number".to_owned()))
}

/// The argument at a place; the count was checked before.
fn at<'s, 'a>(arguments: &'s [Argument<'a>], index: usize) -> &'s Argument<'a> {
    arguments.get(index).unwrap_or(&Argument::Value(Cow::Owned(Value::Null)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_floats_are_integers() {
        assert_eq!(float(2.0), Ok(Value::from(2)));
        assert_eq!(float(2.5), Ok(Value::from(2.5)));
        assert!(float(f64::NAN).is_err());
    }

    #[test]
    fn names_are_unique_and_lower_case() {
        let mut names: Vec<_> = GROUPS.into_iter().flatten().map(|f| f.name).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        assert!(
            names
                .iter()
                .all(|n| n.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'))
        );
    }
}
