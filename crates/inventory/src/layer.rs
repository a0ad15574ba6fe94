//! One layer, read once and on its own: what its files hold and what it takes away from the layers below.

use crate::bounded::{Budget, Inflated, Limit};
use crate::path::{self, PathError};
use crate::tar::{Caps, Kind, Member, Tar};
use crate::{Account, Limits, Packages, Rules, Scope, Search, Secrets, analyzers, beside, owned};
use model::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use std::sync::Arc;

/// Why a layer (or the rest of it) could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LayerError {
    /// A cap of [`Limits`] was hit.
    #[error("over the limit of {0}")]
    Limit(String),
    /// It ends early.
    #[error("it ends early")]
    Truncated,
    /// It is not what it should be.
    #[error("it is corrupt: {0}")]
    Corrupt(String),
    /// It is compressed in a way that is not read.
    #[error("{0}")]
    Unsupported(String),
    /// The source of the bytes failed.
    #[error("it cannot be read: {0}")]
    Source(String),
}

impl From<io::Error> for LayerError {
    fn from(error: io::Error) -> Self {
        if let Some(Limit(what)) = Limit::of(&error) {
            return Self::Limit((*what).to_owned());
        }
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Truncated,
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => Self::Corrupt(error.to_string()),
            io::ErrorKind::Unsupported => Self::Unsupported(error.to_string()),
            _ => Self::Source(error.to_string()),
        }
    }
}

/// Why members without a usable path are dropped.
const ESCAPES: &str = "the path climbs out of the image";
const TOO_LONG: &str = "the path is too long";
/// Why a member whose bytes are not all there is not read.
const HOLES: &str = "it is stored with holes";

impl Layer {
    /// Members that were not looked at because of their path, by reason.
    pub(crate) fn contained(&self) -> impl Iterator<Item = (&str, u64)> {
        let dropped = |why| self.account.dropped.get(why).map(|count| (why, *count));
        [ESCAPES, TOO_LONG].into_iter().filter_map(dropped)
    }
}

/// What became of a file an analyzer wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Content {
    /// Read.
    Found(Packages),
    /// A symbolic link to another path of the image.
    Link(String),
    /// There and not readable, with the reason.
    Unreadable(String),
}

/// What one layer holds. Depends on the layer's bytes alone, so it can be cached by its digest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Digest of the uncompressed bytes; `None` when it could not be read to its end.
    pub diff_id: Option<Digest>,
    /// Uncompressed bytes read.
    pub bytes: u64,
    /// Why it was not read to its end. What was read before counts.
    pub failure: Option<LayerError>,
    /// Where every member went.
    pub account: Account,
    /// Its secrets, when they were looked for. They depend on the rules as well, so they are not kept with the rest.
    #[serde(skip)]
    pub secrets: Option<Secrets>,
    /// Files analyzers want, by path.
    pub(crate) files: BTreeMap<String, Content>,
    /// Paths taken away from the layers below, with all below them.
    pub(crate) whiteouts: Vec<String>,
    /// Directories whose contents in the layers below are hidden.
    pub(crate) opaque: Vec<String>,
    /// Hashes of the paths of everything that is no directory: a directory of the same name below is gone.
    pub(crate) covers: Vec<u64>,
    /// Bytes kept of files for the files beside them.
    #[serde(skip)]
    kept: usize,
}

/// Reads one layer, plain or compressed, to its end or to the first thing that cannot be read. With rules its files are
/// searched for secrets.
pub fn layer(input: &mut dyn Read, limits: &Limits, rules: Option<&Arc<Rules>>) -> Layer {
    let mut out = Layer::default();
    let mut search = rules.map(|rules| Search::new(rules, true, limits));
    let budget = Budget { bytes: limits.layer_bytes, ratio: limits.ratio, free: limits.ratio_free };
    let mut inflated = match Inflated::new(input, budget) {
        Ok(inflated) => inflated,
        Err(error) => return Layer { failure: Some(error.into()), ..out },
    };
    let caps = Caps { entries: limits.entries, extension_bytes: limits.extension_bytes };
    let read = members(&mut Tar::new(&mut inflated, caps), limits, &mut search, &mut out);
    out.secrets = search.map(Search::finish);
    // Some writers pad after the end of the archive; the digest covers that too.
    let read = read.and_then(|()| inflated.drain());
    out.bytes = inflated.inflated_bytes();
    match read {
        Ok(()) => out.diff_id = Digest::parse(&format!("sha256:{}", inflated.finish())),
        Err(error) => out.failure = Some(error.into()),
    }
    out.covers.sort_unstable();
    out.covers.dedup();
    out.finish();
    out
}

impl Layer {
    /// Takes in what an analyzer found in a file.
    pub(crate) fn found(&mut self, path: String, mut found: Packages) {
        beside::admit(&mut found, &mut self.kept);
        self.files.insert(path, Content::Found(found));
    }

    /// Joins what is understood together, now that all files were read.
    pub(crate) fn finish(&mut self) {
        beside::join(self.files.iter_mut().filter_map(|(path, content)| match content {
            Content::Found(found) => Some((path.as_str(), found)),
            _ => None,
        }));
        owned::settle(self.files.values_mut().filter_map(|content| match content {
            Content::Found(found) => Some(found),
            _ => None,
        }));
    }
}

