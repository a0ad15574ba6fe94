//! Proofs beside a legacy signature, kept in annotations, rewritten as a bundle so that one library judges both.
//!
//! Semantics: Cosign 2's annotations `certificate`, `chain`, `bundle` (Rekor's signed promise) and `rfc3161timestamp`.

use crate::dsse;
use crate::pem;
use crate::strict;
use crate::verdict::Reason;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;

/// Most certificates of one chain.
const CHAIN: usize = 10;

/// What the annotations of a layer say, as they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Evidence {
    certificate: Option<String>,
    chain: Option<String>,
    entry: Option<String>,
    timestamp: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    signed_entry_timestamp: String,
    payload: Payload,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    body: String,
    integrated_time: i64,
    log_index: u64,
    #[serde(rename = "logID")]
    log_id: String,
}

#[derive(Deserialize)]
struct Kind {
    kind: String,
    #[serde(rename = "apiVersion")]
    version: String,
}

#[derive(Deserialize)]
struct Stamp {
    #[serde(rename = "SignedRFC3161Timestamp")]
    token: String,
}

impl Evidence {
    /// Picks the proofs out of a layer's annotations.
    pub(crate) fn of(annotations: Option<&HashMap<String, String>>) -> Self {
        let get = |name: &str| {
            annotations
                .and_then(|all| all.get(name))
                .filter(|text| !text.is_empty() && *text != "null")
                .cloned()
        };
        Self {
            certificate: get("dev.sigstore.cosign/certificate"),
            chain: get("dev.sigstore.cosign/chain"),
            entry: get("dev.sigstore.cosign/bundle"),
            timestamp: get("dev.sigstore.cosign/rfc3161timestamp"),
        }
    }

    /// What the `--bundle` file of a signed file says beside the signature.
    pub(crate) fn of_file(certificate: Option<String>, entry: Option<String>) -> Self {
        Self { certificate, entry, ..Self::default() }
    }

    /// The proofs of a signature that is being made: its chain in DER, the leaf first, the log's entry as the annotation
    /// holds it, and the time stamp.
    pub(crate) fn made(chain: &[Vec<u8>], entry: Option<String>, stamp: Option<&[u8]>) -> Self {
        let text = |der: &Vec<u8>| pem::write("CERTIFICATE", der);
        let mut texts = chain.iter().map(text);
        let certificate = texts.next();
        let chain: String = texts.collect();
        let timestamp = stamp.map(|stamp| json!({"SignedRFC3161Timestamp": STANDARD.encode(stamp)}));
        Self {
            certificate,
            chain: Some(chain).filter(|chain| !chain.is_empty()),
            entry,
            timestamp: timestamp.map(|stamp| stamp.to_string()),
        }
    }

    /// The annotations of a layer with a signature (in base64, empty for an envelope) and these proofs.
    pub(crate) fn annotations(&self, signature: &str, predicate_type: Option<&str>) -> Value {
        let mut out = serde_json::Map::new();
        let pairs = [
            ("dev.cosignproject.cosign/signature", Some(signature)),
            ("dev.sigstore.cosign/bundle", self.entry.as_deref()),
            ("dev.sigstore.cosign/certificate", self.certificate.as_deref()),
            ("dev.sigstore.cosign/chain", self.chain.as_deref()),
            ("dev.sigstore.cosign/rfc3161timestamp", self.timestamp.as_deref()),
            ("predicateType", predicate_type),
        ];
        for (name, value) in pairs {
            if let Some(value) = value {
                out.insert(name.to_owned(), value.into());
            }
        }
        out.into()
    }

    /// Whether there is an entry of a log.
    pub(crate) fn is_logged(&self) -> bool {
        self.entry.is_some()
    }

    /// The signing certificate, in DER.
    pub(crate) fn certificate(&self) -> Result<Option<Vec<u8>>, Reason> {
        let Some(text) = &self.certificate else { return Ok(None) };
        certificates(text)?.into_iter().next().map(Some).ok_or(Reason::NoIdentity)
    }

    /// The proofs and a signature over something with this SHA-256 as a bundle.
    pub(crate) fn message_bundle(&self, digest: &[u8; 32], signature: &[u8]) -> Result<String, Reason> {
        let content = json!({
            "messageDigest": {"algorithm": "SHA2_256", "digest": STANDARD.encode(digest)},
            "signature": STANDARD.encode(signature),
        });
        self.bundle("messageSignature", content)
    }

    /// The proofs and an envelope as a bundle.
    pub(crate) fn envelope_bundle(&self, envelope: &dsse::Envelope) -> Result<String, Reason> {
        let signature = envelope.signatures.first().map(Vec::as_slice).unwrap_or_default();
        let content = dsse::document(&envelope.payload_type, &envelope.payload, signature);
        self.bundle("dsseEnvelope", json!(content))
    }

