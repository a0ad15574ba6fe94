//! Values as text: what Go's `fmt` makes of them, by default and by verb.

use super::time;
use super::value::Value;

/// Depth of a printed value: maps can hold themselves.
const DEPTH: usize = 64;

/// What an action prints.
pub(super) fn action(value: &Value) -> Vec<u8> {
    match value {
        Value::Nil => b"<no value>".to_vec(),
        value => plain(value),
    }
}

/// `%v`.
pub(super) fn plain(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, false, 0, &mut out);
    out
}

fn write(value: &Value, names: bool, depth: usize, out: &mut Vec<u8>) {
    if depth > DEPTH {
        return out.extend_from_slice("…".as_bytes());
    }
    let below = depth.saturating_add(1);
    match value {
        Value::Nil | Value::Null => out.extend_from_slice(b"<nil>"),
        Value::Bool(value) => out.extend_from_slice(value.to_string().as_bytes()),
        Value::Int(value) => out.extend_from_slice(value.to_string().as_bytes()),
        Value::Float(value) => out.extend_from_slice(float(*value).as_bytes()),
        Value::Text(text) => out.extend_from_slice(text),
        Value::Named(_, text) => out.extend_from_slice(text.as_bytes()),
        Value::Time(at) => out.extend_from_slice(time::written(*at).as_bytes()),
        Value::List(list) => {
            out.push(b'[');
            for (at, one) in list.iter().enumerate() {
                if at > 0 {
                    out.push(b' ');
                }
                write(one, names, below, out);
            }
            out.push(b']');
        }
        Value::Map(map) => {
            out.extend_from_slice(b"map[");
            for (at, (key, one)) in map.borrow().entries.iter().enumerate() {
                if at > 0 {
                    out.push(b' ');
                }
                out.extend_from_slice(key);
                out.push(b':');
                write(one, names, below, out);
            }
            out.push(b']');
        }
        Value::Record(record) => match &record.text {
            Some(text) => out.extend_from_slice(text),
            None => {
                out.push(b'{');
                for (at, (field, one)) in record.shape.fields.iter().zip(&record.values).enumerate() {
                    if at > 0 {
                        out.push(b' ');
                    }
                    if names {
                        out.extend_from_slice(field.name.as_bytes());
                        out.push(b':');
                    }
                    write(one, names, below, out);
                }
                out.push(b'}');
            }
        },
    }
}

/// The shortest digits that read back as the same number, as `%v` has them.
pub(super) fn float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    match (-4..21).contains(&exponent) {
        true => value.to_string(),
        false => scientific(digits, exponent),
    }
}

