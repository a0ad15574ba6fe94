//! The snapshot as lines of JSON: reloadable, greppable, the compression left to the caller.

use crate::pod::PodRow;
use crate::slim::MAX_DEPTH;
use crate::{Resource, Snapshot};
use model::{Coverage, ImageId, Origin, ResourceRef, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::io::{self, BufRead, Write};
use std::sync::Arc;

/// Version of the format; a reader refuses what is newer.
const FORMAT: u32 = 1;

/// Why a saved snapshot cannot be read.
#[derive(Debug)]
pub enum LoadError {
    /// The bytes could not be had.
    Io(io::Error),
    /// A line is not what it should be.
    Line {
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => write!(f, "cannot read the snapshot: {error}"),
            Self::Line { line, message } => write!(f, "line {line} of the snapshot: {message}"),
        }
    }
}

impl std::error::Error for LoadError {}

impl From<io::Error> for LoadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    ringwall_snapshot: u32,
    taken_at: Option<Timestamp>,
    server_version: Option<String>,
    coverage: Coverage,
    resources: usize,
    #[serde(default)]
    templates: usize,
    pods: usize,
    images: Vec<ImageId>,
    nodes: Vec<Arc<str>>,
    owners: Vec<ResourceRef>,
}

#[derive(Serialize)]
struct Line<'a> {
    r: &'a ResourceRef,
    v: &'a str,
    o: &'a Origin,
    t: &'a RawValue,
}

#[derive(Deserialize)]
struct ReadLine<'a> {
    r: ResourceRef,
    v: Arc<str>,
    o: Origin,
    #[serde(borrow)]
    t: &'a RawValue,
}

/// Writes a snapshot, one line for the header, each resource, each observed template and each pod. Diagnostics are
/// about documents that are not at hand when it is read again, and are left out.
pub fn save(snapshot: &Snapshot, mut out: impl Write) -> io::Result<()> {
    let header = Header {
        ringwall_snapshot: FORMAT,
        taken_at: snapshot.taken_at,
        server_version: snapshot.server_version.clone(),
        coverage: snapshot.coverage.clone(),
        resources: snapshot.resources.len(),
        templates: snapshot.templates.len(),
        pods: snapshot.pods.len(),
        images: snapshot.images.to_vec(),
        nodes: snapshot.nodes.to_vec(),
        owners: snapshot.owners.to_vec(),
    };
    line(&mut out, &header)?;
    for resource in snapshot.resources.iter().chain(&snapshot.templates) {
        let text: &RawValue = serde_json::from_str(&resource.text).map_err(io::Error::other)?;
        line(
            &mut out,
            &Line { r: &resource.reference, v: &resource.api_version, o: &resource.origin, t: text },
        )?;
    }
    for pod in snapshot.pods() {
        line(&mut out, pod)?;
    }
    out.flush()
}

fn line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value).map_err(io::Error::other)?;
    out.write_all(b"\n")
}

/// Reads what [`save`] wrote. Half a snapshot is an error, never a smaller one, and so is anything [`save`] does
/// not write: a foreign order, an index that leads nowhere, nesting that could not be read later.
///
/// Memory is bounded by a small multiple of the input; who reads a foreign file caps the input.
pub fn load(input: impl BufRead) -> Result<Snapshot, LoadError> {
    let mut lines = Lines { input, at: 0, text: String::new() };
    let header: Header = lines.next("header")?.parse()?;
    if header.ringwall_snapshot > FORMAT {
        let message = format!("format {} is newer than this program's {FORMAT}", header.ringwall_snapshot);
        return Err(lines.wrong(message));
    }
    let mut names = Names::default();
    let resources = lines.resources(header.resources, "last resource", &mut names)?;
    let templates = lines.resources(header.templates, "last template", &mut names)?;
    let mut pods: Vec<PodRow> = Vec::new();
    for _ in 0..header.pods {
        let mut row: PodRow = lines.next("last pod")?.parse()?;
        row.namespace = names.one(row.namespace);
        row.account = names.one(row.account);
        let known = (row.workload as usize) < header.owners.len()
            && row.node.is_none_or(|node| (node as usize) < header.nodes.len())
            && row.images.iter().all(|image| (image.image as usize) < header.images.len());
        if !known {
            return Err(lines.wrong("it names a node, owner or image that is not there"));
        }
        if pods.last().is_some_and(|last| (&last.namespace, &last.name) >= (&row.namespace, &row.name)) {
            return Err(lines.wrong("the pods are out of order"));
        }
        pods.push(row);
    }
    lines.end()?;
    Ok(Snapshot {
        taken_at: header.taken_at,
        server_version: header.server_version,
        coverage: header.coverage,
        diagnostics: Vec::new(),
        resources,
        templates,
        pods: pods.into(),
        images: header.images.into(),
        nodes: header.nodes.into(),
        owners: header.owners.into(),
    })
}

