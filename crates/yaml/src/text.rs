//! Bytes to text: encodings, forbidden characters, lines and columns.

use crate::fault::{At, CHARACTER, ENCODING, Fault};
use model::Position;

/// The byte order mark in UTF-8.
pub(crate) const BOM: &[u8] = b"\xef\xbb\xbf";

/// Whether the text starts as UTF-16 does; such a text is refused, not converted, so that offsets stay true.
pub(crate) fn utf16(text: &[u8]) -> bool {
    let ascii = |b: &u8| b.is_ascii_graphic() || b.is_ascii_whitespace();
    match text {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => true,
        [0, a, 0, b, ..] | [a, 0, b, 0, ..] => ascii(a) && ascii(b),
        _ => false,
    }
}

/// The document as text, or the first byte that is none.
pub(crate) fn decode(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes)
        .map_err(|error| Fault::new(ENCODING, At::Byte(error.valid_up_to()), "invalid UTF-8"))
}

/// Refuses characters that may not stand in YAML, or that decoders read differently.
pub(crate) fn characters(text: &str) -> Result<(), Fault> {
    // Whole text at once: the compiler makes vectors of this, so that clean ASCII costs next to nothing.
    match text.bytes().fold(false, |odd, b| odd | suspect(b)) {
        true => forbidden(text),
        false => Ok(()),
    }
}

/// ASCII bytes that may not stand in a document, and every byte above ASCII.
fn suspect(b: u8) -> bool {
    (b < b' ') & (b != b'\t') & (b != b'\n') & (b != b'\r') | (b > b'~')
}

fn forbidden(text: &str) -> Result<(), Fault> {
    for (at, c) in text.char_indices() {
        match c {
            '\t' | '\n' | '\r' | ' '..='~' => {}
            '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => {
                let message = format!("U+{:04X} is read differently by different decoders", u32::from(c));
                return Err(Fault::new(CHARACTER, At::Byte(at), message)
                    .help("write it as an escape in a double-quoted string"));
            }
            '\u{a0}'..='\u{fffd}' | '\u{10000}'.. => {}
            _ => {
                let message = format!("control character U+{:04X}", u32::from(c));
                return Err(Fault::new(CHARACTER, At::Byte(at), message)
                    .help("write it as an escape in a double-quoted string"));
            }
        }
    }
    Ok(())
}

/// Bytes before the `n`th character; the length when there are fewer.
pub(crate) fn byte_of(text: &str, n: usize) -> usize {
    text.char_indices().nth(n).map_or(text.len(), |(at, _)| at)
}

/// Turns offsets into lines, cheaply when they are asked for in ascending order.
#[derive(Clone, Debug)]
pub(crate) struct Lines<'a> {
    text: &'a [u8],
    /// A line's start, and its number.
    start: usize,
    line: u32,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, start: 0, line: 1 }
    }

    /// The position of a byte; offsets beyond the end mean the end.
    pub(crate) fn position(&mut self, offset: usize) -> Position {
        let offset = offset.min(self.text.len());
        if offset < self.start {
            (self.start, self.line) = (0, 1);
        }
        let passed = self.text.get(self.start..offset).unwrap_or_default();
        let base = self.start;
        for at in memchr::memchr2_iter(b'\n', b'\r', passed) {
            let after = base.saturating_add(at).saturating_add(1);
            // The pair is one break, and a position between its halves is still on the old line.
            let half = passed.get(at) == Some(&b'\r') && self.text.get(after) == Some(&b'\n');
            if !half {
                (self.start, self.line) = (after, self.line.saturating_add(1));
            }
        }
        let before = self.text.get(self.start..offset).unwrap_or_default();
        let before = if self.start == 0 { before.strip_prefix(BOM).unwrap_or(before) } else { before };
        let chars = before.iter().filter(|b| **b & 0xc0 != 0x80).count();
        Position {
            line: self.line,
            column: u32::try_from(chars).unwrap_or(u32::MAX).saturating_add(1),
            offset: u64::try_from(offset).unwrap_or(u64::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_characters() {
        for good in ["a: b\n", "\t\r\n", "größe: 🦀", "\u{a0}\u{e000}\u{fffd}", "~"] {
            assert_eq!(characters(decode(good.as_bytes()).unwrap()), Ok(()));
        }
        for (bad, at) in
            [("a\0", 1), ("é\u{7f}", 2), ("\u{80}", 0), ("a\u{2028}", 1), ("\u{fffe}", 0), ("\u{1b}[0m", 0)]
        {
            assert_eq!(characters(bad).unwrap_err().at, At::Byte(at), "{bad:?}");
        }
        assert_eq!(decode(b"ab\xffc").unwrap_err().at, At::Byte(2));
    }

    #[test]
    fn lines_of_every_kind() {
        let text = "\u{feff}a🦀b\r\nc\rd\ne".as_bytes();
        let mut lines = Lines::new(text);
        let mut at = |offset| {
            let p = lines.position(offset);
            (p.line, p.column)
        };
        assert_eq!(at(3), (1, 1));
        assert_eq!(at(8), (1, 3));
        assert_eq!(at(10), (1, 5));
        assert_eq!(at(11), (2, 1));
        assert_eq!(at(13), (3, 1));
        assert_eq!(at(15), (4, 1));
        assert_eq!(at(4), (1, 2), "back again");
        assert_eq!(at(99), (4, 2), "beyond the end");
    }
}
