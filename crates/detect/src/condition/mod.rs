//! The condition language: what a rule asks of an event.
//!
//! Grammar and tokens: Falco's `libsinsp/filter/parser.{h,cpp}`. A condition is parsed after lists were put into its
//! text and before macros are put into its tree.

mod lex;
mod parse;

pub use parse::{ParseError, parse, parse_operand};

use std::fmt;
use std::sync::Arc;

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// All hold.
    And(Vec<Arc<Expr>>),
    /// One holds.
    Or(Vec<Arc<Expr>>),
    /// It does not hold.
    Not(Arc<Expr>),
    /// A question about the event.
    Check(Check),
    /// A macro, by name.
    Macro {
        /// Its name.
        name: String,
        /// Byte offset in the condition.
        at: usize,
    },
}

/// A question about one event: does the left side stand in this relation to the right side?
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What is asked of the event.
    pub left: Operand,
    /// Relation.
    pub op: Op,
    /// What it is compared with.
    pub right: Right,
    /// Byte offset in the condition.
    pub at: usize,
}

/// A field, or what a transformer makes of fields.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// `name` or `name[argument]`.
    Field {
        /// Dotted name.
        name: String,
        /// Argument, unquoted.
        arg: Option<String>,
    },
    /// A transformer of one or more operands.
    Transform(Transformer, Vec<Operand>),
    /// A literal argument of a transformer.
    Literal(String),
}

/// What stands on the right.
#[derive(Clone, Debug, PartialEq)]
pub enum Right {
    /// Nothing: `exists`.
    Nothing,
    /// One value, unescaped.
    Value(String),
    /// A list of values.
    List(Vec<String>),
    /// A value of the same event.
    Operand(Operand),
    /// A string relation asked of each value of a list.
    Each(Quantifier, Vec<String>),
}

/// How many of a list's values must stand in the relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// Exactly one.
    One,
    /// At least one.
    Any,
    /// Every.
    All,
}

/// A function of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transformer {
    /// ASCII lower case.
    ToLower,
    /// ASCII upper case.
    ToUpper,
    /// Decoded base 64.
    Base64,
    /// What follows the last slash.
    Basename,
    /// Number of bytes or items.
    Len,
    /// Items joined by the first argument.
    Join,
    /// Texts put together.
    Concat,
    /// Values of command-line options.
    GetOpt,
    /// The value itself (right side only).
    Val,
}

impl Transformer {
    /// Every transformer, in the order they are looked for.
    pub const ALL: [Self; 9] = [
        Self::ToLower,
        Self::ToUpper,
        Self::Base64,
        Self::Basename,
        Self::Len,
        Self::Join,
        Self::Concat,
        Self::GetOpt,
        Self::Val,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::ToLower => "tolower",
            Self::ToUpper => "toupper",
            Self::Base64 => "b64",
            Self::Basename => "basename",
            Self::Len => "len",
            Self::Join => "join",
            Self::Concat => "concat",
            Self::GetOpt => "getopt",
            Self::Val => "val",
        }
    }
}

/// A relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// The field has a value.
    Exists,
    /// `<=`
    Le,
    /// `<`
    Lt,
    /// `>=`
    Ge,
    /// `>`
    Gt,
    /// `=` and `==`
    Eq,
    /// `!=`
    Ne,
    /// Shell wildcards.
    Glob,
    /// The same, whatever the case.
    IGlob,
    /// Contains a text.
    Contains,
    /// The same, whatever the case.
    IContains,
    /// Contains bytes, written in hex.
    BContains,
    /// Begins with a text.
    StartsWith,
    /// Begins with bytes, written in hex.
    BStartsWith,
    /// Ends with a text.
    EndsWith,
    /// Matches a regular expression as a whole.
    Regex,
    /// Shares a value with a list.
    Intersects,
    /// Is in a list; of a field with many values: all are.
    In,
    /// Is at or below one of the paths of a list.
    PMatch,
}

/// What may follow an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    Nothing,
    Number,
    Text,
    List,
}

