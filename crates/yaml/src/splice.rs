//! One change as one piece of text replaced by another.

use crate::edit::{Change, Refused};
use crate::tree::{Child, Node, Shape};
use crate::write::{after_dash, after_key, inline, text as word};
use serde_json::{Map, Value};
use std::ops::Range;

/// What to cut out and what to put there.
type Splice = Result<(Range<usize>, String), Refused>;

/// The document that is changed.
struct Page<'a> {
    text: &'a str,
    json: bool,
    pointer: &'a str,
}

pub(crate) fn splice(
    text: &str,
    tree: &Node,
    value: &Value,
    json: bool,
    change: &Change,
    path: &[String],
) -> Splice {
    let page = Page { text, json, pointer: &change.pointer };
    // The nodes on the path, each with its place in the one before.
    let mut nodes: Vec<(&Node, usize)> = vec![(tree, 0)];
    let mut said = Some(value);
    let mut left = path;
    while let Some((token, rest)) = left.split_first() {
        let Some((node, _)) = nodes.last() else { break };
        let Some(at) = node.child(token) else { break };
        let Some(child) = node.children.get(at) else { break };
        nodes.push((&child.node, at));
        said = said.and_then(|value| match value {
            Value::Array(items) => items.get(at),
            value => value.get(token),
        });
        left = rest;
    }
    match (&change.to, left) {
        (None, []) => page.remove(&nodes),
        (Some(new), []) => page.replace(&nodes, new),
        (None, _) => Err(page.nothing(&nodes, said, left)),
        (Some(new), [token, deeper @ ..]) => page.add(&nodes, said, token, deeper, new),
    }
}

