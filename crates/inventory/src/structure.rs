//! Hashes of values as Go programs make them: what names a package that has no name, and what reports identify one by.
//!
//! Semantics: mitchellh/hashstructure v2 (FormatV2, FNV-1 of 64 bits, nil as zero, zero values left out).

/// Hash of bytes.
pub fn fnv(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| hash.wrapping_mul(0x0100_0000_01b3) ^ u64::from(*byte))
}

/// Hash of a text.
pub fn text(text: &str) -> u64 {
    fnv(text.as_bytes())
}

/// Hash of a number of 64 bits.
pub fn number(value: i64) -> u64 {
    fnv(&value.to_le_bytes())
}

/// Hash of a boolean.
pub fn flag(value: bool) -> u64 {
    fnv(&[u8::from(value)])
}

/// Two hashes in their order.
pub fn ordered(a: u64, b: u64) -> u64 {
    fnv(&[a.to_le_bytes(), b.to_le_bytes()].concat())
}

/// Hash of a list.
pub fn list(hashes: impl Iterator<Item = u64>) -> u64 {
    hashes.fold(0, ordered)
}

/// A struct: its name, then every field that is not zero, in its order.
#[derive(Clone, Copy, Debug)]
pub struct Struct(u64);

impl Struct {
    /// A struct of a name without fields.
    pub fn new(name: &str) -> Self {
        Self(text(name))
    }

    /// `None` is a zero value: its place counts, it does not.
    #[must_use]
    pub fn field(mut self, name: &str, value: Option<u64>) -> Self {
        if let Some(value) = value {
            self.0 = fnv(&(self.0 ^ ordered(text(name), value)).to_le_bytes());
        }
        self
    }
}

impl Struct {
    /// The hash so far.
    pub fn hash(self) -> u64 {
        self.0
    }
}

/// Hash of a map, whatever the order of its entries.
pub fn map(entries: impl Iterator<Item = (u64, u64)>) -> u64 {
    fnv(&entries.fold(0, |all, (key, value)| all ^ ordered(key, value)).to_le_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_zero_values() {
        let (a, b) = ((text("a"), text("1")), (text("b"), text("2")));
        assert_eq!(map([a, b].into_iter()), map([b, a].into_iter()));
        assert_ne!(list([1, 2].into_iter()), list([2, 1].into_iter()));
        assert_eq!(Struct::new("S").field("A", None).hash(), Struct::new("S").hash());
        assert_ne!(flag(true), flag(false));
    }
}
