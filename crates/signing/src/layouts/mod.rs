//! Where signatures of an image are kept: one file and one line a storage layout.

use crate::evidence::Evidence;
use crate::verdict::{Reason, Refusal};
use crate::{Ask, Limits, Wanted};
use model::Digest;
use oci_spec::image::{Descriptor, ImageManifest};
use serde::Deserialize;
use serde::de::{Deserializer as _, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::VecDeque;

/// One way of storing signatures beside an image.
#[derive(Debug)]
pub struct Layout {
    /// Stable id, kebab-case.
    pub id: &'static str,
    /// One line: who writes it and where.
    pub about: &'static str,
    /// Whether signatures, and whether attestations, are kept there.
    holds: (bool, bool),
    /// The one place to begin with.
    place: fn(&Digest) -> Ask,
    /// Reads what is there and says what else must be looked at.
    read: fn(&mut Finds<'_>, &[u8]),
}

macro_rules! layouts {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*
        /// Every storage layout, in the order they are asked.
        pub static LAYOUTS: &[&Layout] = &[$(&$name::LAYOUT),*];
    };
}

layouts![referrers, legacy_tag, legacy_attestation_tag, fallback_index];

impl Layout {
    /// Whether something wanted may be kept there.
    pub(crate) fn may_hold(&self, wanted: &Wanted) -> bool {
        match wanted {
            Wanted::Signature => self.holds.0,
            Wanted::Attestation { .. } => self.holds.1,
        }
    }

    pub(crate) fn place(&self, image: &Digest) -> Ask {
        (self.place)(image)
    }

    pub(crate) fn read(&self, finds: &mut Finds<'_>, bytes: &[u8]) {
        (self.read)(finds, bytes);
    }
}

/// Something that must be looked at next.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Job {
    pub(crate) layout: &'static Layout,
    pub(crate) ask: Ask,
    /// Its declared size in bytes.
    pub(crate) size: u64,
    pub(crate) purpose: Purpose,
}

impl PartialEq for Layout {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// What the bytes are for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Purpose {
    /// The first place of a layout.
    Place,
    /// A manifest that refers to the image.
    Manifest,
    /// A bundle.
    Bundle,
    /// A payload whose signature stood in the manifest.
    Simple { signature: Vec<u8>, evidence: Evidence },
    /// An envelope.
    Envelope { evidence: Evidence },
}

/// What one place brought.
pub(crate) struct Finds<'a> {
    pub(crate) wanted: &'a Wanted,
    pub(crate) limits: &'a Limits,
    pub(crate) layout: &'static Layout,
    /// Likeliest first.
    pub(crate) jobs: VecDeque<Job>,
    pub(crate) refused: Vec<Refusal>,
    pub(crate) failures: Vec<String>,
}

const SIMPLE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
/// Annotations that tell beforehand what a bundle or an envelope claims.
const CLAIMS: [&str; 2] = ["dev.sigstore.bundle.predicateType", "predicateType"];

/// A list; its entries are read one by one.
#[derive(Deserialize)]
struct Listing<'a> {
    #[serde(borrow)]
    manifests: &'a RawValue,
}

/// The entries of a list that are well-formed, as `take` keeps them, and how many are not.
struct Entries<F>(F);

impl<'de, F: FnMut(Descriptor, Digest)> Visitor<'de> for Entries<F> {
    type Value = usize;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<usize, A::Error> {
        let mut malformed = 0_usize;
        while let Some(entry) = list.next_element::<&'de RawValue>()? {
            let descriptor = serde_json::from_str::<Descriptor>(entry.get()).ok();
            match descriptor.and_then(|d| Some((Digest::parse(d.digest().as_ref())?, d))) {
                Some((digest, descriptor)) => (self.0)(descriptor, digest),
                None => malformed = malformed.saturating_add(1),
            }
        }
        Ok(malformed)
    }
}

impl<'a> Finds<'a> {
    pub(crate) fn new(wanted: &'a Wanted, limits: &'a Limits, layout: &'static Layout) -> Self {
        let (jobs, refused, failures) = (VecDeque::new(), Vec::new(), Vec::new());
        Self { wanted, limits, layout, jobs, refused, failures }
    }

