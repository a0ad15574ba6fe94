//! Values as text: Go's `%v`, `fmt.Sprint` and `strconv` spellings.

use serde_json::{Number, Value};
use std::fmt::Write as _;

/// `%v` of a decoded JSON value: `map[a:1 b:[x y]]`, `<nil>`.
pub(crate) fn value(value: &Value) -> String {
    let mut out = String::new();
    write_value(value, &mut out);
    out
}

fn write_value(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("<nil>"),
        Value::Bool(b) => {
            let _ = write!(out, "{b}");
        }
        Value::Number(n) => out.push_str(&number(n)),
        Value::String(text) => out.push_str(text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(' ');
                }
                write_value(item, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            out.push_str("map[");
            let mut keys: Vec<_> = fields.iter().collect();
            keys.sort_by_key(|(key, _)| *key);
            for (index, (key, item)) in keys.into_iter().enumerate() {
                if index > 0 {
                    out.push(' ');
                }
                out.push_str(key);
                out.push(':');
                write_value(item, out);
            }
            out.push(']');
        }
    }
}

/// `fmt.Sprint` of a number: integers plainly, floats in the shortest form.
pub(crate) fn number(n: &Number) -> String {
    match n.as_i64() {
        Some(i) => i.to_string(),
        None => float(n.as_f64().unwrap_or_default()),
    }
}

/// `strconv.FormatFloat(f, 'g', -1, 64)` with Go's switch to exponents at 10^21.
pub(crate) fn float(f: f64) -> String {
    if f != 0.0 && (f.abs() < 1e-4 || f.abs() >= 1e21) {
        return exponent(f, 'e');
    }
    format!("{f}")
}

/// `strconv.FormatFloat(f, 'E', -1, 64)`.
pub(crate) fn float_upper(f: f64) -> String {
    exponent(f, 'E')
}

fn exponent(f: f64, letter: char) -> String {
    let text = format!("{f:e}");
    let Some((mantissa, power)) = text.split_once('e') else { return text };
    let (sign, digits) = match power.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', power),
    };
    format!("{mantissa}{letter}{sign}{digits:0>2}")
}

/// Go's name of a decoded JSON value's type.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(n) if n.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn spelled_as_go_spells_them() {
        assert_eq!(value(&json!({"b": [1, null], "a": {"c": true}})), "map[a:map[c:true] b:[1 <nil>]]");
        assert_eq!(number(&Number::from(8080)), "8080");
        assert_eq!(float(1.5), "1.5");
        assert_eq!(float(1e21), "1e+21");
        assert_eq!(float(0.00001), "1e-05");
        assert_eq!(float_upper(8080.5), "8.0805E+03");
        assert_eq!(float_upper(1.5), "1.5E+00");
    }
}