impl Op {
    /// The operators as they are looked for, in order: the first whose word the text begins with is taken.
    pub(crate) const TABLE: [(&'static str, Self, Takes); 20] = [
        ("exists", Self::Exists, Takes::Nothing),
        ("<=", Self::Le, Takes::Number),
        ("<", Self::Lt, Takes::Number),
        (">=", Self::Ge, Takes::Number),
        (">", Self::Gt, Takes::Number),
        ("==", Self::Eq, Takes::Text),
        ("=", Self::Eq, Takes::Text),
        ("!=", Self::Ne, Takes::Text),
        ("glob ", Self::Glob, Takes::Text),
        ("iglob ", Self::IGlob, Takes::Text),
        ("contains ", Self::Contains, Takes::Text),
        ("icontains ", Self::IContains, Takes::Text),
        ("bcontains ", Self::BContains, Takes::Text),
        ("startswith ", Self::StartsWith, Takes::Text),
        ("bstartswith ", Self::BStartsWith, Takes::Text),
        ("endswith ", Self::EndsWith, Takes::Text),
        ("regex ", Self::Regex, Takes::Text),
        ("intersects", Self::Intersects, Takes::List),
        ("in", Self::In, Takes::List),
        ("pmatch", Self::PMatch, Takes::List),
    ];

    /// The operator of this name, without blanks around it.
    pub fn named(name: &str) -> Option<Self> {
        Self::TABLE.iter().find(|(word, ..)| word.trim() == name).map(|(_, op, _)| *op)
    }

    /// Its name; `=` for both spellings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Eq => "=",
            _ => Self::TABLE.iter().find(|(_, op, _)| *op == self).map_or("", |(word, ..)| word.trim()),
        }
    }

    /// Whether it compares with a list.
    pub fn takes_list(self) -> bool {
        matches!(self, Self::In | Self::Intersects | Self::PMatch)
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Expr {
    /// Calls `each` for every check, in the order they are written.
    pub fn checks<'a>(&'a self, each: &mut dyn FnMut(&'a Check)) {
        match self {
            Self::And(all) | Self::Or(all) => all.iter().for_each(|e| e.checks(each)),
            Self::Not(inner) => inner.checks(each),
            Self::Check(check) => each(check),
            Self::Macro { .. } => {}
        }
    }
}

impl Operand {
    /// Calls `each` for every field, outermost first.
    pub fn fields<'a>(&'a self, each: &mut dyn FnMut(&'a str, Option<&'a str>)) {
        match self {
            Self::Field { name, arg } => each(name, arg.as_deref()),
            Self::Transform(_, of) => of.iter().for_each(|o| o.fields(each)),
            Self::Literal(_) => {}
        }
    }
}

impl Check {
    /// Calls `each` for every field of both sides.
    pub fn fields<'a>(&'a self, each: &mut dyn FnMut(&'a str, Option<&'a str>)) {
        self.left.fields(each);
        if let Right::Operand(right) = &self.right {
            right.fields(each);
        }
    }
}

fn quote(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let plain = !text.is_empty()
        && text.chars().all(|c| !c.is_whitespace() && !c.is_control() && !"()\"'=,".contains(c));
    if plain {
        return f.write_str(text);
    }
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '\u{8}' => f.write_str("\\b")?,
            '\u{c}' => f.write_str("\\f")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            '\\' => f.write_str("\\\\")?,
            '"' => f.write_str("\\\"")?,
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}

fn list(f: &mut fmt::Formatter<'_>, values: &[String]) -> fmt::Result {
    f.write_str("(")?;
    for (n, value) in values.iter().enumerate() {
        f.write_str(if n == 0 { "" } else { ", " })?;
        quote(f, value)?;
    }
    f.write_str(")")
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field { name, arg: None } => f.write_str(name),
            Self::Field { name, arg: Some(arg) } => {
                let bare = arg.chars().all(|c| !c.is_whitespace() && !"[]\"'".contains(c));
                if bare { write!(f, "{name}[{arg}]") } else { write!(f, "{name}[\"{arg}\"]") }
            }
            Self::Literal(text) => quote(f, text),
            Self::Transform(transformer, of) => {
                write!(f, "{}(", transformer.name())?;
                for (n, operand) in of.iter().enumerate() {
                    f.write_str(if n == 0 { "" } else { ", " })?;
                    operand.fmt(f)?;
                }
                f.write_str(")")
            }
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.left, self.op)?;
        match &self.right {
            Right::Nothing => Ok(()),
            Right::Value(value) => {
                f.write_str(" ")?;
                quote(f, value)
            }
            Right::List(values) => {
                f.write_str(" ")?;
                list(f, values)
            }
            Right::Operand(operand) => write!(f, " {operand}"),
            Right::Each(quantifier, values) => {
                f.write_str(match quantifier {
                    Quantifier::One => " oneof ",
                    Quantifier::Any => " anyof ",
                    Quantifier::All => " allof ",
                })?;
                list(f, values)
            }
        }
    }
}

/// The condition as text that parses to the same tree.
impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = |f: &mut fmt::Formatter<'_>, of: &[Arc<Expr>], word: &str| {
            f.write_str("(")?;
            for (n, e) in of.iter().enumerate() {
                f.write_str(if n == 0 { "" } else { word })?;
                e.fmt(f)?;
            }
            f.write_str(")")
        };
        match self {
            Self::And(of) => all(f, of, " and "),
            Self::Or(of) => all(f, of, " or "),
            Self::Not(inner) => write!(f, "not {inner}"),
            Self::Check(check) => check.fmt(f),
            Self::Macro { name, .. } => f.write_str(name),
        }
    }
}
