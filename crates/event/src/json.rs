//! Walks JSON text without building a tree.
//!
//! Every function takes text that a JSON parser has already accepted; on text that is not JSON the answers are
//! merely wrong or absent, never a panic. Nothing recurses, so depth costs no stack.

use std::borrow::Cow;

/// A JSON value as text, without the blanks around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raw<'a>(&'a str);

/// What kind of value a text holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// `"…"`
    String,
    /// A number.
    Number,
    /// `true` or `false`
    Bool,
    /// `null`
    Null,
}

impl<'a> Raw<'a> {
    /// Wraps valid JSON text.
    pub fn new(text: &'a str) -> Self {
        Self(text.trim_matches([' ', '\t', '\n', '\r']))
    }

    /// The text.
    pub fn text(self) -> &'a str {
        self.0
    }

    /// What it holds.
    pub fn kind(self) -> Kind {
        match self.0.as_bytes().first() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'n') | None => Kind::Null,
            Some(_) => Kind::Number,
        }
    }

    /// A string's characters, borrowed when it has no escapes; `None` for other kinds.
    pub fn string(self) -> Option<Cow<'a, str>> {
        let inner = self.0.strip_prefix('"')?.strip_suffix('"')?;
        if inner.as_bytes().contains(&b'\\') {
            serde_json::from_str(self.0).ok().map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(inner))
        }
    }

    /// A string's characters, or the JSON text of any other value.
    pub fn show(self) -> Cow<'a, str> {
        self.string().unwrap_or(Cow::Borrowed(self.0))
    }

    /// The value of an object's key (the first one, should it be repeated), or of an array's index in decimal.
    pub fn get(self, key: &str) -> Option<Raw<'a>> {
        match self.kind() {
            Kind::Object => self.members().find_map(|(name, value)| name.is(key).then_some(value)),
            Kind::Array => {
                let plain = key == "0" || (!key.starts_with('0') && key.bytes().all(|b| b.is_ascii_digit()));
                self.items().nth(key.parse().ok().filter(|_| plain)?)
            }
            _ => None,
        }
    }

    /// The value below a chain of keys.
    pub fn path(self, keys: &[&str]) -> Option<Raw<'a>> {
        keys.iter().try_fold(self, |at, key| at.get(key))
    }

    /// The members of an object, in order; none for other kinds.
    pub fn members(self) -> Members<'a> {
        let open = self.kind() == Kind::Object;
        Members(Cursor { rest: if open { self.0.get(1..).unwrap_or("") } else { "" } })
    }

    /// The items of an array; none for other kinds.
    pub fn items(self) -> Items<'a> {
        let open = self.kind() == Kind::Array;
        Items(Cursor { rest: if open { self.0.get(1..).unwrap_or("") } else { "" } })
    }
}

/// The name of a member, still escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'a>(&'a str);

impl<'a> Name<'a> {
    /// Whether it is `key` once unescaped.
    pub fn is(self, key: &str) -> bool {
        match self.0.as_bytes().contains(&b'\\') {
            false => self.0 == key,
            true => self.decode() == key,
        }
    }

    /// The name, unescaped.
    pub fn decode(self) -> Cow<'a, str> {
        if !self.0.as_bytes().contains(&b'\\') {
            return Cow::Borrowed(self.0);
        }
        serde_json::from_str(&format!("\"{}\"", self.0)).map_or(Cow::Borrowed(self.0), Cow::Owned)
    }
}

struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn accept(&mut self, byte: char) -> bool {
        self.blanks();
        match self.rest.strip_prefix(byte) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn value(&mut self) -> Option<Raw<'a>> {
        self.blanks();
        let (value, rest) = self.rest.split_at_checked(value_end(self.rest.as_bytes()))?;
        self.rest = rest;
        (!value.is_empty()).then_some(Raw(value))
    }
}

/// Iterator over the members of an object.
pub struct Members<'a>(Cursor<'a>);

impl<'a> Iterator for Members<'a> {
    type Item = (Name<'a>, Raw<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.accept(',');
        self.0.blanks();
        if !self.0.rest.starts_with('"') {
            return None;
        }
        let name = self.0.value()?.text();
        let name = Name(name.get(1..name.len().checked_sub(1)?)?);
        self.0.accept(':').then_some(())?;
        Some((name, self.0.value()?))
    }
}

