//! Texts. Semantics: sprig's `strings.go`; where Go counts bytes, bytes are counted.

use super::super::print;
use super::super::value::Value;
use super::{Function, MANY, Result_, at, chars, int, row, shown, text};
use base64::Engine as _;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};
use std::collections::BTreeMap;

/// Bytes `repeat` and `indent` may make.
const LONGEST: usize = 64 << 20;

pub(super) static ROWS: &[Function] = &[
    row("toString", 1, 1, |_, v| Ok(Value::text(shown(at(v, 0))))),
    row("upper", 1, 1, |_, v| Ok(Value::text(chars(v, 0)?.to_uppercase()))),
    row("lower", 1, 1, |_, v| Ok(Value::text(chars(v, 0)?.to_lowercase()))),
    row("title", 1, 1, |_, v| Ok(Value::text(words(&chars(v, 0)?, |c| c.to_uppercase().collect())))),
    row("untitle", 1, 1, |_, v| Ok(Value::text(words(&chars(v, 0)?, |c| c.to_lowercase().collect())))),
    row("swapcase", 1, 1, |_, v| {
        let swap = |c: char| match c.is_uppercase() {
            true => c.to_lowercase().collect::<String>(),
            false => c.to_uppercase().collect(),
        };
        Ok(Value::text(chars(v, 0)?.chars().map(swap).collect::<String>()))
    }),
    row("trim", 1, 1, |_, v| Ok(Value::text(chars(v, 0)?.trim()))),
    row("trimAll", 2, 2, |_, v| trim_all(v)),
    row("trimall", 2, 2, |_, v| trim_all(v)),
    row("trimSuffix", 2, 2, |_, v| {
        let all = text(v, 1)?;
        Ok(Value::text(all.strip_suffix(text(v, 0)?).unwrap_or(all)))
    }),
    row("trimPrefix", 2, 2, |_, v| {
        let all = text(v, 1)?;
        Ok(Value::text(all.strip_prefix(text(v, 0)?).unwrap_or(all)))
    }),
    row("nospace", 1, 1, |_, v| {
        Ok(Value::text(chars(v, 0)?.chars().filter(|c| !c.is_whitespace()).collect::<String>()))
    }),
    row("initials", 1, 1, |_, v| {
        Ok(Value::text(chars(v, 0)?.split_whitespace().filter_map(|w| w.chars().next()).collect::<String>()))
    }),
    row("substr", 3, 3, |_, v| substr(v)),
    row("trunc", 2, 2, |_, v| trunc(v)),
    row("abbrev", 2, 2, |_, v| abbrev(v)),
    row("repeat", 2, 2, |_, v| {
        let (count, text) = (usize::try_from(int(v, 0)?).map_err(|_| "a negative count")?, text(v, 1)?);
        match count.saturating_mul(text.len()) > LONGEST {
            true => Err(format!("more than {LONGEST} bytes")),
            false => Ok(Value::text(text.repeat(count))),
        }
    }),
    row("contains", 2, 2, |_, v| Ok(Value::Bool(find(text(v, 1)?, text(v, 0)?).is_some()))),
    row("hasPrefix", 2, 2, |_, v| Ok(Value::Bool(text(v, 1)?.starts_with(text(v, 0)?)))),
    row("hasSuffix", 2, 2, |_, v| Ok(Value::Bool(text(v, 1)?.ends_with(text(v, 0)?)))),
    row("quote", 0, MANY, |_, v| {
        let all = v.iter().filter(|one| !matches!(one, Value::Nil)).map(|one| print::quote(shown(one)));
        Ok(Value::text(all.collect::<Vec<_>>().join(" ")))
    }),
    row("squote", 0, MANY, |_, v| {
        let all = v.iter().filter(|one| !matches!(one, Value::Nil));
        Ok(Value::text(all.map(|one| [b"'", &*shown(one), b"'"].concat()).collect::<Vec<_>>().join(&b' ')))
    }),
    row("cat", 0, MANY, |_, v| {
        let all = v.iter().filter(|one| !matches!(one, Value::Nil)).map(shown);
        Ok(Value::text(all.collect::<Vec<_>>().join(&b' ')))
    }),
    row("indent", 2, 2, |_, v| Ok(Value::text(indent(v)?))),
    row("nindent", 2, 2, |_, v| Ok(Value::text([b"\n", &*indent(v)?].concat()))),
    row("replace", 3, 3, |_, v| Ok(Value::text(replace(text(v, 2)?, text(v, 0)?, text(v, 1)?)?))),
    row("plural", 3, 3, |_, v| Ok(at(v, usize::from(int(v, 2)? != 1)).clone())),
    row("split", 2, 2, |_, v| Ok(numbered(split(text(v, 1)?, text(v, 0)?, usize::MAX)))),
    row("splitn", 3, 3, |_, v| {
        let count = usize::try_from(int(v, 1)?).unwrap_or(usize::MAX);
        Ok(numbered(split(text(v, 2)?, text(v, 0)?, count)))
    }),
    row("splitList", 2, 2, |_, v| {
        Ok(Value::list(split(text(v, 1)?, text(v, 0)?, usize::MAX).into_iter().map(Value::text).collect()))
    }),
    row("wrap", 2, 2, |_, v| Ok(Value::text(wrap(&chars(v, 1)?, int(v, 0)?, "\n", false)))),
    row("wrapWith", 3, 3, |_, v| Ok(Value::text(wrap(&chars(v, 2)?, int(v, 0)?, &chars(v, 1)?, true)))),
    row("sha1sum", 1, 1, |_, v| Ok(Value::text(hex(&Sha1::digest(text(v, 0)?))))),
    row("sha256sum", 1, 1, |_, v| Ok(Value::text(hex(&Sha256::digest(text(v, 0)?))))),
    row("sha512sum", 1, 1, |_, v| Ok(Value::text(hex(&Sha512::digest(text(v, 0)?))))),
    row("adler32sum", 1, 1, |_, v| Ok(Value::text(adler(text(v, 0)?).to_string()))),
    row("b64enc", 1, 1, |_, v| {
        Ok(Value::text(base64::engine::general_purpose::STANDARD.encode(text(v, 0)?)))
    }),
    row("b64dec", 1, 1, |_, v| {
        let read = base64::engine::general_purpose::STANDARD.decode(text(v, 0)?);
        Ok(read.map_or_else(|error| Value::text(error.to_string()), Value::text))
    }),
    row("b32enc", 1, 1, |_, v| Ok(Value::text(base32(text(v, 0)?)))),
    row("base", 1, 1, |_, v| Ok(Value::text(base(&chars(v, 0)?)))),
    row("osBase", 1, 1, |_, v| Ok(Value::text(base(&chars(v, 0)?)))),
    row("dir", 1, 1, |_, v| Ok(Value::text(dir(&chars(v, 0)?)))),
    row("osDir", 1, 1, |_, v| Ok(Value::text(dir(&chars(v, 0)?)))),
    row("clean", 1, 1, |_, v| Ok(Value::text(clean(&chars(v, 0)?)))),
    row("osClean", 1, 1, |_, v| Ok(Value::text(clean(&chars(v, 0)?)))),
    row("ext", 1, 1, |_, v| Ok(Value::text(ext(&chars(v, 0)?)))),
    row("osExt", 1, 1, |_, v| Ok(Value::text(ext(&chars(v, 0)?)))),
    row("isAbs", 1, 1, |_, v| Ok(Value::Bool(text(v, 0)?.starts_with(b"/")))),
    row("osIsAbs", 1, 1, |_, v| Ok(Value::Bool(text(v, 0)?.starts_with(b"/")))),
];

