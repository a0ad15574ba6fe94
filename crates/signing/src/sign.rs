//! Signatures and attestations made: what must be pushed, as values. Nothing is pushed here.
//!
//! Forms: Cosign 3's bundle (a manifest with the image as subject) and Cosign 2's `.sig` and `.att` tags. `docs` of the
//! formats: the OCI distribution and image specifications 1.1 and Cosign's own files, which these equal field by field.

use crate::draft::{Credential, Draft};
use crate::key::sha256;
use crate::layouts::derived_tag;
use crate::{Ask, PrivateKey, PrivateKeyError, Reason, bundle, payload};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::Digest;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Most manifests of one index that are signed with it.
const CHILDREN: usize = 1_000;
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub(crate) const SIMPLE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
pub(crate) const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The key cannot sign.
    #[error(transparent)]
    Key(#[from] PrivateKeyError),
    /// What is there already cannot be added to, so it is left alone.
    #[error("{what} cannot be added to: {why}")]
    Existing {
        /// What it is.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// What was made cannot be written.
    #[error("cannot be written: {0}")]
    Write(#[from] serde_json::Error),
    /// The log cannot be asked, or did not enter this signature.
    #[error("the transparency log: {0}")]
    Log(String),
    /// The certificate authority did not certify the key.
    #[error("the certificate authority: {0}")]
    Authority(String),
    /// The timestamp authority gave no time stamp.
    #[error("the timestamp authority: {0}")]
    Stamp(String),
    /// What was made does not verify, so it is not given away.
    #[error("what was signed does not verify, so it is not given away: {reason} [{code}]", code = .reason.code())]
    Proof {
        /// Why whoever verifies would refuse it.
        reason: Reason,
    },
    /// Another form is wanted than the one that was made.
    #[error("a signature in this form is kept elsewhere")]
    NoBundle,
    /// The image is named by a digest of another kind than SHA-256.
    #[error("{0} is no SHA-256 digest")]
    Digest(String),
}

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Digest of the manifest or index.
    pub digest: Digest,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// Registry and repository, as the signature will name them (`registry.test/team/app`).
    pub name: String,
}

/// One thing to push to the repository of the signatures, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Push {
    /// A blob, unless it is there.
    Blob {
        /// Its digest.
        digest: Digest,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// A manifest.
    Manifest {
        /// Its digest.
        digest: Digest,
        /// Its media type.
        media_type: &'static str,
        /// Its bytes.
        bytes: Vec<u8>,
        /// The tag it gets; none: it is pushed by digest.
        tag: Option<String>,
    },
    /// Where the registry does not list referrers itself (its answer to the manifest names no subject): add this entry
    /// to the index at the tag with [`list`], and look whether it is still there after the push.
    List {
        /// Tag of the index.
        tag: String,
        /// The entry, a descriptor.
        entry: Value,
    },
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The digest that was signed.
    pub digest: Digest,
    /// Digest of the manifest that holds the signature.
    pub manifest: Digest,
    /// What must be pushed, in order.
    pub pushes: Vec<Push>,
}

/// Signs an image as Cosign 3 does, with a key alone. `created` is the time now, in RFC 3339.
///
/// # Errors
/// When the key cannot sign.
pub fn sign(
    subject: &Subject,
    key: &PrivateKey,
    annotations: &BTreeMap<String, String>,
    created: &str,
) -> Result<Signed, SignError> {
    Draft::sign(subject, Credential::key(key), annotations)?.finish(None, created)
}

/// Makes an attestation of an image as Cosign 3 does, with a key alone.
///
/// # Errors
/// When the key cannot sign.
pub fn attest(
    subject: &Subject,
    key: &PrivateKey,
    predicate_type: &str,
    predicate: Value,
    created: &str,
) -> Result<Signed, SignError> {
    Draft::attest(subject, Credential::key(key), predicate_type, predicate, false)?.finish(None, created)
}

/// Signs an image as Cosign 2 does, with a key alone. `current` is the manifest at [`legacy_place`], if there is one: the
/// signature is added to those in it.
///
/// # Errors
/// When the key cannot sign, or `current` is no manifest.
pub fn sign_legacy(
    subject: &Subject,
    key: &PrivateKey,
    annotations: &BTreeMap<String, String>,
    current: Option<&[u8]>,
) -> Result<Signed, SignError> {
    Draft::sign_legacy(subject, Credential::key(key), annotations)?.finish(current, "")
}

/// Makes an attestation of an image as Cosign 2 does, with a key alone. `current` as with [`sign_legacy`].
///
/// # Errors
/// As [`sign_legacy`].
pub fn attest_legacy(
    subject: &Subject,
    key: &PrivateKey,
    predicate_type: &str,
    predicate: Value,
    current: Option<&[u8]>,
) -> Result<Signed, SignError> {
    Draft::attest(subject, Credential::key(key), predicate_type, predicate, true)?.finish(current, "")
}

/// Where [`sign_legacy`] (`false`) or [`attest_legacy`] (`true`) adds to what is there.
pub fn legacy_place(digest: &Digest, attestation: bool) -> Ask {
    Ask::Tag(derived_tag(digest, if attestation { ".att" } else { ".sig" }))
}

/// The payload Cosign most likely signed for an image of this name, with its digest: where a signature names that
/// digest, its payload need not be fetched.
pub fn likely_payload(name: &str, digest: &Digest) -> Option<(Digest, Vec<u8>)> {
    blob(payload::write(name, digest, &BTreeMap::new()).ok()?).ok()
}

/// The manifests of an index, to be signed each for itself: a signature of the index says nothing of them, since a pod
/// pulls one of them.
///
/// # Errors
/// When it is no index, or too long.
pub fn children(index: &[u8], name: &str) -> Result<Vec<Subject>, SignError> {
    let existing = |why: String| SignError::Existing { what: "the index".to_owned(), why };
    let index: oci_spec::image::ImageIndex =
        serde_json::from_slice(index).map_err(|e| existing(e.to_string()))?;
    if index.manifests().len() > CHILDREN {
        return Err(existing(format!("more than {CHILDREN} manifests")));
    }
    let child = |entry: &oci_spec::image::Descriptor| {
        let digest = Digest::parse(entry.digest().as_ref());
        let digest = digest.ok_or_else(|| SignError::Digest(entry.digest().to_string()))?;
        Ok(Subject {
            digest,
            media_type: entry.media_type().to_string(),
            size: entry.size(),
            name: name.to_owned(),
        })
    };
    index.manifests().iter().map(child).collect()
}

/// The fallback index with an entry added; `None`: it is there already. `current` is the index as it stands, if any.
///
/// # Errors
/// When `current` is no index; it is then better left alone.
pub fn list(current: Option<&[u8]>, entry: &Value) -> Result<Option<Vec<u8>>, SignError> {
    let existing = |why: String| SignError::Existing { what: "the fallback index".to_owned(), why };
    let mut index = match current {
        Some(bytes) => serde_json::from_slice(bytes).map_err(|e| existing(e.to_string()))?,
        None => json!({"manifests": [], "mediaType": INDEX, "schemaVersion": 2}),
    };
    let Some(manifests) = index.get_mut("manifests").and_then(Value::as_array_mut) else {
        return Err(existing("it has no list of manifests".to_owned()));
    };
    if manifests.iter().any(|known| known.get("digest") == entry.get("digest")) {
        return Ok(None);
    }
    manifests.push(entry.clone());
    Ok(Some(serde_json::to_vec(&index)?))
}

/// A digest as statements write it.
pub(crate) fn algorithm_and_hex(digest: &Digest) -> Result<BTreeMap<String, String>, SignError> {
    let hex = digest.as_str().strip_prefix("sha256:").ok_or_else(|| SignError::Digest(digest.to_string()))?;
    Ok(BTreeMap::from([("sha256".to_owned(), hex.to_owned())]))
}

/// A bundle in a manifest that refers to the image.
pub(crate) fn in_bundle(
    subject: &Subject,
    text: Vec<u8>,
    predicate_type: &str,
    created: &str,
) -> Result<Signed, SignError> {
    let config = blob(b"{}".to_vec())?;
    let layer = blob(text)?;
    let annotations = json!({
        "dev.sigstore.bundle.content": "dsse-envelope",
        "dev.sigstore.bundle.predicateType": predicate_type,
        "org.opencontainers.image.created": created,
    });
    let manifest = serde_json::to_vec(&json!({
        "annotations": annotations,
        "artifactType": bundle::KIND,
        "config": descriptor(EMPTY, &config),
        "layers": [descriptor(bundle::KIND, &layer)],
        "mediaType": MANIFEST,
        "schemaVersion": 2,
        "subject": {"digest": subject.digest.as_str(), "mediaType": subject.media_type, "size": subject.size},
    }))?;
    let (digest, bytes) = blob(manifest)?;
    let entry = json!({
        "annotations": annotations,
        "artifactType": bundle::KIND,
        "digest": digest.as_str(),
        "mediaType": MANIFEST,
        "size": bytes.len(),
    });
    let pushes = vec![
        Push::Blob { digest: config.0, bytes: config.1 },
        Push::Blob { digest: layer.0, bytes: layer.1 },
        Push::Manifest { digest: digest.clone(), media_type: MANIFEST, bytes, tag: None },
        Push::List { tag: derived_tag(&subject.digest, ""), entry },
    ];
    Ok(Signed { digest: subject.digest.clone(), manifest: digest, pushes })
}

/// Adds a layer to the image at a tag derived from the subject.
pub(crate) fn in_tag(
    subject: &Subject,
    suffix: &str,
    kind: &str,
    bytes: Vec<u8>,
    annotations: Value,
    current: Option<&[u8]>,
) -> Result<Signed, SignError> {
    let tag = derived_tag(&subject.digest, suffix);
    let existing = |why: String| SignError::Existing { what: format!("tag {tag}"), why };
    let layer = blob(bytes)?;
    let mut layers = match current {
        Some(bytes) => {
            let manifest: Value = serde_json::from_slice(bytes).map_err(|e| existing(e.to_string()))?;
            let layers = manifest.get("layers").and_then(Value::as_array).cloned();
            layers.ok_or_else(|| existing("it has no layers".to_owned()))?
        }
        None => Vec::new(),
    };
    let entry = json!({
        "annotations": annotations,
        "digest": layer.0.as_str(),
        "mediaType": kind,
        "size": layer.1.len(),
    });
    if !layers.contains(&entry) {
        layers.push(entry);
    }
    // An image like any other, so that registries that know no artefacts take it.
    let ids: Vec<_> = layers.iter().map(|l| l.get("digest").cloned().unwrap_or_default()).collect();
    let config = blob(serde_json::to_vec(&json!({
        "architecture": "",
        "config": {},
        "os": "",
        "rootfs": {"diff_ids": ids, "type": "layers"},
    }))?)?;
    let manifest = blob(serde_json::to_vec(&json!({
        "config": descriptor(CONFIG, &config),
        "layers": layers,
        "mediaType": MANIFEST,
        "schemaVersion": 2,
    }))?)?;
    let pushes = vec![
        Push::Blob { digest: layer.0, bytes: layer.1 },
        Push::Blob { digest: config.0, bytes: config.1 },
        Push::Manifest {
            digest: manifest.0.clone(),
            media_type: MANIFEST,
            bytes: manifest.1,
            tag: Some(tag.clone()),
        },
    ];
    Ok(Signed { digest: subject.digest.clone(), manifest: manifest.0, pushes })
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn blob(bytes: Vec<u8>) -> Result<(Digest, Vec<u8>), SignError> {
    let digest = sha256(&bytes).ok_or_else(|| SignError::Digest(String::new()))?;
    Ok((digest, bytes))
}

fn descriptor(kind: &str, (digest, bytes): &(Digest, Vec<u8>)) -> Value {
    json!({"digest": digest.as_str(), "mediaType": kind, "size": bytes.len()})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Repository;
    use crate::verify::made::{image, private, public, subject};
    use crate::{Answer, Limits, Outcome, Requirement, Verdict, Wanted, verify_with};

    const VULN: &str = "https://cosign.sigstore.dev/attestation/vuln/v1";

    fn outcome(repository: &mut Repository, requirement: &Requirement) -> Verdict {
        verify_with(&image(), requirement, &Limits::default(), &mut |ask| repository.answer(ask))
    }

    fn wanted(predicate_type: &str, every: bool) -> Requirement {
        let wanted = Wanted::Attestation { predicate_type: predicate_type.to_owned(), every };
        Requirement { wanted, ..Requirement::by_keys([public(1)]) }
    }

    fn layout(verdict: &Verdict) -> &'static str {
        match &verdict.outcome {
            Outcome::Verified { layout, .. } => layout,
            Outcome::NotVerified { reason } => reason.code(),
            Outcome::CouldNotLook { .. } => "could-not-look",
        }
    }

    #[test]
    fn what_is_signed_verifies_in_every_layout() {
        let notes = BTreeMap::from([("env".to_owned(), "prod".to_owned())]);
        for (native, legacy, want) in
            [(true, false, "referrers"), (false, false, "fallback-index"), (true, true, "legacy-tag")]
        {
            let mut repository = Repository::new(native);
            for seed in [2, 1, 1] {
                let current = repository.tagged(&legacy_place(&image(), false));
                let signed = match legacy {
                    true => sign_legacy(&subject(), &private(seed), &notes, current.as_deref()),
                    false => sign(&subject(), &private(seed), &notes, "2026-11-25T00:00:00Z"),
                };
                repository.push_all(&signed.unwrap().pushes);
            }
            let requirement = Requirement { annotations: notes.clone(), ..Requirement::by_keys([public(1)]) };
            assert_eq!(layout(&outcome(&mut repository, &requirement)), want);
            assert_eq!(layout(&outcome(&mut repository, &Requirement::by_keys([public(3)]))), "wrong-key");
            let attested = layout(&outcome(&mut repository, &wanted(VULN, false)));
            assert_eq!(attested, if legacy { "no-signature" } else { "not-the-attestation" });
            let mut other = requirement.clone();
            other.annotations.insert("env".into(), "test".into());
            assert_eq!(layout(&outcome(&mut repository, &other)), "annotation-missing");
        }
    }

    #[test]
    fn attestations_are_told_from_signatures_and_from_each_other() {
        for (native, legacy, want) in [
            (true, false, "referrers"),
            (false, false, "fallback-index"),
            (true, true, "legacy-attestation-tag"),
        ] {
            let mut repository = Repository::new(native);
            for score in [1, 2] {
                let predicate = json!({"score": score});
                let current = repository.tagged(&legacy_place(&image(), true));
                let signed = match legacy {
                    true => attest_legacy(&subject(), &private(1), VULN, predicate, current.as_deref()),
                    false => attest(&subject(), &private(1), VULN, predicate, "2026-11-25T00:00:00Z"),
                };
                repository.push_all(&signed.unwrap().pushes);
            }
            let first = outcome(&mut repository, &wanted(VULN, false));
            assert_eq!((layout(&first), first.attestations.len()), (want, 1));
            let every = outcome(&mut repository, &wanted(VULN, true));
            assert_eq!((layout(&every), every.attestations.len()), (want, 2));
            assert_eq!(
                layout(&outcome(&mut repository, &wanted("https://spdx.dev/Document", false))),
                "not-the-attestation"
            );
            let unsigned = layout(&outcome(&mut repository, &Requirement::by_keys([public(1)])));
            assert_eq!(unsigned, if legacy { "no-signature" } else { "not-an-image-signature" });
        }
    }

    #[test]
    fn every_attestation_means_every() {
        let mut repository = Repository::new(true);
        let signed = attest(&subject(), &private(1), VULN, json!({}), "2026-11-25T00:00:00Z").unwrap();
        repository.push_all(&signed.pushes);
        repository.fault(legacy_place(&image(), true), Answer::Failed("503".into()));
        assert_eq!(layout(&outcome(&mut repository, &wanted(VULN, false))), "referrers");
        assert_eq!(layout(&outcome(&mut repository, &wanted(VULN, true))), "could-not-look");
    }

    #[test]
    fn additions_keep_what_is_there() {
        let entry = json!({"digest": "sha256:1", "mediaType": MANIFEST, "size": 1});
        let one = list(None, &entry).unwrap().unwrap();
        assert!(list(Some(&one), &entry).unwrap().is_none(), "it is there already");
        let two = list(Some(&one), &json!({"digest": "sha256:2"})).unwrap().unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&two).unwrap()["manifests"].as_array().unwrap().len(), 2);
        for broken in [&b"<html>"[..], b"{}", b"[]"] {
            assert!(list(Some(broken), &entry).is_err());
            assert!(sign_legacy(&subject(), &private(1), &BTreeMap::new(), Some(broken)).is_err());
        }
    }

    #[test]
    fn children_of_an_index() {
        let children = |text: &str| children(text.as_bytes(), "registry.test/app");
        let one = format!(
            r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"{MANIFEST}","digest":"{}","size":3}}]}}"#,
            image()
        );
        assert_eq!(children(&one).unwrap()[0].digest, image());
        assert!(children("{}").is_err());
    }
}
