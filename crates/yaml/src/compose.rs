//! Events to a tree: one document, under caps, with keys, merges and aliases as the API's decoder reads them.

use crate::caps::Caps;
use crate::fault::{ALIAS, At, DEPTH, DUPLICATE, Fault, IGNORED, KEY, MERGE, NODES, SYNTAX};
use crate::input::parser;
use crate::relax::Relaxed;
use crate::scalar::{Scalar, is_merge, resolve};
use saphyr_parser::{Event, ScalarStyle, ScanError, Span, Tag};
use serde_json::{Map, Value, map::Entry};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The first document of a text; more text after it is told of by a warning, since the decoder never looks there.
pub(crate) fn compose(text: &str, caps: &Caps) -> Result<(Value, Option<Fault>), Fault> {
    crowded(text, caps)?;
    let aliases = memchr::memchr(b'*', text.as_bytes()).is_some();
    let mut relaxed = Relaxed::new(text);
    loop {
        let back = |at| match at {
            At::Char(n) => At::Char(relaxed.original(n)),
            byte => byte,
        };
        let error = match tree(relaxed.text(), caps, aliases) {
            Ok((value, ignored)) => {
                return Ok((value, ignored.map(|fault| Fault { at: back(fault.at), ..fault })));
            }
            Err(Refused::Fault(fault)) => return Err(Fault { at: back(fault.at), ..fault }),
            Err(Refused::Scan(error)) => error,
        };
        let fault = scan(&error);
        let fault = Fault { at: back(fault.at), ..fault };
        if !relaxed.relax(&error) {
            return Err(fault);
        }
    }
}

enum Refused {
    Scan(ScanError),
    Fault(Fault),
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

fn tree(text: &str, caps: &Caps, aliases: bool) -> Result<(Value, Option<Fault>), Refused> {
    let mut events = parser(text);
    let mut composer = Composer::new(caps, aliases);
    while let Some(next) = events.next_event() {
        let (event, span) = match next {
            Ok(next) => next,
            // The decoder does not look what comes after a complete first node.
            Err(error) if composer.complete() && error.info() == "did not find expected <document start>" => {
                return Ok((composer.root, Some(ignored(At::Char(error.marker().index())))));
            }
            Err(error) => return Err(Refused::Scan(error)),
        };
        let at = At::Char(span.start.index());
        match event {
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => {}
            Event::DocumentEnd => {
                let rest = match events.next_event() {
                    None | Some(Ok((Event::StreamEnd, _))) => None,
                    Some(Ok((_, Span { start, .. }))) => Some(At::Char(start.index())),
                    Some(Err(error)) => Some(At::Char(error.marker().index())),
                };
                return Ok((composer.root, rest.map(ignored)));
            }
            Event::StreamEnd => break,
            event => {
                composer.started = true;
                composer.event(event, at)?;
            }
        }
    }
    Ok((composer.root, None))
}

fn ignored(at: At) -> Fault {
    Fault::new(IGNORED, at, "text after the end of the document is never read")
        .warning()
        .help("separate documents by a line with `---` alone")
}

/// The scanner keeps a flow collection's tokens until it closes: a text that cannot be within the caps is
/// refused before they pile up.
fn crowded(text: &str, caps: &Caps) -> Result<(), Fault> {
    let bytes = text.as_bytes();
    // Too short to have so many, whatever it is.
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) <= caps.nodes {
        return Ok(());
    }
    if memchr::memchr2(b'[', b'{', bytes).is_none() {
        return Ok(());
    }
    let mut left = caps.nodes;
    for at in memchr::memchr_iter(b',', bytes) {
        let Some(less) = left.checked_sub(1) else { return Err(too_many(caps, At::Byte(at))) };
        left = less;
    }
    Ok(())
}

fn too_many(caps: &Caps, at: At) -> Fault {
    Fault::new(NODES, at, format!("more than {} values", caps.nodes))
}

fn scan(error: &ScanError) -> Fault {
    let at = At::Char(error.marker().index());
    match error.info() {
        "recursion limit exceeded" => Fault::new(DEPTH, at, "brackets are nested more than 255 deep"),
        "while parsing node, found unknown anchor" => {
            Fault::new(ALIAS, at, "alias names no anchor before it")
        }
        info => Fault::new(SYNTAX, at, info),
    }
}

/// An open collection.
enum Frame {
    Map(Mapping),
    Seq(Vec<Value>),
}

struct Mapping {
    values: Map<String, Value>,
    /// The key whose value comes next.
    key: Pending,
    /// Keys that a merge brought and nothing has set since.
    merged: BTreeSet<String>,
}

enum Pending {
    /// A key comes next.
    None,
    Key(String),
    Merge(At),
}

