//! Reads typed values out of a rules file's document.

use super::context::{Context, ItemType};
use super::diagnostics::{Code, Problem};
use super::text::Entry;
use serde_json::{Map, Value};
use yaml::Places;

pub(super) type Read<T> = Result<T, Problem>;

/// One YAML document, with its text for scalars whose spelling matters.
pub(super) struct Source<'t> {
    text: &'t [u8],
    offset: u64,
    places: Option<Places<'t>>,
    /// Whether some number may be written otherwise than in plain decimal.
    odd_numbers: bool,
}

/// Whether a text holds what may be a number with a leading zero or an underscore.
fn odd_numbers(text: &[u8]) -> bool {
    text.windows(3).any(|w| match w {
        [before, b'0', after] => {
            b" ,[:+-".contains(before) && (after.is_ascii_alphanumeric() || *after == b'_')
        }
        [before, b'_', after] => before.is_ascii_digit() && after.is_ascii_digit(),
        [before, b'+', after] => b" ,[".contains(before) && after.is_ascii_digit(),
        _ => false,
    })
}

impl<'t> Source<'t> {
    pub(super) fn new(text: &'t [u8], offset: u64) -> Self {
        Self { text, offset, places: None, odd_numbers: odd_numbers(text) }
    }

    /// The characters of a scalar as they are written: the reference decodes `yes` or `010` as the text it needs.
    fn scalar(&mut self, value: &Value, pointer: &str) -> Option<String> {
        match value {
            Value::String(text) => Some(text.clone()),
            // Finding the spelling reads the document again: only where it may differ.
            Value::Number(n) if n.as_u64().is_some() && !self.odd_numbers => Some(n.to_string()),
            Value::Number(_) | Value::Bool(_) => self.spelling(pointer).or_else(|| Some(value.to_string())),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    fn spelling(&mut self, pointer: &str) -> Option<String> {
        if self.places.is_none() {
            self.places = Places::new(self.text, self.offset);
        }
        let place = self.places.as_mut()?.get(pointer).filter(|place| place.exact)?;
        let start = usize::try_from(place.value.offset).ok()?;
        let rest = self.text.get(start..)?;
        let end =
            rest.iter().position(|b| b.is_ascii_whitespace() || b",]}#".contains(b)).unwrap_or(rest.len());
        let word = std::str::from_utf8(rest.get(..end)?).ok()?;
        let plain = !word.is_empty() && !word.starts_with(['"', '\'', '&', '*', '!', '|', '>', '[', '{']);
        plain.then(|| word.to_owned())
    }
}

/// A mapping of the document.
pub(super) struct Item<'v> {
    pub(super) map: &'v Map<String, Value>,
    pub(super) context: Context,
}

fn fault(message: impl Into<String>, context: &Context) -> Problem {
    Problem::new(Code::ErrYamlValidate, message, context)
}

fn token(key: &str) -> String {
    format!("/{}", key.replace('~', "~0").replace('/', "~1"))
}

impl<'v> Item<'v> {
    pub(super) fn new(value: &'v Value, context: Context, otherwise: &str) -> Read<Self> {
        match value {
            Value::Object(map) => Ok(Self { map, context }),
            _ => Err(fault(otherwise, &context)),
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    pub(super) fn at(&self, kind: ItemType, name: &str, key: &str) -> Context {
        self.context.child(kind, name, &token(key))
    }

    pub(super) fn fault(&self, message: impl Into<String>) -> Problem {
        fault(message, &self.context)
    }

    /// The text of a key that must be there and not be empty.
    pub(super) fn text(&self, source: &mut Source<'_>, key: &str) -> Read<String> {
        match self.map.get(key) {
            None => Err(self.fault(format!("item has no mapping for key '{key}'"))),
            Some(Value::Null) => Err(self.fault(format!("mapping for key '{key}' is empty"))),
            Some(value) => {
                let context = self.at(ItemType::ValueFor, key, key);
                match source.scalar(value, context.pointer()) {
                    None => Err(fault("value is not a scalar value", &context)),
                    Some(text) if text.is_empty() => Err(fault("value must be non-empty", &context)),
                    Some(text) => Ok(text),
                }
            }
        }
    }

    pub(super) fn optional_text(&self, source: &mut Source<'_>, key: &str) -> Read<Option<String>> {
        if self.has(key) { self.text(source, key).map(Some) } else { Ok(None) }
    }

    pub(super) fn flag(&self, source: &mut Source<'_>, key: &str) -> Read<bool> {
        if let Some(Value::Bool(flag)) = self.map.get(key) {
            return Ok(*flag);
        }
        let text = self.text(source, key)?;
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "y" => Ok(true),
            "false" | "no" | "off" | "n" => Ok(false),
            _ => Err(fault("can't decode YAML scalar value", &self.at(ItemType::ValueFor, key, key))),
        }
    }

    pub(super) fn optional_flag(&self, source: &mut Source<'_>, key: &str, default: bool) -> Read<bool> {
        if self.has(key) { self.flag(source, key) } else { Ok(default) }
    }

    /// The scalars of a sequence.
    pub(super) fn texts(&self, source: &mut Source<'_>, key: &str) -> Read<Vec<String>> {
        let Some(value) = self.map.get(key) else {
            return Err(self.fault(format!("item has no mapping for key '{key}'")));
        };
        let context = self.at(ItemType::ValueFor, key, key);
        let Value::Array(items) = value else { return Err(fault("value is not a sequence", &context)) };
        items
            .iter()
            .enumerate()
            .map(|(n, item)| {
                let at = context.child(ItemType::ListItem, "", &format!("/{n}"));
                // The reference decodes a null as the text it is written with.
                let text = match item {
                    Value::Null => Some("null".to_owned()),
                    item => source.scalar(item, at.pointer()),
                };
                text.ok_or_else(|| fault("sequence value is not scalar", &at))
            })
            .collect()
    }

    pub(super) fn optional_texts(&self, source: &mut Source<'_>, key: &str) -> Read<Vec<String>> {
        if self.has(key) { self.texts(source, key) } else { Ok(Vec::new()) }
    }

    /// The mappings of a sequence, each with its place.
    pub(super) fn sequence(
        &self,
        key: &str,
        kind: ItemType,
        otherwise: &str,
    ) -> Read<Vec<(&'v Value, Context)>> {
        let context = self.at(kind, "", key);
        match self.map.get(key) {
            Some(Value::Array(items)) => {
                let place = |(n, item)| (item, context.child(kind, "", &format!("/{n}")));
                Ok(items.iter().enumerate().map(place).collect())
            }
            _ => Err(fault(otherwise, &context)),
        }
    }
}

/// A text or a list of entries; mappings and nulls are neither.
pub(super) fn entry(source: &mut Source<'_>, value: &Value, context: &Context) -> Read<Option<Entry>> {
    match value {
        Value::Array(items) => {
            let mut entries = Vec::with_capacity(items.len());
            for (n, item) in items.iter().enumerate() {
                let at = context.child(ItemType::Exception, "", &format!("/{n}"));
                let read = entry(source, item, &at)?;
                entries.push(read.unwrap_or(Entry::Item(String::new())));
            }
            Ok(Some(Entry::List(entries)))
        }
        other => match source.scalar(other, context.pointer()) {
            Some(text) if text.is_empty() => Err(fault("value must be non-empty", context)),
            Some(text) => Ok(Some(Entry::Item(text))),
            None => Ok(None),
        },
    }
}
