//! Pattern trees: the shape a resource must have, with anchors.
//!
//! Semantics: Kyverno `pkg/engine/validate` and `pkg/engine/anchor`. Anchors of a map are judged first, in the
//! order of their keys; then fields with anchors below them; then the rest.

mod leaf;

pub(crate) use leaf::Text;
pub(crate) use leaf::in_range;

use crate::go::{glob, print};
use leaf::Leaf;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Deepest pattern taken; a resource cannot make the judge go deeper than its pattern.
pub const MAX_DEPTH: usize = 64;

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern(Node);

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Map(Vec<Entry>),
    List(List),
    Leaf(Leaf),
}

#[derive(Clone, Debug, PartialEq)]
enum List {
    /// `[]`: never satisfied.
    Empty,
    /// A map: every element must fit it.
    Each(Vec<Entry>),
    /// A scalar: every element must fit it.
    EachLeaf(Leaf),
    /// Arrays of arrays: element by element.
    Places(Vec<Node>),
}

#[derive(Clone, Debug, PartialEq)]
struct Entry {
    anchor: Option<Anchor>,
    /// Key as written, anchor included.
    raw: String,
    key: String,
    /// The key is a wildcard over the labels or annotations of the resource.
    wild: bool,
    /// The pattern is the text `*`: the field must be there and not null.
    present: bool,
    node: Node,
}

/// What the parentheses around a key mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Anchor {
    /// `(key)`: the rest applies only when the field is there and fits.
    Condition,
    /// `<(key)`: the whole rule applies only when the field fits.
    Global,
    /// `^(key)`: at least one element of the list fits.
    Existence,
    /// `=(key)`: if the field is there it fits.
    Equality,
    /// `X(key)`: the field must not be there.
    Negation,
}

/// Why a resource does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// A conditional or global anchor says that the pattern does not apply.
    Skip(String),
    /// The resource is wrong at a path (`/spec/containers/0/image/`).
    Fail {
        /// Where, as Kyverno writes paths.
        path: String,
        /// In words.
        message: String,
    },
    /// An anchor's field is missing altogether: Kyverno calls this an execution error.
    Missing(String),
}

/// A pattern that cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It nests too deeply.
    #[error("pattern is nested more than {MAX_DEPTH} levels deep")]
    Deep,
    /// A `$(…)` reference to another field of the pattern.
    #[error("reference to another field of the pattern is not supported: {0}")]
    Reference(String),
}

impl Pattern {
    /// Compiles a pattern document.
    ///
    /// # Errors
    /// When it nests too deeply or uses references.
    pub fn compile(document: &Value) -> Result<Self, PatternError> {
        node(document, 0, false).map(Self)
    }

    /// Judges a resource or element.
    ///
    /// # Errors
    /// The first misfit, in Kyverno's order.
    pub fn judge(&self, resource: &Value) -> Result<(), Misfit> {
        let mut seen = Seen::default();
        self.0.judge(resource, "/", &mut seen).map_err(|fault| match fault.kind {
            Kind::Skip => Misfit::Skip(fault.message),
            Kind::Negation => Misfit::Fail { path: fault.path, message: fault.message },
            Kind::Plain if seen.missing() || fault.path.is_empty() => Misfit::Missing(fault.message),
            Kind::Plain => Misfit::Fail { path: fault.path, message: fault.message },
        })
    }
}

fn node(document: &Value, depth: usize, wild_keys: bool) -> Result<Node, PatternError> {
    if depth > MAX_DEPTH {
        return Err(PatternError::Deep);
    }
    let below = depth.saturating_add(1);
    Ok(match document {
        Value::Object(fields) => Node::Map(entries(fields, below, wild_keys)?),
        Value::Array(items) => Node::List(match items.first() {
            None => List::Empty,
            Some(Value::Object(fields)) => List::Each(entries(fields, below, false)?),
            Some(Value::Array(_)) => places(items, below)?,
            Some(scalar) => List::EachLeaf(leaf(scalar)?),
        }),
        scalar => Node::Leaf(leaf(scalar)?),
    })
}

fn places(items: &[Value], depth: usize) -> Result<List, PatternError> {
    let nodes = items.iter().map(|item| node(item, depth, false)).collect::<Result<_, _>>()?;
    Ok(List::Places(nodes))
}

fn leaf(scalar: &Value) -> Result<Leaf, PatternError> {
    if let Some(text) = scalar.as_str().filter(|text| text.contains("$(")) {
        return Err(PatternError::Reference(text.to_owned()));
    }
    Ok(Leaf::compile(scalar).unwrap_or(Leaf::Null))
}

