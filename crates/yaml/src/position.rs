//! Where in a text a value stands, found on demand by reading its document again.

use crate::fault::At;
use crate::relax::Relaxed;
use crate::stream::end_of;
use crate::text::{BOM, Lines, byte_of};
use crate::walk::{Json, Leaf, Placed, Step, Yaml};
use model::Position;

/// Where a value, or the nearest thing around it, stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// What to point at: the key of a mapping's entry, else the value.
    pub at: Position,
    /// Length of what stands there, in bytes (a key, a scalar, a bracket).
    pub length: u64,
    /// The value itself; where an entry has none, its key.
    pub value: Position,
    /// Whether this is the value asked for, and not the nearest one around it.
    pub exact: bool,
}

/// The position of the value at a JSON pointer (the key of a mapping's entry, else the value) in the document
/// that starts at byte `offset`; of the nearest existing ancestor when there is no such value.
///
/// A value that an alias or a merge brought in is found where the alias or the merge stands. `None` when no
/// document starts there.
pub fn locate(text: &[u8], offset: u64, pointer: &str) -> Option<Position> {
    place(text, offset, pointer).map(|place| place.at)
}

/// Like [`locate`], for an item of a list document (see [`items`](crate::items)).
pub fn locate_item(text: &[u8], offset: u64, item: Option<u32>, pointer: &str) -> Option<Position> {
    match item {
        Some(item) => locate(text, offset, &format!("/items/{item}{pointer}")),
        None => locate(text, offset, pointer),
    }
}

/// Like [`locate`], with the extent.
pub fn place(text: &[u8], offset: u64, pointer: &str) -> Option<Place> {
    Places::new(text, offset)?.get(pointer)
}

/// The position of a byte of a text; beyond the end, the end.
pub fn position_at(text: &[u8], offset: u64) -> Position {
    Lines::new(text).position(usize::try_from(offset).unwrap_or(usize::MAX))
}

/// One document whose values are to be located: cheaper than [`locate`] for more than one.
pub struct Places<'a> {
    lines: Lines<'a>,
    /// The document's text and where it starts.
    document: &'a str,
    start: usize,
    relaxed: Relaxed<'a>,
}

impl<'a> Places<'a> {
    /// The document that starts at byte `offset`; `None` when there is none, or it is not UTF-8.
    pub fn new(text: &'a [u8], offset: u64) -> Option<Self> {
        let mut start = usize::try_from(offset).ok()?;
        if text.get(start..)?.starts_with(BOM) {
            start = start.saturating_add(BOM.len());
        }
        // The reader looks for a document's end from its byte order mark on, where it begins with one.
        let marked = text.get(..start)?.ends_with(BOM);
        let end = end_of(text, if marked { start.saturating_sub(BOM.len()) } else { start });
        let document = std::str::from_utf8(text.get(start..end)?).ok()?;
        Some(Self { lines: Lines::new(text), document, start, relaxed: Relaxed::whole(document) })
    }

    /// Where the value at a JSON pointer stands, or the nearest one around it.
    pub fn get(&mut self, pointer: &str) -> Option<Place> {
        let path = split(pointer);
        let trimmed = self.document.trim_start();
        let mut found = None;
        if trimmed.starts_with(['{', '[']) {
            found = find(Json::new(self.document), &path);
        }
        let exact =
            |found: &Option<Found>| found.as_ref().is_some_and(|f| f.matched == path.len() && f.whole);
        if !exact(&found) {
            let yaml = find(Yaml::new(self.relaxed.text()), &path);
            let better = |f: &Found| found.as_ref().is_none_or(|known| f.matched > known.matched);
            if yaml.as_ref().is_some_and(better) {
                found = yaml;
            }
        }
        let found = found?;
        let exact = found.matched == path.len() && found.whole;
        Some(self.shown(&found, exact))
    }

    fn shown(&mut self, found: &Found, exact: bool) -> Place {
        let (from, to) = found.key.unwrap_or(found.value);
        let (from, to) = (self.byte(from), self.byte(to));
        let value = match found.shape {
            Shape::Empty => from,
            Shape::Sequence => self.dash(self.byte(found.value.0)),
            Shape::Other => self.byte(found.value.0),
        };
        let at = self.lines.position(from);
        Place {
            at,
            length: u64::try_from(to.saturating_sub(from)).unwrap_or(0),
            value: self.lines.position(value),
            exact,
        }
    }

