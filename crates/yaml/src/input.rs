//! The scanner's input: bytes instead of decoded characters where that is the same, and the plain scalars of
//! the API's decoder.

use saphyr_parser::Parser;
use saphyr_parser::input::{Input, SkipTabs};

/// A text as the scanner reads it. The text must be valid UTF-8, as that of a `str` is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a> {
    rest: &'a [u8],
    lookahead: usize,
}

/// A parser of a text.
pub(crate) fn parser(text: &str) -> Parser<'_, Text<'_>> {
    Parser::new(Text { rest: text.as_bytes(), lookahead: 0 })
}

/// What ends a run of content: the end, line breaks and the byte order mark (told by its first byte here).
fn ends_line(b: u8) -> bool {
    matches!(b, b'\n' | b'\r' | 0)
}

fn flow(b: u8) -> bool {
    matches!(b, b',' | b'[' | b']' | b'{' | b'}')
}

fn blank_or_end(b: Option<u8>) -> bool {
    matches!(b, None | Some(b' ' | b'\t' | b'\n' | b'\r' | 0))
}

/// The character at the start of the bytes, and its length.
fn decode(bytes: &[u8]) -> (char, usize) {
    let length = match bytes.first() {
        None => return ('\0', 0),
        Some(b) if b.is_ascii() => return (char::from(*b), 1),
        Some(0xf0..) => 4,
        Some(0xe0..) => 3,
        Some(_) => 2,
    };
    let one = bytes.get(..length).and_then(|one| std::str::from_utf8(one).ok());
    (one.and_then(|one| one.chars().next()).unwrap_or(char::REPLACEMENT_CHARACTER), length)
}

