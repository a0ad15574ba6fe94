//! Bytes as text: whether they are text at all, what of a program can be printed, and UTF-8 with the places kept.
//!
//! Semantics: Trivy's `pkg/fanal/utils` and Go's reading of strings, where a byte that is no UTF-8 is U+FFFD.

use std::borrow::Cow;
use std::io::{self, Read};

/// Bytes at the start of a file that tell whether it is text.
pub(super) const HEAD: usize = 300;

/// Whether the first bytes hold one that no text has.
pub(super) fn binary(head: &[u8]) -> bool {
    head.iter().any(|b| matches!(b, 0..=6 | 11 | 14..=26 | 28..=31 | 127))
}

/// Runs of printable bytes longer than this count.
const RUN: usize = 4;

/// What can be printed of a stream: its runs of Latin-1, a line each.
pub(super) struct Printable<'r> {
    input: io::Bytes<io::BufReader<&'r mut dyn Read>>,
    /// The start of a run that may turn out too short.
    run: Vec<u8>,
    /// Read and not yet handed on.
    ready: std::collections::VecDeque<u8>,
    long: bool,
    over: bool,
}

impl<'r> Printable<'r> {
    pub(super) fn new(input: &'r mut dyn Read) -> Self {
        let input = io::BufReader::new(input).bytes();
        Self { input, run: Vec::new(), ready: Default::default(), long: false, over: false }
    }

    fn end(&mut self) {
        if self.long {
            self.ready.push_back(b'\n');
        }
        self.run.clear();
        self.long = false;
    }
}

impl Read for Printable<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.ready.len() < buffer.len() && !self.over {
            match self.input.next().transpose()? {
                None => {
                    self.end();
                    self.over = true;
                }
                Some(byte @ (0x20..=0x7e | 0xa1..=0xac | 0xae..=0xff)) if self.long => {
                    self.ready.push_back(byte);
                }
                Some(byte @ (0x20..=0x7e | 0xa1..=0xac | 0xae..=0xff)) => {
                    self.run.push(byte);
                    if self.run.len() > RUN {
                        self.ready.extend(self.run.drain(..));
                        self.long = true;
                    }
                }
                Some(_) => self.end(),
            }
        }
        self.ready.read(buffer)
    }
}

/// A chunk as UTF-8, and the way from its places back to the chunk's.
pub(super) struct Text<'c> {
    pub(super) bytes: Cow<'c, [u8]>,
    /// Where a byte that is no UTF-8 became three, in the text's places.
    replaced: Vec<usize>,
}

impl<'c> Text<'c> {
    pub(super) fn new(chunk: &'c [u8]) -> Self {
        if std::str::from_utf8(chunk).is_ok() {
            return Self { bytes: Cow::Borrowed(chunk), replaced: Vec::new() };
        }
        let mut bytes = Vec::with_capacity(chunk.len().saturating_add(64));
        let mut replaced = Vec::new();
        for part in chunk.utf8_chunks() {
            bytes.extend_from_slice(part.valid().as_bytes());
            for _ in part.invalid() {
                replaced.push(bytes.len());
                bytes.extend_from_slice("\u{fffd}".as_bytes());
            }
        }
        Self { bytes: Cow::Owned(bytes), replaced }
    }

    /// The chunk's place of a place in the text.
    pub(super) fn place(&self, at: usize) -> usize {
        let before = self.replaced.partition_point(|place| *place < at);
        at.saturating_sub(before.saturating_mul(2))
    }

    /// The text in lower case, one character for one.
    pub(super) fn lower(&self) -> Vec<u8> {
        let lower = |c: char| c.to_lowercase().next().unwrap_or(c);
        String::from_utf8_lossy(&self.bytes).chars().map(lower).collect::<String>().into_bytes()
    }
}

/// A line as a report shows it: without carriage returns, and UTF-8.
pub(super) fn shown(bytes: &[u8]) -> String {
    let bytes: Vec<u8> = bytes.iter().copied().filter(|b| *b != b'\r').collect();
    let mut out = String::with_capacity(bytes.len());
    let mut broken = false;
    for part in bytes.utf8_chunks() {
        broken &= part.valid().is_empty();
        out.push_str(part.valid());
        // However many bytes are no UTF-8 in a row, one sign stands for them.
        if !part.invalid().is_empty() && !broken {
            out.push('\u{fffd}');
            broken = true;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_or_not() {
        for (head, want) in [
            (&b"plain\ttext\r\n\x1b[0m\x08\x0c"[..], false),
            (b"\x7fELF", true),
            (b"a\0b", true),
            (b"\xff\xfea", false),
            (b"\x0b", true),
            (b"\x0e", true),
            (b"", false),
        ] {
            assert_eq!(binary(head), want, "{head:?}");
        }
    }

    #[test]
    fn printable_runs() {
        let print = |bytes: &[u8]| {
            let (mut input, mut out) = (bytes, Vec::new());
            Printable::new(&mut input).read_to_end(&mut out).unwrap();
            out
        };
        assert_eq!(print(b"abcd\0abcde\0\x01abcdef"), b"abcde\nabcdef\n");
        assert_eq!(print(b"abcd"), b"");
        assert_eq!(print(b"ab\xad\xa1\xa2\xa3\xa4\xa5"), b"\xa1\xa2\xa3\xa4\xa5\n");
        assert_eq!(print(&[b'x'; 100_000]).len(), 100_001);
    }

    #[test]
    fn places_come_back() {
        let chunk = b"a\xff\xfeb\xc3\xa9c\xe2\x82";
        let text = Text::new(chunk);
        let shown = String::from_utf8(text.bytes.to_vec()).unwrap();
        assert_eq!(shown, "a\u{fffd}\u{fffd}béc\u{fffd}\u{fffd}");
        for (sign, want) in [("a", 0), ("b", 3), ("é", 4), ("c", 6)] {
            assert_eq!(text.place(shown.find(sign).unwrap()), want, "{sign}");
        }
        assert_eq!(text.place(shown.len()), chunk.len());
        assert_eq!(super::shown(b"a\xff\xfe\xfdb\r\n\xe2\x82"), "a\u{fffd}b\n\u{fffd}");
        assert_eq!(Text::new("K\u{212a}É".as_bytes()).lower(), "kké".as_bytes());
    }
}
