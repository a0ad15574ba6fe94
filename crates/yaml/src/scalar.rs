//! What a scalar means: the resolution of go.yaml.in/yaml/v2, then JSON as sigs.k8s.io/yaml writes it.
//!
//! YAML 1.1 booleans, octal with a leading zero, underscores in numbers; no base 60; timestamps stay text.

use crate::fault::{At, Fault, KEY, NUMBER, TAG};
use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use saphyr_parser::Tag;
use serde_json::{Number, Value};

/// A resolved scalar.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Text(String),
}

/// Tags that matter; any other leaves a scalar the text it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Str,
    Bool,
    Int,
    Float,
    Null,
    Timestamp,
    Binary,
    Other,
}

fn kind(tag: &Tag) -> Kind {
    short(tag).map_or(Kind::Other, named)
}

/// The tag without YAML's own prefix, if it has that.
fn short(tag: &Tag) -> Option<&str> {
    match (tag.handle.strip_prefix("tag:yaml.org,2002:"), tag.suffix.as_str()) {
        (Some(""), suffix) => Some(suffix),
        (None, verbatim) if tag.handle.is_empty() => verbatim.strip_prefix("tag:yaml.org,2002:"),
        _ => None,
    }
}

fn named(suffix: &str) -> Kind {
    match suffix {
        "str" => Kind::Str,
        "bool" => Kind::Bool,
        "int" => Kind::Int,
        "float" => Kind::Float,
        "null" => Kind::Null,
        "timestamp" => Kind::Timestamp,
        "binary" => Kind::Binary,
        _ => Kind::Other,
    }
}

/// Whether a key merges its value into the mapping.
pub(crate) fn is_merge(text: &str, plain: bool, tag: Option<&Tag>) -> bool {
    let bare = |tag: &Tag| matches!((tag.handle.as_str(), tag.suffix.as_str()), ("", "!") | ("!", ""));
    text == "<<" && tag.map_or(plain, |tag| bare(tag) || short(tag) == Some("merge"))
}

/// Resolves a scalar. `plain` is whether it was written without quotes and not as a block.
pub(crate) fn resolve(text: String, plain: bool, tag: Option<&Tag>, at: At) -> Result<Scalar, Fault> {
    let Some(tag) = tag else {
        return Ok(if plain { untagged(text) } else { Scalar::Text(text) });
    };
    let kind = kind(tag);
    match kind {
        Kind::Str | Kind::Other => Ok(Scalar::Text(text)),
        Kind::Binary => binary(&text).map(Scalar::Text).ok_or_else(|| Fault::new(TAG, at, "invalid base64")),
        Kind::Timestamp if timestamp(&text) => Ok(Scalar::Text(text)),
        Kind::Timestamp => Err(mismatch(tag, at)),
        Kind::Bool | Kind::Int | Kind::Float | Kind::Null => match (kind, untagged(text)) {
            (Kind::Float, Scalar::Int(n)) =>
            {
                #[expect(clippy::cast_precision_loss, reason = "the tag asks for it")]
                Ok(Scalar::Float(n as f64))
            }
            (Kind::Bool, value @ Scalar::Bool(_))
            | (Kind::Int, value @ (Scalar::Int(_) | Scalar::Uint(_)))
            | (Kind::Float, value @ Scalar::Float(_))
            | (Kind::Null, value @ Scalar::Null) => Ok(value),
            _ => Err(mismatch(tag, at)),
        },
    }
}

fn mismatch(tag: &Tag, at: At) -> Fault {
    Fault::new(TAG, at, format!("value is no {}", tag.suffix))
}

/// Resolves text that nothing says anything about.
fn untagged(text: String) -> Scalar {
    let Some(first) = text.as_bytes().first() else { return Scalar::Null };
    let found = match first {
        b'0'..=b'9' | b'+' | b'-' => number(&text).or_else(|| word(&text)),
        b'.' => word(&text).or_else(|| go_float(&text).map(Scalar::Float)),
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => word(&text),
        _ => None,
    };
    found.unwrap_or(Scalar::Text(text))
}

fn word(text: &str) -> Option<Scalar> {
    Some(match text {
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Scalar::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Scalar::Bool(false)
        }
        ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Scalar::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

/// An integer in any base, or a float; underscores do not count. Text that starts with a digit or a sign.
fn number(text: &str) -> Option<Scalar> {
    let plain: String;
    let text = if text.contains('_') {
        plain = text.replace('_', "");
        plain.as_str()
    } else {
        text
    };
    if let Some(n) = integer(text) {
        return Some(n);
    }
    if let Some(signed) = text.strip_prefix("0b").filter(|rest| rest.starts_with(['+', '-'])) {
        return i64::from_str_radix(signed, 2).ok().map(Scalar::Int);
    }
    finite(text).map(Scalar::Float)
}

fn finite(text: &str) -> Option<f64> {
    decimal(text).then(|| text.parse::<f64>().ok()).flatten().filter(|x| x.is_finite())
}

/// Go's `ParseInt` and `ParseUint` with base 0.
fn integer(text: &str) -> Option<Scalar> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'+' | b'-' => text.split_at_checked(1)?,
        _ => ("", text),
    };
    let (base, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, digits.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, digits.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, digits.get(2..)?),
        [b'0', _, ..] => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    if !digits.bytes().next()?.is_ascii_alphanumeric() {
        return None;
    }
    let size = u64::from_str_radix(digits, base).ok()?;
    match sign {
        "-" => 0i64.checked_sub_unsigned(size).map(Scalar::Int),
        _ => match i64::try_from(size) {
            Ok(n) => Some(Scalar::Int(n)),
            // Only `ParseInt` takes a sign.
            Err(_) => sign.is_empty().then_some(Scalar::Uint(size)),
        },
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn decimal(text: &str) -> bool {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    let whole = digits(rest);
    let mut rest = rest.get(whole..).unwrap_or_default();
    if let Some(after) = rest.strip_prefix('.') {
        let fraction = digits(after);
        if whole == 0 && fraction == 0 {
            return false;
        }
        rest = after.get(fraction..).unwrap_or_default();
    } else if whole == 0 {
        return false;
    }
    match rest.strip_prefix(['e', 'E']) {
        None => rest.is_empty(),
        Some(exponent) => {
            let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            !exponent.is_empty() && digits(exponent) == exponent.len()
        }
    }
}

/// Go's `ParseFloat` of text that starts with a dot: underscores stand between digits.
fn go_float(text: &str) -> Option<f64> {
    if !text.contains('_') {
        return finite(text);
    }
    let digit = |b: Option<&u8>| b.is_some_and(u8::is_ascii_digit);
    let bytes = text.as_bytes();
    let between = |at: usize| digit(bytes.get(at.wrapping_sub(1))) && digit(bytes.get(at.saturating_add(1)));
    memchr::memchr_iter(b'_', bytes).all(between).then(|| finite(&text.replace('_', ""))).flatten()
}

/// `!!binary`: the bytes as text, each that is none replaced, as Go's JSON writer does.
fn binary(text: &str) -> Option<String> {
    const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical);
    const ENGINE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, CONFIG);
    let compact: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    let bytes = ENGINE.decode(compact).ok()?;
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    Some(out)
}