impl Text<'_> {
    #[inline]
    fn byte(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    #[inline]
    fn nth(&self, n: usize) -> Option<u8> {
        self.rest.get(n).copied()
    }

    #[inline]
    fn advance(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn three(&self, b: u8) -> bool {
        self.rest.starts_with(&[b, b, b]) && blank_or_end(self.nth(3))
    }

    /// Bytes and characters up to the end of the line.
    fn line(&self) -> (usize, usize) {
        let mut characters = 0usize;
        for (at, b) in self.rest.iter().enumerate() {
            if ends_line(*b)
                || (*b == 0xef && self.rest.get(at..).is_some_and(|r| r.starts_with(crate::text::BOM)))
            {
                return (at, characters);
            }
            characters = characters.saturating_add(usize::from(*b & 0xc0 != 0x80));
        }
        (self.rest.len(), characters)
    }
}

impl Input for Text<'_> {
    #[inline]
    fn lookahead(&mut self, count: usize) {
        self.lookahead = self.lookahead.max(count);
    }

    #[inline]
    fn buflen(&self) -> usize {
        self.lookahead
    }

    /// What the scanner reserves for each word.
    #[inline]
    fn bufmaxlen(&self) -> usize {
        16
    }

    #[inline]
    fn buf_is_empty(&self) -> bool {
        self.lookahead == 0
    }

    #[inline]
    fn raw_read_ch(&mut self) -> char {
        let (c, length) = decode(self.rest);
        self.advance(length);
        c
    }

    #[inline]
    fn raw_read_non_breakz_ch(&mut self) -> Option<char> {
        match decode(self.rest) {
            ('\n' | '\r' | '\0' | '\u{feff}', _) => None,
            (c, length) => {
                self.advance(length);
                Some(c)
            }
        }
    }

    #[inline]
    fn skip(&mut self) {
        let length = match self.byte() {
            Some(b) if !b.is_ascii() => decode(self.rest).1,
            _ => 1,
        };
        self.advance(length);
    }

    #[inline]
    fn skip_n(&mut self, count: usize) {
        for _ in 0..count {
            self.skip();
        }
    }

    #[inline]
    fn peek(&self) -> char {
        match self.byte() {
            Some(b) if b.is_ascii() => char::from(b),
            _ => decode(self.rest).0,
        }
    }

    #[inline]
    fn peek_nth(&self, n: usize) -> char {
        // Where all before it is ASCII, the nth character is at the nth byte.
        match self.rest.get(..=n) {
            Some(bytes) if bytes.is_ascii() => bytes.last().map_or('\0', |b| char::from(*b)),
            _ => {
                let mut ahead = *self;
                ahead.skip_n(n);
                ahead.peek()
            }
        }
    }

    #[inline]
    fn peek_opt(&self) -> Option<char> {
        self.byte().map(|_| self.peek())
    }

    #[inline]
    fn next_char_is(&self, c: char) -> bool {
        self.peek() == c
    }

    #[inline]
    fn next_2_are(&self, c1: char, c2: char) -> bool {
        self.peek() == c1 && self.peek_nth(1) == c2
    }

    #[inline]
    fn next_3_are(&self, c1: char, c2: char, c3: char) -> bool {
        self.peek() == c1 && self.peek_nth(1) == c2 && self.peek_nth(2) == c3
    }

    #[inline]
    fn next_is_document_indicator(&self) -> bool {
        self.three(b'-') || self.three(b'.')
    }

    #[inline]
    fn next_is_document_start(&self) -> bool {
        self.three(b'-')
    }

    #[inline]
    fn next_is_document_end(&self) -> bool {
        self.three(b'.')
    }

    fn skip_ws_to_eol(&mut self, skip_tabs: SkipTabs) -> (usize, Result<SkipTabs, &'static str>) {
        let (mut spaces, mut tabs) = (0usize, 0usize);
        loop {
            match self.byte() {
                Some(b' ') => spaces = spaces.saturating_add(1),
                Some(b'\t') if skip_tabs == SkipTabs::Yes => tabs = tabs.saturating_add(1),
                _ => break,
            }
            self.advance(1);
        }
        let mut consumed = spaces.saturating_add(tabs);
        if self.byte() == Some(b'#') {
            if consumed == 0 {
                return (0, Err("comments must be separated from other tokens by whitespace"));
            }
            let (bytes, characters) = self.line();
            self.advance(bytes);
            consumed = consumed.saturating_add(characters);
        }
        (consumed, Ok(SkipTabs::Result(tabs > 0, spaces > 0)))
    }

    /// Unlike YAML 1.2, the decoder lets a colon before a bracket or comma belong to a scalar, and none go on
    /// over a question mark within brackets.
    #[inline]
    fn next_can_be_plain_scalar(&self, in_flow: bool) -> bool {
        match self.byte() {
            Some(b':') => !blank_or_end(self.nth(1)),
            Some(b'?') => !in_flow,
            Some(0xef) => !self.rest.starts_with(crate::text::BOM),
            Some(b) => !(in_flow && flow(b)),
            None => true,
        }
    }

    #[inline]
    fn next_is_blank_or_break(&self) -> bool {
        matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r'))
    }

    #[inline]
    fn next_is_blank_or_breakz(&self) -> bool {
        blank_or_end(self.byte())
    }

    #[inline]
    fn next_is_blank(&self) -> bool {
        matches!(self.byte(), Some(b' ' | b'\t'))
    }

    #[inline]
    fn next_is_break(&self) -> bool {
        matches!(self.byte(), Some(b'\n' | b'\r'))
    }

    #[inline]
    fn next_is_breakz(&self) -> bool {
        matches!(self.byte(), None | Some(b'\n' | b'\r' | 0))
    }

    #[inline]
    fn next_is_z(&self) -> bool {
        matches!(self.byte(), None | Some(0))
    }

    #[inline]
    fn next_is_flow(&self) -> bool {
        self.byte().is_some_and(flow)
    }

    #[inline]
    fn next_is_digit(&self) -> bool {
        self.byte().is_some_and(|b| b.is_ascii_digit())
    }

    #[inline]
    fn next_is_alpha(&self) -> bool {
        self.byte().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
    }

    fn skip_while_non_breakz(&mut self) -> usize {
        let (bytes, characters) = self.line();
        self.advance(bytes);
        characters
    }

    fn skip_while_blank(&mut self) -> usize {
        let count = self.rest.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        self.advance(count);
        count
    }
}