    fn bundle(&self, name: &str, content: Value) -> Result<String, Reason> {
        let (name_of_material, maker) = match &self.certificate {
            Some(leaf) => {
                let mut chain = certificates(leaf)?;
                chain.truncate(1);
                // Whatever lies between the leaf and an authority of the trust root.
                chain.extend(self.chain.as_deref().map(certificates).transpose()?.unwrap_or_default());
                let chain: Vec<_> =
                    chain.iter().map(|der| json!({"rawBytes": STANDARD.encode(der)})).collect();
                ("x509CertificateChain", json!({"certificates": chain}))
            }
            None => ("publicKey", json!({"hint": ""})),
        };
        let entries = self.entry.as_deref().map(log_entry).transpose()?;
        let stamp: Option<Stamp> = self
            .timestamp
            .as_deref()
            .map(|text| strict::read(text.as_bytes()))
            .transpose()
            .map_err(Reason::InvalidTimestamp)?;
        let stamps: Vec<_> = stamp.iter().map(|stamp| json!({"signedTimestamp": stamp.token})).collect();
        // The first version is the one that takes a promise for a proof, which is all there is here.
        let version = if self.entry.is_some() { "0.1" } else { "0.2" };
        let bundle = json!({
            "mediaType": format!("application/vnd.dev.sigstore.bundle+json;version={version}"),
            "verificationMaterial": {
                name_of_material: maker,
                "tlogEntries": entries.into_iter().collect::<Vec<_>>(),
                "timestampVerificationData": {"rfc3161Timestamps": stamps},
            },
            name: content,
        });
        Ok(bundle.to_string())
    }
}

fn certificates(text: &str) -> Result<Vec<Vec<u8>>, Reason> {
    let blocks = pem::read_all(text).map_err(Reason::MalformedCertificate)?;
    if blocks.len() > CHAIN || blocks.iter().any(|block| block.label != "CERTIFICATE") {
        return Err(Reason::MalformedCertificate(
            "the chain is too long, or holds something else".to_owned(),
        ));
    }
    Ok(blocks.into_iter().map(|block| block.bytes).collect())
}

fn log_entry(text: &str) -> Result<Value, Reason> {
    let entry: Entry = strict::read(text.as_bytes()).map_err(Reason::MalformedLogEntry)?;
    let malformed = |why: &str| Reason::MalformedLogEntry(why.to_owned());
    let body = STANDARD.decode(&entry.payload.body).map_err(|_| malformed("its body is not base64"))?;
    let kind: Kind = serde_json::from_slice(&body).map_err(|e| malformed(&e.to_string()))?;
    let id = unhex(&entry.payload.log_id).ok_or_else(|| malformed("its log id is not hex"))?;
    Ok(json!({
        "logIndex": entry.payload.log_index.to_string(),
        "logId": {"keyId": STANDARD.encode(id)},
        "kindVersion": {"kind": kind.kind, "version": kind.version},
        "integratedTime": entry.payload.integrated_time.to_string(),
        "inclusionPromise": {"signedEntryTimestamp": entry.signed_entry_timestamp},
        "canonicalizedBody": entry.payload.body,
    }))
}

/// Bytes of lower- or upper-case hex.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(high << 4 | low),
        _ => None,
    };
    digits.chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotated(pairs: &[(&str, &str)]) -> Evidence {
        let all = pairs.iter().map(|(k, v)| (format!("dev.sigstore.cosign/{k}"), (*v).to_owned())).collect();
        Evidence::of(Some(&all))
    }

    #[test]
    fn broken_proofs_have_reasons() {
        let code =
            |pairs: &[(&str, &str)]| annotated(pairs).message_bundle(&[0; 32], b"s").map_err(|r| r.code());
        assert!(code(&[]).is_ok());
        assert_eq!(code(&[("certificate", "x")]), Err("malformed-certificate"));
        assert_eq!(code(&[("bundle", "{}")]), Err("malformed-log-entry"));
        assert_eq!(code(&[("rfc3161timestamp", "{}")]), Err("invalid-timestamp"));
        assert_eq!(annotated(&[("bundle", "null")]), Evidence::default());
        let chain = pem::write("CERTIFICATE", b"x").repeat(CHAIN + 1);
        assert_eq!(code(&[("certificate", &chain)]), Err("malformed-certificate"));
        assert_eq!((unhex("00ff"), unhex("0"), unhex("zz")), (Some(vec![0, 255]), None, None));
    }
}