fn members(
    tar: &mut Tar<'_>,
    limits: &Limits,
    search: &mut Option<Search>,
    out: &mut Layer,
) -> io::Result<()> {
    while let Some(member) = tar.next()? {
        out.account.members = out.account.members.saturating_add(1);
        let path = match path::normal(&member.path, limits.path_bytes) {
            Ok(path) => path,
            Err(PathError::Escapes) => {
                out.account.drop(ESCAPES);
                continue;
            }
            Err(PathError::TooLong) => {
                out.account.drop(TOO_LONG);
                continue;
            }
        };
        if whiteout(&path, out) {
            out.account.unmatched = out.account.unmatched.saturating_add(1);
            continue;
        }
        if member.kind != Kind::Directory {
            out.covers.push(cover(&path));
        }
        let search = search.as_mut().and_then(|search| searched(search, &path, &member).then_some(search));
        file(tar, member, path, limits, search, out)?;
    }
    Ok(())
}

/// Notes a whiteout (OCI image specification, "Representing Changes"); whether it is one.
fn whiteout(path: &str, out: &mut Layer) -> bool {
    let Some(name) = path::name(path).strip_prefix(".wh.") else { return false };
    let parent = path::parent(path);
    match name {
        ".wh..opq" => out.opaque.push(parent.to_owned()),
        // Names of aufs' own bookkeeping.
        name if name.starts_with(".wh.") => {}
        "" => {}
        name if parent.is_empty() => out.whiteouts.push(name.to_owned()),
        name => out.whiteouts.push(format!("{parent}/{name}")),
    }
    true
}

/// Whether a member is searched for secrets. What is no file has no bytes of its own.
fn searched(search: &mut Search, path: &str, member: &Member) -> bool {
    match member.kind {
        Kind::File => search.wants(path, member.size),
        Kind::Sparse if search.wants(path, member.size) => {
            search.unreadable(HOLES);
            false
        }
        _ => false,
    }
}

fn file(
    tar: &mut Tar<'_>,
    member: Member,
    path: String,
    limits: &Limits,
    search: Option<&mut Search>,
    out: &mut Layer,
) -> io::Result<()> {
    let wanted = analyzers::of(&path, Scope::Installed);
    if wanted.is_empty() && member.kind == Kind::File && member.executable && member.size > 64 {
        return program(tar, member, path, limits, search, out);
    }
    if wanted.is_empty() || member.kind == Kind::Directory {
        if let Some(search) = search {
            search.file(&path, &mut tar.body())?;
        }
        if !wanted.is_empty() {
            // A directory in place of a file hides the file.
            out.whiteouts.push(path);
        }
        out.account.unmatched = out.account.unmatched.saturating_add(1);
        return Ok(());
    }
    let content = match member.kind {
        Kind::File if member.size > limits.file_bytes => {
            if let Some(search) = search {
                search.file(&path, &mut tar.body())?;
            }
            Content::Unreadable("it is too large".into())
        }
        Kind::File => {
            let mut bytes = Vec::new();
            tar.body().read_to_end(&mut bytes)?;
            if let Some(search) = search {
                search.file(&path, &mut bytes.as_slice())?;
            }
            let mut found = analyzers::run(wanted, &path, &bytes);
            beside::admit(&mut found, &mut out.kept);
            Content::Found(found)
        }
        Kind::Symlink(target) => Content::Link(path::follow(&path, &target)),
        Kind::Hardlink(target) => hardlink(&target, limits, out),
        Kind::Sparse => Content::Unreadable(HOLES.into()),
        Kind::Directory | Kind::Other => Content::Unreadable("it is no file".into()),
    };
    match &content {
        Content::Found(_) | Content::Link(_) => {
            out.account.matched = out.account.matched.saturating_add(1);
        }
        Content::Unreadable(why) => out.account.drop(why),
    }
    out.files.insert(path, content);
    Ok(())
}

/// An executable file: read as a whole only when it begins as a program does.
fn program(
    tar: &mut Tar<'_>,
    member: Member,
    path: String,
    limits: &Limits,
    search: Option<&mut Search>,
    out: &mut Layer,
) -> io::Result<()> {
    let mut bytes = Vec::new();
    tar.body().take(4).read_to_end(&mut bytes)?;
    let is_program = analyzers::program(&bytes);
    let whole = is_program && member.size <= limits.file_bytes;
    let search = match search {
        Some(search) if !whole => {
            search.file(&path, &mut Cursor::new(&bytes).chain(tar.body()))?;
            None
        }
        search => search,
    };
    if !is_program {
        out.account.unmatched = out.account.unmatched.saturating_add(1);
        return Ok(());
    }
    if member.size > limits.file_bytes {
        let why = "it is too large";
        out.account.drop(why);
        out.files.insert(path, Content::Unreadable(why.to_owned()));
        return Ok(());
    }
    bytes.reserve_exact(usize::try_from(member.size).unwrap_or(0));
    tar.body().read_to_end(&mut bytes)?;
    if let Some(search) = search {
        search.file(&path, &mut bytes.as_slice())?;
    }
    let found = analyzers::run(analyzers::of_programs(Scope::Installed), &path, &bytes);
    out.account.matched = out.account.matched.saturating_add(1);
    if found != Packages::default() {
        out.files.insert(path, Content::Found(found));
    }
    Ok(())
}

/// A hard link shares the bytes of an earlier member of the same layer, which are known only if they were wanted too.
fn hardlink(target: &str, limits: &Limits, out: &Layer) -> Content {
    let known = path::normal(target, limits.path_bytes).ok().and_then(|path| out.files.get(&path));
    known
        .cloned()
        .unwrap_or_else(|| Content::Unreadable("it is a hard link to a file that was not read".into()))
}

/// 64 bits of a path.
pub(crate) fn cover(path: &str) -> u64 {
    path.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
