//! A registry in memory: the twin of the client, for tests.

use super::hash::{matches, sha256};
use super::{BlobStream, Error, Manifest, Pushed, Referrers, Registry, Repository, Which};
use bytes::Bytes;
use model::Digest;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// A registry in memory. Every call counts as one request.
#[derive(Debug, Default)]
pub struct Memory {
    no_referrers: bool,
    requests: AtomicU64,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    manifests: BTreeMap<(Repository, Digest), (String, Bytes)>,
    tags: BTreeMap<(Repository, String), Digest>,
    blobs: BTreeMap<(Repository, Digest), Bytes>,
}

impl Memory {
    /// An empty registry, with or without the referrers API.
    pub fn new(referrers: bool) -> Self {
        Self { no_referrers: !referrers, ..Self::default() }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Kept) -> T) -> T {
        self.requests.fetch_add(1, Ordering::Relaxed);
        act(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn too_large(at: &Repository, bytes: &Bytes, cap: u64) -> Result<(), Error> {
    match u64::try_from(bytes.len()).unwrap_or(u64::MAX) > cap {
        true => Err(Error::TooLarge { url: at.to_string(), cap }),
        false => Ok(()),
    }
}

impl Registry for Memory {
    async fn manifest(&self, at: &Repository, which: &Which, cap: u64) -> Result<Option<Manifest>, Error> {
        let found = self.with(|kept| {
            let digest = match which {
                Which::Digest(digest) => digest.clone(),
                Which::Tag(tag) => kept.tags.get(&(at.clone(), tag.clone()))?.clone(),
            };
            let (media_type, bytes) = kept.manifests.get(&(at.clone(), digest.clone()))?.clone();
            Some(Manifest { digest, media_type, bytes })
        });
        if let Some(manifest) = &found {
            too_large(at, &manifest.bytes, cap)?;
        }
        Ok(found)
    }

    async fn blob(&self, at: &Repository, digest: &Digest, cap: u64) -> Result<Option<Bytes>, Error> {
        let found = self.with(|kept| kept.blobs.get(&(at.clone(), digest.clone())).cloned());
        if let Some(bytes) = &found {
            too_large(at, bytes, cap)?;
        }
        Ok(found)
    }

    async fn open(
        &self,
        at: &Repository,
        digest: &Digest,
        size: Option<u64>,
    ) -> Result<Option<BlobStream>, Error> {
        let found = self.with(|kept| kept.blobs.get(&(at.clone(), digest.clone())).cloned());
        Ok(found.map(|bytes| BlobStream::of_bytes(digest, bytes, size)))
    }

    async fn referrers(&self, at: &Repository, digest: &Digest, _: u64) -> Result<Option<Referrers>, Error> {
        if self.no_referrers {
            return self.with(|_| Ok(None));
        }
        let entries: Vec<Value> = self.with(|kept| {
            let here = kept.manifests.iter().filter(|((repository, _), _)| repository == at);
            here.filter_map(|((_, own), (media_type, bytes))| {
                let manifest: Value = serde_json::from_slice(bytes).ok()?;
                let named = manifest.pointer("/subject/digest")?.as_str()?;
                (named == digest.as_str()).then(|| {
                    json!({
                        "mediaType": media_type, "digest": own.as_str(), "size": bytes.len(),
                        "artifactType": manifest.get("artifactType").cloned().unwrap_or_default(),
                        "annotations": manifest.get("annotations").cloned().unwrap_or_else(|| json!({})),
                    })
                })
            })
            .collect()
        });
        let kind = "application/vnd.oci.image.index.v1+json";
        let index = json!({"schemaVersion": 2, "mediaType": kind, "manifests": entries}).to_string();
        Ok(Some(Referrers { index: index.into(), cut: None }))
    }

    async fn tags(&self, at: &Repository) -> Result<Option<Vec<String>>, Error> {
        Ok(self.with(|kept| {
            let tags: Vec<_> = kept
                .tags
                .keys()
                .filter(|(repository, _)| repository == at)
                .map(|(_, tag)| tag.clone())
                .collect();
            Some(tags).filter(|tags| !tags.is_empty())
        }))
    }

    async fn push_blob(&self, at: &Repository, digest: &Digest, bytes: Bytes) -> Result<(), Error> {
        if !matches(&bytes, digest) {
            return Err(Error::WrongDigest { url: at.to_string(), want: digest.clone() });
        }
        self.with(|kept| kept.blobs.insert((at.clone(), digest.clone()), bytes));
        Ok(())
    }

    async fn push_manifest(
        &self,
        at: &Repository,
        which: &Which,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<Pushed, Error> {
        let malformed = || Error::Malformed { url: at.to_string(), why: "no digest".to_owned() };
        let digest = sha256(&bytes).ok_or_else(malformed)?;
        if let Which::Digest(want) = which
            && *want != digest
        {
            return Err(Error::WrongDigest { url: at.to_string(), want: want.clone() });
        }
        let has_subject = serde_json::from_slice::<Value>(&bytes).is_ok_and(|m| m.get("subject").is_some());
        self.with(|kept| {
            if let Which::Tag(tag) = which {
                kept.tags.insert((at.clone(), tag.clone()), digest.clone());
            }
            kept.manifests.insert((at.clone(), digest.clone()), (media_type.to_owned(), bytes));
        });
        Ok(Pushed { listed: has_subject && !self.no_referrers })
    }

    fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_pushed_is_there() {
        let memory = Memory::new(true);
        let at = Repository { registry: "registry.test".into(), path: "app".into() };
        let blob = Bytes::from_static(b"layer");
        let digest = sha256(&blob).unwrap();
        memory.push_blob(&at, &digest, blob.clone()).await.unwrap();
        assert_eq!(memory.blob(&at, &digest, 10).await, Ok(Some(blob.clone())));
        assert_eq!(memory.blob(&at, &digest, 1).await.unwrap_err().code(), "too-large");
        let other = sha256(b"other").unwrap();
        assert_eq!(memory.blob(&at, &other, 10).await, Ok(None));
        assert_eq!(memory.push_blob(&at, &other, blob.clone()).await.unwrap_err().code(), "wrong-digest");
        let mut stream = memory.open(&at, &digest, Some(5)).await.unwrap().unwrap();
        assert_eq!(stream.chunk().await, Ok(Some(blob)));
        assert_eq!(stream.chunk().await, Ok(None));

        let manifest = format!(r#"{{"subject":{{"digest":"{digest}"}}}}"#);
        let which = Which::Tag("v1".into());
        let pushed = memory.push_manifest(&at, &which, "m", manifest.clone().into()).await.unwrap();
        assert!(pushed.listed);
        assert_eq!(memory.manifest(&at, &which, 999).await.unwrap().unwrap().bytes, manifest);
        assert_eq!(memory.tags(&at).await, Ok(Some(vec!["v1".to_owned()])));
        let listed = memory.referrers(&at, &digest, 999).await.unwrap().unwrap();
        assert!(String::from_utf8_lossy(&listed.index).contains("artifactType"));
    }
}
