//! Images under their many names, and when two names mean one image.
//!
//! A manifest names a tag. A pod's status names the index digest on one runtime, the platform manifest's or the
//! config's on another. A scan report carries config digest and repository digests. Digests are joined by content:
//! an index contains manifests, a manifest contains a config. Tags move, so a join through a tag alone is assumed.

use crate::{Confidence, Source};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// A content address: `sha256:` and 64 hex digits (or `sha512:` and 128), lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest(Arc<str>);

impl Digest {
    /// Reads a digest; `None` when algorithm or length is wrong.
    pub fn parse(text: &str) -> Option<Self> {
        let (algorithm, hex) = text.split_once(':')?;
        let length = match algorithm {
            "sha256" => 64,
            "sha384" => 96,
            "sha512" => 128,
            _ => return None,
        };
        let lower = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        (hex.len() == length && hex.bytes().all(lower)).then(|| Self(text.into()))
    }

    /// `algorithm:hex`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no image reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an image reference: {reason}")]
pub struct ParseReferenceError {
    reason: &'static str,
}

/// An image reference as OCI distribution writes it, normalised as Docker does.
///
/// `nginx` is `docker.io/library/nginx` with no tag; a missing tag and digest means `latest`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reference {
    /// Registry host with port.
    pub registry: Arc<str>,
    /// Repository path.
    pub repository: Arc<str>,
    /// Tag; `None` when only a digest was written.
    pub tag: Option<Arc<str>>,
    /// Digest, when pinned.
    pub digest: Option<Digest>,
}

impl std::str::FromStr for Reference {
    type Err = ParseReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = |reason| ParseReferenceError { reason };
        if text.is_empty() || text.len() > 1024 {
            return Err(bad("empty or too long"));
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => {
                (rest, Some(Digest::parse(digest).ok_or(bad("the digest is malformed"))?))
            }
            None => (text, None),
        };
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (rest, None),
        };
        let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
        if tag.is_some_and(|t| {
            t.is_empty() || t.len() > 128 || !t.bytes().all(word) || t.starts_with(['.', '-'])
        }) {
            return Err(bad("the tag is malformed"));
        }
        let (registry, repository) = match name.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path.to_owned()),
            Some(_) => ("docker.io", name.to_owned()),
            None => ("docker.io", format!("library/{name}")),
        };
        let registry = if registry == "index.docker.io" { "docker.io" } else { registry };
        let repository = match repository.split_once('/') {
            None if registry == "docker.io" => format!("library/{repository}"),
            _ => repository,
        };
        let part = |p: &str| {
            !p.is_empty()
                && p.bytes().all(|b| word(b) && !b.is_ascii_uppercase())
                && !p.starts_with(['.', '-', '_'])
        };
        if !repository.split('/').all(part) {
            return Err(bad("the repository is malformed"));
        }
        let host = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
        if registry.is_empty() || !registry.bytes().all(host) {
            return Err(bad("the registry is malformed"));
        }
        let tag = match (tag, &digest) {
            (Some(tag), _) => Some(tag.into()),
            (None, Some(_)) => None,
            (None, None) => Some("latest".into()),
        };
        Ok(Self { registry: registry.into(), repository: repository.into(), tag, digest })
    }
}

impl Reference {
    /// `registry/repository:tag`, without digest.
    pub fn tagged(&self) -> Option<String> {
        self.tag.as_ref().map(|tag| format!("{}/{}:{tag}", self.registry, self.repository))
    }

    /// The last part of the repository with its tag: what a person calls the image.
    pub fn familiar(&self) -> String {
        let name = self.repository.rsplit('/').next().unwrap_or(&self.repository);
        match (&self.tag, &self.digest) {
            (Some(tag), _) => format!("{name}:{tag}"),
            (None, Some(digest)) => {
                format!("{name}@{}", digest.as_str().get(..19).unwrap_or(digest.as_str()))
            }
            (None, None) => name.to_owned(),
        }
    }

    /// Whether someone who may push can change what this reference means.
    pub fn mutable(&self) -> bool {
        self.digest.is_none()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

/// What one source knows of one image. Any part may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ImageId {
    /// As written, tag or digest.
    pub reference: Option<Reference>,
    /// Digests of image indexes it was seen under.
    pub index: Vec<Digest>,
    /// Digests of the platform's manifest.
    pub manifest: Vec<Digest>,
    /// Digest of the config.
    pub config: Vec<Digest>,
    /// Digests whose role the source does not tell (a pod's `imageID`, a repository digest).
    pub unknown: Vec<Digest>,
}

impl ImageId {
    /// An image named by a reference alone.
    pub fn from_reference(reference: Reference) -> Self {
        Self { reference: Some(reference), ..Self::default() }
    }

