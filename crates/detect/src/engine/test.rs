//! One question about one value, prepared when rules are compiled.
//!
//! Semantics: Falco's `libsinsp/filter_compare.cpp`.

use crate::condition::{Op, Quantifier};
use crate::value::{Kind, Value};
use memchr::memmem::Finder;
use rustc_hash::FxHashSet;
use std::net::IpAddr;

/// A prepared question.
pub(crate) enum Test {
    Exists,
    Number(Op, i128),
    Numbers(Vec<i128>),
    Bool(bool),
    Bools(Vec<bool>),
    Text(TextTest),
    Not(Box<Test>),
    /// Membership: of a list's values all (`in`) or any (`intersects`).
    Texts {
        set: FxHashSet<Box<[u8]>>,
        all: bool,
    },
    Paths(Vec<Box<[u8]>>),
    Net(Vec<Net>),
    Each(Quantifier, Vec<TextTest>),
}

/// A question about a text.
pub(crate) enum TextTest {
    Equals(Box<[u8]>),
    Order(Op, Box<[u8]>),
    Contains(Box<Finder<'static>>),
    ContainsIgnoringCase(Box<[u8]>),
    StartsWith(Box<[u8]>),
    EndsWith(Box<[u8]>),
    Glob { pattern: Box<[u8]>, ignore_case: bool },
    Regex(regex::bytes::Regex),
}

/// A network, or one address.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Net {
    base: u128,
    mask: u128,
    v4: bool,
}

impl Net {
    fn parse(text: &str, single: bool) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) if !single => (address, Some(length)),
            Some(_) => return None,
            None => (text, None),
        };
        let (base, v4) = number(address.parse().ok()?);
        let width: u32 = if v4 { 32 } else { 128 };
        let length: u32 = length.map_or(Some(width), |length| length.parse().ok())?;
        let host = width.checked_sub(length)?;
        let full = if v4 { u128::from(u32::MAX) } else { u128::MAX };
        let mask = full.checked_shl(host).unwrap_or(0) & full;
        Some(Self { base: base & mask, mask, v4 })
    }

    fn has(self, address: IpAddr) -> bool {
        let (bits, v4) = number(address);
        v4 == self.v4 && bits & self.mask == self.base
    }
}

fn number(address: IpAddr) -> (u128, bool) {
    match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), true),
        IpAddr::V6(v6) => (v6.to_bits(), false),
    }
}

fn integer(text: &str) -> Result<i128, String> {
    let parsed = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => i128::from_str_radix(hex, 16),
        None => text.parse(),
    };
    parsed
        .ok()
        .filter(|n| i64::try_from(*n).is_ok() || u64::try_from(*n).is_ok())
        .ok_or_else(|| format!("'{}' is no number", model::escape(text)))
}

fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(format!("'{}' is neither true nor false", model::escape(text))),
    }
}

fn hex(text: &str) -> Result<Vec<u8>, String> {
    let pairs = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).ok().filter(|p| p.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    };
    pairs
        .map(byte)
        .collect::<Option<_>>()
        .ok_or_else(|| format!("'{}' is not hexadecimal", model::escape(text)))
}

/// Whether an operator may be asked of a field; the message otherwise.
pub(super) fn comparable(op: Op, kind: Kind, list: bool) -> Result<(), String> {
    let fits = match kind {
        _ if op == Op::Exists => true,
        _ if list => matches!(op, Op::In | Op::Intersects),
        Kind::Text | Kind::Path => !matches!(op, Op::BContains | Op::BStartsWith),
        Kind::Bytes => matches!(
            op,
            Op::Eq
                | Op::Ne
                | Op::Contains
                | Op::In
                | Op::StartsWith
                | Op::EndsWith
                | Op::Intersects
                | Op::BContains
                | Op::BStartsWith
        ),
        Kind::Bool | Kind::Ip | Kind::Net => matches!(op, Op::Eq | Op::Ne | Op::In | Op::Intersects),
        _ => {
            matches!(op, Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::In | Op::Intersects)
        }
    };
    let what = match kind {
        _ if list => "list",
        Kind::Text | Kind::Path => "string",
        Kind::Bytes => "buffer",
        Kind::Bool => "boolean",
        Kind::Ip | Kind::Net => "address",
        _ => "numeric",
    };
    if fits { Ok(()) } else { Err(format!("'{op}' operator not supported for {what} fields")) }
}

