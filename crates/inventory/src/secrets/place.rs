//! Where in a chunk a secret is, and the lines around it as a report shows them.
//!
//! Semantics: Trivy's `findLocation` in `pkg/fanal/secret/scanner.go`.

use super::CodeLine;
use super::text::shown;

/// Lines shown above a secret, and below it one less.
const AROUND: usize = 2;
/// Bytes of a line that are shown whole.
const WIDE: usize = 100;
/// Bytes of a wide line shown before and after a secret.
const BEFORE: usize = 30;
const AFTER: usize = 20;

/// A place of a chunk.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Lines from 1.
    pub(super) start_line: u64,
    pub(super) end_line: u64,
    pub(super) lines: Vec<CodeLine>,
    pub(super) matched: String,
}

/// The lines of a chunk, whose secrets are hidden already.
pub(super) struct Lines<'c> {
    chunk: &'c [u8],
    /// Where each begins.
    starts: Vec<usize>,
}

impl<'c> Lines<'c> {
    pub(super) fn new(chunk: &'c [u8]) -> Self {
        let next = memchr::memchr_iter(b'\n', chunk).map(|at| at.saturating_add(1));
        Self { chunk, starts: std::iter::once(0).chain(next).collect() }
    }

    /// The line of a place, from 0.
    fn of(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at).saturating_sub(1)
    }

    /// Start and end of a line, without its break.
    fn bounds(&self, line: usize) -> (usize, usize) {
        let start = self.starts.get(line).copied().unwrap_or(self.chunk.len());
        let next = self.starts.get(line.saturating_add(1)).map(|next| next.saturating_sub(1));
        (start, next.unwrap_or(self.chunk.len()))
    }

    fn slice(&self, start: usize, end: usize) -> &'c [u8] {
        self.chunk.get(start..end).unwrap_or_default()
    }

    /// The place between two bytes.
    pub(super) fn place(&self, start: usize, end: usize) -> Place {
        let first = self.of(start);
        // A secret that ends with a line's break ends on the line after it.
        let last = self.of(end);
        let (mut from, mut to) = self.bounds(first);
        if to.saturating_sub(from) > WIDE {
            from = from.max(start.saturating_sub(BEFORE));
            to = to.min(end.saturating_add(AFTER));
        }
        let matched = shown(self.slice(from, to));
        let until = last.saturating_add(AROUND).min(self.starts.len());
        let line = |number: usize| {
            let (start, end) = self.bounds(number);
            let cause = (first..=last).contains(&number);
            let content = match end.saturating_sub(start) > WIDE {
                true if cause => matched.clone(),
                true => shown(self.slice(start, start.saturating_add(WIDE))),
                false => shown(self.slice(start, end)),
            };
            CodeLine { number: count(number), content, cause }
        };
        let lines = (first.saturating_sub(AROUND)..until).map(line).collect();
        Place { start_line: count(first), end_line: count(last), lines, matched }
    }
}

/// A line from 1.
fn count(line: usize) -> u64 {
    (line as u64).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str, secret: &str) -> Place {
        let start = text.find(secret).unwrap();
        Lines::new(text.as_bytes()).place(start, start + secret.len())
    }

    fn numbers(place: &Place) -> Vec<(u64, bool)> {
        place.lines.iter().map(|line| (line.number, line.cause)).collect()
    }

    #[test]
    fn around() {
        let got = place("a\nb\nc\nd KEY\r\ne\nf\n", "KEY");
        assert_eq!((got.start_line, got.end_line, got.matched.as_str()), (4, 4, "d KEY"));
        assert_eq!(numbers(&got), [(2, false), (3, false), (4, true), (5, false)]);
        assert_eq!(numbers(&place("KEY", "KEY")), [(1, true)]);
        assert_eq!(numbers(&place("KEY\n", "KEY")), [(1, true), (2, false)]);
        let got = place("x\nA\nB\nC\ny\nz", "A\nB\nC");
        assert_eq!(numbers(&got), [(1, false), (2, true), (3, true), (4, true), (5, false)]);
        assert_eq!(got.matched, "A");
    }

    #[test]
    fn wide_lines_are_cut() {
        let text = format!("{}\n{}KEY{}\n", "w".repeat(120), "a".repeat(200), "b".repeat(200));
        let got = place(&text, "KEY");
        assert_eq!(got.matched, format!("{}KEY{}", "a".repeat(30), "b".repeat(20)));
        assert_eq!(got.lines[0].content, "w".repeat(100));
        assert_eq!(got.lines[1].content, got.matched);
        let text = format!("KEY{}", "b".repeat(98));
        assert_eq!(place(&text, "KEY").matched, format!("KEY{}", "b".repeat(20)));
    }
}
