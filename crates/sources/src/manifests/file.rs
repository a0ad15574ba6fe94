//! One file at a time: looked at, told apart, read, accounted for.

use super::document::{Shape, kustomize_origin, shape};
use super::template::{Charts, in_chart, render};
use super::walk::{Found, STDIN};
use super::{ManifestCaps, ManifestsSeen, Other, asked};
use crate::input::{InputKind, PEEK, classify};
use crate::list::{each_item, envelope};
use crate::snapshot_file;
use model::{Diagnostic, Level, Origin, Ring};
use serde_json::Value;
use snapshot::Builder;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::Arc;

/// Reads files into a builder and keeps the accounts.
pub(super) struct Reader<'b> {
    pub(super) builder: &'b mut Builder,
    pub(super) seen: ManifestsSeen,
    caps: ManifestCaps,
    stdin: &'b mut dyn Read,
    /// Bytes that may still be read.
    left: u64,
    charts: Charts,
    /// Files of which everything was read.
    whole: u64,
    gaps: usize,
    more_gaps: u64,
}

/// What one file came to.
#[derive(Default)]
struct Tally {
    documents: u64,
    /// The first error and how many there were.
    first: Option<String>,
    errors: u64,
    diagnostics: usize,
    template: Option<Diagnostic>,
}

impl<'b> Reader<'b> {
    pub(super) fn new(builder: &'b mut Builder, caps: ManifestCaps, stdin: &'b mut dyn Read) -> Self {
        Self {
            builder,
            seen: ManifestsSeen::default(),
            caps,
            stdin,
            left: caps.total_bytes,
            charts: Charts::default(),
            whole: 0,
            gaps: 0,
            more_gaps: 0,
        }
    }

    /// Reads one file. `false` when nothing more may be read.
    pub(super) fn file(&mut self, found: &Found) -> bool {
        let path = found.path.as_str();
        let (kind, bytes) = match self.look(found) {
            Ok(looked) => looked,
            Err(error) => {
                let why = error.to_string();
                self.seen.files = self.seen.files.saturating_add(1);
                self.builder.diagnose(Diagnostic::error("sources/unreadable", why.clone()).in_document(path));
                self.broken(path, why, None);
                return true;
            }
        };
        match kind {
            InputKind::Unknown => return true,
            InputKind::Snapshot => self.snapshot(path, &bytes),
            InputKind::Manifest => {
                if self.too_much(path, bytes.len() as u64) {
                    return false;
                }
                self.manifest(found, &bytes);
            }
            kind => self.seen.others.push(Other { kind, path: path.to_owned() }),
        }
        if path == STDIN {
            self.seen.stdin = Some(bytes);
        }
        true
    }

    /// The kind of a file, and its bytes when they are read here.
    fn look(&mut self, found: &Found) -> io::Result<(InputKind, Vec<u8>)> {
        if found.path == STDIN {
            let bytes = whole(&mut *self.stdin, self.caps.file_bytes)?;
            return Ok((named_kind(found, &bytes), bytes));
        }
        let mut file = File::open(&found.path)?;
        let mut bytes = Vec::new();
        Read::take(&mut file, PEEK as u64).read_to_end(&mut bytes)?;
        let kind = named_kind(found, &bytes);
        if kind == InputKind::Manifest {
            bytes = whole(Cursor::new(bytes).chain(file), self.caps.file_bytes)?;
        }
        Ok((kind, bytes))
    }

    fn too_much(&mut self, path: &str, bytes: u64) -> bool {
        let Some(left) = self.left.checked_sub(bytes) else {
            let why = format!("more than {} bytes in all", self.caps.total_bytes);
            self.gap(format!("{} and the files after it", model::escape(path)), why);
            return true;
        };
        self.left = left;
        false
    }

