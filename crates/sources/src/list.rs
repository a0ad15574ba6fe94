//! Lists of objects in JSON, one item at a time: a page of 500 pods is never 500 trees at once.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// What stands around the items of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Envelope {
    /// `kind` of the list, where it has one.
    pub(crate) kind: String,
    /// `apiVersion` of the list.
    pub(crate) api_version: String,
    /// `metadata.continue`: where the next page starts.
    pub(crate) next: Option<String>,
    /// Whether it has an `items` field at all.
    pub(crate) has_items: bool,
}

/// Reads a list and hands over its items as they come. Items handed over before an error stand.
pub(crate) fn each_item(bytes: &[u8], mut take: impl FnMut(Value)) -> serde_json::Result<Envelope> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let envelope = List { take: Some(&mut take) }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(envelope)
}

/// Reads only what stands around the items; the items are checked to be JSON and thrown away.
pub(crate) fn envelope(bytes: &[u8]) -> serde_json::Result<Envelope> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let envelope = List { take: None }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(envelope)
}

struct List<'f> {
    take: Option<&'f mut dyn FnMut(Value)>,
}

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = Envelope;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Envelope, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = Envelope;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Envelope, A::Error> {
        let mut envelope = Envelope::default();
        let mut take = self.take;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "kind" => envelope.kind = text(map.next_value()?),
                "apiVersion" => envelope.api_version = text(map.next_value()?),
                "metadata" => {
                    let metadata: Value = map.next_value()?;
                    let next = metadata.get("continue").and_then(Value::as_str);
                    envelope.next = next.filter(|token| !token.is_empty()).map(str::to_owned);
                }
                "items" => {
                    envelope.has_items = true;
                    match &mut take {
                        Some(take) => map.next_value_seed(Items { take: *take })?,
                        None => map.next_value::<IgnoredAny>().map(drop)?,
                    }
                }
                _ => map.next_value::<IgnoredAny>().map(drop)?,
            }
        }
        Ok(envelope)
    }
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        _ => String::new(),
    }
}

struct Items<'f> {
    take: &'f mut dyn FnMut(Value),
}

impl<'de> DeserializeSeed<'de> for Items<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects, or null")
    }

    /// A Go server writes an empty list as `null`.
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(item) = seq.next_element()? {
            (self.take)(item);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> (Vec<String>, serde_json::Result<Envelope>) {
        let mut names = Vec::new();
        let result = each_item(text.as_bytes(), |item| {
            names.push(item.get("n").and_then(Value::as_str).unwrap_or("?").to_owned());
        });
        (names, result)
    }

    #[test]
    fn items_come_one_by_one_with_the_envelope_around_them() {
        let (seen, envelope) = names(
            r#"{"kind":"PodList","metadata":{"continue":"abc"},"items":[{"n":"a"},{"n":"b"}],"apiVersion":"v1"}"#,
        );
        assert_eq!(seen, ["a", "b"]);
        let envelope = envelope.unwrap();
        assert_eq!((envelope.kind.as_str(), envelope.next.as_deref()), ("PodList", Some("abc")));
    }

    #[test]
    fn null_is_an_empty_list_and_an_empty_token_ends_it() {
        let (seen, envelope) = names(r#"{"metadata":{"continue":""},"items":null}"#);
        assert!(seen.is_empty());
        assert_eq!(envelope.unwrap(), Envelope { has_items: true, ..Envelope::default() });
    }

    #[test]
    fn what_came_before_a_break_stands() {
        let (seen, envelope) = names(r#"{"items":[{"n":"a"},{"n":"#);
        assert_eq!(seen, ["a"]);
        assert!(envelope.is_err());
        assert!(names("[]").1.is_err());
    }

    #[test]
    fn depth_is_bounded() {
        let deep = format!("{{\"items\":[{}", "[".repeat(100_000));
        assert!(names(&deep).1.is_err());
        assert!(envelope(deep.as_bytes()).is_err());
    }
}