fn scientific(digits: &str, exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

/// `Sprint`: a blank between neighbours of which neither is a text.
pub(super) fn together(values: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut last: Option<&Value> = None;
    for value in values {
        let text = |value: &Value| matches!(value, Value::Text(_));
        if last.is_some_and(|last| !text(last) && !text(value)) {
            out.push(b' ');
        }
        out.extend(plain(value));
        last = Some(value);
    }
    out
}

/// A text in quotes, as Go writes it in source.
pub(crate) fn quote(text: impl AsRef<[u8]>) -> String {
    let mut out = String::from("\"");
    for chunk in text.as_ref().utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\u{7}' => out.push_str("\\a"),
                '\u{8}' => out.push_str("\\b"),
                '\u{c}' => out.push_str("\\f"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\u{b}' => out.push_str("\\v"),
                c if c < ' ' || c == '\u{7f}' => out.push_str(&format!("\\x{:02x}", u32::from(c))),
                c if printable(c) => out.push(c),
                c if u32::from(c) < 0x1_0000 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out.push('"');
    out
}

/// Letters, marks, numbers, punctuation, symbols and the blank.
fn printable(c: char) -> bool {
    // Behind another character a combining mark is not escaped for being one.
    let mut two = String::from("a");
    two.push(c);
    c == '\'' || two.escape_debug().nth(1) == Some(c)
}

/// One directive: flags, width, precision.
#[derive(Clone, Copy, Debug, Default)]
struct Directive {
    minus: bool,
    plus: bool,
    sharp: bool,
    blank: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// Widths beyond this are cut: a template must not ask for a gigabyte of blanks.
const WIDEST: usize = 4096;

/// `Sprintf`.
///
/// # Errors
/// For a verb that is not known here.
pub(super) fn printf(format: &[u8], values: &[Value]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let mut values = values.iter();
    let mut bytes = format.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut how = Directive::default();
        while let Some(flag) = bytes.next_if(|b| b"-+# 0".contains(b)) {
            match flag {
                b'-' => how.minus = true,
                b'+' => how.plus = true,
                b'#' => how.sharp = true,
                b' ' => how.blank = true,
                _ => how.zero = true,
            }
        }
        how.width = number(&mut bytes, &mut values);
        if bytes.next_if_eq(&b'.').is_some() {
            how.precision = Some(number(&mut bytes, &mut values).unwrap_or(0));
        }
        match bytes.next() {
            None => out.extend_from_slice(b"%!(NOVERB)"),
            Some(b'%') => out.push(b'%'),
            Some(verb) => match values.next() {
                None => out.extend(format!("%!{}(MISSING)", char::from(verb)).bytes()),
                Some(value) => out.extend(pad(directive(verb, value, how)?, how)),
            },
        }
    }
    let rest: Vec<Vec<u8>> = values.map(|v| [v.kind().as_bytes(), b"=", &plain(v)].concat()).collect();
    if !rest.is_empty() {
        out.extend([b"%!(EXTRA ", &*rest.join(&b", "[..]), b")"].concat());
    }
    Ok(out)
}

fn number<'a>(
    bytes: &mut std::iter::Peekable<impl Iterator<Item = u8>>,
    values: &mut impl Iterator<Item = &'a Value>,
) -> Option<usize> {
    if bytes.next_if_eq(&b'*').is_some() {
        return match values.next() {
            Some(Value::Int(n)) => usize::try_from(*n).ok().map(|n| n.min(WIDEST)),
            _ => None,
        };
    }
    let mut out: Option<usize> = None;
    while let Some(digit) = bytes.next_if(u8::is_ascii_digit) {
        let digit = usize::from(digit.saturating_sub(b'0'));
        out = Some(out.unwrap_or(0).saturating_mul(10).saturating_add(digit).min(WIDEST));
    }
    out
}

fn pad(text: Vec<u8>, how: Directive) -> Vec<u8> {
    let length = String::from_utf8_lossy(&text).chars().count();
    let missing = how.width.unwrap_or(0).saturating_sub(length);
    if missing == 0 {
        return text;
    }
    if how.minus {
        return [text, vec![b' '; missing]].concat();
    }
    match how.zero {
        // Zeros stand behind the sign.
        true => match text.split_first() {
            Some((sign @ (b'-' | b'+'), rest)) => [&[*sign], &*vec![b'0'; missing], rest].concat(),
            _ => [vec![b'0'; missing], text].concat(),
        },
        false => [vec![b' '; missing], text].concat(),
    }
}

fn directive(verb: u8, value: &Value, how: Directive) -> Result<Vec<u8>, String> {
    let wrong = || {
        let text = String::from_utf8_lossy(&plain(value)).into_owned();
        match value {
            Value::Nil | Value::Null => format!("%!{}(<nil>)", char::from(verb)).into_bytes(),
            _ => format!("%!{}({}={text})", char::from(verb), value.kind()).into_bytes(),
        }
    };
    let cut = |text: Vec<u8>| match how.precision {
        Some(length) => String::from_utf8_lossy(&text).chars().take(length).collect::<String>().into_bytes(),
        None => text,
    };
    Ok(match verb {
        b'v' if how.sharp => return Err("the verb %#v is not supported".to_owned()),
        b'v' => {
            let mut out = Vec::new();
            write(value, how.plus, 0, &mut out);
            match value {
                Value::Text(_) => cut(out),
                _ => out,
            }
        }
        b's' => match value {
            Value::Text(_) | Value::Named(..) | Value::Time(_) => cut(plain(value)),
            Value::List(_) | Value::Map(_) | Value::Record(_) => plain(value),
            _ => wrong(),
        },
        b'q' => match value {
            Value::Text(text) => quote(cut(text.to_vec())).into_bytes(),
            Value::Named(_, text) => quote(text.as_bytes()).into_bytes(),
            Value::Time(_) => quote(plain(value)).into_bytes(),
            Value::List(list) => {
                let all: Result<Vec<_>, _> = list.iter().map(|one| directive(b'q', one, how)).collect();
                [b"[", &*all?.join(&b' '), b"]"].concat()
            }
            Value::Int(n) => match u32::try_from(*n).ok().and_then(char::from_u32) {
                Some(c) => format!("'{c}'").into_bytes(),
                None => wrong(),
            },
            _ => wrong(),
        },
        b'd' | b'x' | b'X' | b'o' | b'b' | b'c' | b'U' => whole(verb, value, how).unwrap_or_else(wrong),
        b'f' | b'F' | b'e' | b'E' | b'g' | b'G' => fraction(verb, value, how).unwrap_or_else(wrong),
        b't' => match value {
            Value::Bool(value) => value.to_string().into_bytes(),
            _ => wrong(),
        },
        b'T' => value.kind().as_bytes().to_vec(),
        verb => return Err(format!("the verb %{} is not supported", char::from(verb))),
    })
}

fn whole(verb: u8, value: &Value, how: Directive) -> Option<Vec<u8>> {
    let n = match (verb, value) {
        (_, Value::Int(n) | Value::Named(n, _)) => *n,
        (b'x' | b'X', Value::Text(text)) => {
            let hex: String = text.iter().map(|byte| format!("{byte:02x}")).collect();
            return Some(if verb == b'X' { hex.to_uppercase() } else { hex }.into_bytes());
        }
        _ => return None,
    };
    let sign = match n {
        n if n < 0 => "-",
        _ if how.plus => "+",
        _ if how.blank => " ",
        _ => "",
    };
    let size = n.unsigned_abs();
    let digits = match verb {
        b'x' => format!("{}{size:x}", if how.sharp { "0x" } else { "" }),
        b'X' => format!("{}{size:X}", if how.sharp { "0X" } else { "" }),
        b'o' => format!("{}{size:o}", if how.sharp { "0" } else { "" }),
        b'b' => format!("{size:b}"),
        b'c' => return Some(u32::try_from(n).ok().and_then(char::from_u32)?.to_string().into_bytes()),
        b'U' => return Some(format!("U+{size:04X}").into_bytes()),
        _ => size.to_string(),
    };
    Some(format!("{sign}{digits}").into_bytes())
}

fn fraction(verb: u8, value: &Value, how: Directive) -> Option<Vec<u8>> {
    let Value::Float(n) = value else { return None };
    let places = how.precision.unwrap_or(6);
    let text = match verb {
        b'f' | b'F' => format!("{n:.places$}"),
        b'e' | b'E' => {
            let text = format!("{n:.places$e}");
            let (digits, exponent) = text.split_once('e')?;
            scientific(digits, exponent.parse().ok()?)
        }
        _ if how.precision.is_none() => float(*n),
        _ => return None,
    };
    let text = if how.plus && *n >= 0.0 { format!("+{text}") } else { text };
    Some(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(format: &str, values: &[Value]) -> String {
        String::from_utf8_lossy(&printf(format.as_bytes(), values).unwrap()).into_owned()
    }

    #[test]
    fn verbs() {
        let (text, int, float) = (Value::text("aé"), Value::Int(-42), Value::Float(9.75));
        for (format, values, want) in [
            ("%v|%s|%q", vec![text.clone(), text.clone(), text.clone()], "aé|aé|\"aé\""),
            ("%5s|%-5s|", vec![text.clone(), text.clone()], "   aé|aé   |"),
            (
                "%d %5d %05d %+d %x",
                vec![int.clone(), int.clone(), int.clone(), Value::Int(7), Value::Int(255)],
                "-42   -42 -0042 +7 ff",
            ),
            ("%.1f %f %v %e %g", vec![float.clone(); 5], "9.8 9.750000 9.75 9.750000e+00 9.75"),
            ("%d", vec![text.clone()], "%!d(string=aé)"),
            ("%s", vec![int.clone()], "%!s(int=-42)"),
            ("%s %s", vec![text.clone()], "aé %!s(MISSING)"),
            ("", vec![text.clone(), int.clone()], "%!(EXTRA string=aé, int=-42)"),
            ("100%%", vec![], "100%"),
            ("%", vec![], "%!(NOVERB)"),
            ("%.1s", vec![text.clone()], "a"),
            ("%v %v", vec![Value::Nil, Value::list(vec![Value::Int(1), text.clone()])], "<nil> [1 aé]"),
            (
                "%t %c %*d",
                vec![Value::Bool(true), Value::Int(0x41), Value::Int(4), Value::Int(1)],
                "true A    1",
            ),
        ] {
            assert_eq!(run(format, &values), want, "{format}");
        }
        assert!(printf(b"%#v", &[Value::Nil]).is_err());
        assert!(printf(b"%y", &[Value::Nil]).is_err());
    }

    #[test]
    fn quoted() {
        for (text, want) in [
            (&b"a\"\\\n\t\x01\x7f"[..], r#""a\"\\\n\t\x01\x7f""#),
            ("é\u{a0}\u{200b}’e\u{301}'\u{1f600}".as_bytes(), "\"é\\u00a0\\u200b’e\u{301}'\u{1f600}\""),
            (b"\xe2\x80", r#""\xe2\x80""#),
        ] {
            assert_eq!(quote(text), want);
        }
    }

    #[test]
    fn numbers() {
        for (value, want) in [
            (7.0, "7"),
            (9.8, "9.8"),
            (1e21, "1e+21"),
            (1e20, "100000000000000000000"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (0.0, "0"),
        ] {
            assert_eq!(float(value), want);
        }
        assert_eq!(together(&[Value::Int(1), Value::Int(2), Value::text("a"), Value::Int(3)]), b"1 2a3");
    }
}