    fn snapshot(&mut self, path: &str, bytes: &[u8]) {
        let loaded = if path == STDIN {
            snapshot_file::read(bytes, self.caps.inflate).map_err(|error| error.to_string())
        } else {
            snapshot_file::load(Path::new(path), self.caps.inflate).map_err(|error| error.to_string())
        };
        match loaded {
            Ok(snapshot) => {
                self.seen.snapshots = self.seen.snapshots.saturating_add(1);
                self.seen.resources = self.seen.resources.saturating_add(snapshot.len() as u64);
                self.builder.merge(snapshot);
            }
            Err(why) => {
                self.builder.diagnose(Diagnostic::error("sources/snapshot", why.clone()).in_document(path));
                self.seen.files = self.seen.files.saturating_add(1);
                let help = "take it again with `ringwall snapshot save`".to_owned();
                self.broken(path, why, Some(help));
            }
        }
    }

    fn manifest(&mut self, found: &Found, bytes: &[u8]) {
        let path: Arc<str> = found.path.as_str().into();
        self.seen.files = self.seen.files.saturating_add(1);
        let mut tally = Tally::default();
        if in_chart(&path, bytes) {
            tally.template = Some(Diagnostic::error("", ""));
        } else if !self.long_list(&path, bytes) {
            for part in yaml::stream(bytes, &self.caps.yaml) {
                match part {
                    Ok(document) => {
                        tally.documents = tally.documents.saturating_add(1);
                        self.document(&path, document);
                    }
                    Err(diagnostic) if diagnostic.code == "yaml/template" => {
                        tally.template.get_or_insert(diagnostic);
                    }
                    Err(diagnostic) => self.diagnostic(&path, diagnostic, &mut tally),
                }
            }
        }
        self.close(found, &path, tally);
    }

    /// Ends a file: its template, the diagnostics that were not kept, its gap.
    fn close(&mut self, found: &Found, path: &Arc<str>, tally: Tally) {
        if tally.template.is_none() && tally.first.is_none() {
            self.whole = self.whole.saturating_add(1);
        }
        if let Some(diagnostic) = tally.template {
            self.seen.templates = self.seen.templates.saturating_add(1);
            self.charts.add(path, found.named);
            let message = "is a Helm template, which says nothing before it is rendered";
            let told = Diagnostic::error("sources/helm-template", message).in_document(path.clone());
            let told = match diagnostic.position {
                Some(position) => told.at(position),
                None => told,
            };
            self.builder.diagnose(told.help(render(path)));
        }
        if let Some(more) = tally.diagnostics.checked_sub(self.caps.file_diagnostics).filter(|more| *more > 0)
        {
            let message = format!("{more} more diagnostics of this file are not shown");
            let told = Diagnostic::warning("sources/more-diagnostics", message);
            self.builder.diagnose(told.in_document(path.clone()));
        }
        if let Some(first) = tally.first {
            let all = tally.documents.saturating_add(tally.errors);
            let why = match (tally.errors, all) {
                (1, 1) => first,
                (errors, all) => format!("{errors} of {all} documents could not be read: {first}"),
            };
            self.broken(path, why, None);
        }
    }

    fn diagnostic(&mut self, path: &Arc<str>, diagnostic: Diagnostic, tally: &mut Tally) {
        if diagnostic.level == Level::Error {
            tally.errors = tally.errors.saturating_add(1);
            tally.first.get_or_insert_with(|| match diagnostic.position {
                Some(at) => format!("line {}: {}", at.line, diagnostic.message),
                None => diagnostic.message.clone(),
            });
        }
        tally.diagnostics = tally.diagnostics.saturating_add(1);
        if tally.diagnostics <= self.caps.file_diagnostics {
            self.builder.diagnose(diagnostic.in_document(path.clone()));
        }
    }

    fn document(&mut self, path: &Arc<str>, document: yaml::Document) {
        let (offset, source) = (document.offset, document.source.clone());
        for item in yaml::items(document) {
            self.object(path, item.value, offset, item.index, source.clone());
        }
    }

