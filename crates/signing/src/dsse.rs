//! DSSE envelopes: what is signed is not the payload but its type and length with it (PAE, DSSE v1).

use crate::strict;
use crate::verdict::Reason;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Payload type of an in-toto statement.
pub(crate) const IN_TOTO: &str = "application/vnd.in-toto+json";

/// Most signatures of one envelope that are tried.
const SIGNATURES: usize = 16;

/// An envelope, its base64 undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) payload_type: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) signatures: Vec<Vec<u8>>,
}

/// An envelope as it is written.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Document<'a> {
    #[serde(borrow)]
    pub(crate) payload: Cow<'a, str>,
    pub(crate) payload_type: String,
    pub(crate) signatures: Vec<Signature>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Signature {
    pub(crate) sig: String,
}

impl Envelope {
    /// Reads an envelope that stands alone.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Reason> {
        let document: Document<'_> = strict::read(bytes).map_err(Reason::MalformedPayload)?;
        Self::from_document(document)
    }

    pub(crate) fn from_document(document: Document<'_>) -> Result<Self, Reason> {
        let payload = STANDARD
            .decode(document.payload.as_bytes())
            .map_err(|_| Reason::MalformedPayload("the payload is not base64".to_owned()))?;
        if document.signatures.is_empty() {
            return Err(Reason::SignatureMissing);
        }
        let signatures = document.signatures.iter().take(SIGNATURES);
        let signatures = signatures
            .map(|s| STANDARD.decode(&s.sig).map_err(|_| Reason::MalformedSignature))
            .collect::<Result<_, _>>()?;
        Ok(Self { payload_type: document.payload_type, payload, signatures })
    }

    /// The envelope as it is written.
    pub(crate) fn to_document(&self) -> Document<'static> {
        let sign = |bytes: &Vec<u8>| Signature { sig: STANDARD.encode(bytes) };
        Document {
            payload: STANDARD.encode(&self.payload).into(),
            payload_type: self.payload_type.clone(),
            signatures: self.signatures.iter().map(sign).collect(),
        }
    }

    /// The envelope as JSON again.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(&self.to_document()).unwrap_or_default()
    }

    /// The bytes that were signed.
    pub(crate) fn signed(&self) -> Vec<u8> {
        pae(&self.payload_type, &self.payload)
    }
}

/// Pre-authentication encoding.
pub(crate) fn pae(kind: &str, payload: &[u8]) -> Vec<u8> {
    let mut out = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    out.extend_from_slice(payload);
    out
}

/// An envelope with one signature.
pub(crate) fn document(kind: &str, payload: &[u8], signature: &[u8]) -> Document<'static> {
    Document {
        payload: STANDARD.encode(payload).into(),
        payload_type: kind.to_owned(),
        signatures: vec![Signature { sig: STANDARD.encode(signature) }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specification_s_example() {
        assert_eq!(
            pae("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn reads() {
        let good = serde_json::to_vec(&document(IN_TOTO, b"{}", b"sig")).unwrap();
        let envelope = Envelope::read(&good).unwrap();
        assert_eq!((envelope.payload.as_slice(), envelope.signatures.len()), (&b"{}"[..], 1));
        for (text, want) in [
            (r#"{"payload":"e30=","payloadType":"t","signatures":[]}"#, "signature-missing"),
            (r#"{"payload":"*","payloadType":"t","signatures":[{"sig":""}]}"#, "malformed-payload"),
            (r#"{"payload":"e30=","payloadType":"t","signatures":[{"sig":"*"}]}"#, "malformed-signature"),
            (r#"{"payload":"e30=","payload":"e30=","payloadType":"t","signatures":[]}"#, "malformed-payload"),
            ("", "malformed-payload"),
        ] {
            assert_eq!(Envelope::read(text.as_bytes()).unwrap_err().code(), want, "{text}");
        }
    }
}
