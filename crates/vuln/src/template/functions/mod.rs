//! The functions a template may call: one row each, by group.

mod builtin;
mod lists;
mod maps;
mod numbers;
mod own;
mod patterns;
mod texts;

use super::run::Scope;
use super::value::Value;
use model::Timestamp;
use std::collections::BTreeMap;

/// What of the world around it a template may see.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// `now`.
    pub now: Timestamp,
    /// `env` and `expandenv`.
    pub environment: BTreeMap<String, String>,
    /// `appVersion`.
    pub version: String,
}

/// One function.
#[derive(Debug)]
pub(crate) struct Function {
    /// Its name.
    pub(super) name: &'static str,
    /// The least and the most arguments.
    pub(super) takes: (usize, usize),
    /// Applies it.
    pub(super) run: fn(&mut Scope<'_>, &[Value]) -> Result<Value, String>,
}

/// Any number of arguments.
const MANY: usize = usize::MAX;

type Result_ = Result<Value, String>;

const fn row(
    name: &'static str,
    least: usize,
    most: usize,
    run: fn(&mut Scope<'_>, &[Value]) -> Result<Value, String>,
) -> Function {
    Function { name, takes: (least, most), run }
}

static GROUPS: &[&[Function]] =
    &[builtin::ROWS, own::ROWS, texts::ROWS, patterns::ROWS, numbers::ROWS, lists::ROWS, maps::ROWS];

/// Functions there are elsewhere and not here: they need chance, keys, the network, or a time zone.
static ELSEWHERE: &[&str] = &[
    "abbrevboth",
    "ago",
    "bcrypt",
    "buildCustomCert",
    "camelcase",
    "decryptAES",
    "derivePassword",
    "durationRound",
    "encryptAES",
    "genCA",
    "genCAWithKey",
    "genPrivateKey",
    "genSelfSignedCert",
    "genSelfSignedCertWithKey",
    "genSignedCert",
    "genSignedCertWithKey",
    "getHostByName",
    "htpasswd",
    "kebabcase",
    "mustToDate",
    "randAlpha",
    "randAlphaNum",
    "randAscii",
    "randBytes",
    "randInt",
    "randNumeric",
    "semver",
    "semverCompare",
    "shuffle",
    "snakecase",
    "toDate",
    "urlJoin",
    "urlParse",
    "uuidv4",
    "call",
];

/// The function of a name.
pub(super) fn find(name: &str) -> Result<&'static Function, String> {
    let found = GROUPS.iter().flat_map(|rows| rows.iter()).find(|row| row.name == name);
    found.ok_or_else(|| match ELSEWHERE.contains(&name) {
        true => format!("the function {name} is not supported"),
        false => format!("there is no function {name}"),
    })
}

/// An argument; there is one, since they were counted.
fn at(values: &[Value], n: usize) -> &Value {
    values.get(n).unwrap_or(&Value::Nil)
}

/// A text argument.
fn text(values: &[Value], n: usize) -> Result<&[u8], String> {
    match at(values, n) {
        Value::Text(text) => Ok(text),
        Value::Named(_, text) => Ok(text.as_bytes()),
        other => {
            Err(format!("argument {} is of type {} instead of string", n.saturating_add(1), other.kind()))
        }
    }
}

/// A text argument as characters.
fn chars(values: &[Value], n: usize) -> Result<String, String> {
    Ok(String::from_utf8_lossy(text(values, n)?).into_owned())
}

/// A whole-number argument.
fn int(values: &[Value], n: usize) -> Result<i64, String> {
    match at(values, n) {
        Value::Int(value) | Value::Named(value, _) => Ok(*value),
        // A constant with a fraction of nothing is a whole number.
        Value::Float(value) if value.fract() == 0.0 => Ok(numbers::truncated(*value)),
        other => Err(format!("argument {} is of type {} instead of int", n.saturating_add(1), other.kind())),
    }
}

/// A list argument.
fn list(values: &[Value], n: usize) -> Result<&[Value], String> {
    match at(values, n) {
        Value::List(list) => Ok(list),
        other => {
            Err(format!("argument {} is of type {} instead of a list", n.saturating_add(1), other.kind()))
        }
    }
}

/// `strval`: a value as a text.
fn shown(value: &Value) -> Vec<u8> {
    super::print::plain(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique() {
        let mut seen = BTreeSet::new();
        for row in GROUPS.iter().flat_map(|rows| rows.iter()) {
            assert!(seen.insert(row.name), "{}", row.name);
            assert!(row.takes.0 <= row.takes.1 && !ELSEWHERE.contains(&row.name), "{}", row.name);
        }
        assert!(seen.len() > 150, "{}", seen.len());
    }
}
