//! JMESPath as Kyverno evaluates it: a missing key is an error unless something swallows it.
//!
//! Semantics: the fork `kyverno/go-jmespath`. Only a chain of fields, the right side of `&&` and the expression as
//! a whole report a missing key; `||`, functions, comparisons, projections and pipes turn it into null.

mod eval;
mod functions;
mod lexer;
mod parser;
mod scope;

pub(crate) use scope::Scope;

use serde_json::Value;
use std::borrow::Cow;

/// An expression that cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct SyntaxError(pub(crate) String);

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// A key is not there.
    #[error("Unknown key \"{0}\" in path")]
    NotFound(String),
    /// A function was given what it does not take, or the like.
    #[error("{0}")]
    Invalid(String),
}

/// A compiled expression.
#[derive(Clone, Debug)]
pub(crate) struct Expression(Expr);

impl Expression {
    /// Compiles a text.
    ///
    /// # Errors
    /// Bad syntax, too deep, or a function that is not known.
    pub(crate) fn compile(text: &str) -> Result<Self, SyntaxError> {
        parser::parse(text).map(Self)
    }

    /// Its value over the variables in scope.
    ///
    /// # Errors
    /// A missing key nobody swallowed, or a function's refusal.
    pub(crate) fn evaluate<'a>(&'a self, scope: &'a Scope<'a>) -> Result<Cow<'a, Value>, Fault> {
        eval::evaluate(&self.0, scope)
    }

    /// Its value over one value instead of variables.
    ///
    /// # Errors
    /// A function's refusal; a missing key is null.
    pub(crate) fn over(&self, value: &Value) -> Result<Value, Fault> {
        eval::over(&self.0, value)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    More,
    MoreEqual,
}

/// The syntax tree.
#[derive(Clone, Debug)]
enum Expr {
    Current,
    Field(String),
    Literal(Value),
    Index(i64),
    Slice(Option<i64>, Option<i64>, Option<i64>),
    /// The right one over the value of the left one.
    Then(Box<Expr>, Box<Expr>),
    /// The same, but a missing key on the left is null.
    Pipe(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Compare(Comparison, Box<Expr>, Box<Expr>),
    Flatten(Box<Expr>),
    Project(Box<Expr>, Box<Expr>),
    Values(Box<Expr>, Box<Expr>),
    Filter(Box<Expr>, Box<Expr>, Box<Expr>),
    List(Vec<Expr>),
    Hash(Vec<(String, Expr)>),
    Call(&'static functions::Function, Vec<Expr>),
    /// `&expr`, for functions that take an expression.
    Reference(Box<Expr>),
}

#[cfg(test)]
mod tests;
