//! An OCI image layout (index.json and blobs) as a place to look in. The caller reads the files.

use crate::{Answer, Ask};
use model::{Digest, Reference};
use oci_spec::image::{ImageIndex, ImageManifest};
use std::collections::BTreeMap;

/// Annotation that names an entry of index.json.
const NAME: &str = "org.opencontainers.image.ref.name";
/// Annotations of a layout that `cosign save` wrote: what an entry is.
const KIND: &str = "kind";
const SAVED_SIGNATURES: &str = "dev.cosignproject.cosign/sigs";
const SAVED_IMAGES: [&str; 2] = ["dev.cosignproject.cosign/image", "dev.cosignproject.cosign/imageIndex"];

/// Why a layout cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// index.json is malformed.
    #[error("index.json is malformed: {0}")]
    Index(String),
}

/// What index.json tells.
#[derive(Clone, Debug)]
pub struct OciLayout {
    /// Names as written, with the digest each stands for.
    names: BTreeMap<String, Digest>,
    /// Every manifest, in order.
    manifests: Vec<Digest>,
    /// Signatures of a layout with one image in it, as `cosign save` writes it.
    saved: Option<Digest>,
    /// Its images, as `cosign save` marks them.
    images: Vec<Digest>,
}

impl OciLayout {
    /// Reads index.json.
    ///
    /// # Errors
    /// When it is no image index.
    pub fn parse(index: &[u8]) -> Result<Self, LayoutError> {
        let index: ImageIndex =
            serde_json::from_slice(index).map_err(|e| LayoutError::Index(e.to_string()))?;
        let mut out = Self { names: BTreeMap::new(), manifests: Vec::new(), saved: None, images: Vec::new() };
        for entry in index.manifests() {
            let Some(digest) = Digest::parse(entry.digest().as_ref()) else { continue };
            let annotations = entry.annotations().clone().unwrap_or_default();
            if annotations.get(KIND).is_some_and(|kind| kind == SAVED_SIGNATURES) {
                out.saved = Some(digest.clone());
            }
            if annotations.get(KIND).is_some_and(|kind| SAVED_IMAGES.contains(&kind.as_str())) {
                out.images.push(digest.clone());
            }
            if let Some(name) = annotations.get(NAME) {
                out.names.insert(name.clone(), digest.clone());
            }
            out.manifests.push(digest);
        }
        Ok(out)
    }

    /// The image of a layout with one image in it.
    pub fn only(&self) -> Option<&Digest> {
        match (self.images.as_slice(), self.manifests.as_slice()) {
            ([only], _) | ([], [only]) => Some(only),
            _ => None,
        }
    }

    /// The digest a reference stands for: the one it is pinned to, its name, its bare tag, or the only entry there is.
    pub fn resolve(&self, reference: &Reference) -> Option<Digest> {
        if let Some(digest) = &reference.digest {
            return Some(digest.clone());
        }
        let tag = reference.tag.as_deref()?;
        let named = self.name(reference, tag).or_else(|| self.names.get(tag));
        match (named, self.manifests.as_slice()) {
            (Some(digest), _) => Some(digest.clone()),
            (None, [only]) if self.names.is_empty() => Some(only.clone()),
            _ => None,
        }
    }

    fn name(&self, reference: &Reference, tag: &str) -> Option<&Digest> {
        let Reference { registry, repository, .. } = reference;
        let hosts =
            if &**registry == "docker.io" { vec!["index.docker.io", "docker.io"] } else { vec![&**registry] };
        hosts.into_iter().find_map(|host| self.names.get(&format!("{host}/{repository}:{tag}")))
    }

    /// Answers what [`crate::verify`] asks, reading blobs by digest with `blob`.
    pub fn answer(
        &self,
        reference: &Reference,
        ask: &Ask,
        blob: &mut dyn FnMut(&Digest) -> Answer,
    ) -> Answer {
        match ask {
            Ask::Blob(digest) | Ask::Manifest(digest) => blob(digest),
            Ask::Tag(tag) => {
                let named = self.name(reference, tag).or_else(|| self.names.get(tag));
                let saved = self.saved.as_ref().filter(|_| tag.ends_with(".sig"));
                named.or(saved).map_or(Answer::Absent, blob)
            }
            Ask::Referrers(digest) => self.referrers(digest, blob),
        }
    }