    fn object(
        &mut self,
        path: &Arc<str>,
        value: Value,
        offset: u64,
        item: Option<u32>,
        source: Option<Arc<str>>,
    ) {
        match shape(&value) {
            Shape::Foreign => self.seen.foreign = self.seen.foreign.saturating_add(1),
            Shape::Nameless => {
                let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default();
                let message = format!("a {} without a name is left out", model::escape(kind));
                let told = Diagnostic::warning("sources/no-name", message).help("give it a metadata.name");
                self.builder.diagnose(told.in_document(path.clone()));
                self.seen.foreign = self.seen.foreign.saturating_add(1);
            }
            Shape::Object => {
                let template = source.or_else(|| kustomize_origin(&value).map(Arc::from));
                let origin = Origin::File { path: path.clone(), offset, item, template };
                self.builder.add(value, origin);
                self.seen.resources = self.seen.resources.saturating_add(1);
            }
        }
    }

    /// Reads a long JSON list item by item; `false` when the text is none.
    fn long_list(&mut self, path: &Arc<str>, bytes: &[u8]) -> bool {
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
        if (bytes.len() as u64) <= self.caps.list_bytes || !text.starts_with(b"{") {
            return false;
        }
        let Ok(list) = envelope(text) else { return false };
        let Some(kind) = list.kind.strip_suffix("List").filter(|_| list.has_items) else { return false };
        let offset = bytes.len().saturating_sub(text.len()) as u64;
        let mut index = 0_u32;
        let _ = each_item(text, |mut value| {
            if let Some(object) = value.as_object_mut()
                && !kind.is_empty()
                && !object.contains_key("kind")
                && !object.contains_key("apiVersion")
            {
                object.insert("kind".into(), kind.into());
                object.insert("apiVersion".into(), list.api_version.as_str().into());
            }
            self.object(path, value, offset, Some(index), None);
            index = index.saturating_add(1);
        });
        true
    }

    /// A file or folder that cannot be opened.
    pub(super) fn unreadable(&mut self, path: &str, why: &str) {
        let why = model::escape(why).into_owned();
        self.seen.files = self.seen.files.saturating_add(1);
        self.builder.diagnose(Diagnostic::error("sources/unreadable", why.clone()).in_document(path));
        self.broken(path, why, None);
    }

    /// A file of which something could not be read.
    fn broken(&mut self, path: &str, why: String, help: Option<String>) {
        self.seen.broken = self.seen.broken.saturating_add(1);
        if self.gaps >= self.caps.named_gaps {
            self.more_gaps = self.more_gaps.saturating_add(1);
            return;
        }
        self.gaps = self.gaps.saturating_add(1);
        self.builder.coverage().gap(asked(model::escape(path).into_owned(), why, help));
    }

    /// Something else that was asked for and not read.
    pub(super) fn gap(&mut self, what: String, why: String) {
        self.builder.coverage().gap(asked(what, why, None));
    }

    /// Closes the accounts.
    pub(super) fn finish(mut self) -> ManifestsSeen {
        let named = self.caps.named_gaps;
        for gap in std::mem::take(&mut self.charts).gaps(named) {
            self.builder.coverage().gap(gap);
        }
        if self.more_gaps > 0 {
            let what = format!("{} further files", self.more_gaps);
            self.gap(what, "they are broken too; the diagnostics name them".into());
        }
        let nothing = self.seen.resources == 0 && self.seen.others.is_empty() && self.seen.broken == 0;
        if nothing && self.seen.files > 0 {
            let why = match self.seen.files {
                1 => "the one file that was read holds none".to_owned(),
                files => format!("{files} files were read and hold none"),
            };
            self.gap("Kubernetes objects".into(), why);
        }
        if self.seen.files > 0 {
            self.builder.coverage().count(Ring::Resources, self.whole, self.seen.files);
        }
        self.seen.others.sort();
        self.seen
    }
}

/// What a file is; one that the user named is read as a manifest when nothing else fits.
fn named_kind(found: &Found, bytes: &[u8]) -> InputKind {
    match classify(Path::new(&found.path), bytes) {
        InputKind::Unknown if found.named => InputKind::Manifest,
        kind => kind,
    }
}

fn whole(reader: impl Read, cap: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(cap.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > cap {
        return Err(io::Error::other(format!("it is longer than the {cap} bytes a file may have")));
    }
    Ok(bytes)
}
