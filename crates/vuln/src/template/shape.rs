//! Shapes of structs: which fields a template may ask for, and how they are read from JSON.
//!
//! A field the JSON lacks has its zero value, as Go's structs have it; a field the shape lacks is an error.

use super::value::{Map, Record, Value};
use model::Timestamp;
use serde_json::Value as Json;
use std::cell::RefCell;
use std::rc::Rc;

/// A struct's name, as Go writes it, and its fields in order.
#[derive(Debug)]
pub struct Shape {
    /// `types.Result`.
    pub name: &'static str,
    /// The fields.
    pub fields: &'static [Field],
}

/// One field.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its key in JSON.
    pub json: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether JSON leaves it out when it is empty.
    pub optional: bool,
}

/// What a field holds.
#[derive(Debug)]
pub enum Kind {
    /// A text.
    Text,
    /// A whole number.
    Int,
    /// A number with a fraction.
    Float,
    /// A truth.
    Bool,
    /// A moment that may be missing.
    Time,
    /// A number with a name.
    Named(&'static [&'static str]),
    /// A list.
    List(&'static Kind),
    /// A map.
    Map(&'static Kind),
    /// A struct.
    Of(&'static Shape),
    /// A struct that may be missing.
    Pointer(&'static Shape),
    /// A struct whose fields are this one's as well, and stand beside them in JSON.
    Embedded(&'static Shape),
    /// A package URL.
    Purl,
    /// Whatever there is.
    Any,
}

impl Field {
    /// A field that JSON leaves out when it is empty.
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, json: name, kind, optional: true }
    }

    /// A field that JSON always has.
    pub const fn always(name: &'static str, kind: Kind) -> Self {
        Self { name, json: name, kind, optional: false }
    }

    pub(super) fn embedded(&self) -> bool {
        matches!(self.kind, Kind::Embedded(_))
    }
}

impl Shape {
    /// Reads a struct.
    pub fn read(&'static self, json: &Json) -> Value {
        let value = |field: &'static Field| match &field.kind {
            Kind::Embedded(shape) => shape.read(json),
            kind => kind.read(json.get(field.json).unwrap_or(&Json::Null)),
        };
        let values = self.fields.iter().map(value).collect();
        Value::Record(Rc::new(Record { shape: self, values, text: None }))
    }
}

impl Kind {
    /// Reads a value; what is of another type is the zero value.
    pub fn read(&'static self, json: &Json) -> Value {
        match self {
            Self::Text => Value::text(json.as_str().unwrap_or_default()),
            Self::Int => Value::Int(json.as_i64().unwrap_or_default()),
            Self::Float => Value::Float(json.as_f64().unwrap_or_default()),
            Self::Bool => Value::Bool(json.as_bool().unwrap_or_default()),
            Self::Time => match json.as_str().and_then(|text| text.parse::<Timestamp>().ok()) {
                Some(at) => Value::Time(at),
                None => Value::Null,
            },
            Self::Named(names) => named(names, json),
            Self::List(kind) => {
                Value::list(json.as_array().into_iter().flatten().map(|one| kind.read(one)).collect())
            }
            Self::Map(kind) => {
                let entries = json.as_object().into_iter().flatten();
                let entries = entries.map(|(key, one)| (key.clone().into_bytes(), kind.read(one))).collect();
                let zero = Some(kind.read(&Json::Null));
                Value::Map(Rc::new(RefCell::new(Map { entries, zero })))
            }
            Self::Of(shape) | Self::Embedded(shape) => shape.read(json),
            Self::Pointer(_) if json.is_null() => Value::Null,
            Self::Pointer(shape) => shape.read(json),
            Self::Purl => json.as_str().filter(|text| !text.is_empty()).map_or(Value::Null, purl),
            Self::Any => any(json),
        }
    }
}

fn named(names: &'static [&'static str], json: &Json) -> Value {
    let at = match json {
        Json::String(text) => names.iter().position(|name| name == text),
        json => json.as_u64().and_then(|n| usize::try_from(n).ok()),
    };
    let at = at.filter(|at| *at < names.len()).unwrap_or(0);
    Value::Named(i64::try_from(at).unwrap_or(0), names.get(at).copied().unwrap_or_default())
}

static PURL: Shape = Shape {
    name: "packageurl.PackageURL",
    fields: &[
        Field::new("Type", Kind::Text),
        Field::new("Namespace", Kind::Text),
        Field::new("Name", Kind::Text),
        Field::new("Version", Kind::Text),
    ],
};

fn purl(text: &str) -> Value {
    let rest = text.strip_prefix("pkg:").unwrap_or(text);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (path, version) = match rest.rsplit_once('@') {
        Some((path, version)) if !version.contains('/') => (path, version),
        _ => (rest, ""),
    };
    let (kind, path) = path.split_once('/').unwrap_or((path, ""));
    let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
    let decode = crate::trivy::decode;
    let values = vec![
        Value::text(kind),
        Value::text(decode(namespace)),
        Value::text(decode(name)),
        Value::text(decode(version)),
    ];
    Value::Record(Rc::new(Record { shape: &PURL, values, text: Some(text.as_bytes().into()) }))
}

/// Any JSON, as Go's decoder gives it where no type is known: every number has a fraction.
pub(super) fn any(json: &Json) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => Value::Float(number.as_f64().unwrap_or_default()),
        Json::String(text) => Value::text(text),
        Json::Array(list) => Value::list(list.iter().map(any).collect()),
        Json::Object(fields) => {
            Value::map(fields.iter().map(|(key, one)| (key.clone().into_bytes(), any(one))).collect())
        }
    }
}
