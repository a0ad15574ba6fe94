//! Files searched piece by piece, whatever their size.
//!
//! Semantics: Trivy's `scanStream` and `scanChunk` in `pkg/fanal/secret/scanner.go`, and its analyzer of secrets. The
//! size of the pieces and what they share is part of the semantics: a secret's lines are those of its piece.

use super::dialect;
use super::place::Lines;
use super::rules::{Lazy, Rule, Rules};
use super::text::{self, Printable, Text};
use super::{SecretFile, SecretFinding, Secrets};
use crate::Limits;
use std::collections::BTreeSet;
use std::io::{self, Cursor, Read};
use std::sync::Arc;

/// Bytes of a piece, and of what it shares with the one before.
const PIECE: usize = 64 << 10;
const SHARED: usize = 4096;
/// Smaller files hold no secret.
const SMALLEST: u64 = 10;

/// A search through the files of a layer or a folder.
#[derive(Debug)]
pub struct Search {
    rules: Arc<Rules>,
    /// Whether paths are told from the root of an image.
    rooted: bool,
    /// Bytes of findings there is room for.
    room: usize,
    found: Secrets,
    piece: Vec<u8>,
    candidates: Vec<usize>,
}

/// A match of a rule: the rule, and the place of its secret in the piece.
struct Match<'r> {
    rule: &'r Rule,
    start: usize,
    end: usize,
}

impl Search {
    /// A search that has found nothing yet. `rooted` is for images, whose paths are told with a leading slash.
    pub fn new(rules: &Arc<Rules>, rooted: bool, limits: &Limits) -> Self {
        Self {
            rules: Arc::clone(rules),
            rooted,
            room: limits.secret_bytes,
            found: Secrets::default(),
            piece: Vec::new(),
            candidates: Vec::new(),
        }
    }

    /// Whether a file is to be searched; its path is relative. Files that are not are counted.
    pub fn wants(&mut self, path: &str, size: u64) -> bool {
        let counted = match size {
            size if size < SMALLEST => &mut self.found.account.small,
            _ if !self.rules.wants(path) => &mut self.found.account.aside,
            _ => return true,
        };
        *counted = counted.saturating_add(1);
        false
    }

    /// A file that was to be searched could not be.
    pub fn unreadable(&mut self, why: &str) {
        let count = self.found.account.unread.entry(why.to_owned()).or_default();
        *count = count.saturating_add(1);
    }

    /// Searches a file.
    ///
    /// # Errors
    /// When it cannot be read to its end; what was found before counts.
    pub fn file(&mut self, path: &str, input: &mut dyn Read) -> io::Result<()> {
        let mut head = Vec::with_capacity(text::HEAD);
        input.take(text::HEAD as u64).read_to_end(&mut head)?;
        let binary = text::binary(&head);
        let name = if self.rooted { format!("/{path}") } else { path.to_owned() };
        // Of programs only Python's, whose strings can be told from the rest.
        let counted = match binary {
            true if !path.ends_with(".pyc") => &mut self.found.account.binary,
            _ if self.rules.allows_path(&name) => &mut self.found.account.aside,
            _ => &mut self.found.account.searched,
        };
        *counted = counted.saturating_add(1);
        if (binary && !path.ends_with(".pyc")) || self.rules.allows_path(&name) {
            return Ok(());
        }
        let mut whole = Cursor::new(head).chain(input);
        let mut findings = Vec::new();
        let read = match binary {
            true => self.pieces(&name, &mut Printable::new(&mut whole), true, &mut findings),
            false => self.pieces(&name, &mut whole, false, &mut findings),
        };
        self.keep(name, findings);
        read
    }

    /// Searches a text that is no file of the image.
    pub fn text(&mut self, name: &str, text: &[u8]) {
        if self.rules.allows_path(name) {
            return;
        }
        let mut findings = Vec::new();
        // Memory is always read to its end.
        let _ = self.pieces(name, &mut &*text, false, &mut findings);
        self.keep(name.to_owned(), findings);
    }

    /// What was found.
    pub fn finish(mut self) -> Secrets {
        self.found.files.sort_by(|a, b| a.path.cmp(&b.path));
        self.found
    }

    /// Reads piece by piece; each begins with the end of the one before.
    fn pieces(
        &mut self,
        path: &str,
        input: &mut dyn Read,
        binary: bool,
        out: &mut Vec<SecretFinding>,
    ) -> io::Result<()> {
        let mut piece = std::mem::take(&mut self.piece);
        piece.resize(PIECE, 0);
        let (mut shared, mut line, mut offset) = (0, 0_u64, 0_u64);
        let read = loop {
            let count = match fill(input, piece.get_mut(shared..).unwrap_or_default()) {
                Ok(count) => count,
                Err(error) => break Err(error),
            };
            // The last piece is once more what the one before ended with, unless that was all there is.
            if count == 0 && (shared == 0 || offset == 0) {
                break Ok(());
            }
            let total = shared.saturating_add(count);
            let before = out.len();
            self.piece(path, piece.get(..total).unwrap_or_default(), binary, out);
            for finding in out.iter_mut().skip(before) {
                finding.shift(line, offset);
            }
            let over = total.saturating_sub(SHARED);
            let passed = piece.get(..over).unwrap_or_default();
            line = line.saturating_add(memchr::memchr_iter(b'\n', passed).count() as u64);
            offset = offset.saturating_add(over as u64);
            piece.copy_within(over..total, 0);
            shared = total.saturating_sub(over);
            if count == 0 {
                break Ok(());
            }
        };
        self.piece = piece;
        read
    }

