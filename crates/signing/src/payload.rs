//! The simple signing payload: what a legacy signature is over.
//!
//! Semantics: containers' "simple signing" document as Cosign writes it. `docker-reference` is ignored by design: a
//! copy of image and signature in another repository verifies.

use crate::strict;
use crate::verdict::Reason;
use model::Digest;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// `critical.type` of an image signature.
const TYPE: &str = "cosign container image signature";

#[derive(Deserialize)]
struct Document {
    critical: Critical,
    #[serde(default)]
    optional: Option<BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
struct Critical {
    image: Image,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    digest: String,
}

/// What a payload says, once it is known to be about the wanted image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Payload {
    /// The signer's annotations; values that are no text are left out.
    pub(crate) annotations: BTreeMap<String, String>,
}

impl Payload {
    /// Reads a payload and checks that it is an image signature of `digest`.
    pub(crate) fn read(bytes: &[u8], digest: &Digest) -> Result<Self, Reason> {
        let document: Document = strict::read(bytes).map_err(Reason::MalformedPayload)?;
        if document.critical.kind != TYPE {
            return Err(Reason::NotAnImageSignature(document.critical.kind));
        }
        if document.critical.image.digest != digest.as_str() {
            return Err(Reason::OtherImage(document.critical.image.digest));
        }
        let text = |(key, value)| match value {
            Value::String(text) => Some((key, text)),
            _ => None,
        };
        let annotations = document.optional.unwrap_or_default().into_iter().filter_map(text).collect();
        Ok(Self { annotations })
    }
}

/// Writes a payload, byte for byte as Cosign does.
pub(crate) fn write(
    name: &str,
    digest: &Digest,
    annotations: &BTreeMap<String, String>,
) -> serde_json::Result<Vec<u8>> {
    let optional = if annotations.is_empty() { Value::Null } else { serde_json::json!(annotations) };
    serde_json::to_vec(&serde_json::json!({
        "critical": {
            "identity": {"docker-reference": name},
            "image": {"docker-manifest-digest": digest.as_str()},
            "type": TYPE,
        },
        "optional": optional,
    }))
}
