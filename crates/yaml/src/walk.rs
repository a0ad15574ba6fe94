//! A document's nodes in order with where they stand: what positions are found by, without a tree.

use crate::fault::At;
use crate::input::{Text, parser};
use crate::scalar::{is_merge, resolve};
use saphyr_parser::{Event, Parser, ScalarStyle};
use std::collections::{BTreeMap, HashMap};

/// A node or the end of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Map,
    Seq,
    End,
    Scalar(Leaf),
}

/// A scalar, or an alias (whose content is not walked through).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leaf {
    /// The text by which it would name a value, were it a key.
    pub(crate) key: String,
    pub(crate) merge: bool,
}

/// A step and its extent in the text.
pub(crate) type Placed = (Step, At, At);

/// The nodes of the YAML document at the start of a text; stops where it is no YAML.
pub(crate) struct Yaml<'a> {
    parser: Parser<'a, Text<'a>>,
    anchors: BTreeMap<usize, String>,
}

impl<'a> Yaml<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { parser: parser(text), anchors: BTreeMap::new() }
    }
}

impl Iterator for Yaml<'_> {
    type Item = Placed;

    fn next(&mut self) -> Option<Placed> {
        loop {
            let (event, span) = self.parser.next_event()?.ok()?;
            let (from, to) = (At::Char(span.start.index()), At::Char(span.end.index()));
            let step = match event {
                Event::MappingStart(..) => Step::Map,
                Event::SequenceStart(..) => Step::Seq,
                Event::MappingEnd | Event::SequenceEnd => Step::End,
                Event::DocumentEnd | Event::StreamEnd => return None,
                Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => continue,
                Event::Alias(id) => {
                    let key = self.anchors.get(&id).cloned().unwrap_or_default();
                    Step::Scalar(Leaf { key, merge: false })
                }
                Event::Scalar(text, style, anchor, tag) => {
                    let plain = style == ScalarStyle::Plain;
                    let merge = is_merge(&text, plain, tag.as_deref());
                    let key = resolve(text.into_owned(), plain, tag.as_deref(), from)
                        .and_then(|scalar| scalar.key(from))
                        .unwrap_or_default();
                    if anchor != 0 {
                        self.anchors.insert(anchor, key.clone());
                    }
                    Step::Scalar(Leaf { key, merge })
                }
            };
            return Some((step, from, to));
        }
    }
}

/// The nodes of the JSON value at the start of a text; stops after it, or where it is no JSON.
pub(crate) struct Json<'a> {
    text: &'a [u8],
    at: usize,
    open: u32,
    done: bool,
}

impl<'a> Json<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text: text.as_bytes(), at: 0, open: 0, done: false }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// The end of the token that starts at `at`.
    fn end_of_scalar(&self) -> Option<usize> {
        let rest = self.text.get(self.at..)?;
        if rest.first() != Some(&b'"') {
            let ends = |b: &u8| matches!(b, b',' | b':' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n');
            let length = rest.iter().position(ends).unwrap_or(rest.len());
            return (length > 0).then(|| self.at.saturating_add(length));
        }
        let mut at = 1;
        loop {
            let next = memchr::memchr2(b'"', b'\\', rest.get(at..)?)?;
            at = at.saturating_add(next);
            if rest.get(at) == Some(&b'"') {
                return Some(self.at.saturating_add(at).saturating_add(1));
            }
            at = at.saturating_add(2);
        }
    }
}

impl Iterator for Json<'_> {
    type Item = Placed;

    fn next(&mut self) -> Option<Placed> {
        if self.done {
            return None;
        }
        while let Some(b' ' | b'\t' | b'\r' | b'\n' | b',' | b':') = self.peek() {
            self.at = self.at.saturating_add(1);
        }
        let from = self.at;
        let step = match self.peek()? {
            b'{' => Step::Map,
            b'[' => Step::Seq,
            b'}' | b']' => Step::End,
            _ => {
                self.at = self.end_of_scalar()?;
                let text = self.text.get(from..self.at)?;
                let key = serde_json::from_slice(text).or_else(|_| String::from_utf8(text.to_vec())).ok()?;
                self.done = self.open == 0;
                return Some((Step::Scalar(Leaf { key, merge: false }), At::Byte(from), At::Byte(self.at)));
            }
        };
        self.at = self.at.saturating_add(1);
        if step == Step::End {
            self.open = self.open.checked_sub(1)?;
            self.done = self.open == 0;
        } else {
            self.open = self.open.saturating_add(1);
        }
        Some((step, At::Byte(from), At::Byte(self.at)))
    }
}

/// Where the first key stands that a mapping has twice: the first time, the second time.
pub(crate) fn duplicate(steps: impl Iterator<Item = Placed>) -> Option<(At, At)> {
    // For each open collection: the keys of a mapping, and whether a key comes next.
    let mut open: Vec<Option<(HashMap<String, At>, bool)>> = Vec::new();
    for (step, from, _) in steps {
        if step == Step::End {
            open.pop();
            continue;
        }
        if let Some(Some((keys, wants_key))) = open.last_mut() {
            if *wants_key
                && let Step::Scalar(leaf) = &step
                && !leaf.merge
                && let Some(first) = keys.insert(leaf.key.clone(), from)
            {
                return Some((first, from));
            }
            *wants_key = !*wants_key;
        }
        match step {
            Step::Map => open.push(Some((HashMap::new(), true))),
            Step::Seq => open.push(None),
            Step::End | Step::Scalar(_) => {}
        }
    }
    None
}