fn entries(fields: &Map<String, Value>, depth: usize, wild_keys: bool) -> Result<Vec<Entry>, PatternError> {
    let mut keys: Vec<(&String, &Value)> = fields.iter().collect();
    keys.sort_by_key(|(key, _)| *key);
    let (mut anchors, mut first, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for (raw, value) in keys {
        let (anchor, key) = split(raw);
        let entry = Entry {
            anchor,
            raw: raw.clone(),
            wild: wild_keys && glob::is_wild(key),
            present: anchor.is_none() && value.as_str() == Some("*"),
            node: match (anchor, value) {
                (Some(Anchor::Existence), Value::Array(items)) => Node::List(places(items, depth)?),
                _ if key == "metadata" => metadata(value, depth)?,
                _ => node(value, depth, false)?,
            },
            key: key.to_owned(),
        };
        match anchor {
            Some(Anchor::Global) => first.push(entry),
            Some(_) => anchors.push(entry),
            None if anchored(value) => first.push(entry),
            None => rest.push(entry),
        }
    }
    // Fields with anchors below are each put in front of those before them.
    anchors.extend(first.into_iter().rev());
    anchors.extend(rest);
    Ok(anchors)
}

/// `metadata` is the one place where keys of labels and annotations may be wildcards.
fn metadata(value: &Value, depth: usize) -> Result<Node, PatternError> {
    let mut compiled = node(value, depth, false)?;
    if let (Node::Map(list), Value::Object(fields)) = (&mut compiled, value) {
        for entry in list.iter_mut().filter(|e| matches!(e.key.as_str(), "labels" | "annotations")) {
            if let Some(inner) = fields.get(&entry.raw) {
                entry.node = node(inner, depth.saturating_add(1), true)?;
            }
        }
    }
    Ok(compiled)
}

fn anchored(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(key, inner)| split(key).0.is_some() || anchored(inner)),
        Value::Array(items) => items.iter().any(anchored),
        _ => false,
    }
}

/// The anchor of a key, and the key without it. `+(key)` means something in mutations only.
fn split(raw: &str) -> (Option<Anchor>, &str) {
    let Some(body) = raw.strip_suffix(')') else { return (None, raw) };
    let anchors = [
        ("(", Anchor::Condition),
        ("<(", Anchor::Global),
        ("^(", Anchor::Existence),
        ("=(", Anchor::Equality),
        ("X(", Anchor::Negation),
    ];
    for (prefix, anchor) in anchors {
        if let Some(key) = body.strip_prefix(prefix).filter(|key| !key.is_empty()) {
            return (Some(anchor), key);
        }
    }
    (None, raw)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Negation,
    Skip,
}

struct Fault {
    kind: Kind,
    path: String,
    message: String,
}

type Judged = Result<(), Fault>;

impl Fault {
    fn plain(path: &str, message: String) -> Fault {
        Fault { kind: Kind::Plain, path: path.to_owned(), message }
    }
}

/// Which anchors' fields have been met anywhere in the resource so far.
#[derive(Default)]
struct Seen<'p>(BTreeMap<&'p str, bool>);

impl<'p> Seen<'p> {
    fn look(&mut self, entries: &'p [Entry], resource: &Map<String, Value>) {
        for entry in entries {
            let counts =
                matches!(entry.anchor, Some(Anchor::Condition | Anchor::Existence | Anchor::Negation));
            if counts {
                let there = self.0.entry(&entry.raw).or_default();
                *there = *there || resource.contains_key(&entry.key);
            }
        }
    }

    fn missing(&self) -> bool {
        self.0.values().any(|there| !there)
    }
}

impl Node {
    fn judge<'p>(&'p self, resource: &Value, path: &str, seen: &mut Seen<'p>) -> Judged {
        match self {
            Self::Map(entries) => judge_map(entries, resource, path, seen),
            Self::List(list) => match resource {
                Value::Array(items) => list.judge(items, path, seen),
                _ => Err(Fault::plain(
                    path,
                    format!(
                        "validation rule failed at path {path}, \
                         resource does not satisfy the expected overlay pattern"
                    ),
                )),
            },
            Self::Leaf(leaf) => judge_leaf(leaf, resource, path),
        }
    }
}

fn judge_leaf(leaf: &Leaf, resource: &Value, path: &str) -> Judged {
    let fits = match resource {
        Value::Array(items) => items.iter().all(|item| leaf.fits(item)),
        other => leaf.fits(other),
    };
    if fits {
        return Ok(());
    }
    let (value, pattern) = (print::value(resource), leaf.print());
    Err(Fault::plain(path, format!("resource value '{value}' does not match '{pattern}' at path {path}")))
}

fn judge_map<'p>(entries: &'p [Entry], resource: &Value, path: &str, seen: &mut Seen<'p>) -> Judged {
    let Value::Object(fields) = resource else {
        let found = print::type_name(resource);
        return Err(Fault::plain(
            path,
            format!(
                "pattern and resource have different structures. Path: {path}. \
                 Expected map[string]interface {{}}, found {found}"
            ),
        ));
    };
    seen.look(entries, fields);
    entries.iter().try_for_each(|entry| entry.judge(fields, path, seen))
}