impl TextTest {
    pub(crate) fn new(op: Op, text: &str) -> Result<Self, String> {
        let bytes: Box<[u8]> = text.as_bytes().into();
        Ok(match op {
            Op::Eq | Op::Ne | Op::In | Op::Intersects => Self::Equals(bytes),
            Op::Lt | Op::Le | Op::Gt | Op::Ge => Self::Order(op, bytes),
            Op::Contains => Self::Contains(Box::new(Finder::new(text.as_bytes()).into_owned())),
            Op::BContains => Self::Contains(Box::new(Finder::new(&hex(text)?).into_owned())),
            Op::IContains => Self::ContainsIgnoringCase(bytes.to_ascii_lowercase().into()),
            Op::StartsWith => Self::StartsWith(bytes),
            Op::BStartsWith => Self::StartsWith(hex(text)?.into()),
            Op::EndsWith => Self::EndsWith(bytes),
            Op::Glob | Op::IGlob => Self::Glob { pattern: bytes, ignore_case: op == Op::IGlob },
            Op::Regex => {
                let whole = format!(r"\A(?:{text})\z");
                let regex = regex::bytes::RegexBuilder::new(&whole).size_limit(1 << 20).build();
                Self::Regex(regex.map_err(|e| format!("regular expression: {}", first_line(&e.to_string())))?)
            }
            Op::Exists | Op::PMatch => return Err(format!("'{op}' takes no text")),
        })
    }