    /// Reads a list of manifests that refer to the image, likely ones first.
    ///
    /// Labels of the list only order it: Cosign writes the same `artifactType` for everything into a fallback index.
    fn listing(&mut self, bytes: &[u8]) {
        let mut ranked = Vec::new();
        let take = |descriptor: Descriptor, digest| {
            ranked.push((self.rank(&descriptor), digest, descriptor.size()));
        };
        let read = serde_json::from_slice::<Listing<'_>>(bytes).and_then(|listing| {
            serde_json::Deserializer::from_str(listing.manifests.get()).deserialize_seq(Entries(take))
        });
        match read {
            Ok(0) => {}
            Ok(1) => self.fail("an entry of the list of referring manifests is malformed".to_owned()),
            Ok(n) => self.fail(format!("{n} entries of the list of referring manifests are malformed")),
            Err(error) => return self.fail(format!("the list of referring manifests is malformed: {error}")),
        }
        ranked.sort_by_key(|(rank, ..)| *rank);
        if ranked.len() > self.limits.signatures {
            self.fail(format!("{} referring manifests, the rest was not examined", ranked.len()));
            ranked.truncate(self.limits.signatures);
        }
        for (_, digest, size) in ranked {
            self.push(Ask::Manifest(digest), size, Purpose::Manifest);
        }
    }

    /// How unlikely it is that a referring manifest holds what is wanted.
    fn rank(&self, descriptor: &Descriptor) -> u8 {
        let kind = descriptor.artifact_type().as_ref().map(ToString::to_string).unwrap_or_default();
        match self.claimed(descriptor.annotations().as_ref()) {
            Some(true) => 0,
            Some(false) => 3,
            None if crate::bundle::is_kind(&kind) || kind.contains("cosign") => 1,
            None if kind.is_empty() || kind == "application/vnd.oci.empty.v1+json" => 2,
            None => 3,
        }
    }

    /// Whether annotations say that the wanted thing is inside. `None`: they say nothing.
    fn claimed(&self, annotations: Option<&std::collections::HashMap<String, String>>) -> Option<bool> {
        let claim = CLAIMS.iter().find_map(|name| annotations?.get(*name))?;
        Some(match self.wanted {
            Wanted::Signature => claim == crate::statement::SIGN,
            Wanted::Attestation { predicate_type, .. } => claim == predicate_type,
        })
    }

    /// Reads a manifest whose layers are signatures, attestations or bundles.
    pub(crate) fn manifest(&mut self, bytes: &[u8]) -> Result<(), String> {
        let manifest: ImageManifest = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        for (at, layer) in manifest.layers().iter().enumerate() {
            if at >= self.limits.signatures {
                self.fail(format!("more than {at} signatures in one manifest, the rest was not examined"));
                break;
            }
            self.layer(&manifest, layer);
        }
        Ok(())
    }

    fn layer(&mut self, manifest: &ImageManifest, layer: &Descriptor) {
        let Some(digest) = Digest::parse(layer.digest().as_ref()) else {
            return self
                .fail(format!("a signature names its payload by {}, which is no digest", layer.digest()));
        };
        let kind = layer.media_type().to_string();
        let evidence = || Evidence::of(layer.annotations().as_ref());
        let purpose = match kind.as_str() {
            SIMPLE if *self.wanted != Wanted::Signature => {
                return self.refuse(digest, Reason::NotTheAttestation("a signature".to_owned()));
            }
            SIMPLE => match self.signature(layer) {
                Ok(signature) => Purpose::Simple { signature, evidence: evidence() },
                Err(reason) => return self.refuse(digest, reason),
            },
            // An image signature in this form exists in bundles alone.
            _ if kind.contains("dsse") || kind.contains("in-toto") => match self.wanted {
                Wanted::Signature => return self.refuse(digest, Reason::NotAnImageSignature(kind)),
                Wanted::Attestation { .. } if kind == ENVELOPE => Purpose::Envelope { evidence: evidence() },
                Wanted::Attestation { .. } => return self.refuse(digest, Reason::UnknownMediaType(kind)),
            },
            _ if crate::bundle::is_kind(&kind) => Purpose::Bundle,
            _ => return self.refuse(digest, Reason::UnknownMediaType(kind)),
        };
        let claimed = self.claimed(manifest.annotations().as_ref());
        let claimed = claimed.or_else(|| self.claimed(layer.annotations().as_ref()));
        if layer.size() > self.cap() {
            // A large attestation beside an unsigned image does not make it unknown whether it is signed.
            return match (claimed, self.wanted) {
                (Some(false), Wanted::Signature) => {
                    self.refuse(digest, Reason::NotAnImageSignature("a large attestation".to_owned()));
                }
                _ => self.fail(format!("blob {digest}: {} bytes are over the limit", layer.size())),
            };
        }
        self.push(Ask::Blob(digest), layer.size(), purpose);
    }

    fn signature(&self, layer: &Descriptor) -> Result<Vec<u8>, Reason> {
        use base64::Engine as _;
        let text = layer
            .annotations()
            .as_ref()
            .and_then(|all| all.get(SIGNATURE))
            .ok_or(Reason::SignatureMissing)?;
        let standard = &base64::engine::general_purpose::STANDARD;
        standard.decode(text.trim()).map_err(|_| Reason::MalformedSignature)
    }

    /// Bytes of one signature or attestation that are read.
    pub(crate) fn cap(&self) -> u64 {
        match self.wanted {
            Wanted::Signature => self.limits.signature_bytes,
            Wanted::Attestation { .. } => self.limits.attestation_bytes,
        }
    }

    fn push(&mut self, ask: Ask, size: u64, purpose: Purpose) {
        self.jobs.push_back(Job { layout: self.layout, ask, size, purpose });
    }

    pub(crate) fn fail(&mut self, why: String) {
        self.failures.push(format!("{}: {why}", self.layout.id));
    }

    fn refuse(&mut self, payload: Digest, reason: Reason) {
        self.refused.push(Refusal { layout: self.layout.id, payload: Some(payload), reason });
    }
}

/// The tag Cosign derives from a digest: `sha256-<hex>` and a suffix.
pub(crate) fn derived_tag(digest: &Digest, suffix: &str) -> String {
    format!("{}{suffix}", digest.as_str().replacen(':', "-", 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registry() {
        let ids: std::collections::BTreeSet<_> = LAYOUTS.iter().map(|layout| layout.id).collect();
        assert_eq!(ids.len(), LAYOUTS.len());
        assert!(LAYOUTS.iter().all(|l| !l.about.is_empty() && (l.holds.0 || l.holds.1)));
        let likeliest = LAYOUTS.iter().find(|l| l.may_hold(&Wanted::Signature)).unwrap();
        assert_eq!(likeliest.id, "referrers");
    }
}
