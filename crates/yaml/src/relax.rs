//! Indentation that YAML 1.2 asks for and the API's decoder does not: within quotes and brackets.
//!
//! The decoder ignores how far the lines of a quoted scalar or a flow collection are indented, the scanner does
//! not. Spaces at the start of such lines mean nothing, so a text that fails for want of them is read again
//! with more of them.

use crate::input::parser;
use saphyr_parser::{Event, ScanError};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Spaces put before a line: more than any indentation there is.
const INDENT: usize = 256;
/// Bytes that may be added to a document, and those that may be read again beside its own length.
const AGAIN: usize = 8 << 20;

/// A text with some of its lines indented further.
#[derive(Clone, Debug)]
pub(crate) struct Relaxed<'a> {
    original: &'a str,
    /// Starts of the lines that were indented, in bytes of the original.
    lines: BTreeSet<usize>,
    text: Cow<'a, str>,
    /// Starts of the lines that were indented, in characters of the original.
    inserts: Vec<usize>,
    spent: usize,
}

impl<'a> Relaxed<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            original: text,
            lines: BTreeSet::new(),
            text: Cow::Borrowed(text),
            inserts: Vec::new(),
            spent: 0,
        }
    }

    /// The text indented as far as its first document needs.
    pub(crate) fn whole(text: &'a str) -> Self {
        let mut relaxed = Self::new(text);
        loop {
            let mut events = parser(&relaxed.text);
            let error = loop {
                match events.next_event() {
                    None | Some(Ok((Event::DocumentEnd | Event::StreamEnd, _))) => break None,
                    Some(Ok(_)) => {}
                    Some(Err(error)) => break Some(error),
                }
            };
            if !error.is_some_and(|error| relaxed.relax(&error)) {
                return relaxed;
            }
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The character of the original that a character of the text is, or stands before.
    pub(crate) fn original(&self, character: usize) -> usize {
        let mut shift = 0usize;
        for insert in &self.inserts {
            let start = insert.saturating_add(shift);
            if character < start {
                break;
            }
            if character < start.saturating_add(INDENT) {
                return *insert;
            }
            shift = shift.saturating_add(INDENT);
        }
        character.saturating_sub(shift)
    }

    /// Whether the text is worth another try after an error, and then differs.
    pub(crate) fn relax(&mut self, error: &ScanError) -> bool {
        let quoted = match error.info() {
            "invalid indentation in quoted scalar" => true,
            "invalid indentation" | "invalid indentation in flow construct" => false,
            _ => return false,
        };
        self.spent = self.spent.saturating_add(self.original.len());
        if self.spent > AGAIN.saturating_add(self.original.len()) {
            return false;
        }
        let at = crate::text::byte_of(self.original, self.original(error.marker().index()));
        let more = if quoted { self.quoted(at) } else { self.line(at) };
        let more = more && self.lines.len().saturating_mul(INDENT) <= AGAIN;
        if more {
            self.build();
        }
        more
    }

    /// The line of a token within brackets.
    fn line(&mut self, at: usize) -> bool {
        let before = self.original.get(..at).unwrap_or_default();
        let start = before.rfind(['\n', '\r']).map_or(0, |at| at.saturating_add(1));
        self.lines.insert(start)
    }

    /// The lines after the first of the quoted scalar that starts at `at`.
    fn quoted(&mut self, at: usize) -> bool {
        let rest = self.original.as_bytes().get(at..).unwrap_or_default();
        let Some((&quote, _)) = rest.split_first() else { return false };
        if !matches!(quote, b'"' | b'\'') {
            return false;
        }
        let mut added = false;
        let mut next = 1;
        while let Some(b) = rest.get(next) {
            let here = next;
            next = next.saturating_add(1);
            let after = rest.get(next);
            match b {
                // A line break after a backslash is a line break still.
                b'\\' if quote == b'"' && !matches!(after, Some(b'\n' | b'\r')) => {
                    next = next.saturating_add(1)
                }
                b'\r' if after == Some(&b'\n') => {}
                // A document marker still ends the text in error.
                b'\n' | b'\r' if rest.get(next..).is_some_and(|line| line.starts_with(b"...")) => {}
                b'\n' | b'\r' => added |= self.lines.insert(at.saturating_add(next)),
                b if *b == quote => {
                    // Twice within single quotes is once, and not the end.
                    if quote == b'"' || after != Some(&quote) {
                        break;
                    }
                    next = here.saturating_add(2);
                }
                _ => {}
            }
        }
        added
    }

    fn build(&mut self) {
        let more = self.lines.len().saturating_mul(INDENT);
        let mut text = String::with_capacity(self.original.len().saturating_add(more));
        self.inserts.clear();
        let (mut from, mut characters) = (0, 0usize);
        for line in &self.lines {
            let part = self.original.get(from..*line).unwrap_or_default();
            characters = characters.saturating_add(part.chars().count());
            self.inserts.push(characters);
            text.push_str(part);
            text.extend(std::iter::repeat_n(' ', INDENT));
            from = *line;
        }
        text.push_str(self.original.get(from..).unwrap_or_default());
        self.text = Cow::Owned(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> String {
        Relaxed::whole(text).text().replace(&" ".repeat(INDENT), ">")
    }

    #[test]
    fn lines_within_quotes_and_brackets_are_indented() {
        assert_eq!(shape("a:\n  b: 'x\ny''\nz'\n  c: 1\n"), "a:\n  b: 'x\n>y''\n>z'\n  c: 1\n");
        assert_eq!(shape("a:\n  b: \"x\\\ny\\\"\nz\"\n"), "a:\n  b: \"x\\\n>y\\\"\n>z\"\n");
        assert_eq!(shape("a:\n  b: [\n1,\n2\n]\n"), "a:\n  b: [\n>1,\n>2\n>]\n");
    }

    #[test]
    fn others_are_left_alone() {
        for text in ["a: 'x\n  y'\n", "a:\n  b: 'x\n...\n'", "a: [\n 1]\n", "a: b: c\n"] {
            assert_eq!(shape(text), text);
        }
    }

    #[test]
    fn characters_are_traced_back() {
        let text = "ü:\n  b: 'ü\né'\n  c: [\n1]\n";
        let relaxed = Relaxed::whole(text);
        for (at, c) in text.chars().enumerate() {
            let there = relaxed.text().chars().enumerate().filter(|(n, _)| relaxed.original(*n) == at).last();
            assert_eq!(there.map(|(_, c)| c), Some(c));
        }
    }

    #[test]
    fn work_is_bounded() {
        let text = format!("a:\n  b: [\n{}]\n", "1,\n".repeat(100_000));
        assert!(Relaxed::whole(&text).inserts.len() < 100);
    }
}
