//! Manifests as people keep them: files, folders, patterns and standard input, into a snapshot's builder.
//!
//! A broken file is a diagnostic and a gap, and everything else is still read. Files are read one at a time.

mod document;
mod file;
mod template;
mod walk;

use crate::Progress;
use crate::input::InputKind;
use crate::snapshot_file::InflateCaps;
use file::Reader;
use model::{Gap, Ring};
use snapshot::{Builder, Snapshot};
use std::io::{self, Read};
use walk::walk;

/// How much is read.
#[derive(Clone, Copy, Debug)]
pub struct ManifestCaps {
    /// Files (default 100,000).
    pub files: usize,
    /// Folders within each other (default 64).
    pub depth: u32,
    /// Bytes of one file (default 512 MiB).
    pub file_bytes: u64,
    /// Bytes of all files (default 4 GiB).
    pub total_bytes: u64,
    /// JSON lists longer than this are read item by item, so that they need no tree (default 1 MiB). Unlike a
    /// shorter one, such a list is not refused for a key that is there twice: the later one counts.
    pub list_bytes: u64,
    /// Diagnostics kept of one file (default 20).
    pub file_diagnostics: usize,
    /// Broken files that get a gap of their own (default 100); the others share one.
    pub named_gaps: usize,
    /// Caps of one text.
    pub yaml: yaml::Caps,
    /// Caps of a saved snapshot.
    pub inflate: InflateCaps,
}

impl Default for ManifestCaps {
    fn default() -> Self {
        Self {
            files: 100_000,
            depth: 64,
            file_bytes: 512 << 20,
            total_bytes: 4 << 30,
            list_bytes: 1 << 20,
            file_diagnostics: 20,
            named_gaps: 100,
            yaml: yaml::Caps::default(),
            inflate: InflateCaps::default(),
        }
    }
}

/// An input that is no manifest and was found among them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Other {
    /// What it is.
    pub kind: InputKind,
    /// Its path as the user would write it.
    pub path: String,
}

/// What was read; the builder's coverage says it too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManifestsSeen {
    /// Files looked into for manifests, the broken ones among them.
    pub files: u64,
    /// Files of which something could not be read.
    pub broken: u64,
    /// Kubernetes objects.
    pub resources: u64,
    /// Documents that are no Kubernetes objects: values, charts, kustomizations, other configuration.
    pub foreign: u64,
    /// Helm templates, which cannot be read before they are rendered.
    pub templates: u64,
    /// Snapshots taken in.
    pub snapshots: u64,
    /// Inputs of other kinds, for whoever reads those.
    pub others: Vec<Other>,
    /// What standard input held, when it was read: the one text that cannot be read again to find a position.
    pub stdin: Option<Vec<u8>>,
}

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A path leads nowhere.
    #[error("{path}: no such file or folder; {advice}")]
    Missing {
        /// The path.
        path: String,
        /// What to look at.
        advice: String,
    },
    /// A path cannot be looked at.
    #[error("{path}: {source}")]
    Unreadable {
        /// The path.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A pattern is none.
    #[error("{pattern}: is no pattern ({why}); `*`, `?`, `**` and `[abc]` are known")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Why.
        why: String,
    },
    /// A pattern matches nothing.
    #[error("{pattern}: the pattern matches no file; try the folder alone, it is read with all below it")]
    NoMatch {
        /// The pattern.
        pattern: String,
    },
    /// `-` twice.
    #[error("`-` was given twice: there is one standard input")]
    StdinTwice,
}

/// Reads manifests into a builder, so that several inputs become one snapshot.
///
/// `paths` are files, folders (with all below them: `*.yaml`, `*.yml`, `*.json`), patterns, saved snapshots and `-`,
/// which reads `stdin`. What could not be read is in the builder's diagnostics and coverage.
pub fn load_into(
    builder: &mut Builder,
    paths: &[String],
    caps: &ManifestCaps,
    stdin: &mut dyn Read,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<ManifestsSeen, Error> {
    let found = walk(paths, caps)?;
    for (group, kind) in crate::cluster::cluster_scoped_customs() {
        builder.scope(group, kind, false);
    }
    let mut reader = Reader::new(builder, *caps, stdin);
    let total = found.files.len() as u64;
    for (done, file) in (0..).zip(&found.files) {
        progress(Progress::File { path: &file.path, done, total });
        if !reader.file(file) {
            break;
        }
    }
    for path in found.layouts {
        reader.seen.others.push(Other { kind: InputKind::OciLayout, path });
    }
    for (path, why) in found.problems {
        reader.unreadable(&path, &why);
    }
    for path in found.empty {
        reader
            .gap(model::escape(&path).into_owned(), "there is no *.yaml, *.yml or *.json file in it".into());
    }
    if found.cut {
        reader.gap(format!("files after the first {}", caps.files), "there are more than we read".into());
    }
    Ok(reader.finish())
}

/// Reads manifests into a snapshot; objects that name no namespace land in `namespace`.
pub fn read_manifests(
    paths: &[String],
    namespace: &str,
    caps: &ManifestCaps,
    stdin: &mut dyn Read,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(Snapshot, ManifestsSeen), Error> {
    let mut builder = Builder::new(namespace);
    let seen = load_into(&mut builder, paths, caps, stdin, progress)?;
    Ok((builder.build(), seen))
}

/// A gap of something that was asked for.
fn asked(what: String, why: String, help: Option<String>) -> Gap {
    Gap { ring: Ring::Resources, what, why, asked: true, help }
}
