//! OCI registries: manifests, blobs, referrers and tags in, signatures out.
//!
//! Semantics: the OCI distribution specification 1.1 with Docker's token flow. Every body is checked against its
//! digest, every answer has a cap and a deadline, and what could not be asked is never the same as what is not there.

mod address;
mod auth;
mod body;
mod challenge;
mod client;
mod connect;
mod docker_config;
mod error;
mod flight;
mod hash;
mod lists;
mod memory;
mod options;
mod push;
mod send;
mod service;
mod stream;

pub use client::Client;
pub use docker_config::{DockerConfig, Secret};
pub use error::Error;
pub use memory::Memory;
pub use options::{Caps, Login, Options, PlainHttp, Proxy};
pub use service::{Question, Told};
pub use stream::{BlobReader, BlobStream};

use bytes::Bytes;
use model::{Digest, Reference};
use std::fmt;
use std::future::Future;
use std::sync::Arc;

/// A repository of a registry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Repository {
    /// Host with port, as in a [`Reference`].
    pub registry: Arc<str>,
    /// Path below it.
    pub path: Arc<str>,
}

impl From<&Reference> for Repository {
    fn from(reference: &Reference) -> Self {
        Self { registry: reference.registry.clone(), path: reference.repository.clone() }
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.path)
    }
}

/// Which manifest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Which {
    /// The one a tag names now.
    Tag(String),
    /// The one with this digest.
    Digest(Digest),
}

impl Which {
    /// The digest of a reference, else its tag, else `latest`.
    pub fn of(reference: &Reference) -> Self {
        match (&reference.digest, &reference.tag) {
            (Some(digest), _) => Self::Digest(digest.clone()),
            (None, tag) => Self::Tag(tag.as_deref().unwrap_or("latest").to_owned()),
        }
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => f.write_str(tag),
            Self::Digest(digest) => f.write_str(digest.as_str()),
        }
    }
}

/// A manifest or index as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Digest of the bytes: computed, never taken from a header.
    pub digest: Digest,
    /// Media type: that of the document, else that of the answer.
    pub media_type: String,
    /// The bytes.
    pub bytes: Bytes,
}

/// What a manifest's bytes are.
#[derive(Clone, Debug, PartialEq)]
pub enum Document {
    /// One image (or artefact).
    Image(Box<oci_spec::image::ImageManifest>),
    /// A list of manifests, one a platform.
    Index(Box<oci_spec::image::ImageIndex>),
}

impl Manifest {
    /// Reads the document; Docker's own media types have the same fields.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn document(&self) -> Result<Document, String> {
        let is_index = self.media_type.ends_with("image.index.v1+json")
            || self.media_type.ends_with("manifest.list.v2+json");
        match is_index {
            true => serde_json::from_slice(&self.bytes).map(|index| Document::Index(Box::new(index))),
            false => serde_json::from_slice(&self.bytes).map(|image| Document::Image(Box::new(image))),
        }
        .map_err(|error| error.to_string())
    }
}

/// What the referrers API lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referrers {
    /// One index with the entries of all pages that were read, unfiltered.
    pub index: Bytes,
    /// Why it is not the whole list, if it is not.
    pub cut: Option<String>,
}

/// What came of pushing a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// Whether the registry said that it lists the manifest as a referrer of its subject.
    pub listed: bool,
}

/// A registry, real ([`Client`]) or in memory ([`Memory`]). `Ok(None)` is "not there", said by a healthy registry.
pub trait Registry: Send + Sync {
    /// A manifest or index, at most `cap` bytes of it.
    fn manifest(
        &self,
        at: &Repository,
        which: &Which,
        cap: u64,
    ) -> impl Future<Output = Result<Option<Manifest>, Error>> + Send;

    /// A small blob, whole, at most `cap` bytes.
    fn blob(
        &self,
        at: &Repository,
        digest: &Digest,
        cap: u64,
    ) -> impl Future<Output = Result<Option<Bytes>, Error>> + Send;

    /// A blob of any size as it comes. `size` is the declared one, if known; a longer or shorter body is an error, and
    /// the digest is checked when the end is reached.
    fn open(
        &self,
        at: &Repository,
        digest: &Digest,
        size: Option<u64>,
    ) -> impl Future<Output = Result<Option<BlobStream>, Error>> + Send;

    /// What the referrers API lists for a digest, at most `cap` bytes; `None`: there is no such API (the fallback tag
    /// may know).
    fn referrers(
        &self,
        at: &Repository,
        digest: &Digest,
        cap: u64,
    ) -> impl Future<Output = Result<Option<Referrers>, Error>> + Send;

    /// Tags, all pages, sorted.
    fn tags(&self, at: &Repository) -> impl Future<Output = Result<Option<Vec<String>>, Error>> + Send;

    /// Pushes a blob unless it is there.
    fn push_blob(
        &self,
        at: &Repository,
        digest: &Digest,
        bytes: Bytes,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Pushes a manifest to a tag or by digest.
    fn push_manifest(
        &self,
        at: &Repository,
        which: &Which,
        media_type: &str,
        bytes: Bytes,
    ) -> impl Future<Output = Result<Pushed, Error>> + Send;

    /// Requests made so far, those for tokens and redirects included.
    fn requests(&self) -> u64;
}
