//! A document's nodes with where each begins and ends: what edits in place need.

use crate::input::parser;
use crate::json;
use crate::relax::Relaxed;
use crate::scalar::{is_merge, resolve};
use crate::walk::{Json, Step};
use crate::{caps::Caps, fault::At};
use saphyr_parser::{Event, ScalarStyle};
use std::collections::BTreeMap;
use std::ops::Range;

/// How a node is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    BlockMap,
    BlockSeq,
    FlowMap,
    FlowSeq,
    /// A pair of a flow sequence that has no braces.
    Pair,
    Scalar,
    /// Nothing is written: the value is null.
    Empty,
    Alias,
}

/// A node of the document.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// From its first byte to the end of its last word. Of an empty node only the start counts.
    pub(crate) span: Range<usize>,
    pub(crate) shape: Shape,
    /// It has an anchor or a tag.
    pub(crate) marked: bool,
    pub(crate) children: Vec<Child>,
}

/// A key's extent and its text, which a merge has not.
pub(crate) type Key = (Range<usize>, Option<String>);

/// A mapping's entry or a sequence's item.
#[derive(Clone, Debug)]
pub(crate) struct Child {
    /// `None` for an item.
    pub(crate) key: Option<Key>,
    pub(crate) node: Node,
}

impl Child {
    /// Where it begins: its key, else its value.
    pub(crate) fn start(&self) -> usize {
        self.key.as_ref().map_or(self.node.span.start, |(key, _)| key.start)
    }
}

impl Node {
    /// The child a pointer's token names, and its place.
    pub(crate) fn child(&self, token: &str) -> Option<usize> {
        let named = |child: &Child| match &child.key {
            Some((_, key)) => key.as_deref() == Some(token),
            None => false,
        };
        match self.shape {
            Shape::BlockMap | Shape::FlowMap => self.children.iter().position(named),
            Shape::BlockSeq | Shape::FlowSeq => {
                token.parse::<usize>().ok().filter(|n| *n < self.children.len() && n.to_string() == token)
            }
            _ => None,
        }
    }
}

/// The tree of the document at the start of a text, and whether it is JSON.
pub(crate) fn tree(text: &str, caps: &Caps) -> Option<(Node, bool)> {
    if json::looks_like(text) && json::value(text, caps).is_ok() {
        return Some((of_json(text)?, true));
    }
    Some((of_yaml(text)?, false))
}

/// Puts nodes together.
#[derive(Default)]
struct Maker {
    /// Open collections, and of a mapping the key whose value comes next.
    open: Vec<(Node, Option<Key>)>,
    root: Option<Node>,
}

impl Maker {
    fn wants_key(&self) -> bool {
        self.open.last().is_some_and(|(node, key)| {
            matches!(node.shape, Shape::BlockMap | Shape::FlowMap | Shape::Pair) && key.is_none()
        })
    }

    fn in_flow(&self) -> bool {
        self.open
            .last()
            .is_some_and(|(node, _)| matches!(node.shape, Shape::FlowMap | Shape::FlowSeq | Shape::Pair))
    }

    fn key(&mut self, span: Range<usize>, text: Option<String>) {
        if let Some((_, key)) = self.open.last_mut() {
            *key = Some((span, text));
        }
    }

    fn open(&mut self, span: Range<usize>, shape: Shape, marked: bool) {
        self.open.push((Node { span, shape, marked, children: Vec::new() }, None));
    }

    fn close(&mut self, end: usize) -> Option<()> {
        let (mut node, _) = self.open.pop()?;
        node.span.end = match node.shape {
            Shape::FlowMap | Shape::FlowSeq => end,
            _ => node.children.last().map_or(node.span.end, |child| child.node.span.end),
        };
        self.put(node);
        Some(())
    }

    fn put(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some((parent, key)) => parent.children.push(Child { key: key.take(), node }),
        }
    }
}

fn of_json(text: &str) -> Option<Node> {
    let mut maker = Maker::default();
    for (step, from, to) in Json::new(text) {
        let (At::Byte(from), At::Byte(to)) = (from, to) else { return None };
        match step {
            Step::Map => maker.open(from..to, Shape::FlowMap, false),
            Step::Seq => maker.open(from..to, Shape::FlowSeq, false),
            Step::End => maker.close(to)?,
            Step::Scalar(leaf) if maker.wants_key() => maker.key(from..to, Some(leaf.key)),
            Step::Scalar(_) => {
                maker.put(Node { span: from..to, shape: Shape::Scalar, marked: false, children: vec![] });
            }
        }
    }
    maker.root
}