    /// Where a sequence starts: the scanner may name the place behind its first dash.
    fn dash(&self, at: usize) -> usize {
        let within = at.saturating_sub(self.start);
        let before = self.document.get(..within).unwrap_or_default().trim_end_matches(' ');
        let behind = self.document.get(within..).unwrap_or_default().starts_with(['-', '[', '&', '!']);
        match before.strip_suffix('-') {
            Some(before) if !behind => self.start.saturating_add(before.len()),
            _ => at,
        }
    }

    fn byte(&self, at: At) -> usize {
        let within = match at {
            At::Byte(byte) => byte.min(self.document.len()),
            At::Char(n) => byte_of(self.document, self.relaxed.original(n)),
        };
        self.start.saturating_add(within)
    }
}

/// The tokens of a JSON pointer.
pub(crate) fn split(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~")).collect()
}

/// The deepest node on the path.
struct Found {
    key: Option<(At, At)>,
    value: (At, At),
    shape: Shape,
    /// Tokens of the path that lead to it.
    matched: usize,
    /// False when it is only the merge that may have brought the value in.
    whole: bool,
}

enum Shape {
    /// Nothing is written there.
    Empty,
    Sequence,
    Other,
}

/// An open collection: its place in it, and how much of the path leads here (`None`: it is beside the path).
struct Open {
    next: Next,
    matched: Option<usize>,
}

enum Next {
    Index(usize),
    Key,
    /// The value of a key: whether the path goes on here, and where the key stands.
    Value(bool, (At, At)),
}

fn find(steps: impl Iterator<Item = Placed>, path: &[String]) -> Option<Found> {
    let mut best: Option<Found> = None;
    let mut open: Vec<Open> = Vec::new();
    for (step, from, to) in steps {
        if step == Step::End {
            let closed = open.pop()?;
            if closed.matched.is_some() || open.is_empty() {
                return best;
            }
            continue;
        }
        let here = match open.last_mut() {
            None => Some((0, None)),
            Some(parent) => enter(parent, &step, (from, to), path, &mut best),
        };
        if let Some((matched, key)) = here {
            let shape = match step {
                Step::Scalar(_) if from == to => Shape::Empty,
                Step::Seq => Shape::Sequence,
                _ => Shape::Other,
            };
            best = Some(Found { key, value: (from, to), shape, matched, whole: true });
            if matched == path.len() || matches!(step, Step::Scalar(_)) {
                return best;
            }
        }
        let next = match step {
            Step::Map => Next::Key,
            Step::Seq => Next::Index(0),
            Step::End | Step::Scalar(_) => continue,
        };
        open.push(Open { next, matched: here.map(|(matched, _)| matched) });
    }
    best
}

/// Takes note of a node within `parent`; how much of the path leads to it, if it is on the path.
fn enter(
    parent: &mut Open,
    step: &Step,
    extent: (At, At),
    path: &[String],
    best: &mut Option<Found>,
) -> Option<(usize, Option<(At, At)>)> {
    let wanted = parent.matched.and_then(|matched| path.get(matched));
    let deeper = parent.matched.map(|matched| matched.saturating_add(1));
    match &mut parent.next {
        Next::Index(index) => {
            let hit = wanted.is_some_and(|token| *token == index.to_string());
            *index = index.saturating_add(1);
            if hit { deeper.map(|matched| (matched, None)) } else { None }
        }
        Next::Key => {
            let mut hit = false;
            if let (Step::Scalar(Leaf { key, merge }), Some(token)) = (step, wanted) {
                hit = !merge && key == token;
                if *merge {
                    let matched = parent.matched.unwrap_or_default();
                    *best = Some(Found {
                        key: Some(extent),
                        value: extent,
                        shape: Shape::Other,
                        matched,
                        whole: false,
                    });
                }
            }
            parent.next = Next::Value(hit, extent);
            None
        }
        Next::Value(hit, key) => {
            let (hit, key) = (*hit, *key);
            parent.next = Next::Key;
            if hit { deeper.map(|matched| (matched, Some(key))) } else { None }
        }
    }
}
