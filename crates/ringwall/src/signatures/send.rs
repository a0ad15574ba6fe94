//! What signing made, carried to a registry.

use model::{Digest, Reference};
use signing::{Push, SignedBy, Subject};
use sources::registry::{Error, Manifest, Registry, Repository, Which};
use std::time::Duration;

/// Bytes of an image's manifest or index that are read.
const MANIFEST: u64 = 4 << 20;
/// Attempts to get an entry into a fallback index that others write to as well.
const ATTEMPTS: u32 = 5;

/// Why something was not pushed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    #[error(transparent)]
    Registry(#[from] Error),
    #[error(transparent)]
    Made(#[from] signing::SignError),
    #[error("{0}: there is no such image")]
    NoImage(String),
    #[error("tag {0}: others keep writing to it; try again")]
    Contended(String),
}

/// The image a reference means: what is to be signed, and its manifest.
pub(crate) async fn subject(
    registry: &impl Registry,
    reference: &Reference,
) -> Result<(Subject, Manifest), SendError> {
    let at = Repository::from(reference);
    let found = registry.manifest(&at, &Which::of(reference), MANIFEST).await?;
    let manifest = found.ok_or_else(|| SendError::NoImage(reference.to_string()))?;
    let subject = Subject {
        digest: manifest.digest.clone(),
        media_type: manifest.media_type.clone(),
        size: manifest.bytes.len() as u64,
        name: at.to_string(),
    };
    Ok((subject, manifest))
}

/// The manifest at a tag, if there is one.
pub(crate) async fn current(
    registry: &impl Registry,
    at: &Repository,
    tag: &str,
) -> Result<Option<Vec<u8>>, SendError> {
    let found = registry.manifest(at, &Which::Tag(tag.to_owned()), MANIFEST).await?;
    Ok(found.map(|manifest| manifest.bytes.to_vec()))
}

/// Carries out what signing asks for, in order.
pub(crate) async fn push_all(
    registry: &impl Registry,
    at: &Repository,
    pushes: &[Push],
) -> Result<(), SendError> {
    let mut listed = false;
    for push in pushes {
        match push {
            Push::Blob { digest, bytes } => {
                registry.push_blob(at, digest, bytes.clone().into()).await?;
            }
            Push::Manifest { digest, media_type, bytes, tag } => {
                let which = tag.clone().map_or_else(|| Which::Digest(digest.clone()), Which::Tag);
                listed = registry.push_manifest(at, &which, media_type, bytes.clone().into()).await?.listed;
            }
            Push::List { .. } if listed => {}
            Push::List { tag, entry } => list(registry, at, tag, entry).await?,
        }
    }
    Ok(())
}

/// Adds an entry to a fallback index and looks whether it stayed: two who sign at once would overwrite each other.
async fn list(
    registry: &impl Registry,
    at: &Repository,
    tag: &str,
    entry: &serde_json::Value,
) -> Result<(), SendError> {
    for attempt in 0..ATTEMPTS {
        let known = current(registry, at, tag).await?;
        let Some(index) = signing::list(known.as_deref(), entry)? else { return Ok(()) };
        let kind = "application/vnd.oci.image.index.v1+json";
        registry.push_manifest(at, &Which::Tag(tag.to_owned()), kind, index.into()).await?;
        let after = current(registry, at, tag).await?;
        if signing::list(after.as_deref(), entry)?.is_none() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50 << attempt)).await;
    }
    Err(SendError::Contended(tag.to_owned()))
}

/// What was signed, in one line for each image.
pub(crate) struct Sent {
    pub(crate) digest: Digest,
    pub(crate) manifest: Digest,
    pub(crate) signer: SignedBy,
}
