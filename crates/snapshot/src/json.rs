//! A borrowed JSON tree over a resource's text: strings point into it where they have no escapes.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// A JSON value whose strings borrow from the text. Objects keep the order of the text.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Json<'a> {
    /// `null`, or a field that is not there.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer that fits.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A string.
    Str(Cow<'a, str>),
    /// An array.
    Array(Vec<Json<'a>>),
    /// An object.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// What every missing field is.
const NULL: &Json<'static> = &Json::Null;

impl<'a> Json<'a> {
    /// Parses text; what is not JSON is `Null` (resources are valid by construction).
    pub fn parse(text: &'a str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// The field of an object; `Null` when absent or no object.
    pub fn get(&self, key: &str) -> &Json<'a> {
        match self {
            Self::Object(fields) => fields.iter().find(|(k, _)| k == key).map_or(NULL, |(_, value)| value),
            _ => NULL,
        }
    }

    /// A field of a field of …; `Null` when any is absent.
    pub fn at(&self, path: &[&str]) -> &Json<'a> {
        path.iter().fold(self, |json, key| json.get(key))
    }

    /// The string, if it is one.
    pub fn str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The string, or the empty one.
    pub fn text(&self) -> &str {
        self.str().unwrap_or("")
    }

    /// The boolean, if it is one.
    pub fn bool(&self) -> Option<bool> {
        match self {
            Self::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// Whether it is `true`.
    pub fn is_true(&self) -> bool {
        matches!(self, Self::Bool(true))
    }

    /// Whether it is absent or `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The integer, if it is one.
    pub fn int(&self) -> Option<i64> {
        match self {
            Self::Int(i) => Some(*i),
            _ => None,
        }
    }

    /// The elements of an array; none for anything else.
    pub fn items(&self) -> &[Json<'a>] {
        match self {
            Self::Array(items) => items,
            _ => &[],
        }
    }

    /// The fields of an object; none for anything else.
    pub fn fields(&self) -> &[(Cow<'a, str>, Json<'a>)] {
        match self {
            Self::Object(fields) => fields,
            _ => &[],
        }
    }

    /// The strings of an array, others left out.
    pub fn strings(&self) -> impl Iterator<Item = &str> {
        self.items().iter().filter_map(Json::str)
    }
}

struct Tree;

impl<'de> Visitor<'de> for Tree {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }
    fn visit_bool<E>(self, b: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(b))
    }
    fn visit_i64<E>(self, i: i64) -> Result<Json<'de>, E> {
        Ok(Json::Int(i))
    }
    fn visit_u64<E>(self, u: u64) -> Result<Json<'de>, E> {
        Ok(i64::try_from(u).map_or(Json::Float(u as f64), Json::Int))
    }
    fn visit_f64<E>(self, f: f64) -> Result<Json<'de>, E> {
        Ok(Json::Float(f))
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Str(Cow::Borrowed(text)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Str(Cow::Owned(text.to_owned())))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        let mut fields = Vec::new();
        while let Some((Key(key), value)) = map.next_entry()? {
            fields.push((key, value));
        }
        Ok(Json::Object(fields))
    }
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Tree)
    }
}

/// `Cow<str>` deserializes to the owned form unless told otherwise.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_strings_borrow_and_escaped_ones_do_not() {
        let json = Json::parse(r#"{"a":"x","b":"\n"}"#);
        assert!(matches!(json.get("a"), Json::Str(Cow::Borrowed("x"))));
        assert!(matches!(json.get("b"), Json::Str(Cow::Owned(_))));
    }

    #[test]
    fn missing_fields_are_null_at_any_depth() {
        let json = Json::parse(r#"{"a":{"b":[1,"two",true]}}"#);
        assert!(json.at(&["a", "x", "y"]).is_null());
        assert_eq!(json.at(&["a", "b"]).strings().collect::<Vec<_>>(), ["two"]);
        assert_eq!(json.at(&["a", "b"]).items().first().and_then(Json::int), Some(1));
    }

    #[test]
    fn not_json_is_null() {
        assert!(Json::parse("{").is_null());
    }
}