/// Characters to bytes, by a mark every few hundred characters.
struct Bytes<'a> {
    text: &'a str,
    marks: Vec<usize>,
}

/// Characters between two marks.
const STRIDE: usize = 256;

impl<'a> Bytes<'a> {
    fn new(text: &'a str) -> Self {
        let marks = match text.is_ascii() {
            true => Vec::new(),
            false => text.char_indices().step_by(STRIDE).map(|(at, _)| at).collect(),
        };
        Self { text, marks }
    }

    fn of(&self, n: usize) -> usize {
        if self.marks.is_empty() {
            return n.min(self.text.len());
        }
        let Some(mark) = self.marks.get(n.wrapping_div(STRIDE)) else { return self.text.len() };
        let rest = self.text.get(*mark..).unwrap_or_default();
        mark.saturating_add(crate::text::byte_of(rest, n.wrapping_rem(STRIDE)))
    }
}

fn of_yaml(text: &str) -> Option<Node> {
    let relaxed = Relaxed::whole(text);
    let bytes = Bytes::new(text);
    let byte = |n: usize| bytes.of(relaxed.original(n));
    let mut maker = Maker::default();
    let mut anchors: BTreeMap<usize, String> = BTreeMap::new();
    let mut events = parser(relaxed.text());
    loop {
        let (event, span) = events.next_event()?.ok()?;
        let span = byte(span.start.index())..byte(span.end.index());
        let at = text.get(span.start..).unwrap_or_default();
        match event {
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => {}
            Event::DocumentEnd | Event::StreamEnd => return maker.root,
            Event::MappingStart(anchor, tag) => {
                let shape = match (at.starts_with('{'), maker.in_flow()) {
                    (true, _) => Shape::FlowMap,
                    (false, true) => Shape::Pair,
                    (false, false) => Shape::BlockMap,
                };
                maker.open(span, shape, anchor != 0 || tag.is_some());
            }
            Event::SequenceStart(anchor, tag) => {
                let shape = if at.starts_with('[') { Shape::FlowSeq } else { Shape::BlockSeq };
                maker.open(span, shape, anchor != 0 || tag.is_some());
            }
            Event::MappingEnd | Event::SequenceEnd => maker.close(span.end)?,
            Event::Alias(id) if maker.wants_key() => maker.key(span, anchors.get(&id).cloned()),
            Event::Alias(_) => {
                maker.put(Node { span, shape: Shape::Alias, marked: false, children: vec![] });
            }
            Event::Scalar(word, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                let merge = is_merge(&word, plain, tag.as_deref());
                let marked = anchor != 0 || tag.is_some();
                let key = resolve(word.into_owned(), plain, tag.as_deref(), At::Byte(0))
                    .and_then(|scalar| scalar.key(At::Byte(0)))
                    .ok();
                if anchor != 0 {
                    anchors.insert(anchor, key.clone().unwrap_or_default());
                }
                if maker.wants_key() {
                    maker.key(span, key.filter(|_| !merge));
                    continue;
                }
                let shape = if span.is_empty() { Shape::Empty } else { Shape::Scalar };
                let span = match style {
                    ScalarStyle::Literal | ScalarStyle::Folded => block_scalar(text, &span)?,
                    _ => span,
                };
                maker.put(Node { span, shape, marked, children: vec![] });
            }
        }
    }
}

/// A block scalar from its `|` or `>` to the end of its last line; `None` where that is not found.
fn block_scalar(text: &str, content: &Range<usize>) -> Option<Range<usize>> {
    let before = text.get(..content.start)?.trim_end();
    let line = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
    let header = before.get(line..)?;
    let header = header.find(" #").and_then(|at| header.get(..at)).unwrap_or(header).trim_end();
    let at = header.rfind(['|', '>'])?;
    let start = line.saturating_add(at);
    // With `+` the blank lines at its end are its text.
    let written = text.get(content.clone())?;
    let kept = match header.get(at..)?.contains('+') {
        true => written.trim_end_matches([' ', '\t']),
        false => written.trim_end(),
    };
    let kept = kept.strip_suffix('\n').unwrap_or(kept);
    Some(start..content.start.saturating_add(kept.strip_suffix('\r').unwrap_or(kept).len()))
}
