//! What a template works on: values as Go's templates see them, with the names of their types.

use super::shape::Shape;
use model::Timestamp;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A value. Texts are bytes, as in Go: a cut may fall within a character.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing; printed as `<no value>`.
    Nil,
    /// A pointer to nothing; printed as `<nil>`.
    Null,
    /// A truth.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// A text.
    Text(Rc<[u8]>),
    /// A number with a name: a severity, a status.
    Named(i64, &'static str),
    /// A list.
    List(Rc<Vec<Value>>),
    /// A map with texts as keys; `set` and `unset` change it in place.
    Map(Rc<RefCell<Map>>),
    /// A struct.
    Record(Rc<Record>),
    /// A moment.
    Time(Timestamp),
}

/// A map.
#[derive(Clone, Debug, Default)]
pub struct Map {
    /// Its entries.
    pub entries: BTreeMap<Vec<u8>, Value>,
    /// What `index` gives for a key that is not there; nothing where any type of value may be.
    pub zero: Option<Value>,
}

/// A struct: its shape, and a value a field.
#[derive(Clone, Debug)]
pub struct Record {
    /// Names and kinds of the fields.
    pub shape: &'static Shape,
    /// The values, in the order of the shape.
    pub values: Vec<Value>,
    /// How it is printed, where it says so itself.
    pub text: Option<Rc<[u8]>>,
}

impl Value {
    /// A text.
    pub fn text(text: impl AsRef<[u8]>) -> Self {
        Self::Text(text.as_ref().into())
    }

    /// A list.
    pub fn list(values: Vec<Value>) -> Self {
        Self::List(Rc::new(values))
    }

    /// A map of any values.
    pub fn map(entries: BTreeMap<Vec<u8>, Value>) -> Self {
        Self::Map(Rc::new(RefCell::new(Map { entries, zero: None })))
    }

    /// What an `if` makes of it.
    pub(super) fn truth(&self) -> bool {
        match self {
            Self::Nil | Self::Null => false,
            Self::Bool(value) => *value,
            Self::Int(value) | Self::Named(value, _) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(list) => !list.is_empty(),
            Self::Map(map) => !map.borrow().entries.is_empty(),
            Self::Record(_) | Self::Time(_) => true,
        }
    }

    /// Go's name of its type, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Nil | Self::Null => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_) | Self::Named(..) => "int",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
            Self::List(_) => "[]interface {}",
            Self::Map(_) => "map[string]interface {}",
            Self::Record(record) => record.shape.name,
            Self::Time(_) => "time.Time",
        }
    }

    /// A field of a struct (of one that it embeds, too) or an entry of a map.
    pub(super) fn field(&self, name: &str) -> Result<Self, String> {
        match self {
            Self::Map(map) => Ok(map.borrow().entries.get(name.as_bytes()).cloned().unwrap_or(Self::Nil)),
            Self::Record(record) => {
                record.get(name).ok_or_else(|| format!("there is no field {name} in {}", record.shape.name))
            }
            Self::Named(_, text) if name == "String" => Ok(Self::text(text)),
            Self::Time(_) if name == "String" => Ok(Self::text(super::print::plain(self))),
            Self::Nil | Self::Null => Err(format!("there is nothing to take the field {name} of")),
            _ => Err(format!("there is no field {name} in a value of type {}", self.kind())),
        }
    }
}

impl Record {
    fn get(&self, name: &str) -> Option<Value> {
        let fields = self.shape.fields.iter().zip(&self.values);
        if let Some((_, value)) = fields.clone().find(|(field, _)| field.name == name) {
            return Some(value.clone());
        }
        if name == "String" && self.text.is_some() {
            return self.text.clone().map(Value::Text);
        }
        fields.filter(|(field, _)| field.embedded()).find_map(|(_, value)| match value {
            Value::Record(inner) => inner.get(name),
            _ => None,
        })
    }
}
