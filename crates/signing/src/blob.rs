//! Signatures of files: made as bundles, read in all three dialects.
//!
//! Dialects: a bundle (Cosign 3), the JSON of `--bundle` with `base64Signature` (Cosign 2), and a bare signature in
//! base64. In a bundle the file may also be a subject of a signed statement.

use crate::bundle::{Bundle, Content};
use crate::draft::{Credential, Draft};
use crate::evidence::Evidence;
use crate::judge::{self, Signed};
use crate::statement::Statement;
use crate::trust::Artifact;
use crate::verdict::{Log, Reason, SignedBy};
use crate::{PrivateKey, PublicKey, Requirement, SignError, dsse, strict};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;

/// Longest signature file that is read, in bytes.
const CAP: usize = 32 << 20;

/// A signature of a file, not yet checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobSignature(Dialect);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Dialect {
    Bundle(Bundle),
    Bare { signature: Vec<u8>, evidence: Evidence },
}

#[derive(Deserialize)]
struct Local {
    #[serde(rename = "base64Signature")]
    signature: String,
    cert: Option<String>,
    #[serde(rename = "rekorBundle")]
    entry: Option<serde_json::Value>,
}

impl BlobSignature {
    /// Reads a signature in whichever dialect it is.
    ///
    /// # Errors
    /// When it is none of them, or broken.
    pub fn read(bytes: &[u8]) -> Result<Self, Reason> {
        if bytes.len() > CAP {
            return Err(Reason::MalformedBundle(format!("{} bytes are over the limit", bytes.len())));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| Reason::MalformedSignature)?.trim();
        if !text.starts_with('{') {
            let signature = STANDARD.decode(text).map_err(|_| Reason::MalformedSignature)?;
            return Ok(Self(Dialect::Bare { signature, evidence: Evidence::default() }));
        }
        if !text.contains("base64Signature") {
            return Bundle::read(bytes.to_vec()).map(|bundle| Self(Dialect::Bundle(bundle)));
        }
        let local: Local = strict::read(bytes).map_err(Reason::MalformedBundle)?;
        let signature = STANDARD.decode(local.signature.trim()).map_err(|_| Reason::MalformedSignature)?;
        // The certificate is PEM, or PEM in base64 once more.
        let inner = |text: String| match STANDARD.decode(text.trim()) {
            Ok(pem) => String::from_utf8_lossy(&pem).into_owned(),
            Err(_) => text,
        };
        let entry = local.entry.filter(|entry| !entry.is_null()).map(|entry| entry.to_string());
        let certificate = local.cert.filter(|text| !text.is_empty()).map(inner);
        Ok(Self(Dialect::Bare { signature, evidence: Evidence::of_file(certificate, entry) }))
    }

    /// Whether it comes with an entry of a log.
    pub fn is_logged(&self) -> bool {
        match &self.0 {
            Dialect::Bundle(bundle) => bundle.entries > 0,
            Dialect::Bare { evidence, .. } => evidence.is_logged(),
        }
    }
}

/// Checks a file's signature. What the requirement says about kinds and annotations is for images and not looked at.
///
/// # Errors
/// Why it does not count.
pub fn verify_blob(
    artifact: Artifact<'_>,
    signature: &BlobSignature,
    requirement: &Requirement,
) -> Result<(SignedBy, Log), Reason> {
    let digest: [u8; 32] = match artifact {
        Artifact::Bytes(bytes) => Sha256::digest(bytes).into(),
        Artifact::Sha256(digest) => digest,
    };
    if let Dialect::Bundle(bundle) = &signature.0 {
        is_about(bundle, &digest)?;
    }
    judge::signed_by(&OfBlob { artifact, digest, dialect: &signature.0 }, requirement)
}

/// Signs a file with a key alone: a bundle as Cosign 3 writes it.
///
/// # Errors
/// When the key cannot sign.
pub fn sign_blob(bytes: &[u8], key: &PrivateKey) -> Result<Vec<u8>, SignError> {
    Draft::blob(bytes, Credential::key(key))?.bundle()
}

/// Whether a bundle says that it is about a file.
fn is_about(bundle: &Bundle, digest: &[u8; 32]) -> Result<(), Reason> {
    match &bundle.content {
        Content::Message { algorithm, digest: claimed, .. } => {
            let sha256 = algorithm.as_deref().is_none_or(|name| name == "SHA2_256");
            match sha256 && !claimed.is_empty() && claimed != digest {
                true => Err(Reason::OtherImage("the digest in the bundle is another file's".to_owned())),
                false => Ok(()),
            }
        }
        Content::Envelope(envelope) if envelope.payload_type != dsse::IN_TOTO => {
            Err(Reason::UnsupportedBundle(format!("a signed document of type {}", envelope.payload_type)))
        }
        Content::Envelope(envelope) => {
            let name = format!("sha256:{}", crate::key::hex(digest));
            let name = model::Digest::parse(&name).ok_or_else(|| Reason::OtherImage(name.clone()))?;
            Statement::read(&envelope.payload)?.about(&name).map(|_| ())
        }
    }
}

