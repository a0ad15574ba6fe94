//! Entering signatures into Rekor, both versions: what it is asked, and what its answer must hold.
//!
//! Semantics: `hashedrekord` 0.0.2 of rekor-tiles (for an envelope over the digest of its PAE), whose answer is the entry
//! in the protobuf JSON that bundles hold; `hashedrekord` and `dsse` 0.0.1 of Rekor 1, whose answer is rewritten into it.

use crate::draft::Maker;
use crate::evidence::unhex;
use crate::key::hex;
use crate::{SignError, dsse, pem};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Most hashes of a proof of inclusion: a tree of as many levels holds more than there will be.
const HASHES: usize = 64;

/// Which of Rekor's interfaces a log has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogVersion {
    /// Entries with a promise and a time.
    First,
    /// Entries with a proof alone.
    Second,
}

impl LogVersion {
    /// Where entries are posted, below the log's address.
    pub fn path(self) -> &'static str {
        match self {
            Self::First => "/api/v1/log/entries",
            Self::Second => "/api/v2/log/entries",
        }
    }
}

/// What is to be entered.
pub(crate) struct Signature<'a> {
    /// SHA-256 of what was signed.
    pub(crate) digest: [u8; 32],
    pub(crate) bytes: &'a [u8],
    pub(crate) maker: &'a Maker,
    /// The envelope it is in, if it is.
    pub(crate) envelope: Option<&'a dsse::Envelope>,
}

/// An entry, as bundles hold it and as the annotations of old signatures do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) bundle: Value,
    /// Only the first version makes entries that old signatures can hold.
    pub(crate) annotation: Option<String>,
}