/// Applies to the first letter of each word.
fn words(text: &str, first: fn(char) -> String) -> String {
    let mut start = true;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match start {
            true => out.push_str(&first(c)),
            false => out.push(c),
        }
        let inside = c.is_alphanumeric() || c == '_';
        start = !inside && (c.is_ascii() || c.is_whitespace());
    }
    out
}

fn trim_all(values: &[Value]) -> Result_ {
    let set = chars(values, 0)?;
    Ok(Value::text(chars(values, 1)?.trim_matches(|c| set.contains(c))))
}

fn substr(values: &[Value]) -> Result_ {
    let (start, end, text) = (int(values, 0)?, int(values, 1)?, text(values, 2)?);
    let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
    let (from, to) = match (start, end) {
        (start, end) if start < 0 => (0, end),
        (start, end) if end < 0 || end > length => (start, length),
        (start, end) => (start, end),
    };
    let cut =
        usize::try_from(from).ok().zip(usize::try_from(to).ok()).and_then(|(from, to)| text.get(from..to));
    cut.map(Value::text).ok_or_else(|| format!("{start} to {end} is out of range"))
}

fn trunc(values: &[Value]) -> Result_ {
    let (count, text) = (int(values, 0)?, text(values, 1)?);
    let size = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    Ok(Value::text(match (count < 0, size < text.len()) {
        (_, false) => text,
        (true, _) => text.get(text.len().saturating_sub(size)..).unwrap_or(text),
        (false, _) => text.get(..size).unwrap_or(text),
    }))
}

fn abbrev(values: &[Value]) -> Result_ {
    let (width, text) = (int(values, 0)?, text(values, 1)?);
    let width = usize::try_from(width).unwrap_or(0);
    if width < 4 || text.len() <= width {
        return Ok(Value::text(text));
    }
    Ok(Value::text([text.get(..width.saturating_sub(3)).unwrap_or(text), b"..."].concat()))
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    match part.is_empty() {
        true => Some(0),
        false => text.windows(part.len()).position(|window| window == part),
    }
}

