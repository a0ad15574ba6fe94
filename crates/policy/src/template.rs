//! Texts and documents with `{{ expression }}` in them.
//!
//! Semantics: Kyverno `pkg/engine/variables`. Innermost expressions are resolved first; a text that is one
//! expression keeps the type of its value; anything else is put into the text (JSON unless it is a string), and the
//! text is looked through again. `\{{` stands for itself.

use crate::jmespath::{Expression, Fault, Scope};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// How often a text that expands to new expressions is looked through.
const MAX_ROUNDS: usize = 8;
/// Longest text an expansion may make, in bytes.
const MAX_EXPANSION: usize = 1 << 20;

/// Why a template has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TemplateError {
    /// The expression has no value.
    #[error("failed to resolve {variable}: {fault}")]
    Unresolved {
        /// The expression.
        variable: String,
        /// Why.
        fault: Fault,
    },
    /// The expression is not understood.
    #[error("{variable}: {reason}")]
    Syntax {
        /// The expression.
        variable: String,
        /// Why.
        reason: String,
    },
    /// Expansion does not end.
    #[error("variables expand without end or beyond 1 MiB")]
    Endless,
}

/// A document whose texts (and keys) may be templates.
#[derive(Clone, Debug)]
pub(crate) enum Document {
    /// Nothing to expand.
    Plain(Value),
    Text(Text),
    List(Vec<Document>),
    Map(Vec<(Text, Document)>),
}

/// A text that may have expressions in it.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    source: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug)]
enum Piece {
    Plain(String),
    /// An expression without others inside.
    Expression(String, Box<Expression>),
    /// An expression that is itself put together.
    Nested(Vec<Piece>),
}

impl Document {
    /// Compiles a document.
    ///
    /// # Errors
    /// An expression that is not understood.
    pub(crate) fn compile(value: &Value) -> Result<Self, TemplateError> {
        if !has_expressions(value) {
            return Ok(Self::Plain(value.clone()));
        }
        Ok(match value {
            Value::String(text) => Self::Text(Text::compile(text)?),
            Value::Array(items) => Self::List(items.iter().map(Self::compile).collect::<Result<_, _>>()?),
            Value::Object(fields) => {
                let pair = |(key, value): (&String, &Value)| Ok((Text::compile(key)?, Self::compile(value)?));
                Self::Map(fields.iter().map(pair).collect::<Result<_, _>>()?)
            }
            plain => Self::Plain(plain.clone()),
        })
    }

    /// The document without expressions, if it has none.
    pub(crate) fn plain(&self) -> Option<&Value> {
        match self {
            Self::Plain(value) => Some(value),
            _ => None,
        }
    }

    /// The document with its expressions resolved.
    ///
    /// # Errors
    /// The first expression without a value.
    pub(crate) fn render<'a>(&'a self, scope: &'a Scope<'a>) -> Result<Cow<'a, Value>, TemplateError> {
        Ok(match self {
            Self::Plain(value) => Cow::Borrowed(value),
            Self::Text(text) => text.render(scope)?,
            Self::List(items) => {
                let items = items.iter().map(|item| Ok(item.render(scope)?.into_owned()));
                Cow::Owned(Value::Array(items.collect::<Result<_, TemplateError>>()?))
            }
            Self::Map(pairs) => {
                let mut out = Map::new();
                for (key, value) in pairs {
                    out.insert(key.render_text(scope)?, value.render(scope)?.into_owned());
                }
                Cow::Owned(Value::Object(out))
            }
        })
    }
}

fn has_expressions(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("{{"),
        Value::Array(items) => items.iter().any(has_expressions),
        Value::Object(fields) => fields.iter().any(|(key, v)| key.contains("{{") || has_expressions(v)),
        _ => false,
    }
}

impl Text {
    /// Compiles a text.
    ///
    /// # Errors
    /// An expression that is not understood.
    pub(crate) fn compile(source: &str) -> Result<Self, TemplateError> {
        let (pieces, _) = pieces(source, 0)?;
        Ok(Self { source: source.to_owned(), pieces })
    }

    /// As written.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// Its value: of any type when it is one expression, else a string.
    pub(crate) fn render<'a>(&'a self, scope: &'a Scope<'a>) -> Result<Cow<'a, Value>, TemplateError> {
        let value = match self.pieces.as_slice() {
            [] => return Ok(Cow::Owned(Value::String(String::new()))),
            [Piece::Expression(source, expression)] => resolve(source, expression, scope)?,
            [Piece::Nested(inner)] => Cow::Owned(resolve_text(&concat(inner, scope)?, scope)?),
            pieces => Cow::Owned(Value::String(concat(pieces, scope)?)),
        };
        let expanded = !matches!(self.pieces.as_slice(), [Piece::Plain(_)]);
        match value.as_str() {
            Some(text) if expanded && is_open(text) => again(text, scope, MAX_ROUNDS).map(Cow::Owned),
            Some(text) if text.contains("\\{{") => Ok(Cow::Owned(Value::String(text.replace("\\{{", "{{")))),
            _ => Ok(value),
        }
    }

    /// Its value as text.
    pub(crate) fn render_text(&self, scope: &Scope<'_>) -> Result<String, TemplateError> {
        Ok(match self.render(scope)?.into_owned() {
            Value::String(text) => text,
            other => other.to_string(),
        })
    }
}