struct OfBlob<'a> {
    artifact: Artifact<'a>,
    digest: [u8; 32],
    dialect: &'a Dialect,
}

impl OfBlob<'_> {
    fn passes_bare(&self, key: &PublicKey, signature: &[u8]) -> Result<bool, Reason> {
        match self.artifact {
            Artifact::Bytes(bytes) => Ok(key.verifies(bytes, signature)),
            Artifact::Sha256(digest) => key.verifies_digest(&digest, signature).ok_or_else(|| {
                Reason::UnsupportedBundle(format!("{} keys sign the file, not its digest", key.algorithm()))
            }),
        }
    }
}

impl Signed for OfBlob<'_> {
    fn passes(&self, key: &PublicKey) -> Result<bool, Reason> {
        match self.dialect {
            Dialect::Bare { signature, .. }
            | Dialect::Bundle(Bundle { content: Content::Message { signature, .. }, .. }) => {
                self.passes_bare(key, signature)
            }
            Dialect::Bundle(Bundle { content: Content::Envelope(envelope), .. }) => {
                let signed = envelope.signed();
                Ok(envelope.signatures.iter().any(|signature| key.verifies(&signed, signature)))
            }
        }
    }

    fn is_logged(&self) -> bool {
        match self.dialect {
            Dialect::Bundle(bundle) => bundle.entries > 0,
            Dialect::Bare { evidence, .. } => evidence.is_logged(),
        }
    }

    fn certificate(&self) -> Result<Option<Vec<u8>>, Reason> {
        match self.dialect {
            Dialect::Bundle(bundle) => Ok(bundle.certificate.clone()),
            Dialect::Bare { evidence, .. } => evidence.certificate(),
        }
    }

    fn bundle(&self) -> Result<Cow<'_, str>, Reason> {
        match self.dialect {
            Dialect::Bundle(bundle) => Ok(bundle.text.as_str().into()),
            Dialect::Bare { signature, evidence } => {
                Ok(evidence.message_bundle(&self.digest, signature)?.into())
            }
        }
    }

    fn artifact(&self) -> Result<Artifact<'_>, Reason> {
        Ok(self.artifact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::made::{private, public};

    fn check(bytes: &[u8], signature: &[u8], seed: u8) -> Result<(), &'static str> {
        let signature = BlobSignature::read(signature).map_err(|r| r.code())?;
        let requirement = Requirement::by_keys([public(seed)]);
        let by_bytes = verify_blob(Artifact::Bytes(bytes), &signature, &requirement).map(|_| ());
        let digest = Sha256::digest(bytes).into();
        let by_digest = verify_blob(Artifact::Sha256(digest), &signature, &requirement).map(|_| ());
        assert_eq!(by_bytes, by_digest);
        by_bytes.map_err(|r| r.code())
    }

    #[test]
    fn three_dialects() {
        let raw = STANDARD.encode(private(1).sign(b"file").unwrap());
        let local = format!(r#"{{"base64Signature":"{raw}","cert":"","rekorBundle":null}}"#);
        for text in
            [sign_blob(b"file", &private(1)).unwrap(), local.into_bytes(), format!("{raw}\n").into_bytes()]
        {
            assert_eq!(check(b"file", &text, 1), Ok(()));
            assert_eq!(check(b"file", &text, 2), Err("wrong-key"));
            assert!(matches!(check(b"fill", &text, 1), Err("wrong-key" | "other-image")));
        }
        for (text, want) in [
            ("{}", "malformed-bundle"),
            ("*", "malformed-signature"),
            (r#"{"base64Signature":"*"}"#, "malformed-signature"),
            (r#"{"base64Signature":"","base64Signature":""}"#, "malformed-bundle"),
        ] {
            assert_eq!(check(b"file", text.as_bytes(), 1), Err(want), "{text}");
        }
    }

    #[test]
    fn proofs_are_asked_for() {
        let signature = BlobSignature::read(&sign_blob(b"file", &private(1)).unwrap()).unwrap();
        let mut requirement = Requirement::by_keys([]);
        requirement.signers = vec![crate::Signer::Key { key: public(1), log: true }];
        let code = |r: &Requirement| verify_blob(Artifact::Bytes(b"file"), &signature, r).unwrap_err().code();
        assert_eq!(code(&requirement), "log-entry-missing");
        requirement.signers = vec![crate::Signer::identity(crate::IdentityRule::exact("a", "b"))];
        assert_eq!(code(&requirement), "other-kind");
    }
}