/// What an anchor names.
struct Anchored {
    value: Value,
    cost: u64,
    /// The scalar, for aliases that stand as keys.
    scalar: Option<Scalar>,
}

struct Composer<'c> {
    caps: &'c Caps,
    depth: usize,
    /// Open collections and the anchors they carry (0: none).
    frames: Vec<(Frame, usize)>,
    root: Value,
    /// Whether the document's node has begun.
    started: bool,
    nodes: u64,
    copied: u64,
    /// By anchor id; `None` while the node is open.
    anchors: Vec<Option<Anchored>>,
    keep: bool,
}

impl<'c> Composer<'c> {
    fn new(caps: &'c Caps, keep: bool) -> Self {
        Self {
            caps,
            depth: caps.depth(),
            frames: Vec::with_capacity(16),
            root: Value::Null,
            started: false,
            nodes: 0,
            copied: 0,
            anchors: Vec::new(),
            keep,
        }
    }

    /// Whether the document's one node has been read.
    fn complete(&self) -> bool {
        self.frames.is_empty() && self.started
    }

    fn event(&mut self, event: Event<'_>, at: At) -> Result<(), Fault> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(text, style == ScalarStyle::Plain, anchor, tag.as_deref(), at)
            }
            Event::MappingStart(anchor, _) => {
                let map = Mapping { values: Map::new(), key: Pending::None, merged: BTreeSet::new() };
                self.open(Frame::Map(map), anchor, at)
            }
            Event::SequenceStart(anchor, _) => self.open(Frame::Seq(Vec::new()), anchor, at),
            Event::MappingEnd | Event::SequenceEnd => self.close(at),
            Event::Alias(id) => self.alias(id, at),
            _ => Ok(()),
        }
    }

    /// Whether the next node is a mapping's key.
    fn wants_key(&self) -> bool {
        matches!(self.frames.last(), Some((Frame::Map(Mapping { key: Pending::None, .. }), _)))
    }

    fn count(&mut self, at: At) -> Result<(), Fault> {
        self.nodes = self.nodes.saturating_add(1);
        if self.nodes > self.caps.nodes { Err(too_many(self.caps, at)) } else { Ok(()) }
    }

    fn open(&mut self, frame: Frame, anchor: usize, at: At) -> Result<(), Fault> {
        if self.wants_key() {
            return Err(compound(at));
        }
        self.count(at)?;
        if self.frames.len() >= self.depth {
            return Err(Fault::new(DEPTH, at, format!("nested more than {} deep", self.depth)));
        }
        self.frames.push((frame, anchor));
        Ok(())
    }

    fn close(&mut self, at: At) -> Result<(), Fault> {
        let (value, anchor) = match self.frames.pop() {
            Some((Frame::Map(map), anchor)) => (Value::Object(map.values), anchor),
            Some((Frame::Seq(items), anchor)) => (Value::Array(items), anchor),
            None => return Ok(()),
        };
        self.anchor(anchor, &value, None, at)?;
        self.put(value, false, at)
    }

    fn scalar(
        &mut self,
        text: Cow<'_, str>,
        plain: bool,
        anchor: usize,
        tag: Option<&Tag>,
        at: At,
    ) -> Result<(), Fault> {
        let wants_key = self.wants_key();
        let merge = wants_key && is_merge(&text, plain, tag);
        let mut text = text.into_owned();
        // The scanner reserves for the longest word it may find.
        if text.capacity() > text.len().saturating_mul(2).max(48) {
            text.shrink_to_fit();
        }
        let scalar = if merge { Scalar::Text(text) } else { resolve(text, plain, tag, at)? };
        if anchor != 0 && self.keep {
            let value = scalar.clone().value(at).unwrap_or(Value::Null);
            self.anchor(anchor, &value, Some(scalar.clone()), at)?;
        }
        if merge {
            return self.pending(Pending::Merge(at));
        }
        if wants_key {
            let key = scalar.key(at)?;
            return self.pending(Pending::Key(key));
        }
        self.count(at)?;
        let value = scalar.value(at)?;
        self.put(value, false, at)
    }

    fn alias(&mut self, id: usize, at: At) -> Result<(), Fault> {
        let Some(Some(anchored)) = self.anchors.get(id) else {
            return Err(Fault::new(ALIAS, at, "alias stands within the value it names"));
        };
        if self.wants_key() {
            let Some(scalar) = anchored.scalar.clone() else { return Err(compound(at)) };
            let key = scalar.key(at)?;
            self.charge(1, at)?;
            return self.pending(Pending::Key(key));
        }
        let cost = anchored.cost;
        self.charge(cost, at)?;
        let value = match self.anchors.get(id) {
            Some(Some(anchored)) if deep(&anchored.value, self.depth.saturating_sub(self.frames.len())) => {
                return Err(Fault::new(DEPTH, at, format!("nested more than {} deep", self.depth)));
            }
            Some(Some(anchored)) => match &anchored.scalar {
                Some(scalar) => scalar.clone().value(at)?,
                None => anchored.value.clone(),
            },
            _ => Value::Null,
        };
        self.put(value, true, at)
    }

    fn charge(&mut self, cost: u64, at: At) -> Result<(), Fault> {
        self.copied = self.copied.saturating_add(cost);
        if self.copied > self.caps.aliases {
            return Err(Fault::new(
                ALIAS,
                at,
                format!("aliases copy more than {} values", self.caps.aliases),
            ));
        }
        Ok(())
    }

    fn pending(&mut self, key: Pending) -> Result<(), Fault> {
        if let Some((Frame::Map(map), _)) = self.frames.last_mut() {
            map.key = key;
        }
        Ok(())
    }

    /// Remembers an anchored value, if there is any alias at all in the text.
    fn anchor(&mut self, id: usize, value: &Value, scalar: Option<Scalar>, at: At) -> Result<(), Fault> {
        if id == 0 || !self.keep {
            return Ok(());
        }
        let cost = cost(value);
        self.charge(cost, at)?;
        if self.anchors.len() <= id {
            self.anchors.resize_with(id.saturating_add(1), || None);
        }
        if let Some(slot) = self.anchors.get_mut(id) {
            *slot = Some(Anchored { value: value.clone(), cost, scalar });
        }
        Ok(())
    }

    /// Gives a complete value to the collection it stands in.
    fn put(&mut self, value: Value, aliased: bool, at: At) -> Result<(), Fault> {
        match self.frames.last_mut() {
            None => self.root = value,
            Some((Frame::Seq(items), _)) => items.push(value),
            Some((Frame::Map(map), _)) => match std::mem::replace(&mut map.key, Pending::None) {
                Pending::Key(key) => map.set(key, value, at)?,
                Pending::Merge(key_at) => map.merge(value, aliased, key_at)?,
                Pending::None => return Err(compound(at)),
            },
        }
        Ok(())
    }
}

