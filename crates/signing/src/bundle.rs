//! Sigstore bundles (protobuf JSON, versions 0.1 to 0.3), as far as they are needed to know what is signed and by what.
//!
//! The proofs inside (log entries, timestamps, certificates) are left to the library behind [`crate::trust`], which
//! reads the same text; here they are only counted, against caps.

use crate::certificate;
use crate::draft::Maker;
use crate::dsse::{self, Envelope};
use crate::strict;
use crate::verdict::Reason;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

/// Most certificates of one chain.
const CHAIN: usize = 10;
/// Most log entries, and most timestamps, of one bundle.
const PROOFS: usize = 16;

/// Media types of bundles, all versions and both spellings.
const KINDS: &[&str] = &[
    "application/vnd.dev.sigstore.bundle.v0.3+json",
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.1",
];

/// The one Cosign writes.
pub(crate) const KIND: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// Whether a media type is a bundle's, of whatever version.
pub(crate) fn is_kind(media_type: &str) -> bool {
    media_type.starts_with("application/vnd.dev.sigstore.bundle")
}

/// A bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bundle {
    /// The text as it came, for the library.
    pub(crate) text: String,
    /// The signing certificate, in DER.
    pub(crate) certificate: Option<Vec<u8>>,
    pub(crate) content: Content,
    /// Number of log entries.
    pub(crate) entries: usize,
}

