//! JSON in which every key occurs once: two readers of a signed document must not see different things.

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;

/// Most keys of the objects that are open at one place of a document.
const KEYS: usize = 100_000;

/// A walk through a value, to see that no object repeats a key; and how many more keys may be held.
struct Walk<'a>(&'a Cell<usize>);

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

macro_rules! scalars {
    ($($name:ident: $kind:ty),*) => {
        $(fn $name<E: Error>(self, _: $kind) -> Result<(), E> { Ok(()) })*
    };
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    scalars!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Walk(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            let left = self.0.get().checked_sub(1);
            self.0.set(left.ok_or_else(|| A::Error::custom("more keys than are looked at"))?);
            // Go's reader matches field names whatever their case, so `Critical` shadows `critical` there.
            if !seen.insert(key.to_lowercase()) {
                return Err(A::Error::custom(format!("key {key} occurs twice")));
            }
            map.next_value_seed(Walk(self.0))?;
        }
        self.0.set(self.0.get().saturating_add(seen.len()));
        Ok(())
    }
}

/// Reads JSON that repeats no key, at any depth.
///
/// # Errors
/// What is wrong, in words.
pub(crate) fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, String> {
    let left = Cell::new(KEYS);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let walked = Walk(&left).deserialize(&mut reader).and_then(|()| reader.end());
    walked.map_err(|error| error.to_string())?;
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn every_key_once() {
        assert!(read::<Value>(br#"{"a":{"x":1},"b":{"x":[null,true,-1,1.5,"s"]}}"#).is_ok());
        for twice in [r#"{"a":1,"a":1}"#, r#"[{"b":{"a":1,"a":2}}]"#, r#"{"critical":1,"Critical":2}"#] {
            assert!(read::<Value>(twice.as_bytes()).unwrap_err().contains("twice"), "{twice}");
        }
        assert!(read::<Value>(b"{} {}").is_err());
        let many = |n: usize| {
            let keys: Vec<_> = (0..n).map(|n| format!(r#""{n}":0"#)).collect();
            format!("{{{}}}", keys.join(","))
        };
        assert!(read::<Value>(many(KEYS).as_bytes()).is_ok());
        assert!(read::<Value>(many(KEYS + 1).as_bytes()).unwrap_err().contains("more keys"));
        let apart = format!("[{},{}]", many(KEYS), many(KEYS));
        assert!(read::<Value>(apart.as_bytes()).is_ok(), "what is over is forgotten");
        let deep = "[".repeat(100_000);
        assert!(read::<Value>(deep.as_bytes()).is_err());
    }
}