impl Page<'_> {
    fn form(&self) -> Refused {
        Refused::Form(self.pointer.to_owned())
    }

    fn nothing(&self, nodes: &[(&Node, usize)], said: Option<&Value>, left: &[String]) -> Refused {
        let alias = nodes.last().is_some_and(|(node, _)| node.shape == Shape::Alias);
        let merged = left.first().is_some_and(|token| said.is_some_and(|value| value.get(token).is_some()));
        match alias || merged {
            true => Refused::Alias(self.pointer.to_owned()),
            false => Refused::NoPlace(self.pointer.to_owned()),
        }
    }

    /// Puts a value where the last node of the path stands.
    fn replace(&self, nodes: &[(&Node, usize)], new: &Value) -> Splice {
        let [.., (parent, _), (node, at)] = nodes else { return Err(self.form()) };
        let child = parent.children.get(*at).ok_or_else(|| self.form())?;
        let plain = !(new.is_object() || new.is_array());
        match parent.shape {
            Shape::FlowMap | Shape::FlowSeq if node.shape != Shape::Empty => {
                self.unmarked(node)?;
                Ok((node.span.clone(), self.flat(new)))
            }
            Shape::BlockMap if node.shape == Shape::Scalar && plain && !self.over_lines(node) => {
                self.unmarked(node)?;
                Ok((node.span.clone(), inline(new)))
            }
            Shape::BlockMap => self.replace_entry(child, new),
            Shape::BlockSeq => {
                self.unmarked(node)?;
                let end = self.end(child).ok_or_else(|| self.form())?;
                if node.shape == Shape::Empty {
                    let depth = self.column(end).saturating_add(1);
                    return Ok((end..end, format!(" {}", after_dash(new, depth))));
                }
                let start = self.start(node).ok_or_else(|| self.form())?;
                Ok((start..end, after_dash(new, self.column(start))))
            }
            _ => Err(self.form()),
        }
    }

    fn replace_entry(&self, child: &Child, new: &Value) -> Splice {
        self.unmarked(&child.node)?;
        let (key, colon, end) = self.entry(child).ok_or_else(|| self.form())?;
        let written = after_key(new, self.column(key));
        let first = child.node.span.start;
        let later = child.node.shape == Shape::Empty || self.part(colon..first).contains('\n');
        // A comment behind the key stays behind the key.
        let line = self.line_end(colon);
        match (later, written.starts_with('\n')) {
            (true, true) if child.node.shape == Shape::Empty => Ok((line..line, written)),
            (true, true) => Ok((line..end, written)),
            (true, false) if child.node.shape == Shape::Empty => Ok((end..end, written)),
            (true, false) => {
                let comment = self.part(colon..line).to_owned();
                Ok((colon..end, format!("{written}{comment}")))
            }
            _ => Ok((colon..end, written)),
        }
    }

    /// Makes what is missing below the last node of the path.
    fn add(
        &self,
        nodes: &[(&Node, usize)],
        said: Option<&Value>,
        token: &str,
        deeper: &[String],
        new: &Value,
    ) -> Splice {
        let Some((node, _)) = nodes.last() else { return Err(self.form()) };
        let mut value = new.clone();
        for part in deeper.iter().rev() {
            value = Value::Object(Map::from_iter([(part.clone(), value)]));
        }
        let seq = matches!(node.shape, Shape::BlockSeq | Shape::FlowSeq);
        let map = matches!(node.shape, Shape::BlockMap | Shape::FlowMap);
        if seq && !(token == "-" && deeper.is_empty()) {
            return Err(Refused::NoPlace(self.pointer.to_owned()));
        }
        if !(seq || map) {
            if node.shape == Shape::Pair {
                return Err(self.form());
            }
            if node.shape == Shape::Alias || said.is_none_or(|said| !said.is_null()) {
                return Err(self.nothing(nodes, said, &[]));
            }
            return self.replace(nodes, &Value::Object(Map::from_iter([(token.to_owned(), value)])));
        }
        if map && !deeper.is_empty() && said.is_some_and(|said| said.get(token).is_some()) {
            // The entry came by a merge: one beside it would hide the rest of it.
            return Err(Refused::Alias(self.pointer.to_owned()));
        }
        let within_block = nodes
            .iter()
            .rev()
            .nth(1)
            .is_some_and(|(parent, _)| matches!(parent.shape, Shape::BlockMap | Shape::BlockSeq));
        match (node.shape, node.children.last()) {
            (Shape::FlowMap, None) if within_block => {
                self.replace(nodes, &Value::Object(Map::from_iter([(token.to_owned(), value)])))
            }
            (Shape::FlowSeq, None) if within_block => self.replace(nodes, &Value::Array(vec![value])),
            (Shape::FlowMap | Shape::FlowSeq, last) => {
                let entry = match map {
                    true => format!("{}: {}", self.key(token), self.flat(&value)),
                    false => self.flat(&value),
                };
                self.add_flow(node, last, &entry)
            }
            (Shape::BlockMap, Some(last)) => {
                let depth = self.column(last.start());
                let (_, _, end) = self.entry(last).ok_or_else(|| self.form())?;
                let at = self.line_end(end);
                let entry = format!("\n{:depth$}{}:{}", "", word(token), after_key(&value, depth));
                Ok((at..at, entry))
            }
            (Shape::BlockSeq, Some(last)) => {
                let depth = self.column(self.dash(last).ok_or_else(|| self.form())?);
                let at = self.line_end(self.end(last).ok_or_else(|| self.form())?);
                let item = after_dash(&value, depth.saturating_add(2));
                Ok((at..at, format!("\n{:depth$}- {item}", "")))
            }
            _ => Err(self.form()),
        }
    }

    fn add_flow(&self, node: &Node, last: Option<&Child>, entry: &str) -> Splice {
        let Some(last) = last else {
            let at = node.span.start.saturating_add(1);
            return Ok((at..at, entry.to_owned()));
        };
        if matches!(last.node.shape, Shape::Empty | Shape::Pair) {
            return Err(self.form());
        }
        let at = last.node.span.end;
        let before = self.part(self.line_start(last.start())..last.start());
        match before.trim().is_empty() && self.line_start(last.start()) > node.span.start {
            true => Ok((at..at, format!(",\n{before}{entry}"))),
            false => Ok((at..at, format!(", {entry}"))),
        }
    }

    fn remove(&self, nodes: &[(&Node, usize)]) -> Splice {
        let [before @ .., (parent, _), (_, at)] = nodes else { return Err(self.form()) };
        let all = &parent.children;
        let child = all.get(*at).ok_or_else(|| self.form())?;
        let (next, previous) = (all.get(at.saturating_add(1)), at.checked_sub(1).and_then(|at| all.get(at)));
        match parent.shape {
            Shape::FlowMap | Shape::FlowSeq => {
                if [Some(child), next, previous]
                    .into_iter()
                    .flatten()
                    .any(|c| matches!(c.node.shape, Shape::Empty | Shape::Pair))
                {
                    return Err(self.form());
                }
                let (start, end) = (child.start(), child.node.span.end);
                Ok(match (next, previous) {
                    (Some(next), _) => (start..next.start(), String::new()),
                    (None, Some(previous)) => (previous.node.span.end..end, String::new()),
                    (None, None) => (start..end, String::new()),
                })
            }
            Shape::BlockMap | Shape::BlockSeq if next.is_none() && previous.is_none() => {
                let empty = match parent.shape {
                    Shape::BlockMap => Value::Object(Map::new()),
                    _ => Value::Array(Vec::new()),
                };
                let mut path = before.to_vec();
                path.push(*nodes.get(before.len()).ok_or_else(|| self.form())?);
                self.replace(&path, &empty)
            }
            Shape::BlockMap => {
                let (start, _, end) = self.entry(child).ok_or_else(|| self.form())?;
                self.cut(start, end, next.map(Child::start))
            }
            Shape::BlockSeq => {
                let start = self.dash(child).ok_or_else(|| self.form())?;
                let end = self.end(child).ok_or_else(|| self.form())?;
                self.cut(start, end, next.and_then(|next| self.dash(next)))
            }
            _ => Err(self.form()),
        }
    }

    /// Takes whole lines away; of a line that holds more before it, only up to what comes next.
    fn cut(&self, start: usize, end: usize, next: Option<usize>) -> Splice {
        let line = self.line_start(start);
        let after = self.line_after(end);
        if self.part(line..start).trim().is_empty() {
            return Ok((line..after, String::new()));
        }
        let next = next.ok_or_else(|| self.form())?;
        let blank = self.part(after..next);
        let skipped = blank.len().saturating_sub(blank.trim_start().len());
        Ok((start..after.saturating_add(skipped), String::new()))
    }

    fn unmarked(&self, node: &Node) -> Result<(), Refused> {
        if node.shape == Shape::Alias {
            return Err(Refused::Alias(self.pointer.to_owned()));
        }
        if node.marked { Err(Refused::Marked(self.pointer.to_owned())) } else { Ok(()) }
    }

    fn flat(&self, value: &Value) -> String {
        if self.json { value.to_string() } else { inline(value) }
    }

    fn key(&self, key: &str) -> String {
        if self.json { Value::from(key).to_string() } else { word(key) }
    }

    fn part(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    fn over_lines(&self, node: &Node) -> bool {
        self.part(node.span.clone()).contains('\n')
    }

    fn line_start(&self, at: usize) -> usize {
        self.part(0..at).rfind('\n').map_or(0, |at| at.saturating_add(1))
    }

    /// Where the line of a byte ends, before its line break.
    fn line_end(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        let end = rest.find('\n').unwrap_or(rest.len());
        let line = rest.get(..end).unwrap_or_default();
        at.saturating_add(line.strip_suffix('\r').unwrap_or(line).len())
    }

    /// Where the line behind that of a byte starts.
    fn line_after(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        rest.find('\n').map_or(self.text.len(), |end| at.saturating_add(end).saturating_add(1))
    }

    /// Characters before a byte in its line.
    fn column(&self, at: usize) -> usize {
        self.part(self.line_start(at)..at).chars().count()
    }

    /// A mapping's entry: where its key starts, where the colon ends, where it ends.
    fn entry(&self, child: &Child) -> Option<(usize, usize, usize)> {
        let (key, _) = child.key.as_ref()?;
        let behind = self.text.get(key.end..)?;
        let blank = behind.len().saturating_sub(behind.trim_start_matches([' ', '\t']).len());
        behind.get(blank..)?.starts_with(':').then_some(())?;
        let colon = key.end.saturating_add(blank).saturating_add(1);
        Some((key.start, colon, self.end(child)?))
    }

    /// The end of what a child says.
    fn end(&self, child: &Child) -> Option<usize> {
        match (child.node.shape, child.node.children.last()) {
            (Shape::Empty, _) if child.key.is_some() => {
                let (key, _) = child.key.as_ref()?;
                let colon = self.text.get(key.end..)?.find(':')?;
                Some(key.end.saturating_add(colon).saturating_add(1))
            }
            (Shape::Empty, _) => Some(self.dash(child)?.saturating_add(1)),
            (Shape::BlockMap | Shape::BlockSeq, Some(last)) => self.end(last),
            _ => Some(child.node.span.end),
        }
    }

    /// Where a node begins in its first line.
    fn start(&self, node: &Node) -> Option<usize> {
        match (node.shape, node.children.first()) {
            (Shape::BlockMap, Some(first)) => Some(first.start()),
            (Shape::BlockSeq, Some(first)) => self.dash(first),
            _ => Some(node.span.start),
        }
    }

    /// The dash of a sequence's item.
    fn dash(&self, item: &Child) -> Option<usize> {
        let start = self.start(&item.node)?;
        self.part(0..start).trim_end().strip_suffix('-').map(str::len)
    }
}