fn replace(text: &[u8], old: &[u8], new: &[u8]) -> Result<Vec<u8>, String> {
    let parts = split(text, old, usize::MAX);
    let size = parts.len().saturating_mul(new.len()).saturating_add(text.len());
    if size > LONGEST {
        return Err(format!("more than {LONGEST} bytes"));
    }
    match old.is_empty() {
        // Between all characters, and at both ends.
        true => Ok([new, &*parts.join(new), new].concat()),
        false => Ok(parts.join(new)),
    }
}

fn split<'a>(text: &'a [u8], by: &[u8], most: usize) -> Vec<&'a [u8]> {
    if most == 0 {
        return Vec::new();
    }
    let mut out = Vec::new();
    let mut rest = text;
    while out.len().saturating_add(1) < most {
        // Nothing as a separator cuts after each character.
        let found = match by.is_empty() {
            true => std::str::from_utf8(rest).ok().and_then(|t| t.chars().next()).map_or(1, char::len_utf8),
            false => match find(rest, by) {
                Some(at) => at,
                None => break,
            },
        };
        if by.is_empty() && found >= rest.len() {
            break;
        }
        out.push(rest.get(..found).unwrap_or_default());
        rest = rest.get(found.saturating_add(by.len())..).unwrap_or_default();
    }
    out.push(rest);
    out
}

fn numbered(parts: Vec<&[u8]>) -> Value {
    let entries: BTreeMap<Vec<u8>, Value> = parts
        .iter()
        .enumerate()
        .map(|(at, part)| (format!("_{at}").into_bytes(), Value::text(part)))
        .collect();
    Value::map(entries)
}

fn indent(values: &[Value]) -> Result<Vec<u8>, String> {
    let width = usize::try_from(int(values, 0)?).map_err(|_| "a negative width")?;
    if width > 4096 {
        return Err("more than 4096 blanks".to_owned());
    }
    let pad = " ".repeat(width);
    let lines = replace(text(values, 1)?, b"\n", format!("\n{pad}").as_bytes())?;
    Ok([pad.as_bytes(), &*lines].concat())
}

/// Breaks lines at blanks, and words that are too long where asked to.
fn wrap(text: &str, width: i64, line: &str, long: bool) -> String {
    let width = usize::try_from(width).unwrap_or(1).max(1);
    let mut out = String::new();
    let mut rest: Vec<char> = text.chars().collect();
    while rest.len() > width {
        if rest.first() == Some(&' ') {
            rest.remove(0);
            continue;
        }
        let start = rest.iter().take(width.saturating_add(1)).enumerate();
        let blank = start.filter(|(_, c)| **c == ' ').map(|(at, _)| at).fold(None, |_, at| Some(at));
        let (cut, skipped) = match blank {
            Some(at) => (at, 1),
            None if long => (width, 0),
            None => match rest.iter().position(|c| *c == ' ') {
                Some(at) => (at, 1),
                None => break,
            },
        };
        out.extend(rest.iter().take(cut));
        out.push_str(line);
        rest = rest.split_off(cut.saturating_add(skipped).min(rest.len()));
    }
    out.extend(rest);
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn adler(bytes: &[u8]) -> u32 {
    let sums = bytes.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = a.wrapping_add(u32::from(*byte)).rem_euclid(65_521);
        (a, b.wrapping_add(a).rem_euclid(65_521))
    });
    sums.1.wrapping_shl(16) | sums.0
}

fn base32(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut out = String::new();
    for chunk in bytes.chunks(5) {
        let word = (0..5)
            .fold(0_u64, |word, n| word.wrapping_shl(8) | u64::from(chunk.get(n).copied().unwrap_or(0)));
        let used = chunk.len().saturating_mul(8).div_ceil(5);
        for n in 0..8_u32 {
            let digit = word.wrapping_shr(35_u32.saturating_sub(n.saturating_mul(5))) & 31;
            let digit =
                usize::try_from(digit).ok().and_then(|digit| DIGITS.get(digit)).copied().unwrap_or(b'=');
            out.push(if (n as usize) < used { char::from(digit) } else { '=' });
        }
    }
    out
}

fn base(path: &str) -> String {
    if path.is_empty() {
        return ".".to_owned();
    }
    let path = path.trim_end_matches('/');
    match (path.is_empty(), path.rsplit('/').next()) {
        (false, Some(name)) => name.to_owned(),
        _ => "/".to_owned(),
    }
}

fn dir(path: &str) -> String {
    match path.rsplit_once('/') {
        Some((folder, _)) => clean(&format!("{folder}/")),
        None => ".".to_owned(),
    }
}

fn ext(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rfind('.').and_then(|at| name.get(at..)).unwrap_or_default().to_owned()
}

/// The shortest name of the same path.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}
