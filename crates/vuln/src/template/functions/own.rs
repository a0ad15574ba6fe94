//! What Trivy adds, the clock and the environment. Semantics: Trivy's `pkg/report/template.go`, sprig's `date.go`.

use super::super::time;
use super::super::value::Value;
use super::{Function, Result_, at, chars, row, text};
use model::Timestamp;

pub(super) static ROWS: &[Function] = &[
    row("escapeXML", 1, 1, |_, v| Ok(Value::text(xml(text(v, 0)?)))),
    row("escapeString", 1, 1, |_, v| Ok(Value::text(bytes(text(v, 0)?)))),
    row("endWithPeriod", 1, 1, |_, v| {
        let text = text(v, 0)?;
        Ok(Value::text(if text.ends_with(b".") { text.to_vec() } else { [text, b"."].concat() }))
    }),
    row("sourceID", 1, 1, |_, v| Ok(Value::text(text(v, 0)?))),
    row("appVersion", 0, 0, |s, _| Ok(Value::text(&s.world.version))),
    row("getEnv", 1, 1, |s, v| Ok(Value::text(variable(s.world, &chars(v, 0)?)))),
    row("env", 1, 1, |s, v| Ok(Value::text(variable(s.world, &chars(v, 0)?)))),
    row("expandenv", 1, 1, |s, v| Ok(Value::text(expand(s.world, &chars(v, 0)?)))),
    row("now", 0, 0, |s, _| Ok(Value::Time(s.world.now))),
    row("getCurrentTime", 0, 0, |s, _| {
        Ok(Value::text(time::layout("2006-01-02T15:04:05.999999999Z07:00", s.world.now)))
    }),
    row("date", 2, 2, |s, v| Ok(Value::text(time::layout(&chars(v, 0)?, moment(s.world.now, at(v, 1)))))),
    row("dateInZone", 3, 3, |s, v| zoned(s.world.now, v)),
    row("date_in_zone", 3, 3, |s, v| zoned(s.world.now, v)),
    row("htmlDate", 1, 1, |s, v| Ok(Value::text(time::layout("2006-01-02", moment(s.world.now, at(v, 0)))))),
    row("dateModify", 2, 2, |_, v| modified(v)),
    row("date_modify", 2, 2, |_, v| modified(v)),
    row("mustDateModify", 2, 2, |_, v| modified(v)),
    row("must_date_modify", 2, 2, |_, v| modified(v)),
    row("unixEpoch", 1, 1, |_, v| match at(v, 0) {
        Value::Time(at) => Ok(Value::text(at.as_second().to_string())),
        other => Err(format!("a value of type {} is no moment", other.kind())),
    }),
    row("duration", 1, 1, |_, v| {
        let seconds = match at(v, 0) {
            Value::Int(n) => *n,
            Value::Text(text) => String::from_utf8_lossy(text).parse().unwrap_or(0),
            _ => 0,
        };
        Ok(Value::text(duration(seconds)))
    }),
];

use super::World;

fn variable(world: &World, name: &str) -> String {
    world.environment.get(name).cloned().unwrap_or_default()
}

/// `$NAME` and `${NAME}`.
fn expand(world: &World, text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let (name, tail) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some(found) => found,
            None => {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                after.split_at_checked(end).unwrap_or((after, ""))
            }
        };
        if name.is_empty() {
            out.push('$');
        }
        out.push_str(&variable(world, name));
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// What is no moment is this one.
fn moment(now: Timestamp, value: &Value) -> Timestamp {
    match value {
        Value::Time(at) => *at,
        Value::Int(seconds) => Timestamp::from_second(*seconds).unwrap_or(now),
        _ => now,
    }
}

fn zoned(now: Timestamp, values: &[Value]) -> Result_ {
    let zone = chars(values, 2)?;
    match zone.as_str() {
        "UTC" | "" | "Local" => Ok(Value::text(time::layout(&chars(values, 0)?, moment(now, at(values, 1))))),
        _ => Err(format!("the time zone {zone} is not supported, only UTC is")),
    }
}

fn modified(values: &[Value]) -> Result_ {
    let Value::Time(at) = at(values, 1) else { return Err("the second argument is no moment".to_owned()) };
    let text = chars(values, 0)?;
    let nanoseconds = nanoseconds(&text).ok_or_else(|| format!("{text} is no duration"))?;
    let moved = at.as_nanosecond().saturating_add(nanoseconds);
    Timestamp::from_nanosecond(moved).map(Value::Time).map_err(|_| "the moment is out of range".to_owned())
}

/// `-1.5h`, `1h30m`.
fn nanoseconds(text: &str) -> Option<i128> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1_i128, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest.get(..end)?.parse().ok()?;
        rest = rest.get(end..)?;
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let unit: i64 = match rest.get(..end)? {
            "ns" => 1,
            "us" | "µs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        rest = rest.get(end..)?;
        // A cast of a float stays within the type's bounds.
        total = total.checked_add((number * unit as f64) as i128)?;
    }
    (!text.is_empty()).then(|| total.saturating_mul(sign))
}

fn duration(seconds: i64) -> String {
    let (sign, all) = (if seconds < 0 { "-" } else { "" }, seconds.unsigned_abs());
    let part = |size: u64| all.checked_div(size).unwrap_or(0);
    let (hours, minutes, rest) = (part(3600), part(60).rem_euclid(60), all.rem_euclid(60));
    match (hours, minutes) {
        (0, 0) => format!("{sign}{rest}s"),
        (0, minutes) => format!("{sign}{minutes}m{rest}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{rest}s"),
    }
}

/// What HTML gives a meaning, escaped.
pub(super) fn escaped(text: &str) -> String {
    String::from_utf8_lossy(&bytes(text.as_bytes())).into_owned()
}

fn bytes(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            b'\'' => out.extend_from_slice(b"&#39;"),
            b'"' => out.extend_from_slice(b"&#34;"),
            byte => out.push(*byte),
        }
    }
    out
}

/// A text as XML has it; what XML cannot hold becomes the replacement character.
fn xml(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' => out.push_str("&#34;"),
                '\'' => out.push_str("&#39;"),
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '\t' => out.push_str("&#x9;"),
                '\n' => out.push_str("&#xA;"),
                '\r' => out.push_str("&#xD;"),
                c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
                c => out.push(c),
            }
        }
        out.extend(chunk.invalid().iter().map(|_| '\u{fffd}'));
    }
    out
}
