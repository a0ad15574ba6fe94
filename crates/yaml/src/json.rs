//! JSON texts through `serde_json`: same caps, duplicate keys refused.

use crate::caps::Caps;
use crate::fault::{At, DEPTH, DUPLICATE, Fault, JSON, NODES, NUMBER};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value, error::Category, map::Entry};
use std::fmt;

/// Whether a document is to be tried as JSON.
pub(crate) fn looks_like(text: &str) -> bool {
    matches!(text.trim_start().as_bytes().first(), Some(b'{' | b'['))
}

/// Whether a document was meant as JSON: it starts with a quoted key, or a list of such or of strings.
pub(crate) fn meant(text: &str) -> bool {
    let object = |text: &str| inside(text, '{').is_some_and(|rest| rest.starts_with('"'));
    object(text) || inside(text, '[').is_some_and(|rest| rest.starts_with('"') || object(rest))
}

fn inside(text: &str, open: char) -> Option<&str> {
    Some(text.trim_start().strip_prefix(open)?.trim_start())
}

/// Reads the value at the start of `text` (whitespace before it allowed) and says how many bytes it took.
pub(crate) fn value(text: &str, caps: &Caps) -> Result<(Value, usize), Fault> {
    let mut state = State { caps, nodes: 0, fault: None };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    match (Node { state: &mut state, depth: caps.depth() }).deserialize(&mut deserializer) {
        Ok(value) => Ok((value, deserializer.into_iter::<IgnoredAny>().byte_offset())),
        Err(error) => {
            let told = fault(text, &error);
            Err(match state.fault {
                Some(typed) => Fault { at: told.at, ..typed },
                None => told,
            })
        }
    }
}

/// serde_json's error, with its line and column (in bytes) turned into an offset.
fn fault(text: &str, error: &serde_json::Error) -> Fault {
    let line = error.line().saturating_sub(1);
    let start = match line {
        0 => 0,
        _ => memchr::memchr_iter(b'\n', text.as_bytes())
            .nth(line.saturating_sub(1))
            .map_or(0, |at| at.saturating_add(1)),
    };
    let at = At::Byte(start.saturating_add(error.column().saturating_sub(1)).min(text.len()));
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    if message == "recursion limit exceeded" {
        return Fault::new(DEPTH, at, "nested too deeply");
    }
    if message == "number out of range" {
        return Fault::new(NUMBER, at, message);
    }
    match error.classify() {
        Category::Eof => Fault::new(JSON, at, "the text ends within a JSON value"),
        _ => Fault::new(JSON, at, message),
    }
}

struct State<'c> {
    caps: &'c Caps,
    nodes: u64,
    fault: Option<Fault>,
}

struct Node<'s, 'c> {
    state: &'s mut State<'c>,
    depth: usize,
}

impl Node<'_, '_> {
    fn refuse<E: serde::de::Error>(&mut self, code: &'static str, message: String) -> E {
        let error = E::custom(&message);
        self.state.fault = Some(Fault::new(code, At::Byte(0), message));
        error
    }

    fn deeper<E: serde::de::Error>(&mut self) -> Result<usize, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(depth),
            None => {
                let message = format!("nested more than {} deep", self.state.caps.depth());
                Err(self.refuse(DEPTH, message))
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_, '_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(mut self, deserializer: D) -> Result<Value, D::Error> {
        self.state.nodes = self.state.nodes.saturating_add(1);
        if self.state.nodes > self.state.caps.nodes {
            let message = format!("more than {} values", self.state.caps.nodes);
            return Err(self.refuse(NODES, message));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Value, A::Error> {
        let depth = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Node { state: &mut *self.state, depth })? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Value, A::Error> {
        let depth = self.deeper()?;
        let mut values = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            match values.entry(key) {
                Entry::Occupied(entry) => {
                    let message = format!("key {:?} is there twice", entry.key());
                    return Err(self.refuse(DUPLICATE, message));
                }
                Entry::Vacant(entry) => {
                    entry.insert(map.next_value_seed(Node { state: &mut *self.state, depth })?);
                }
            }
        }
        Ok(Value::Object(values))
    }
}
