//! Edits in place: one value set, added or removed, and every other byte of the text stays.
//!
//! An edit is proven before it is handed out: the new text is read again and must say what the old value with the same
//! change says. What cannot be written that way is refused, and the text is never half changed.

use crate::caps::Caps;
use crate::position::split;
use crate::splice::splice;
use crate::stream::{end_of, read, stream};
use crate::text::BOM;
use crate::tree::tree;
use serde_json::{Map, Value};

/// One change of one document.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// JSON pointer. A last token `-` means behind a sequence's last item; empty means the whole document, which can
    /// only be removed.
    pub pointer: String,
    /// The new value, whose missing parents are made; `None` removes what is there.
    pub to: Option<Value>,
}

/// Why a text was left as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// No readable document starts at the offset.
    #[error("no document starts there")]
    NoDocument,
    /// There is nothing at the pointer, or something stands where a parent would have to be.
    #[error("there is no place for {0}")]
    NoPlace(String),
    /// The value is written elsewhere: it came by an alias or a merge.
    #[error("{0} is written elsewhere, behind an alias or a merge")]
    Alias(String),
    /// The value has an anchor or a tag, which would be lost or would mean something else.
    #[error("{0} has an anchor or a tag")]
    Marked(String),
    /// It is written in a way that is not edited: a pair without braces, a dash on a line of its own.
    #[error("{0} is written in a way that is not edited in place")]
    Form(String),
    /// The changes of one call would cost too much.
    #[error("too many changes for a document of this size")]
    Cost,
    /// The edited text would not say what was meant.
    #[error("the text would say something else after the edit")]
    Unproven,
}

/// What the changes of one call may cost: bytes of the document for each change. 1 GiB.
const COST: u64 = 1 << 30;

/// Changes the document that starts at byte `offset`: all of the changes, in their order, or none.
///
/// Comments, order, spelling and all other documents stay byte for byte. A value that replaces one over several lines
/// takes the comments within it away.
///
/// # Errors
/// See [`Refused`].
pub fn edit(text: &[u8], offset: u64, changes: &[Change], caps: &Caps) -> Result<Vec<u8>, Refused> {
    let mut start = usize::try_from(offset).map_err(|_| Refused::NoDocument)?;
    if text.get(start..).ok_or(Refused::NoDocument)?.starts_with(BOM) {
        start = start.saturating_add(BOM.len());
    }
    let end = end_of(text, start);
    let length = u64::try_from(end.saturating_sub(start)).unwrap_or(u64::MAX);
    let count = u64::try_from(changes.len()).unwrap_or(u64::MAX);
    if length.saturating_mul(count) > COST.max(length) {
        return Err(Refused::Cost);
    }
    let (before, rest) = text.split_at_checked(start).ok_or(Refused::NoDocument)?;
    let (document, after) = rest.split_at_checked(end.saturating_sub(start)).ok_or(Refused::NoDocument)?;
    if let [Change { pointer, to: None }] = changes
        && pointer.is_empty()
    {
        return without(text, before, document, after, caps);
    }
    let mut edited = std::str::from_utf8(document).map_err(|_| Refused::NoDocument)?.to_owned();
    let ended = edited.ends_with('\n');
    if !ended {
        edited.push('\n');
    }
    let mut value = value_of(document, caps)?;
    for change in changes {
        edited = one(&edited, &value, change, caps)?;
        if !apply(&mut value, change) {
            return Err(Refused::NoPlace(change.pointer.clone()));
        }
    }
    if !ended && edited.ends_with('\n') {
        edited.pop();
    }
    let whole = [before, edited.as_bytes(), after].concat();
    let proven = end_of(&whole, start) == start.saturating_add(edited.len())
        && value_of(edited.as_bytes(), caps).as_ref() == Ok(&value);
    if proven { Ok(whole) } else { Err(Refused::Unproven) }
}

/// The first value of a document's text.
fn value_of(document: &[u8], caps: &Caps) -> Result<Value, Refused> {
    match stream(document, caps).next() {
        Some(Ok(document)) => Ok(document.value),
        _ => Err(Refused::NoDocument),
    }
}

