//! As much of JSON Schema 2020-12 as the schemas in `docs/schema/` use. A keyword it does not know is an error: a
//! schema that is not looked at would allow everything.

use regex::Regex;
use serde_json::{Map, Value};

/// Every keyword a schema may have here; the last line's say nothing about values.
const KEYWORDS: &[&str] = &[
    "$ref",
    "type",
    "required",
    "properties",
    "additionalProperties",
    "items",
    "minItems",
    "maxItems",
    "enum",
    "anyOf",
    "minimum",
    "maximum",
    "pattern",
    "$schema",
    "$defs",
    "title",
    "description",
];

/// A schema.
pub(crate) struct Schema {
    root: Value,
}

impl Schema {
    /// Reads a schema and looks for what this validator does not know.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let schema = Self { root: serde_json::from_str(text).map_err(|e| e.to_string())? };
        schema.known("", &schema.root)?;
        for (name, definition) in schema.root["$defs"].as_object().into_iter().flatten() {
            schema.known(&format!("/$defs/{name}"), definition)?;
        }
        Ok(schema)
    }

    fn known(&self, at: &str, schema: &Value) -> Result<(), String> {
        let Some(keywords) = schema.as_object() else {
            return if schema.is_boolean() { Ok(()) } else { Err(format!("{at}: no schema")) };
        };
        if let Some(strange) = keywords.keys().find(|key| !KEYWORDS.contains(&key.as_str())) {
            return Err(format!("{at}: the keyword {strange} is not known here"));
        }
        if let Some(name) = keywords.get("$ref") {
            self.definition(name)?;
        }
        for (name, property) in keywords.get("properties").and_then(Value::as_object).into_iter().flatten() {
            self.known(&format!("{at}/{name}"), property)?;
        }
        let lists = keywords.get("anyOf").and_then(Value::as_array).into_iter().flatten();
        for inner in keywords.get("items").into_iter().chain(lists) {
            self.known(&format!("{at}/[]"), inner)?;
        }
        Ok(())
    }

    fn definition(&self, name: &Value) -> Result<&Value, String> {
        let found = name.as_str().and_then(|name| self.root.pointer(name.strip_prefix('#')?));
        found.ok_or_else(|| format!("{name} is defined nowhere"))
    }

    /// Fields, at whatever depth, that are not described.
    pub(crate) fn undescribed(&self) -> Vec<String> {
        let mut out = Vec::new();
        self.describe("", &self.root, &mut out);
        for (name, definition) in self.root["$defs"].as_object().into_iter().flatten() {
            self.describe(name, definition, &mut out);
        }
        out
    }

    fn describe(&self, at: &str, schema: &Value, out: &mut Vec<String>) {
        let target = schema.get("$ref").and_then(|name| self.definition(name).ok()).unwrap_or(schema);
        let described = |schema: &Value| {
            schema["description"].as_str().is_some_and(|text| text.ends_with('.') || text.contains(": "))
        };
        if !described(schema) && !described(target) {
            out.push(at.to_owned());
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            self.describe(&format!("{at}.{name}"), property, out);
        }
        for inner in schema["anyOf"].as_array().into_iter().flatten().chain(schema.get("items")) {
            self.describe(&format!("{at}[]"), inner, out);
        }
    }

    /// What is wrong with a value, as `pointer: reason`.
    pub(crate) fn errors(&self, value: &Value) -> Vec<String> {
        let mut out = Vec::new();
        self.check("", &self.root, value, &mut out);
        out
    }

    fn check(&self, at: &str, schema: &Value, value: &Value, out: &mut Vec<String>) {
        let Some(schema) = schema.as_object() else { return };
        if let Some(Ok(target)) = schema.get("$ref").map(|name| self.definition(name)) {
            self.check(at, target, value, out);
        }
        if schema.get("type").and_then(Value::as_str).is_some_and(|kind| !is(kind, value)) {
            return out.push(format!("{at}: {} wanted, not {value}", schema["type"]));
        }
        if schema.get("enum").and_then(Value::as_array).is_some_and(|all| !all.contains(value)) {
            out.push(format!("{at}: {value} is none of {}", schema["enum"]));
        }
        if let Some(any) = schema.get("anyOf").and_then(Value::as_array) {
            let fits = |schema: &Value| {
                let mut inner = Vec::new();
                self.check(at, schema, value, &mut inner);
                inner.is_empty()
            };
            if !any.iter().any(fits) {
                out.push(format!("{at}: fits none of the {} shapes", any.len()));
            }
        }
        let bound = |key: &str| schema.get(key).and_then(Value::as_f64).zip(value.as_f64());
        if bound("minimum").is_some_and(|(least, n)| n < least)
            || bound("maximum").is_some_and(|(most, n)| n > most)
        {
            out.push(format!("{at}: {value} is out of bounds"));
        }
        if let (Some(pattern), Some(text)) = (schema.get("pattern").and_then(Value::as_str), value.as_str())
            && !Regex::new(pattern).is_ok_and(|regex| regex.is_match(text))
        {
            out.push(format!("{at}: {value} does not match {pattern}"));
        }
        if let Some(fields) = value.as_object() {
            self.fields(at, schema, fields, out);
        }
        if let Some(list) = value.as_array() {
            let count = |key: &str| schema.get(key).and_then(Value::as_u64).map(|n| (n, list.len() as u64));
            if count("minItems").is_some_and(|(n, len)| len < n)
                || count("maxItems").is_some_and(|(n, len)| len > n)
            {
                out.push(format!("{at}: {} entries", list.len()));
            }
            if let Some(items) = schema.get("items") {
                list.iter()
                    .enumerate()
                    .for_each(|(n, entry)| self.check(&format!("{at}/{n}"), items, entry, out));
            }
        }
    }

    fn fields(
        &self,
        at: &str,
        schema: &Map<String, Value>,
        fields: &Map<String, Value>,
        out: &mut Vec<String>,
    ) {
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        for name in required.filter_map(Value::as_str).filter(|name| !fields.contains_key(*name)) {
            out.push(format!("{at}: {name} is missing"));
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, field) in fields {
            match properties.and_then(|all| all.get(name)) {
                Some(property) => self.check(&format!("{at}/{name}"), property, field, out),
                None if schema.get("additionalProperties") == Some(&Value::Bool(false)) => {
                    out.push(format!("{at}: {name} is not in the schema"));
                }
                None => {}
            }
        }
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    }
}