/// Iterator over the items of an array.
pub struct Items<'a>(Cursor<'a>);

impl<'a> Iterator for Items<'a> {
    type Item = Raw<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.accept(',');
        self.0.blanks();
        if self.0.rest.starts_with(']') {
            return None;
        }
        self.0.value()
    }
}

/// Where the value that starts `text` ends: its length.
fn value_end(text: &[u8]) -> usize {
    match text.first() {
        Some(b'"') => string_end(text, 0),
        Some(b'{' | b'[') => nested_end(text),
        _ => text
            .iter()
            .position(|b| matches!(b, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r'))
            .unwrap_or(text.len()),
    }
}

/// The index after the string that opens at `start`.
fn string_end(text: &[u8], start: usize) -> usize {
    let mut at = start.saturating_add(1);
    while let Some(rest) = text.get(at..) {
        let Some(hop) = memchr::memchr2(b'"', b'\\', rest) else { return text.len() };
        at = at.saturating_add(hop);
        match text.get(at) {
            Some(b'"') => return at.saturating_add(1),
            _ => at = at.saturating_add(2),
        }
    }
    text.len()
}

fn nested_end(text: &[u8]) -> usize {
    let mut depth = 0usize;
    let mut at = 0usize;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => {
                at = string_end(text, at);
                continue;
            }
            b'{' | b'[' => depth = depth.saturating_add(1),
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at.saturating_add(1);
                }
            }
            _ => {}
        }
        at = at.saturating_add(1);
    }
    text.len()
}

/// Splits a JSON pointer (RFC 6901) into its unescaped keys. A missing leading slash is forgiven.
pub fn pointer(text: &str) -> Vec<String> {
    let text = text.strip_prefix('/').unwrap_or(text);
    text.split('/').map(|key| key.replace("~1", "/").replace("~0", "~")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = r#" { "a" : [1, {"b":"x\"]y"}, [] , "ü"], "c\u0041" : null, "d": -1.5e3 , "e":true, "a/b": {"~": 7} } "#;

    #[test]
    fn walks_objects_and_arrays() {
        let raw = Raw::new(TEXT);
        let at = |pointer_text: &str| {
            let keys = pointer(pointer_text);
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            raw.path(&keys).map(|v| v.show().into_owned())
        };
        for (path, want) in [
            ("/a/0", Some("1")),
            ("/a/1/b", Some("x\"]y")),
            ("/a/2", Some("[]")),
            ("/a/3", Some("ü")),
            ("/a/4", None),
            ("/a/00", None),
            ("/cA", Some("null")),
            ("/d", Some("-1.5e3")),
            ("e", Some("true")),
            ("/a~1b/~0", Some("7")),
            ("/a/1/b/c", None),
            ("/nope", None),
        ] {
            assert_eq!(at(path).as_deref(), want, "{path}");
        }
    }

    #[test]
    fn broken_text_ends_the_walk() {
        for text in ["{", "{\"a", "{\"a\":", "[", "[1,", "\"", "{\"a\":\"\\", "{a:1}", ""] {
            let raw = Raw::new(text);
            assert!(raw.members().count() <= 1 && raw.items().count() <= 1, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[\\[\\]{}:,\"\\\\ a0éü]{0,40}") {
            let raw = Raw::new(&text);
            let _ = (raw.members().count(), raw.items().count(), raw.show());
        }

        #[test]
        fn agrees_with_a_tree(keys in proptest::collection::vec("[a-cü\"\\\\]{0,3}", 0..5), n in 0u32..9) {
            let map: serde_json::Map<String, serde_json::Value> =
                keys.iter().enumerate().map(|(i, k)| (k.clone(), serde_json::json!([i, n, k]))).collect();
            let text = serde_json::to_string(&map).unwrap();
            for (key, value) in &map {
                prop_assert_eq!(Raw::new(&text).get(key).map(|v| v.text().to_owned()), Some(value.to_string()));
            }
        }
    }
}