    pub(crate) fn holds(&self, text: &[u8]) -> bool {
        match self {
            Self::Equals(want) => text == &**want,
            Self::Order(op, than) => order(*op, text.cmp(than)),
            Self::Contains(finder) => finder.find(text).is_some(),
            Self::ContainsIgnoringCase(want) => contains_ignoring_case(text, want),
            Self::StartsWith(want) => text.starts_with(want),
            Self::EndsWith(want) => text.ends_with(want),
            Self::Glob { pattern, ignore_case } => super::glob::matches(pattern, text, *ignore_case),
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

fn first_line(text: &str) -> &str {
    text.lines().last().unwrap_or(text).trim()
}

fn order(op: Op, found: std::cmp::Ordering) -> bool {
    match op {
        Op::Lt => found.is_lt(),
        Op::Le => found.is_le(),
        Op::Gt => found.is_gt(),
        Op::Ge => found.is_ge(),
        Op::Ne => found.is_ne(),
        _ => found.is_eq(),
    }
}

fn contains_ignoring_case(text: &[u8], want: &[u8]) -> bool {
    let Some(first) = want.first() else { return true };
    let upper = first.to_ascii_uppercase();
    memchr::memchr2_iter(*first, upper, text).any(|at| {
        let end = at.saturating_add(want.len());
        text.get(at..end).is_some_and(|part| part.eq_ignore_ascii_case(want))
    })
}

/// Whether a path is at or below a prefix, component by component; slashes before, behind and between do not count.
fn below(path: &[u8], prefix: &[u8]) -> bool {
    let trimmed = prefix.strip_suffix(b"/").unwrap_or(prefix);
    if let Some(rest) = path.strip_prefix(trimmed)
        && (rest.is_empty() || rest.starts_with(b"/"))
    {
        return true;
    }
    let plain = |text: &[u8]| text.starts_with(b"/") && memchr::memmem::find(text, b"//").is_none();
    if plain(path) && plain(prefix) {
        return false;
    }
    let mut of_path = path.split(|b| *b == b'/').filter(|part| !part.is_empty());
    prefix.split(|b| *b == b'/').filter(|part| !part.is_empty()).all(|part| of_path.next() == Some(part))
}

impl Test {
    /// Prepares the comparison with one value.
    pub(crate) fn value(op: Op, kind: Kind, text: &str) -> Result<Self, String> {
        if op == Op::Ne {
            return Ok(Self::Not(Box::new(Self::value(Op::Eq, kind, text)?)));
        }
        Ok(match kind {
            Kind::Text | Kind::Path | Kind::Bytes => Self::Text(TextTest::new(op, text)?),
            Kind::Bool => Self::Bool(boolean(text)?),
            Kind::Ip | Kind::Net => Self::Net(vec![net(kind, text)?]),
            _ => Self::Number(op, integer(text)?),
        })
    }

    /// Prepares the comparison with a list.
    pub(crate) fn list(op: Op, kind: Kind, values: &[String]) -> Result<Self, String> {
        if op == Op::PMatch {
            return Ok(Self::Paths(values.iter().map(|v| v.as_bytes().into()).collect()));
        }
        Ok(match kind {
            Kind::Text | Kind::Path | Kind::Bytes => {
                let set = values.iter().map(|v| v.as_bytes().into()).collect();
                Self::Texts { set, all: op == Op::In }
            }
            Kind::Bool => Self::Bools(values.iter().map(|v| boolean(v)).collect::<Result<_, _>>()?),
            Kind::Ip | Kind::Net => Self::Net(values.iter().map(|v| net(kind, v)).collect::<Result<_, _>>()?),
            _ => Self::Numbers(values.iter().map(|v| integer(v)).collect::<Result<_, _>>()?),
        })
    }

    fn holds_text(&self, text: &[u8]) -> bool {
        self.holds(&Value::Text(std::borrow::Cow::Borrowed(text)))
    }

    /// Asks a value. A value of another shape than the question's never holds.
    pub(crate) fn holds(&self, value: &Value<'_>) -> bool {
        match (self, value) {
            (Self::Exists, _) => true,
            // Of many, one is asked after the other, whatever the question.
            (_, Value::Any(all)) => all.iter().any(|t| self.holds_text(t)),
            (_, Value::AnyOf(all)) => all.iter().any(|v| self.holds(v)),
            // Of two sides, one suffices to be equal, and both must differ.
            (Self::Not(test), _) => !test.holds(value),
            (_, Value::Either(both)) => both.iter().any(|side| self.holds(side)),
            (Self::Text(test), Value::Text(text)) => test.holds(text),
            (Self::Texts { set, .. }, Value::Text(text)) => set.contains(&**text),
            (Self::Texts { set, all: true }, Value::List(list)) => list.iter().all(|t| set.contains(&**t)),
            (Self::Texts { set, all: false }, Value::List(list)) => list.iter().any(|t| set.contains(&**t)),
            (Self::Paths(paths), Value::Text(text)) => paths.iter().any(|p| below(text, p)),
            (Self::Number(op, n), _) => whole(value).is_some_and(|v| order(*op, v.cmp(n))),
            (Self::Numbers(all), _) => whole(value).is_some_and(|v| all.contains(&v)),
            (Self::Bool(want), Value::Bool(b)) => b == want,
            (Self::Bools(all), Value::Bool(b)) => all.contains(b),
            (Self::Net(nets), Value::Ip(ip)) => nets.iter().any(|net| net.has(*ip)),
            (Self::Each(quantifier, tests), Value::Text(text)) => {
                let held = tests.iter().filter(|t| t.holds(text)).count();
                match quantifier {
                    Quantifier::One => held == 1,
                    Quantifier::Any => held > 0,
                    Quantifier::All => held == tests.len(),
                }
            }
            _ => false,
        }
    }
}

fn net(kind: Kind, text: &str) -> Result<Net, String> {
    Net::parse(text, kind == Kind::Ip).ok_or_else(|| format!("'{}' is no address", model::escape(text)))
}

fn whole(value: &Value<'_>) -> Option<i128> {
    match value {
        Value::Uint(n) => Some(i128::from(*n)),
        Value::Int(n) => Some(i128::from(*n)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(op: &str, want: &str, value: &str) -> bool {
        Test::value(Op::named(op).unwrap(), Kind::Text, want).unwrap().holds(&value.into())
    }

    #[test]
    fn texts() {
        for (op, want, value, holds) in [
            ("=", "a", "a", true),
            ("!=", "a", "a", false),
            ("!=", "a", "b", true),
            ("contains", "b", "abc", true),
            ("contains", "", "abc", true),
            ("icontains", "BC", "aBcd", true),
            ("icontains", "x", "aBcd", false),
            ("startswith", "/etc", "/etc/x", true),
            ("endswith", "\\", "a\\", true),
            ("endswith", "abc", "bc", false),
            ("glob", "/etc/*.conf", "/etc/a/b.conf", true),
            ("iglob", "A?", "ab", true),
            ("regex", "[a-z]+", "abc", true),
            ("regex", "[a-z]+", "abc1", false),
            ("<", "b", "a", true),
        ] {
            assert_eq!(text(op, want, value), holds, "{value} {op} {want}");
        }
        assert!(TextTest::new(Op::Regex, "(").is_err() && TextTest::new(Op::BContains, "abc").is_err());
        assert!(TextTest::new(Op::BContains, "6162").unwrap().holds(b"xabx"));
        assert!(TextTest::new(Op::Regex, "(a{1000}){1000}").is_err());
    }

    #[test]
    fn lists_paths_numbers_and_nets() {
        let list = |op: &str, kind, values: &[&str]| {
            let values: Vec<String> = values.iter().map(|v| (*v).to_owned()).collect();
            Test::list(Op::named(op).unwrap(), kind, &values).unwrap()
        };
        let many =
            |values: &[&'static str]| Value::List(values.iter().map(|v| v.as_bytes().into()).collect());
        assert!(list("in", Kind::Text, &["a", "b"]).holds(&many(&["a", "b", "a"])));
        assert!(!list("in", Kind::Text, &["a"]).holds(&many(&["a", "b"])));
        assert!(list("intersects", Kind::Text, &["a"]).holds(&many(&["a", "b"])));
        assert!(!list("in", Kind::Text, &[]).holds(&"a".into()));
        let paths = list("pmatch", Kind::Text, &["/var/lib", "/etc/"]);
        for (path, holds) in [
            ("/var/lib", true),
            ("/var/lib/x", true),
            ("/var/library", false),
            ("/etc/a", true),
            ("/var//lib/x", true),
            ("var/lib", true),
            ("", false),
        ] {
            assert_eq!(paths.holds(&path.into()), holds, "{path}");
        }
        assert!(Test::value(Op::Ge, Kind::Int, "-2").unwrap().holds(&Value::Int(-1)));
        assert!(!Test::value(Op::Gt, Kind::Int, "0x10").unwrap().holds(&Value::Int(16)));
        assert!(Test::value(Op::Eq, Kind::Uint, "1.5").is_err());
        let nets = list("in", Kind::Net, &["10.0.0.0/8", "::1"]);
        let ip = |t: &str| Value::Ip(t.parse().unwrap());
        assert!(nets.holds(&ip("10.1.2.3")) && nets.holds(&ip("::1")) && !nets.holds(&ip("11.0.0.1")));
        let either = Value::Either(Box::new([ip("11.0.0.1"), ip("10.0.0.1")]));
        assert!(nets.holds(&either) && !Test::Not(Box::new(nets)).holds(&either));
        assert!(
            Net::parse("1.2.3.4/33", false).is_none()
                && Net::parse("::/0", false).unwrap().has("::2".parse().unwrap())
        );
        assert!(Test::value(Op::Eq, Kind::Ip, "10.0.0.0/8").is_err());
    }
}
