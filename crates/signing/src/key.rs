//! Public keys: read from PEM, named by fingerprint, used to verify.

use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::DecodePublicKey;
use sha2::{Digest as _, Sha256};

/// Why a text is no key that can verify.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not PEM, or PEM around something broken.
    #[error("not a public key in PEM: {0}")]
    Malformed(String),
    /// A private key, a certificate, or something else in PEM.
    #[error("the PEM holds a {0}, not a PUBLIC KEY")]
    NotPublic(String),
    /// A key of an algorithm that is not supported.
    #[error("keys of algorithm {0} are not supported; ECDSA P-256 keys are")]
    Unsupported(String),
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    key: VerifyingKey,
    fingerprint: String,
}

const EC: &str = "1.2.840.10045.2.1";
const P256: &str = "1.2.840.10045.3.1.7";

/// Names of the algorithms people hold keys of, by object identifier.
const NAMES: &[(&str, &str)] = &[
    ("1.3.132.0.34", "ECDSA P-384"),
    ("1.3.132.0.35", "ECDSA P-521"),
    ("1.3.132.0.10", "ECDSA secp256k1"),
    ("1.2.840.113549.1.1.1", "RSA"),
    ("1.3.101.112", "Ed25519"),
];

impl PublicKey {
    /// Reads a `PUBLIC KEY` block (subject public key info, RFC 5280), as `cosign.pub` holds it.
    ///
    /// # Errors
    /// When the text is no PEM, no public key, or a key of another algorithm.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let malformed = |error: &dyn std::fmt::Display| KeyError::Malformed(error.to_string());
        let (label, der) = p256::pkcs8::Document::from_pem(text.trim()).map_err(|e| malformed(&e))?;
        if label != "PUBLIC KEY" {
            return Err(KeyError::NotPublic(label.to_owned()));
        }
        let info: p256::pkcs8::SubjectPublicKeyInfoRef<'_> = der.decode_msg().map_err(|e| malformed(&e))?;
        let algorithm = info.algorithm.oid.to_string();
        let curve = info.algorithm.parameters_oid().map(|oid| oid.to_string()).unwrap_or_default();
        if algorithm != EC || curve != P256 {
            let oid = if algorithm == EC { curve } else { algorithm };
            let name = NAMES.iter().find(|(known, _)| *known == oid).map_or(oid.as_str(), |(_, name)| name);
            return Err(KeyError::Unsupported(name.to_owned()));
        }
        let key = VerifyingKey::from_public_key_der(der.as_bytes()).map_err(|e| malformed(&e))?;
        Ok(Self { key, fingerprint: format!("sha256:{}", hex(&Sha256::digest(der.as_bytes()))) })
    }

    /// `sha256:` and the hash of the key's DER, as `openssl pkey -pubin -outform DER | sha256sum` prints it.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Whether `signature` (DER) is this key's over the SHA-256 of `message`. A signature that is no DER is not.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_der(signature).is_ok_and(|s| self.key.verify(message, &s).is_ok())
    }
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0');
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

/// SHA-256 as a digest.
pub(crate) fn sha256(bytes: &[u8]) -> Option<model::Digest> {
    model::Digest::parse(&format!("sha256:{}", hex(&Sha256::digest(bytes))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::made::{keypair, pem};

    #[test]
    fn reads_and_names() {
        let (_, key) = keypair(1);
        let again = PublicKey::from_pem(&format!("\n{}\n", pem(&key))).unwrap();
        assert_eq!(again.fingerprint.len(), 71);
        assert_eq!(again, PublicKey::from_pem(&pem(&key)).unwrap());
        assert_ne!(again, PublicKey::from_pem(&pem(&keypair(2).1)).unwrap());
    }

    #[test]
    fn other_algorithms_are_named() {
        let p384 = "-----BEGIN PUBLIC KEY-----\nMHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE0000000000000000000000000000000000\n-----END PUBLIC KEY-----";
        assert!(matches!(PublicKey::from_pem(p384), Err(KeyError::Malformed(_))));
        for (der, want) in [
            ("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=", "Ed25519"),
            ("MBowDQYJKoZIhvcNAQEBBQADCQAwBgIBAwIBAw==", "RSA"),
        ] {
            let text = format!("-----BEGIN PUBLIC KEY-----\n{der}\n-----END PUBLIC KEY-----\n");
            assert_eq!(PublicKey::from_pem(&text), Err(KeyError::Unsupported(want.into())));
        }
    }

    #[test]
    fn what_is_no_public_key_is_refused() {
        assert!(matches!(PublicKey::from_pem(""), Err(KeyError::Malformed(_))));
        assert!(matches!(PublicKey::from_pem("cosign.pub"), Err(KeyError::Malformed(_))));
        let private = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";
        assert_eq!(PublicKey::from_pem(private), Err(KeyError::NotPublic("PRIVATE KEY".into())));
    }
}