    /// The index a referrers API would give.
    fn referrers(&self, subject: &Digest, blob: &mut dyn FnMut(&Digest) -> Answer) -> Answer {
        let mut found = Vec::new();
        for digest in &self.manifests {
            // What cannot be read is asked for again, by digest, by whoever needs it.
            let Answer::Found(bytes) = blob(digest) else { continue };
            let Ok(manifest) = serde_json::from_slice::<ImageManifest>(&bytes) else { continue };
            if manifest.subject().as_ref().is_some_and(|s| s.digest().as_ref() == subject.as_str()) {
                found.push(serde_json::json!({
                    "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "digest": digest.as_str(),
                    "size": bytes.len(),
                }));
            }
        }
        if found.is_empty() {
            return Answer::Absent;
        }
        let index = serde_json::json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": found,
        });
        Answer::Found(index.to_string().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, Outcome, PublicKey, Reason, Requirement, verify_with};

    #[test]
    fn names() {
        let digest = |n: u8| format!("sha256:{}", format!("{n:02x}").repeat(32));
        let index = |entries: &[(&str, u8)]| {
            let entry = |(name, n): &(&str, u8)| {
                serde_json::json!({"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest(*n), "size": 1,
                    "annotations": {NAME: name}})
            };
            serde_json::json!({"schemaVersion": 2, "manifests": entries.iter().map(entry).collect::<Vec<_>>()}).to_string()
        };
        let layout = OciLayout::parse(
            index(&[("registry.test/a:1", 1), ("2", 2), ("index.docker.io/library/x:latest", 3)]).as_bytes(),
        )
        .unwrap();
        let resolve = |text: &str| layout.resolve(&text.parse().unwrap()).map(|d| d.to_string());
        assert_eq!(resolve("registry.test/a:1"), Some(digest(1)));
        assert_eq!(resolve("registry.test/b:2"), Some(digest(2)), "a bare tag names whatever is asked for");
        assert_eq!(resolve("x"), Some(digest(3)));
        assert_eq!(resolve("registry.test/a:3"), None);
        assert_eq!(resolve(&format!("registry.test/a@{}", digest(9))), Some(digest(9)));
        assert!(OciLayout::parse(b"{}").is_err() && OciLayout::parse(b"").is_err());
    }

    /// Signatures the real cosign 3.1 made, by the answers of its own `verify`.
    #[test]
    fn corpus() {
        let Some(index) = crate::corpus::read("verify-images/registry/index.json") else { return };
        let layout = OciLayout::parse(&index).unwrap();
        let key = |name: &str| {
            let text = crate::corpus::read(&format!("verify-images/keys/{name}.pub")).unwrap();
            PublicKey::from_pem(&String::from_utf8(text).unwrap())
        };
        let ask = |reference: &str, requirement: &Requirement| {
            let reference: Reference = reference.parse().unwrap();
            let digest = layout.resolve(&reference).unwrap();
            let mut blob = |digest: &Digest| {
                let hex = digest.as_str().strip_prefix("sha256:").unwrap();
                Answer::Found(
                    crate::corpus::read(&format!("verify-images/registry/blobs/sha256/{hex}")).unwrap(),
                )
            };
            let mut look = |ask: &Ask| layout.answer(&reference, ask, &mut blob);
            verify_with(&digest, requirement, &Limits::default(), &mut look).outcome
        };
        let by = |keys: &[&str]| Requirement::by_keys(keys.iter().map(|k| key(k).unwrap()));
        let answer = |reference: &str, keys: &[&str]| match ask(
            &format!("registry.test/your-org/{reference}"),
            &by(keys),
        ) {
            Outcome::Verified { .. } => "verified".to_owned(),
            Outcome::NotVerified { reason } => reason.code().to_owned(),
            Outcome::CouldNotLook { why } => format!("? {}", why.join(" ")),
        };
        for (reference, keys, want) in [
            ("app:signed", &["alpha"][..], "verified"),
            ("app:signed", &["beta"], "wrong-key"),
            ("app:signed", &["beta", "alpha"], "verified"),
            ("app:two", &["beta"], "verified"),
            ("app:two", &["gamma"], "wrong-key"),
            ("app:logged", &["alpha"], "verified"),
            ("app:unsigned", &["alpha"], "no-signature"),
            ("app:other", &["alpha"], "other-image"),
            ("app:scanned", &["alpha"], "no-signature"),
            ("app:bundle", &["alpha"], "verified"),
            ("app:bundle", &["beta"], "wrong-key"),
            ("app:bundle-scan", &["alpha"], "not-an-image-signature"),
            ("app:bundle-junk", &["alpha"], "verified"),
            ("multi:v1", &["alpha"], "verified"),
            ("multi:amd64", &["alpha"], "no-signature"),
        ] {
            assert_eq!(answer(reference, keys), want, "{reference} by {keys:?}");
        }
        assert_eq!(key("rsa").unwrap().algorithm(), "RSA");
        for (value, want) in [("prod", true), ("other", false), ("", false)] {
            let mut requirement = by(&["alpha"]);
            requirement.annotations.insert("env".into(), value.into());
            let outcome = ask("registry.test/your-org/app:noted", &requirement);
            assert_eq!(
                matches!(outcome, Outcome::NotVerified { reason: Reason::AnnotationMissing(_) }),
                !want
            );
        }
    }
}
