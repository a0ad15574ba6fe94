//! Entering signatures into Rekor 2: what it is asked, and what its answer must hold.
//!
//! Semantics: `hashedrekord` 0.0.2 of rekor-tiles; for an envelope the entry is over the digest of its PAE. The answer is
//! the entry in the protobuf JSON that bundles hold.

use crate::SignError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The body of `POST /api/v2/log/entries`.
///
/// # Errors
/// When the key is of another algorithm than ECDSA P-256.
pub(crate) fn request(
    signed: &[u8],
    signature: &[u8],
    spki: &[u8],
    algorithm: &str,
) -> Result<Vec<u8>, SignError> {
    if !algorithm.contains("P-256") {
        return Err(SignError::Log(format!(
            "keys of algorithm {algorithm} cannot be entered, ECDSA P-256 can"
        )));
    }
    Ok(serde_json::to_vec(&json!({
        "hashedRekordRequestV002": {
            "digest": STANDARD.encode(Sha256::digest(signed)),
            "signature": {
                "content": STANDARD.encode(signature),
                "verifier": {
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "publicKey": {"rawBytes": STANDARD.encode(spki)},
                },
            },
        },
    }))?)
}

/// Reads the log's answer, and sees that it is about this signature. Whether the log vouches for it is for whoever
/// verifies, against a trust root.
///
/// # Errors
/// When it is no entry, or another one's.
pub(crate) fn entry(answer: &[u8], signed: &[u8], signature: &[u8]) -> Result<Value, SignError> {
    let bad = |why: &str| SignError::Log(why.to_owned());
    let mut entry: Value =
        serde_json::from_slice(answer).map_err(|error| SignError::Log(error.to_string()))?;
    let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str);
    if text("/inclusionProof/checkpoint/envelope").is_none() || text("/logId/keyId").is_none() {
        return Err(bad("its answer is no entry with a proof"));
    }
    let body = text("/canonicalizedBody").and_then(|body| STANDARD.decode(body).ok());
    let body: Option<Value> = body.and_then(|body| serde_json::from_slice(&body).ok());
    let body = body.ok_or_else(|| bad("its answer holds no body"))?;
    let of_body = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    let digest = STANDARD.encode(Sha256::digest(signed));
    let is_ours = of_body("/spec/hashedRekordV002/data/digest") == Some(&digest)
        && of_body("/spec/hashedRekordV002/signature/content") == Some(&STANDARD.encode(signature));
    if !is_ours {
        return Err(bad("it entered something else"));
    }
    // Rekor 2 spells out what it has not; a bundle has no room for a time that is none.
    if let Some(fields) = entry.as_object_mut() {
        fields.retain(|name, value| match name.as_str() {
            "integratedTime" => !matches!(value.as_str(), Some("0")) && value.as_u64() != Some(0),
            "inclusionPromise" => !value.is_null(),
            _ => true,
        });
    }
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(digest: &[u8], signature: &[u8]) -> Vec<u8> {
        let body = json!({"spec": {"hashedRekordV002": {
            "data": {"digest": STANDARD.encode(Sha256::digest(digest))},
            "signature": {"content": STANDARD.encode(signature)},
        }}});
        let entry = json!({
            "logId": {"keyId": "AA=="},
            "integratedTime": "0",
            "inclusionPromise": null,
            "inclusionProof": {"checkpoint": {"envelope": "log\n1\n"}},
            "canonicalizedBody": STANDARD.encode(body.to_string()),
        });
        entry.to_string().into_bytes()
    }

    #[test]
    fn answers() {
        let good = entry(&answer(b"pae", b"sig"), b"pae", b"sig").unwrap();
        assert!(good.get("integratedTime").is_none() && good.get("inclusionPromise").is_none());
        for other in [answer(b"other", b"sig"), answer(b"pae", b"other"), b"{}".to_vec(), b"<html>".to_vec()]
        {
            assert!(matches!(entry(&other, b"pae", b"sig"), Err(SignError::Log(_))));
        }
    }

    #[test]
    fn requests() {
        let text = request(b"pae", b"sig", b"key", "ECDSA P-256").unwrap();
        let request_: Value = serde_json::from_slice(&text).unwrap();
        let spec = &request_["hashedRekordRequestV002"];
        assert_eq!(spec["signature"]["verifier"]["keyDetails"], "PKIX_ECDSA_P256_SHA_256");
        assert_eq!(spec["signature"]["content"], STANDARD.encode("sig"));
        assert!(request(b"", b"", b"", "RSA").is_err());
    }
}