    /// An image as a container's status names it: `image` and `imageID`.
    pub fn from_status(image: &str, image_id: &str) -> Self {
        let digest = |text: &str| Digest::parse(text.rsplit_once('@').map_or(text, |(_, digest)| digest));
        let image_id = image_id.rsplit_once("://").map_or(image_id, |(_, id)| id);
        // Some runtimes put the config digest where the name should be.
        let named = image.parse().ok();
        let mut unknown: Vec<Digest> = digest(image_id).into_iter().collect();
        if named.is_none() {
            unknown.extend(digest(image));
        }
        Self { reference: named, unknown, ..Self::default() }
    }

    /// Every digest, the pinned one included.
    pub fn digests(&self) -> impl Iterator<Item = &Digest> {
        let pinned = self.reference.iter().filter_map(|r| r.digest.as_ref());
        pinned.chain(&self.index).chain(&self.manifest).chain(&self.config).chain(&self.unknown)
    }
}

impl fmt::Display for ImageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.reference, self.digests().next()) {
            (Some(reference), _) => write!(f, "{reference}"),
            (None, Some(digest)) => write!(f, "{digest}"),
            (None, None) => f.write_str("without a name"),
        }
    }
}

/// Whether two names mean one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Join {
    /// They do.
    Same {
        /// How sure; a join through a tag alone is assumed.
        confidence: Confidence,
        /// The digest or tag they share.
        through: String,
    },
    /// They do not: both are known by the same kind of digest, and it differs.
    Different,
    /// Nothing known connects them.
    Unknown,
}

/// What contains what, learned from every source.
#[derive(Clone, Debug, Default)]
pub struct ImageIndex {
    contains: BTreeMap<Digest, BTreeSet<(Digest, Source)>>,
}

/// How far containment is followed: index → manifest → config, once more for nested indexes.
const DEPTH: usize = 4;

impl ImageIndex {
    /// Learns what one source says of one image.
    pub fn learn(&mut self, image: &ImageId, source: Source) {
        let pinned: Vec<Digest> = image.reference.iter().filter_map(|r| r.digest.clone()).collect();
        // From the outside in; a digest of unknown role contains the config, whatever else it is.
        let outer: Vec<&Digest> = image.index.iter().collect();
        let middle: Vec<&Digest> = image.manifest.iter().collect();
        let unknown: Vec<&Digest> = image.unknown.iter().chain(&pinned).collect();
        for index in &outer {
            self.add(index, &image.manifest, source);
            if middle.is_empty() {
                self.add(index, &image.config, source);
            }
        }
        for manifest in &middle {
            self.add(manifest, &image.config, source);
        }
        for digest in unknown {
            self.add(digest, &image.config, source);
        }
    }

    fn add(&mut self, outer: &Digest, inner: &[Digest], source: Source) {
        for digest in inner.iter().filter(|d| *d != outer) {
            self.contains.entry(outer.clone()).or_default().insert((digest.clone(), source));
        }
    }

    /// The digests an image is known by, its contents included, each with how sure.
    ///
    /// An index of several platforms contains each of them, but which one runs is inferred.
    pub fn keys(&self, image: &ImageId) -> BTreeMap<Digest, Confidence> {
        let mut keys = BTreeMap::new();
        let mut todo: Vec<(Digest, Confidence, usize)> =
            image.digests().map(|d| (d.clone(), Confidence::Confirmed, 0)).collect();
        while let Some((digest, confidence, depth)) = todo.pop() {
            if keys.get(&digest).is_some_and(|known| *known >= confidence) {
                continue;
            }
            if let Some(inner) = self.contains.get(&digest).filter(|_| depth < DEPTH) {
                let distinct: BTreeSet<&Digest> = inner.iter().map(|(d, _)| d).collect();
                let sure = if distinct.len() > 1 { confidence.min(Confidence::Inferred) } else { confidence };
                todo.extend(distinct.into_iter().map(|d| (d.clone(), sure, depth + 1)));
            }
            keys.insert(digest, confidence);
        }
        keys
    }

    /// Whether two names mean one image, and through what.
    pub fn join(&self, a: &ImageId, b: &ImageId) -> Join {
        let (left, right) = (self.keys(a), self.keys(b));
        let shared = left
            .iter()
            .filter_map(|(digest, x)| right.get(digest).map(|y| ((*x).min(*y), digest)))
            .max_by(|x, y| x.0.cmp(&y.0).then_with(|| y.1.cmp(x.1)));
        if let Some((confidence, digest)) = shared {
            return Join::Same { confidence, through: digest.to_string() };
        }
        let roles: [fn(&ImageId) -> &Vec<Digest>; 3] = [|i| &i.index, |i| &i.manifest, |i| &i.config];
        if roles.iter().any(|role| !role(a).is_empty() && !role(b).is_empty()) {
            return Join::Different;
        }
        let tag = |image: &ImageId| image.reference.as_ref().and_then(Reference::tagged);
        match (tag(a), tag(b)) {
            (Some(x), Some(y)) if x == y => Join::Same { confidence: Confidence::Assumed, through: x },
            _ => Join::Unknown,
        }
    }
}