struct Lines<R> {
    input: R,
    /// The line read last, from 1.
    at: usize,
    /// Its text.
    text: String,
}

impl<R: BufRead> Lines<R> {
    fn wrong(&self, message: impl Into<String>) -> LoadError {
        LoadError::Line { line: self.at, message: message.into() }
    }

    fn next(&mut self, what: &str) -> Result<&Self, LoadError> {
        self.text.clear();
        self.input.read_line(&mut self.text)?;
        self.at = self.at.saturating_add(1);
        // A cut line may still be whole JSON; its end is missing.
        match self.text.pop() {
            Some('\n') => Ok(self),
            _ => Err(self.wrong(format!("it ends before its {what}"))),
        }
    }

    fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, LoadError> {
        serde_json::from_str(&self.text).map_err(|error| self.wrong(error.to_string()))
    }

    fn end(&mut self) -> Result<(), LoadError> {
        self.at = self.at.saturating_add(1);
        if self.input.fill_buf()?.is_empty() { Ok(()) } else { Err(self.wrong("it goes on after its end")) }
    }

    fn resources(&mut self, count: usize, what: &str, names: &mut Names) -> Result<Vec<Resource>, LoadError> {
        let mut resources: Vec<Resource> = Vec::new();
        for _ in 0..count {
            let ReadLine { r, v, o, t } = self.next(what)?.parse()?;
            let text = t.get();
            if !text.starts_with('{') || depth(text) > MAX_DEPTH {
                return Err(self.wrong("the resource is no object, or nested too deeply"));
            }
            let reference = ResourceRef {
                group: names.one(r.group),
                kind: names.one(r.kind),
                namespace: names.one(r.namespace),
                ..r
            };
            let resource =
                Resource { reference, api_version: names.one(v), origin: names.origin(o), text: text.into() };
            if resources.last().is_some_and(|last| key(last) > key(&resource)) {
                return Err(self.wrong("the resources are out of order"));
            }
            resources.push(resource);
        }
        Ok(resources)
    }
}

/// How deep a JSON text is nested. Quotes end a string but after a backslash.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0usize, 0usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => {
                depth = depth.saturating_add(1);
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn key(r: &Resource) -> (&str, &str, &str, &str) {
    (&r.reference.group, &r.reference.kind, &r.reference.namespace, &r.reference.name)
}

/// Strings that recur, once each.
#[derive(Default)]
struct Names(rustc_hash::FxHashSet<Arc<str>>);

impl Names {
    fn one(&mut self, name: Arc<str>) -> Arc<str> {
        match self.0.get(&name) {
            Some(known) => known.clone(),
            None => {
                self.0.insert(name.clone());
                name
            }
        }
    }

    fn origin(&mut self, origin: Origin) -> Origin {
        match origin {
            Origin::File { path, offset, item, template } => {
                Origin::File { path: self.one(path), offset, item, template: template.map(|t| self.one(t)) }
            }
            Origin::Cluster { context, owner } => {
                Origin::Cluster { context: self.one(context), owner: owner.map(|o| self.one(o)) }
            }
            Origin::Builtin => Origin::Builtin,
        }
    }
}
