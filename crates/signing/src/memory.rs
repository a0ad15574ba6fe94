//! A repository in memory: the twin of a registry, for tests. It counts what is asked, and lies on demand.

use crate::key::sha256;
use crate::sign::{Push, list};
use crate::{Answer, Ask};
use model::Digest;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Stored {
    manifests: Vec<String>,
    blobs: Vec<String>,
    tags: BTreeMap<String, String>,
}

/// One repository of a registry.
#[derive(Clone, Debug, Default)]
pub struct Repository {
    /// Whether the registry lists referrers itself.
    pub native_referrers: bool,
    /// Everything that was asked, in order.
    pub asked: Vec<Ask>,
    manifests: BTreeMap<Digest, Vec<u8>>,
    blobs: BTreeMap<Digest, Vec<u8>>,
    tags: BTreeMap<String, Digest>,
    faults: BTreeMap<Ask, Answer>,
}

impl Repository {
    /// An empty one.
    pub fn new(native_referrers: bool) -> Self {
        Self { native_referrers, ..Self::default() }
    }

    /// Answers, and counts the question.
    pub fn answer(&mut self, ask: &Ask) -> Answer {
        self.asked.push(ask.clone());
        if let Some(fault) = self.faults.get(ask) {
            return fault.clone();
        }
        let found = match ask {
            Ask::Tag(tag) => self.tags.get(tag).and_then(|digest| self.manifests.get(digest)).cloned(),
            Ask::Manifest(digest) => self.manifests.get(digest).cloned(),
            Ask::Blob(digest) => self.blobs.get(digest).cloned(),
            Ask::Referrers(_) if !self.native_referrers => None,
            Ask::Referrers(digest) => Some(self.referrers(digest)),
        };
        found.map_or(Answer::Absent, Answer::Found)
    }

    /// From now on answers this to that.
    pub fn fault(&mut self, ask: Ask, answer: Answer) {
        self.faults.insert(ask, answer);
    }

    /// What a tag names, unasked.
    pub fn tagged(&self, ask: &Ask) -> Option<Vec<u8>> {
        let Ask::Tag(tag) = ask else { return None };
        self.tags.get(tag).and_then(|digest| self.manifests.get(digest)).cloned()
    }

    /// Carries out what signing asks for.
    pub fn push_all(&mut self, pushes: &[Push]) {
        for push in pushes {
            match push {
                Push::Blob { digest, bytes } => {
                    self.blobs.insert(digest.clone(), bytes.clone());
                }
                Push::Manifest { digest, bytes, tag, .. } => {
                    self.manifests.insert(digest.clone(), bytes.clone());
                    if let Some(tag) = tag {
                        self.tags.insert(tag.clone(), digest.clone());
                    }
                }
                Push::List { .. } if self.native_referrers => {}
                Push::List { tag, entry } => {
                    let current = self.tagged(&Ask::Tag(tag.clone()));
                    if let Ok(Some(bytes)) = list(current.as_deref(), entry) {
                        self.tag(tag, bytes);
                    }
                }
            }
        }
    }

    /// Puts a manifest at a tag.
    pub fn tag(&mut self, tag: &str, bytes: Vec<u8>) {
        if let Some(digest) = sha256(&bytes) {
            self.manifests.insert(digest.clone(), bytes);
            self.tags.insert(tag.to_owned(), digest);
        }
    }

    /// Reads a repository from JSON: `manifests` and `blobs` as lists of texts, `tags` with the digest of each.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn load(json: &[u8], native_referrers: bool) -> Result<Self, String> {
        let stored: Stored = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        let named = |texts: Vec<String>| {
            texts.into_iter().filter_map(|text| Some((sha256(text.as_bytes())?, text.into_bytes()))).collect()
        };
        let tag = |(tag, text): (String, String)| Some((tag, Digest::parse(&text)?));
        Ok(Self {
            native_referrers,
            manifests: named(stored.manifests),
            blobs: named(stored.blobs),
            tags: stored.tags.into_iter().filter_map(tag).collect(),
            ..Self::default()
        })
    }

    /// Writes a repository as [`Repository::load`] reads it. What is no text is left out.
    pub fn store(&self) -> Value {
        let texts = |all: &BTreeMap<Digest, Vec<u8>>| {
            all.values().filter_map(|bytes| String::from_utf8(bytes.clone()).ok()).collect::<Vec<_>>()
        };
        let tags: BTreeMap<_, _> = self.tags.iter().map(|(tag, digest)| (tag, digest.as_str())).collect();
        json!({"blobs": texts(&self.blobs), "manifests": texts(&self.manifests), "tags": tags})
    }

    fn referrers(&self, subject: &Digest) -> Vec<u8> {
        let entry = |(digest, bytes): (&Digest, &Vec<u8>)| {
            let manifest: Value = serde_json::from_slice(bytes).ok()?;
            let named = manifest.pointer("/subject/digest")?.as_str()?;
            (named == subject.as_str()).then(|| {
                json!({
                    "annotations": manifest.get("annotations").cloned().unwrap_or_else(|| json!({})),
                    "artifactType": manifest.get("artifactType").cloned().unwrap_or_default(),
                    "digest": digest.as_str(),
                    "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "size": bytes.len(),
                })
            })
        };
        let manifests: Vec<_> = self.manifests.iter().filter_map(entry).collect();
        json!({
            "manifests": manifests,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "schemaVersion": 2,
        })
        .to_string()
        .into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_and_lies() {
        let mut repository = Repository::default();
        repository.tag("v1", b"{}".to_vec());
        let ask = Ask::Tag("v1".into());
        assert_eq!(repository.answer(&ask), Answer::Found(b"{}".to_vec()));
        repository.fault(ask.clone(), Answer::Failed("429".into()));
        assert_eq!(repository.answer(&ask), Answer::Failed("429".into()));
        assert_eq!(repository.answer(&Ask::Tag("v2".into())), Answer::Absent);
        assert_eq!(repository.asked.len(), 3);
        let again = Repository::load(repository.store().to_string().as_bytes(), true).unwrap();
        assert_eq!(again.tagged(&ask), Some(b"{}".to_vec()));
        assert!(Repository::load(b"{}", true).is_err());
    }
}
