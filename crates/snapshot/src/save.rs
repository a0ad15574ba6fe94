//! The snapshot as lines of JSON: reloadable, greppable, the compression left to the caller.

use crate::pod::PodRow;
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
struct ReadLine {
    r: ResourceRef,
    v: Arc<str>,
    o: Origin,
    t: Box<RawValue>,
}

/// Writes a snapshot, one line for the header, each resource and each pod.
pub fn save(snapshot: &Snapshot, mut out: impl Write) -> io::Result<()> {
    let header = Header {
        ringwall_snapshot: FORMAT,
        taken_at: snapshot.taken_at,
        server_version: snapshot.server_version.clone(),
        coverage: snapshot.coverage.clone(),
        resources: snapshot.resources.len(),
        pods: snapshot.pods.len(),
        images: snapshot.images.clone(),
        nodes: snapshot.nodes.clone(),
        owners: snapshot.owners.clone(),
    };
    line(&mut out, &header)?;
    for resource in &snapshot.resources {
        let text: &RawValue = serde_json::from_str(&resource.text).map_err(io::Error::other)?;
        line(
            &mut out,
            &Line { r: &resource.reference, v: &resource.api_version, o: &resource.origin, t: text },
        )?;
    }
    for pod in &snapshot.pods {
        line(&mut out, pod)?;
    }
    out.flush()
}

fn line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value).map_err(io::Error::other)?;
    out.write_all(b"\n")
}

/// Reads what [`save`] wrote. Half a snapshot is an error, never a smaller one.
pub fn load(input: impl BufRead) -> Result<Snapshot, LoadError> {
    let mut lines = input.lines().enumerate();
    let mut next = |what: &str| -> Result<(usize, String), LoadError> {
        match lines.next() {
            Some((index, text)) => Ok((index + 1, text?)),
            None => Err(LoadError::Line { line: 0, message: format!("it ends before its {what}") }),
        }
    };
    let bad = |line: usize, error: serde_json::Error| LoadError::Line { line, message: error.to_string() };
    let (at, text) = next("header")?;
    let header: Header = serde_json::from_str(&text).map_err(|error| bad(at, error))?;
    if header.ringwall_snapshot > FORMAT {
        let message = format!("format {} is newer than this program's {FORMAT}", header.ringwall_snapshot);
        return Err(LoadError::Line { line: at, message });
    }
    let mut names = Names::default();
    let mut resources = Vec::new();
    for _ in 0..header.resources {
        let (at, text) = next("last resource")?;
        let ReadLine { r, v, o, t } = serde_json::from_str(&text).map_err(|error| bad(at, error))?;
        let text: Box<str> = Box::<RawValue>::into(t);
        let reference = ResourceRef {
            group: names.one(r.group),
            kind: names.one(r.kind),
            namespace: names.one(r.namespace),
            ..r
        };
        resources.push(Resource { reference, api_version: names.one(v), origin: names.origin(o), text });
    }
    resources.sort_by(|a, b| key(a).cmp(&key(b)));
    let mut pods = Vec::new();
    for _ in 0..header.pods {
        let (at, text) = next("last pod")?;
        let mut row: PodRow = serde_json::from_str(&text).map_err(|error| bad(at, error))?;
        row.namespace = names.one(row.namespace);
        row.account = names.one(row.account);
        let known = (row.workload as usize) < header.owners.len()
            && row.node.is_none_or(|node| (node as usize) < header.nodes.len())
            && row.images.iter().all(|image| (image.image as usize) < header.images.len());
        if !known {
            return Err(LoadError::Line {
                line: at,
                message: "it names a node, owner or image that is not there".into(),
            });
        }
        pods.push(row);
    }
    Ok(Snapshot {
        taken_at: header.taken_at,
        server_version: header.server_version,
        coverage: header.coverage,
        diagnostics: Vec::new(),
        resources,
        pods,
        images: header.images,
        nodes: header.nodes,
        owners: header.owners,
    })
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