fn one(text: &str, value: &Value, change: &Change, caps: &Caps) -> Result<String, Refused> {
    let (tree, json) = tree(text, caps).ok_or(Refused::NoDocument)?;
    let path = split(&change.pointer);
    let (range, new) = splice(text, &tree, value, json, change, &path)?;
    let (Some(before), Some(after)) = (text.get(..range.start), text.get(range.end..)) else {
        return Err(Refused::Form(change.pointer.clone()));
    };
    let new = if text.contains("\r\n") { new.replace('\n', "\r\n") } else { new };
    Ok([before, &new, after].concat())
}

/// The text without a document: with the separator before it, but for the first.
fn without(
    text: &[u8],
    before: &[u8],
    document: &[u8],
    after: &[u8],
    caps: &Caps,
) -> Result<Vec<u8>, Refused> {
    let used = std::str::from_utf8(document).map_err(|_| Refused::NoDocument)?;
    let used = match crate::json::looks_like(used) {
        true => crate::json::value(used, caps).map_or(used.len(), |(_, used)| used),
        false => used.len(),
    };
    let left = document.get(used..).unwrap_or_default();
    let line = before.strip_suffix(b"\n").unwrap_or(before);
    let line = line.iter().rposition(|b| *b == b'\n').map_or(0, |at| at.saturating_add(1));
    let separator = before.get(line..).is_some_and(|line| line.starts_with(b"---"));
    let kept = before.get(..line).filter(|_| separator && left.is_empty()).unwrap_or(before);
    let whole = [kept, left, after].concat();
    let values =
        |text: &[u8]| read(text, caps).0.into_iter().map(|d| (d.offset, d.value)).collect::<Vec<_>>();
    let mut old = values(text);
    let own = u64::try_from(before.len()).unwrap_or(u64::MAX);
    let blank = document.len().saturating_sub(document.trim_ascii_start().len());
    let own_json = own.saturating_add(u64::try_from(blank).unwrap_or(u64::MAX));
    old.retain(|(at, _)| *at != own && *at != own_json);
    let proven = values(&whole).into_iter().map(|(_, v)| v).eq(old.into_iter().map(|(_, v)| v));
    if proven { Ok(whole) } else { Err(Refused::Unproven) }
}

/// The same change of a value; `false` when there is no place for it.
fn apply(value: &mut Value, change: &Change) -> bool {
    let path = split(&change.pointer);
    let Some((last, parents)) = path.split_last() else { return false };
    let mut at = value;
    for part in parents {
        if change.to.is_none() {
            let next = match at {
                Value::Object(fields) => fields.get_mut(part),
                Value::Array(items) => part.parse::<usize>().ok().and_then(|n| items.get_mut(n)),
                _ => None,
            };
            match next {
                Some(next) => at = next,
                None => return false,
            }
            continue;
        }
        if at.is_null() {
            *at = Value::Object(Map::new());
        }
        at = match at {
            Value::Object(fields) => fields.entry(part.clone()).or_insert(Value::Null),
            Value::Array(items) => match part.parse::<usize>().ok().and_then(|n| items.get_mut(n)) {
                Some(item) => item,
                None => return false,
            },
            _ => return false,
        };
    }
    if at.is_null() && change.to.is_some() {
        *at = Value::Object(Map::new());
    }
    match (at, &change.to) {
        (Value::Object(fields), Some(new)) => {
            fields.insert(last.clone(), new.clone());
            true
        }
        (Value::Object(fields), None) => fields.remove(last).is_some(),
        (Value::Array(items), Some(new)) if last == "-" => {
            items.push(new.clone());
            true
        }
        (Value::Array(items), to) => match (last.parse::<usize>().ok().filter(|n| *n < items.len()), to) {
            (Some(n), None) => {
                items.remove(n);
                true
            }
            (Some(n), Some(new)) => items.get_mut(n).map(|item| *item = new.clone()).is_some(),
            (None, _) => false,
        },
        _ => false,
    }
}