impl Mapping {
    fn set(&mut self, key: String, value: Value, at: At) -> Result<(), Fault> {
        match self.values.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(value);
            }
            Entry::Occupied(mut entry) => {
                if !self.merged.remove(entry.key().as_str()) {
                    // The position is that of the value; who tells of it looks both keys up.
                    return Err(Fault::new(DUPLICATE, at, format!("key {:?} is there twice", entry.key())));
                }
                entry.insert(value);
            }
        }
        Ok(())
    }

    /// The decoder lets the last write win, so that a merge overrides the keys before it; of several mappings
    /// the first wins.
    fn merge(&mut self, value: Value, aliased: bool, at: At) -> Result<(), Fault> {
        let wrong = || Fault::new(MERGE, at, "a merge needs a mapping or a sequence of mappings");
        let maps = match value {
            Value::Object(map) => vec![Value::Object(map)],
            Value::Array(items) if !aliased => items,
            _ => return Err(wrong()),
        };
        for map in maps.into_iter().rev() {
            let Value::Object(map) = map else { return Err(wrong()) };
            for (key, value) in map {
                if !self.values.contains_key(&key) {
                    self.merged.insert(key.clone());
                }
                self.values.insert(key, value);
            }
        }
        Ok(())
    }
}

fn compound(at: At) -> Fault {
    Fault::new(KEY, at, "a mapping or sequence stands as a key")
        .help("a template's `{{ … }}` must be rendered first; a string that starts with `{` must be quoted")
}

/// What copying a value costs. Values are at most as deep as the cap, so recursion is bounded.
fn cost(value: &Value) -> u64 {
    let text = |text: &str| u64::try_from(text.len() >> 6).unwrap_or(u64::MAX);
    match value {
        Value::String(s) => text(s).saturating_add(1),
        Value::Array(items) => items.iter().fold(1, |sum: u64, item| sum.saturating_add(cost(item))),
        Value::Object(map) => map
            .iter()
            .fold(1, |sum: u64, (key, value)| sum.saturating_add(text(key)).saturating_add(cost(value))),
        _ => 1,
    }
}

/// Whether a value has more than `left` collections within each other.
fn deep(value: &Value, left: usize) -> bool {
    let below = |value: &Value| left.checked_sub(1).is_none_or(|left| deep(value, left));
    match value {
        Value::Array(items) => left == 0 || items.iter().any(below),
        Value::Object(map) => left == 0 || map.values().any(below),
        _ => false,
    }
}