    #[cfg(test)]
    pub(super) fn piece_capacity(&self) -> usize {
        self.piece.capacity()
    }

    /// Searches one piece; places are within it.
    fn piece(&mut self, path: &str, piece: &[u8], binary: bool, out: &mut Vec<SecretFinding>) {
        let mut candidates = std::mem::take(&mut self.candidates);
        self.rules.candidates(piece, &mut candidates);
        if !candidates.is_empty() {
            let rules = Arc::clone(&self.rules);
            let matches = matches(&rules, &candidates, path, piece);
            if !matches.is_empty() {
                let before = out.len();
                self.findings(&matches, path, piece, binary, out);
                let by =
                    |a: &SecretFinding, b: &SecretFinding| (&a.rule, &a.matched).cmp(&(&b.rule, &b.matched));
                out.get_mut(before..).unwrap_or_default().sort_by(by);
            }
        }
        self.candidates = candidates;
    }

    fn findings(
        &mut self,
        matches: &[Match<'_>],
        path: &str,
        piece: &[u8],
        binary: bool,
        out: &mut Vec<SecretFinding>,
    ) {
        let mut hidden = piece.to_vec();
        for found in matches {
            let secret = hidden.get_mut(found.start..found.end).unwrap_or_default();
            secret.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b'*');
        }
        let lines = Lines::new(&hidden);
        for found in matches {
            let place = lines.place(found.start, found.end);
            let (matched, lines) = match binary {
                true => {
                    let text = format!("Binary file {path:?} matches a rule {:?}", found.rule.title);
                    (text, Vec::new())
                }
                false => (place.matched, place.lines),
            };
            let finding = SecretFinding {
                rule: found.rule.id.to_string(),
                category: found.rule.category.to_string(),
                severity: found.rule.severity.to_string(),
                title: found.rule.title.to_string(),
                start_line: place.start_line,
                end_line: place.end_line,
                lines,
                matched,
                offset: found.start as u64,
                layer: None,
            };
            let size = finding.size();
            if size > self.room {
                self.found.cut = self.found.cut.saturating_add(1);
                continue;
            }
            self.room = self.room.saturating_sub(size);
            out.push(finding);
        }
    }

    /// Keeps what was found in a file: what two pieces share once, by rule and line.
    fn keep(&mut self, path: String, mut findings: Vec<SecretFinding>) {
        let mut seen = BTreeSet::new();
        findings.retain(|f| seen.insert((f.rule.clone(), f.start_line, f.end_line, f.offset)));
        findings.sort_by(|a, b| (&a.rule, &a.matched).cmp(&(&b.rule, &b.matched)));
        findings.sort_by(|a, b| (&a.rule, a.start_line).cmp(&(&b.rule, b.start_line)));
        if !findings.is_empty() {
            self.found.files.push(SecretFile { path, findings });
        }
    }
}

/// Reads until there is no room or no more.
fn fill(input: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut count = 0_usize;
    while let Some(room) = buffer.get_mut(count..).filter(|room| !room.is_empty()) {
        match input.read(room) {
            Ok(0) => break,
            Ok(read) => count = count.saturating_add(read),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

/// The secrets the candidates find in a piece.
fn matches<'r>(rules: &'r Rules, candidates: &[usize], path: &str, piece: &[u8]) -> Vec<Match<'r>> {
    let mut out = Vec::new();
    let text = Text::new(piece);
    let mut excluded = None;
    for rule in candidates.iter().filter_map(|at| rules.rules.get(*at)) {
        let Some(regex) = rule.regex.as_ref().and_then(Lazy::get) else { continue };
        if !rule.concerns(path) {
            continue;
        }
        let mut own = None;
        for (whole, start, end) in located(regex, &rule.group, &text) {
            if rules.allows(whole) || rule.allows(whole) {
                continue;
            }
            let excluded = excluded.get_or_insert_with(|| blocks(&rules.excluded, &text));
            let own = own.get_or_insert_with(|| blocks(&rule.excluded, &text));
            if excluded.iter().chain(own.iter()).any(|(from, to)| *from <= start && end <= *to) {
                continue;
            }
            out.push(Match { rule, start: text.place(start), end: text.place(end) });
        }
    }
    out
}

/// Every secret an expression finds: the text of the whole match, and where the secret is.
fn located<'t>(
    regex: &'t regex::bytes::Regex,
    group: &'t str,
    text: &'t Text<'_>,
) -> Box<dyn Iterator<Item = (&'t [u8], usize, usize)> + 't> {
    if group.is_empty() {
        return Box::new(regex.find_iter(&text.bytes).map(|m| (m.as_bytes(), m.start(), m.end())));
    }
    let groups: Vec<usize> = dialect::groups(regex, group).collect();
    Box::new(regex.captures_iter(&text.bytes).flat_map(move |captures| {
        let whole = captures.get(0).map(|m| m.as_bytes()).unwrap_or_default();
        let secrets = groups.iter().filter_map(|at| captures.get(*at));
        secrets.map(|secret| (whole, secret.start(), secret.end())).collect::<Vec<_>>()
    }))
}

/// Where blocks are in which nothing is a secret.
fn blocks(expressions: &[Lazy], text: &Text<'_>) -> Vec<(usize, usize)> {
    let found = expressions.iter().filter_map(Lazy::get);
    found
        .flat_map(|regex| regex.find_iter(&text.bytes).map(|m| (m.start(), m.end())).collect::<Vec<_>>())
        .collect()
}