impl List {
    fn judge<'p>(&'p self, items: &[Value], path: &str, seen: &mut Seen<'p>) -> Judged {
        match self {
            Self::Empty => Err(Fault::plain(path, "pattern Array empty".to_owned())),
            Self::EachLeaf(leaf) => match items.iter().all(|item| leaf.fits(item)) {
                true => Ok(()),
                false => judge_leaf(leaf, &Value::Array(items.to_vec()), path),
            },
            Self::Each(entries) => {
                each(items.iter().map(|item| (entries.as_slice(), item)), path, seen, judge_map)
            }
            Self::Places(nodes) if items.len() < nodes.len() => Err(Fault::plain(
                "",
                format!(
                    "validate Array failed, array length mismatch, \
                     resource Array len is {} and pattern Array len is {}",
                    items.len(),
                    nodes.len()
                ),
            )),
            Self::Places(nodes) => each(nodes.iter().zip(items), path, seen, Node::judge),
        }
    }
}

/// Judges pairs one by one; when every one of them was skipped, so is the list.
fn each<'p, 'v, P: ?Sized + 'p>(
    pairs: impl Iterator<Item = (&'p P, &'v Value)>,
    path: &str,
    seen: &mut Seen<'p>,
    judge: impl Fn(&'p P, &Value, &str, &mut Seen<'p>) -> Judged,
) -> Judged {
    let mut applied = false;
    let mut skipped = Vec::new();
    for (index, (pattern, item)) in pairs.enumerate() {
        match judge(pattern, item, &format!("{path}{index}/"), seen) {
            Ok(()) => applied = true,
            Err(fault) if fault.kind == Kind::Skip => skipped.push(fault.message),
            Err(fault) => return Err(fault),
        }
    }
    if applied || skipped.is_empty() {
        return Ok(());
    }
    Err(Fault { kind: Kind::Skip, path: path.to_owned(), message: skipped.join("; ") })
}

impl Entry {
    fn judge<'p>(&'p self, fields: &Map<String, Value>, path: &str, seen: &mut Seen<'p>) -> Judged {
        let key = if self.wild { expand(&self.key, fields) } else { &self.key };
        let value = fields.get(key);
        let below = format!("{path}{key}/");
        match self.anchor {
            None if self.present => match value {
                Some(value) if !value.is_null() => Ok(()),
                _ => Err(Fault::plain(path, format!("{path}/{key} not found"))),
            },
            None => self.node.judge(value.unwrap_or(&Value::Null), &below, seen),
            Some(Anchor::Equality) => value.map_or(Ok(()), |v| self.node.judge(v, &below, seen)),
            Some(Anchor::Negation) => match value {
                None => Ok(()),
                Some(_) => Err(Fault {
                    kind: Kind::Negation,
                    message: format!("negation anchor matched in resource: {below} is not allowed"),
                    path: below,
                }),
            },
            Some(Anchor::Global) => value.map_or(Ok(()), |v| {
                self.node.judge(v, &below, seen).map_err(|f| skip(f, "global anchor mismatch"))
            }),
            Some(Anchor::Condition) => match value {
                Some(v) => {
                    self.node.judge(v, &below, seen).map_err(|f| skip(f, "conditional anchor mismatch"))
                }
                None => Err(Fault {
                    kind: Kind::Skip,
                    path: below,
                    message:
                        "conditional anchor mismatch: conditional anchor key doesn't exist in the resource"
                            .to_owned(),
                }),
            },
            Some(Anchor::Existence) => value.map_or(Ok(()), |v| self.exists(v, &below, seen)),
        }
    }

    /// Each map of the pattern's list fits at least one element.
    fn exists<'p>(&'p self, value: &Value, path: &str, seen: &mut Seen<'p>) -> Judged {
        let Value::Array(items) = value else {
            let found = print::type_name(value);
            let message = format!(
                "invalid resource type {found}: Existence ^ () anchor can be used only on list/array type resource"
            );
            return Err(Fault::plain(path, message));
        };
        let Node::List(List::Places(wanted)) = &self.node else {
            let message =
                "invalid pattern type: Pattern has to be of list to compare against resource".to_owned();
            return Err(Fault::plain(path, message));
        };
        for want in wanted {
            let mut places = items.iter().enumerate();
            if !places.any(|(index, item)| want.judge(item, &format!("{path}{index}/"), seen).is_ok()) {
                let message = format!("existence anchor validation failed at path {path}");
                return Err(Fault::plain(path, message));
            }
        }
        Ok(())
    }
}

fn skip(fault: Fault, why: &str) -> Fault {
    Fault { kind: Kind::Skip, path: fault.path, message: format!("{why}: {}", fault.message) }
}

/// The first key of the resource, in order, that a wildcard key matches; the wildcard itself when none does.
fn expand<'k>(wild: &'k str, fields: &'k Map<String, Value>) -> &'k str {
    let mut keys: Vec<&String> = fields.keys().filter(|key| glob::matches(wild, key)).collect();
    keys.sort();
    keys.first().map_or(wild, |key| key.as_str())
}

#[cfg(test)]
mod tests;