impl Signature<'_> {
    /// The body of the request.
    ///
    /// # Errors
    /// When the key is of another algorithm than ECDSA P-256 and the log is a second version.
    pub(crate) fn request(&self, version: LogVersion) -> Result<Vec<u8>, SignError> {
        let body = match version {
            LogVersion::First => self.first(),
            LogVersion::Second => self.second()?,
        };
        Ok(serde_json::to_vec(&body)?)
    }

    fn first(&self) -> Value {
        let verifier = STANDARD.encode(match self.maker {
            Maker::Key(key) => key.to_pem(),
            Maker::Certificate(chain) => {
                pem::write("CERTIFICATE", chain.first().map(Vec::as_slice).unwrap_or_default())
            }
        });
        match self.envelope {
            Some(envelope) => json!({
                "apiVersion": "0.0.1",
                "kind": "dsse",
                "spec": {"proposedContent": {"envelope": envelope.to_json(), "verifiers": [verifier]}},
            }),
            None => json!({
                "apiVersion": "0.0.1",
                "kind": "hashedrekord",
                "spec": {
                    "data": {"hash": {"algorithm": "sha256", "value": hex(&self.digest)}},
                    "signature": {"content": STANDARD.encode(self.bytes), "publicKey": {"content": verifier}},
                },
            }),
        }
    }

    fn second(&self) -> Result<Value, SignError> {
        let mut verifier = match self.maker {
            Maker::Key(key) if !key.algorithm().contains("P-256") => {
                return Err(SignError::Log(format!(
                    "keys of algorithm {} cannot be entered, ECDSA P-256 can",
                    key.algorithm()
                )));
            }
            Maker::Key(key) => json!({"publicKey": {"rawBytes": STANDARD.encode(key.spki())}}),
            Maker::Certificate(chain) => {
                let leaf = chain.first().map(Vec::as_slice).unwrap_or_default();
                json!({"x509Certificate": {"rawBytes": STANDARD.encode(leaf)}})
            }
        };
        if let Some(fields) = verifier.as_object_mut() {
            fields.insert("keyDetails".to_owned(), "PKIX_ECDSA_P256_SHA_256".into());
        }
        Ok(json!({
            "hashedRekordRequestV002": {
                "digest": STANDARD.encode(self.digest),
                "signature": {"content": STANDARD.encode(self.bytes), "verifier": verifier},
            },
        }))
    }

    /// Reads the log's answer, and sees that it is about this signature. Whether the log vouches for it is for whoever
    /// verifies, against a trust root.
    ///
    /// # Errors
    /// When it is no entry, or another one's.
    pub(crate) fn entry(&self, version: LogVersion, answer: &[u8]) -> Result<Entry, SignError> {
        match version {
            LogVersion::First => self.first_entry(answer),
            LogVersion::Second => self.second_entry(answer),
        }
    }

    fn second_entry(&self, answer: &[u8]) -> Result<Entry, SignError> {
        let bad = |why: &str| SignError::Log(why.to_owned());
        let mut entry: Value =
            serde_json::from_slice(answer).map_err(|error| SignError::Log(error.to_string()))?;
        let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str);
        if text("/inclusionProof/checkpoint/envelope").is_none() || text("/logId/keyId").is_none() {
            return Err(bad("its answer is no entry with a proof"));
        }
        let body = text("/canonicalizedBody").ok_or_else(|| bad("its answer holds no body"))?;
        self.is_of(body)?;
        // Rekor 2 spells out what it has not; a bundle has no room for a time that is none.
        if let Some(fields) = entry.as_object_mut() {
            fields.retain(|name, value| match name.as_str() {
                "integratedTime" => !matches!(value.as_str(), Some("0")) && value.as_u64() != Some(0),
                "inclusionPromise" => !value.is_null(),
                _ => true,
            });
        }
        Ok(Entry { bundle: entry, annotation: None })
    }

    fn first_entry(&self, answer: &[u8]) -> Result<Entry, SignError> {
        let wrong = |error: serde_json::Error| SignError::Log(error.to_string());
        let bad = |why: &str| SignError::Log(why.to_owned());
        let entries: BTreeMap<String, First> = serde_json::from_slice(answer).map_err(wrong)?;
        let mut entries = entries.into_values();
        let (Some(entry), None) = (entries.next(), entries.next()) else {
            return Err(bad("its answer is not one entry"));
        };
        let kind = self.is_of(&entry.body)?;
        let proof = entry.verification.inclusion_proof;
        if proof.hashes.len() > HASHES {
            return Err(bad("its proof is longer than any"));
        }
        let raw = |text: &String| unhex(text).map(|bytes| STANDARD.encode(bytes));
        let hashes: Option<Vec<_>> = proof.hashes.iter().map(raw).collect();
        let (Some(hashes), Some(root), Some(id)) = (hashes, raw(&proof.root_hash), raw(&entry.log_id)) else {
            return Err(bad("its proof is not hex"));
        };
        let promise = &entry.verification.signed_entry_timestamp;
        let annotation = json!({
            "SignedEntryTimestamp": promise,
            "Payload": {
                "body": entry.body,
                "integratedTime": entry.integrated_time,
                "logIndex": entry.log_index,
                "logID": entry.log_id,
            },
        });
        let bundle = json!({
            "logIndex": entry.log_index.to_string(),
            "logId": {"keyId": id},
            "kindVersion": {"kind": kind, "version": "0.0.1"},
            "integratedTime": entry.integrated_time.to_string(),
            "inclusionPromise": {"signedEntryTimestamp": promise},
            "inclusionProof": {
                "logIndex": proof.log_index.to_string(),
                "rootHash": root,
                "treeSize": proof.tree_size.to_string(),
                "hashes": hashes,
                "checkpoint": {"envelope": proof.checkpoint},
            },
            "canonicalizedBody": entry.body,
        });
        Ok(Entry { bundle, annotation: Some(annotation.to_string()) })
    }

    /// Sees that a body (base64) is about this signature; its kind.
    fn is_of(&self, body: &str) -> Result<&'static str, SignError> {
        let body = STANDARD.decode(body).ok().and_then(|body| serde_json::from_slice::<Value>(&body).ok());
        let body = body.ok_or_else(|| SignError::Log("its answer holds no body".to_owned()))?;
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
        let signature = STANDARD.encode(self.bytes);
        let same = |digest: &str, want: String, content: &str| {
            text(digest) == Some(&want) && text(content) == Some(&signature)
        };
        let payload = || self.envelope.map(|e| hex(&Sha256::digest(&e.payload))).unwrap_or_default();
        let (kind, ours) = match (text("/kind"), text("/apiVersion")) {
            (Some("hashedrekord"), Some("0.0.1")) => {
                ("hashedrekord", same("/spec/data/hash/value", hex(&self.digest), "/spec/signature/content"))
            }
            (Some("dsse"), Some("0.0.1")) => {
                ("dsse", same("/spec/payloadHash/value", payload(), "/spec/signatures/0/signature"))
            }
            _ => (
                "hashedrekord",
                same(
                    "/spec/hashedRekordV002/data/digest",
                    STANDARD.encode(self.digest),
                    "/spec/hashedRekordV002/signature/content",
                ),
            ),
        };
        match ours {
            true => Ok(kind),
            false => Err(SignError::Log("it entered something else".to_owned())),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct First {
    body: String,
    integrated_time: u64,
    #[serde(rename = "logID")]
    log_id: String,
    log_index: u64,
    verification: Verification,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verification {
    signed_entry_timestamp: String,
    inclusion_proof: Proof,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Proof {
    checkpoint: String,
    hashes: Vec<String>,
    log_index: u64,
    root_hash: String,
    tree_size: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::made::private;

    fn with<T>(digest: &[u8], bytes: &[u8], envelope: bool, check: impl Fn(&Signature<'_>) -> T) -> T {
        let maker = Maker::Key(private(1).public().clone());
        let envelope = envelope.then(|| dsse::Envelope {
            payload_type: dsse::IN_TOTO.to_owned(),
            payload: b"{}".to_vec(),
            signatures: vec![bytes.to_vec()],
        });
        let digest = Sha256::digest(digest).into();
        check(&Signature { digest, bytes, maker: &maker, envelope: envelope.as_ref() })
    }

    fn second(digest: &[u8], signature: &[u8]) -> Vec<u8> {
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

    fn first(body: &Value, change: impl Fn(&mut Value)) -> Vec<u8> {
        let mut entry = json!({
            "body": STANDARD.encode(body.to_string()),
            "integratedTime": 7, "logID": "00ff", "logIndex": 3,
            "verification": {
                "signedEntryTimestamp": "c2V0",
                "inclusionProof": {
                    "checkpoint": "log\n1\n", "hashes": ["0f"], "logIndex": 2, "rootHash": "aa", "treeSize": 4,
                },
            },
        });
        change(&mut entry);
        json!({"uuid": entry}).to_string().into_bytes()
    }

    #[test]
    fn answers_of_the_second() {
        let entry = |answer: &[u8]| with(b"pae", b"sig", false, |s| s.entry(LogVersion::Second, answer));
        let good = entry(&second(b"pae", b"sig")).unwrap().bundle;
        assert!(good.get("integratedTime").is_none() && good.get("inclusionPromise").is_none());
        for other in [second(b"other", b"sig"), second(b"pae", b"other"), b"{}".to_vec(), b"<html>".to_vec()]
        {
            assert!(matches!(entry(&other), Err(SignError::Log(_))));
        }
    }

    #[test]
    fn answers_of_the_first() {
        let message = json!({"kind": "hashedrekord", "apiVersion": "0.0.1", "spec": {
            "data": {"hash": {"value": hex(&Sha256::digest(b"file"))}},
            "signature": {"content": STANDARD.encode("sig")},
        }});
        let entry = |answer: &[u8]| with(b"file", b"sig", false, |s| s.entry(LogVersion::First, answer));
        let good = entry(&first(&message, |_| {})).unwrap();
        assert_eq!(good.bundle["inclusionProof"]["hashes"], json!(["Dw=="]));
        assert_eq!((&good.bundle["logIndex"], &good.bundle["logId"]["keyId"]), (&json!("3"), &json!("AP8=")));
        let annotation: Value = serde_json::from_str(&good.annotation.unwrap()).unwrap();
        assert_eq!(annotation["Payload"]["logID"], "00ff");
        for (answer, why) in [
            (first(&json!({"kind": "hashedrekord", "apiVersion": "0.0.1"}), |_| {}), "something else"),
            (first(&message, |e| e["logID"] = "x".into()), "hex"),
            (first(&message, |e| e["body"] = "*".into()), "no body"),
            (
                first(&message, |e| e["verification"]["inclusionProof"]["hashes"] = vec!["00"; 100].into()),
                "longer",
            ),
            (b"{}".to_vec(), "not one entry"),
        ] {
            let told = entry(&answer).unwrap_err().to_string();
            assert!(told.contains(why), "{told}");
        }
        let envelope = json!({"kind": "dsse", "apiVersion": "0.0.1", "spec": {
            "payloadHash": {"value": hex(&Sha256::digest(b"{}"))},
            "signatures": [{"signature": STANDARD.encode("sig")}],
        }});
        let answer = first(&envelope, |_| {});
        assert!(with(b"", b"sig", true, |s| s.entry(LogVersion::First, &answer)).is_ok());
        assert!(with(b"", b"gis", true, |s| s.entry(LogVersion::First, &answer)).is_err());
    }

    #[test]
    fn requests() {
        let ask = |version, envelope| {
            let text = with(b"pae", b"sig", envelope, |s| s.request(version)).unwrap();
            serde_json::from_slice::<Value>(&text).unwrap()
        };
        let spec = &ask(LogVersion::Second, true)["hashedRekordRequestV002"];
        assert_eq!(spec["signature"]["verifier"]["keyDetails"], "PKIX_ECDSA_P256_SHA_256");
        assert_eq!(spec["signature"]["content"], STANDARD.encode("sig"));
        assert_eq!(ask(LogVersion::First, true)["kind"], "dsse");
        assert_eq!(ask(LogVersion::First, false)["kind"], "hashedrekord");
        let certified = Maker::Certificate(vec![b"der".to_vec()]);
        let signature = Signature { digest: [0; 32], bytes: b"", maker: &certified, envelope: None };
        let text = String::from_utf8(signature.request(LogVersion::Second).unwrap()).unwrap();
        assert!(text.contains("x509Certificate"), "{text}");
    }
}
