//! Functions that change a value's type or encoding.

use super::{Argument, Function, Takes, at, invalid};
use crate::jmespath::Fault;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

type Given<'s, 'a> = &'s [Argument<'a>];
type Got = Result<Value, Fault>;

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "to_string", takes: &[Takes::ANY], variadic: false, run: to_string },
    Function { name: "to_number", takes: &[Takes::ANY], variadic: false, run: to_number },
    Function { name: "to_array", takes: &[Takes::ANY], variadic: false, run: to_array },
    Function { name: "to_boolean", takes: &[Takes::STRING], variadic: false, run: to_boolean },
    Function { name: "type", takes: &[Takes::ANY], variadic: false, run: type_of },
    Function { name: "base64_decode", takes: &[Takes::STRING], variadic: false, run: base64_decode },
    Function { name: "base64_encode", takes: &[Takes::STRING], variadic: false, run: base64_encode },
    Function { name: "parse_yaml", takes: &[Takes::STRING], variadic: false, run: parse_yaml },
    Function { name: "parse_json", takes: &[Takes::STRING], variadic: false, run: parse_json },
];

fn to_string(given: Given<'_, '_>) -> Got {
    Ok(match at(given, 0).value() {
        Value::String(text) => Value::from(text.as_str()),
        other => Value::from(other.to_string()),
    })
}

fn to_number(given: Given<'_, '_>) -> Got {
    Ok(match at(given, 0).value() {
        Value::Number(n) => Value::Number(n.clone()),
        Value::String(text) => match text.trim().parse::<f64>() {
            Ok(f) => super::float(f)?,
            Err(_) => Value::Null,
        },
        _ => Value::Null,
    })
}

fn to_array(given: Given<'_, '_>) -> Got {
    Ok(match at(given, 0).value() {
        Value::Array(list) => Value::Array(list.clone()),
        other => Value::Array(vec![other.clone()]),
    })
}

fn to_boolean(given: Given<'_, '_>) -> Got {
    match at(given, 0).text().to_lowercase().as_str() {
        "true" => Ok(true.into()),
        "false" => Ok(false.into()),
        other => invalid(format!("lowercase argument must be 'true' or 'false' (provided: '{other}')")),
    }
}

fn type_of(given: Given<'_, '_>) -> Got {
    Ok(match at(given, 0).value() {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
    .into())
}

fn parse_json(given: Given<'_, '_>) -> Got {
    serde_json::from_str(at(given, 0).text()).or_else(|error| invalid(format!("parse_json(): {error}")))
}

fn base64_decode(given: Given<'_, '_>) -> Got {
    match STANDARD.decode(at(given, 0).text()) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned().into()),
        Err(error) => invalid(format!("base64_decode(): {error}")),
    }
}

fn base64_encode(given: Given<'_, '_>) -> Got {
    Ok(STANDARD.encode(at(given, 0).text()).into())
}

/// The first document of a text.
fn parse_yaml(given: Given<'_, '_>) -> Got {
    let (documents, diagnostics) = yaml::read(at(given, 0).text().as_bytes(), &yaml::Caps::default());
    match (documents.into_iter().next(), diagnostics.into_iter().next()) {
        (Some(document), _) => Ok(document.value),
        (None, Some(diagnostic)) => invalid(format!("parse_yaml(): {}", diagnostic.message)),
        (None, None) => Ok(Value::Null),
    }
}