/// Whether a `!!timestamp` is one: a date, or a date and a time, as goyaml's four layouts read them.
fn timestamp(text: &str) -> bool {
    let Some((date, rest)) = text.split_once(['T', 't', ' ']) else { return date(text) };
    let separator = text.as_bytes().get(date.len()).copied().unwrap_or_default();
    if !self::date(date) {
        return false;
    }
    if separator == b' ' {
        return time(rest);
    }
    if let Some(time) = rest.strip_suffix('Z') {
        return self::time(time);
    }
    let Some(at) = rest.rfind(['+', '-']) else { return false };
    let (Some(clock), Some(zone)) = (rest.get(..at), rest.get(at.saturating_add(1)..)) else { return false };
    let zone_ok = zone
        .split_once(':')
        .is_some_and(|(h, m)| h.len() == 2 && m.len() == 2 && within(h, 0, 24) && within(m, 0, 60));
    time(clock) && zone_ok
}

fn date(text: &str) -> bool {
    let mut parts = text.split('-');
    let (Some(year), Some(month), Some(day), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let (Ok(y), Ok(m)) = (year.parse::<u32>(), month.parse::<u32>()) else { return false };
    let leap = y.is_multiple_of(4) && (!y.is_multiple_of(100) || y.is_multiple_of(400));
    let days = match m {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    year.len() == 4 && within(year, 0, 9999) && within(month, 1, 12) && within(day, 1, days)
}

fn time(text: &str) -> bool {
    let mut parts = text.split(':');
    let (Some(h), Some(m), Some(s), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let (s, fraction) = s.split_once(['.', ',']).unwrap_or((s, "0"));
    let fraction = !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit());
    within(h, 0, 23) && within(m, 0, 59) && within(s, 0, 59) && fraction
}

fn within(text: &str, low: u32, high: u32) -> bool {
    let plausible = !text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit());
    plausible && text.parse::<u32>().is_ok_and(|n| (low..=high).contains(&n))
}

impl Scalar {
    /// The JSON value.
    pub(crate) fn value(self, at: At) -> Result<Value, Fault> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(b),
            Self::Int(n) => Value::Number(n.into()),
            Self::Uint(n) => Value::Number(n.into()),
            Self::Float(x) => Value::Number(float(x, at)?),
            Self::Text(text) => Value::String(text),
        })
    }

    /// The text of the scalar as a mapping's key.
    pub(crate) fn key(self, at: At) -> Result<String, Fault> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Bool(b) => Ok(b.to_string()),
            Self::Int(n) => Ok(n.to_string()),
            Self::Float(x) => Ok(float_key(x)),
            Self::Null => Err(Fault::new(KEY, at, "key is null").help("quote it, or give the key a name")),
            Self::Uint(_) => Err(Fault::new(KEY, at, "key is a number above 2^63").help("quote it")),
        }
    }
}

/// A float as Go writes it into JSON and a JSON reader reads it back: whole numbers become integers.
fn float(x: f64, at: At) -> Result<Number, Fault> {
    if x.fract() == 0.0 && x.abs() < 1e21 && !(x == 0.0 && x.is_sign_negative()) {
        let text = format!("{x}");
        if let Ok(n) = text.parse::<i64>() {
            return Ok(n.into());
        }
        if let Ok(n) = text.parse::<u64>() {
            return Ok(n.into());
        }
    }
    Number::from_f64(x)
        .ok_or_else(|| Fault::new(NUMBER, at, "infinity and not-a-number have no place in JSON"))
}

/// Go's `FormatFloat(x, 'g', -1, 32)`, by which float keys become text.
fn float_key(x: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "the decoder keeps 32 bits")]
    let x = x as f32;
    if x.is_nan() {
        return ".nan".into();
    }
    if x.is_infinite() {
        return if x > 0.0 { ".inf".into() } else { "-.inf".into() };
    }
    let scientific = format!("{x:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let Ok(power) = exponent.parse::<i32>() else { return scientific };
    if x != 0.0 && !(-4..6).contains(&power) {
        let sign = if power < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", power.unsigned_abs());
    }
    format!("{x}")
}