/// Looks through a text that came out of an expansion.
fn again(text: &str, scope: &Scope<'_>, rounds: usize) -> Result<Value, TemplateError> {
    let Some(rounds) = rounds.checked_sub(1) else { return Err(TemplateError::Endless) };
    let compiled = Text::compile(text)?;
    let value = match compiled.pieces.as_slice() {
        [Piece::Plain(plain)] => return Ok(Value::String(plain.replace("\\{{", "{{"))),
        [Piece::Expression(source, expression)] => resolve(source, expression, scope)?.into_owned(),
        [Piece::Nested(inner)] => resolve_text(&concat(inner, scope)?, scope)?,
        pieces => Value::String(concat(pieces, scope)?),
    };
    match value.as_str() {
        Some(text) if is_open(text) => again(text, scope, rounds),
        Some(text) => Ok(Value::String(text.replace("\\{{", "{{"))),
        None => Ok(value),
    }
}

/// Whether a text has an opening that no backslash keeps as it is.
fn is_open(text: &str) -> bool {
    text.replace("\\{{", "").contains("{{")
}

fn resolve<'a>(
    source: &str,
    expression: &'a Expression,
    scope: &'a Scope<'a>,
) -> Result<Cow<'a, Value>, TemplateError> {
    expression
        .evaluate(scope)
        .map_err(|fault| TemplateError::Unresolved { variable: source.to_owned(), fault })
}

fn resolve_text(source: &str, scope: &Scope<'_>) -> Result<Value, TemplateError> {
    let source = source.trim();
    let expression = Expression::compile(source)
        .map_err(|e| TemplateError::Syntax { variable: source.to_owned(), reason: e.to_string() })?;
    resolve(source, &expression, scope).map(Cow::into_owned)
}

fn concat(pieces: &[Piece], scope: &Scope<'_>) -> Result<String, TemplateError> {
    let mut out = String::new();
    for piece in pieces {
        let value = match piece {
            Piece::Plain(text) => {
                out.push_str(text);
                continue;
            }
            Piece::Expression(source, expression) => resolve(source, expression, scope)?,
            Piece::Nested(inner) => Cow::Owned(resolve_text(&concat(inner, scope)?, scope)?),
        };
        match value.as_str() {
            Some(text) => out.push_str(text),
            None => out.push_str(&value.to_string()),
        }
        if out.len() > MAX_EXPANSION {
            return Err(TemplateError::Endless);
        }
    }
    Ok(out)
}

/// The pieces of a text up to its end, or inside an expression up to the closing braces; and what follows.
fn pieces(text: &str, depth: usize) -> Result<(Vec<Piece>, &str), TemplateError> {
    let mut out = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("\\{{").filter(|_| depth == 0) {
            plain.push_str("\\{{");
            rest = after;
        } else if let Some(after) = rest.strip_prefix("{{").filter(|after| depth < 8 && closes(after)) {
            if !plain.is_empty() {
                out.push(Piece::Plain(std::mem::take(&mut plain)));
            }
            let (inner, after) = pieces(after, depth.saturating_add(1))?;
            out.push(expression(inner)?);
            rest = after;
        } else if depth > 0 && rest.starts_with("}}") && !rest.starts_with("}}}") {
            rest = rest.strip_prefix("}}").unwrap_or("");
            if !plain.is_empty() {
                out.push(Piece::Plain(plain));
            }
            return Ok((out, rest));
        } else {
            plain.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or("");
        }
    }
    if !plain.is_empty() {
        out.push(Piece::Plain(plain));
    }
    Ok((out, rest))
}

fn closes(rest: &str) -> bool {
    rest.contains("}}")
}

fn expression(inner: Vec<Piece>) -> Result<Piece, TemplateError> {
    match inner.as_slice() {
        [] => Err(TemplateError::Syntax { variable: "{{}}".to_owned(), reason: "it is empty".to_owned() }),
        [Piece::Plain(source)] => {
            let source = source.trim().to_owned();
            let expression = Expression::compile(&source)
                .map_err(|e| TemplateError::Syntax { variable: source.clone(), reason: e.to_string() })?;
            Ok(Piece::Expression(source, Box::new(expression)))
        }
        _ => Ok(Piece::Nested(inner)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn render(template: Value) -> Result<Value, TemplateError> {
        let request = json!({"object": {"a": "x", "n": 3, "list": ["p", "q"], "loop": "{{request.object.loop}}",
            "more": "{{ request.object.a }}!"}});
        let table = Map::new();
        let scope = Scope::root(&table, "request", &request);
        Document::compile(&template)?.render(&scope).map(Cow::into_owned)
    }

    #[test]
    fn values() {
        for (template, want) in [
            (json!("{{ request.object.n }}"), json!(3)),
            (json!("a {{request.object.n}} b {{ request.object.list }}"), json!("a 3 b [\"p\",\"q\"]")),
            (json!({"k-{{request.object.a}}": ["{{request.object.a}}"]}), json!({"k-x": ["x"]})),
            (json!("{{ request.object.list[{{ `1` }}] }}"), json!("q")),
            (json!("{{ request.object.more }}"), json!("x!")),
            (json!("\\{{ request.object.a }}"), json!("{{ request.object.a }}")),
            (json!("{{ request.object.{ z: a }.z }}"), json!("x")),
            (json!("no braces {"), json!("no braces {")),
            (json!(1), json!(1)),
        ] {
            assert_eq!(render(template.clone()), Ok(want), "{template}");
        }
    }

    #[test]
    fn faults() {
        assert!(matches!(render(json!("{{ request.nothing }}")), Err(TemplateError::Unresolved { .. })));
        assert!(matches!(render(json!("{{ }}")), Err(TemplateError::Syntax { .. })));
        assert!(matches!(render(json!("{{ nofunc() }}")), Err(TemplateError::Syntax { .. })));
        assert_eq!(render(json!("{{ request.object.loop }}")), Err(TemplateError::Endless));
    }
}