/// What a bundle is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// A signed document.
    Envelope(Envelope),
    /// A signature over the artefact itself, with the digest it claims to be over.
    Message { algorithm: Option<String>, digest: Vec<u8>, signature: Vec<u8> },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    media_type: String,
    verification_material: Material,
    message_signature: Option<Message>,
    #[serde(borrow)]
    dsse_envelope: Option<dsse::Document<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    certificate: Option<Certificate>,
    x509_certificate_chain: Option<Chain>,
    public_key: Option<IgnoredAny>,
    #[serde(default)]
    tlog_entries: Vec<IgnoredAny>,
    #[serde(default)]
    timestamp_verification_data: Timestamps,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Timestamps {
    #[serde(default)]
    rfc3161_timestamps: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
struct Chain {
    #[serde(default)]
    certificates: Vec<Certificate>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Certificate {
    raw_bytes: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    message_digest: Option<MessageDigest>,
    signature: String,
}

#[derive(Deserialize)]
struct MessageDigest {
    algorithm: Option<String>,
    digest: String,
}

impl Bundle {
    /// Reads a bundle.
    pub(crate) fn read(bytes: Vec<u8>) -> Result<Self, Reason> {
        let text = String::from_utf8(bytes).map_err(|e| Reason::MalformedBundle(e.to_string()))?;
        let malformed = |why: &str| Reason::MalformedBundle(why.to_owned());
        let document: Document<'_> = strict::read(text.as_bytes()).map_err(Reason::MalformedBundle)?;
        if !KINDS.contains(&document.media_type.as_str()) {
            return Err(Reason::UnknownMediaType(document.media_type));
        }
        let material = document.verification_material;
        let entries = material.tlog_entries.len();
        let stamps = material.timestamp_verification_data.rfc3161_timestamps.len();
        if entries > PROOFS || stamps > PROOFS {
            return Err(malformed("more log entries or timestamps than are looked at"));
        }
        let certificate =
            signing_certificate(material.certificate, material.x509_certificate_chain, material.public_key)?;
        let content = match (document.dsse_envelope, document.message_signature) {
            (Some(envelope), None) => Content::Envelope(Envelope::from_document(envelope)?),
            (None, Some(message)) => message.read()?,
            _ => return Err(malformed("it must hold one signature or one envelope")),
        };
        Ok(Self { text, certificate, content, entries })
    }
}

impl Message {
    fn read(self) -> Result<Content, Reason> {
        let signature = STANDARD.decode(&self.signature).map_err(|_| Reason::MalformedSignature)?;
        let (algorithm, digest) = match self.message_digest {
            Some(digest) => (digest.algorithm, digest.digest),
            None => (None, String::new()),
        };
        let digest = STANDARD
            .decode(&digest)
            .map_err(|_| Reason::MalformedBundle("the digest is not base64".to_owned()))?;
        Ok(Content::Message { algorithm, digest, signature })
    }
}

/// The leaf, if the bundle was made with a certificate.
fn signing_certificate(
    one: Option<Certificate>,
    chain: Option<Chain>,
    key: Option<IgnoredAny>,
) -> Result<Option<Vec<u8>>, Reason> {
    let malformed = |why: &str| Reason::MalformedBundle(why.to_owned());
    let chain = match (one, chain, key) {
        (Some(leaf), None, None) => vec![leaf],
        (None, Some(chain), None) => chain.certificates,
        (None, None, Some(_)) => return Ok(None),
        _ => return Err(malformed("it must name one key or one certificate")),
    };
    if chain.len() > CHAIN {
        return Err(malformed("the certificate chain is longer than is looked at"));
    }
    let decode =
        |c: &Certificate| STANDARD.decode(&c.raw_bytes).map_err(|_| malformed("a certificate is not base64"));
    let mut chain = chain.iter().map(decode).collect::<Result<Vec<_>, _>>()?.into_iter();
    let leaf = chain.next().ok_or_else(|| malformed("the certificate chain is empty"))?;
    // Roots are the verifier's to bring; the format forbids them here.
    match chain.any(|der| certificate::is_root(&der)) {
        true => Err(malformed("the certificate chain brings its own root")),
        false => Ok(Some(leaf)),
    }
}

/// What a bundle is written around.
pub(crate) enum Written<'a> {
    /// A signed document.
    Envelope(&'a Envelope),
    /// A signature over the artefact with this SHA-256.
    Message { digest: &'a [u8; 32], signature: &'a [u8] },
}

/// Writes a bundle, in the field order Cosign uses, with the log's entry and the time stamp if there are any. Of a chain
/// the leaf alone goes into it, as version 0.3 wants it: the authorities are the verifier's to bring.
pub(crate) fn write(
    maker: &Maker,
    content: &Written<'_>,
    entry: Option<Value>,
    stamp: Option<&[u8]>,
) -> serde_json::Result<Vec<u8>> {
    let mut material = match maker {
        Maker::Key(key) => json!({"publicKey": {"hint": key.hint()}}),
        Maker::Certificate(chain) => {
            let leaf = chain.first().map(Vec::as_slice).unwrap_or_default();
            json!({"certificate": {"rawBytes": STANDARD.encode(leaf)}})
        }
    };
    if let Some(material) = material.as_object_mut() {
        if let Some(entry) = entry {
            material.insert("tlogEntries".to_owned(), vec![entry].into());
        }
        if let Some(stamp) = stamp {
            let stamps = json!({"rfc3161Timestamps": [{"signedTimestamp": STANDARD.encode(stamp)}]});
            material.insert("timestampVerificationData".to_owned(), stamps);
        }
    }
    let (name, content) = match content {
        Written::Envelope(envelope) => ("dsseEnvelope", json!(envelope.to_document())),
        Written::Message { digest, signature } => (
            "messageSignature",
            json!({
                "messageDigest": {"algorithm": "SHA2_256", "digest": STANDARD.encode(digest)},
                "signature": STANDARD.encode(signature),
            }),
        ),
    };
    serde_json::to_vec(&json!({"mediaType": KIND, "verificationMaterial": material, name: content}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn maker() -> Maker {
        Maker::Key(crate::verify::made::public(1))
    }

    fn bundle(change: impl Fn(&mut Value)) -> Result<Bundle, Reason> {
        let envelope = Envelope {
            payload_type: dsse::IN_TOTO.to_owned(),
            payload: b"{}".to_vec(),
            signatures: vec![b"sig".to_vec()],
        };
        let made = write(&maker(), &Written::Envelope(&envelope), None, None).unwrap();
        let mut value = serde_json::from_slice(&made).unwrap();
        change(&mut value);
        Bundle::read(value.to_string().into_bytes())
    }

    #[test]
    fn shapes() {
        let good = bundle(|_| {}).unwrap();
        assert!(good.certificate.is_none() && matches!(good.content, Content::Envelope(_)));
        let message = write(&maker(), &Written::Message { digest: &[1; 32], signature: b"sig" }, None, None);
        let message = Bundle::read(message.unwrap()).unwrap();
        assert!(matches!(message.content, Content::Message { .. }));
        let certificates =
            |n: usize| serde_json::json!({"certificates": vec![serde_json::json!({"rawBytes": "AAAA"}); n]});
        for (why, result) in [
            ("unknown-media-type", bundle(|b| b["mediaType"] = "x".into())),
            ("malformed-bundle", bundle(|b| b["messageSignature"] = serde_json::json!({"signature": ""}))),
            ("malformed-bundle", bundle(|b| b["dsseEnvelope"] = Value::Null)),
            ("malformed-bundle", bundle(|b| b["verificationMaterial"] = serde_json::json!({}))),
            (
                "malformed-bundle",
                bundle(|b| b["verificationMaterial"]["certificate"] = serde_json::json!({"rawBytes": ""})),
            ),
            (
                "malformed-bundle",
                bundle(|b| {
                    b["verificationMaterial"] = serde_json::json!({"x509CertificateChain": certificates(0)})
                }),
            ),
            (
                "malformed-bundle",
                bundle(|b| {
                    b["verificationMaterial"] =
                        serde_json::json!({"x509CertificateChain": certificates(1000)})
                }),
            ),
            ("malformed-bundle", bundle(|b| b["verificationMaterial"]["tlogEntries"] = vec![1; 1000].into())),
            ("malformed-bundle", Bundle::read(b"{".to_vec())),
        ] {
            assert_eq!(result.unwrap_err().code(), why);
        }
        let chain = bundle(|b| {
            b["verificationMaterial"] = serde_json::json!({"x509CertificateChain": certificates(2)})
        });
        assert_eq!(chain.unwrap().certificate, Some(vec![0; 3]));
    }
}
