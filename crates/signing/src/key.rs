//! Public keys: read from PEM, named by fingerprint, used to verify.
//!
//! Which hash goes with which key follows Cosign: SHA-256, except SHA-384 for P-384 (older Cosign used SHA-256 there,
//! so both are accepted); RSA means PKCS #1 v1.5; Ed25519 signs the message itself.

mod envelope;
mod private;

pub use envelope::{EnvelopeError, ScryptCap};
pub use private::{PrivateKey, PrivateKeyError};

use crate::pem;
use aws_lc_rs::signature as aws;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use p256::pkcs8::der::{Decode as _, Reader as _, SliceReader, asn1::UintRef};
use p256::pkcs8::{DecodePublicKey as _, SubjectPublicKeyInfoRef};
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
    /// A key of an algorithm or a size that is not supported.
    #[error(
        "keys of algorithm {0} are not supported; ECDSA P-256 and P-384, RSA of 2048 to 8192 bits and Ed25519 are"
    )]
    Unsupported(String),
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    key: Key,
    spki: Vec<u8>,
    fingerprint: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    /// The modulus and exponent, as PKCS #1 writes them.
    Rsa(Vec<u8>),
    Ed25519(Vec<u8>),
}

const EC: &str = "1.2.840.10045.2.1";
const P256: &str = "1.2.840.10045.3.1.7";
const P384: &str = "1.3.132.0.34";
const RSA: &str = "1.2.840.113549.1.1.1";
const ED25519: &str = "1.3.101.112";

/// Names of algorithms people hold keys of that are not supported, by object identifier.
const NAMES: &[(&str, &str)] =
    &[("1.3.132.0.35", "ECDSA P-521"), ("1.3.132.0.10", "ECDSA secp256k1"), ("1.3.101.113", "Ed448")];

impl PublicKey {
    /// Reads a `PUBLIC KEY` block (subject public key info, RFC 5280), as `cosign.pub` holds it.
    ///
    /// # Errors
    /// When the text is no PEM, no public key, or a key of another algorithm.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let block = pem::read(text).map_err(KeyError::Malformed)?;
        if block.label != "PUBLIC KEY" {
            return Err(KeyError::NotPublic(block.label));
        }
        Self::from_spki(&block.bytes)
    }

    /// Reads a subject public key info in DER.
    ///
    /// # Errors
    /// As [`PublicKey::from_pem`].
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyError> {
        let malformed = |error: &dyn std::fmt::Display| KeyError::Malformed(error.to_string());
        let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|e| malformed(&e))?;
        let algorithm = info.algorithm.oid.to_string();
        let curve = info.algorithm.parameters_oid().map(|oid| oid.to_string()).unwrap_or_default();
        let bits = info.subject_public_key.as_bytes().unwrap_or_default();
        let key = match (algorithm.as_str(), curve.as_str()) {
            (EC, P256) => {
                Key::P256(p256::ecdsa::VerifyingKey::from_public_key_der(der).map_err(|e| malformed(&e))?)
            }
            (EC, P384) => {
                Key::P384(p384::ecdsa::VerifyingKey::from_public_key_der(der).map_err(|e| malformed(&e))?)
            }
            (RSA, _) => rsa(bits)?,
            (ED25519, _) if bits.len() == 32 => Key::Ed25519(bits.to_vec()),
            (ED25519, _) => return Err(malformed(&"an Ed25519 key has 32 bytes")),
            _ => {
                let oid = if algorithm == EC { curve } else { algorithm };
                let name =
                    NAMES.iter().find(|(known, _)| *known == oid).map_or(oid.as_str(), |(_, name)| name);
                return Err(KeyError::Unsupported(name.to_owned()));
            }
        };
        Ok(Self { key, spki: der.to_vec(), fingerprint: format!("sha256:{}", hex(&Sha256::digest(der))) })
    }

    /// `sha256:` and the hash of the key's DER, as `openssl pkey -pubin -outform DER | sha256sum` prints it.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The key as `cosign.pub` holds it.
    pub fn to_pem(&self) -> String {
        pem::write("PUBLIC KEY", &self.spki)
    }

    /// Subject public key info in DER.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Name of the algorithm.
    pub fn algorithm(&self) -> &'static str {
        match &self.key {
            Key::P256(_) => "ECDSA P-256",
            Key::P384(_) => "ECDSA P-384",
            Key::Rsa(_) => "RSA",
            Key::Ed25519(_) => "Ed25519",
        }
    }

    /// How a bundle names the key it was made with: base64 of the SHA-256 of the DER.
    pub(crate) fn hint(&self) -> String {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(Sha256::digest(&self.spki))
    }

    /// Whether `signature` is this key's over `message`. What is no signature (broken DER, zero, out of range) is not.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.key {
            Key::P256(key) => {
                p256::ecdsa::Signature::from_der(signature).is_ok_and(|s| key.verify(message, &s).is_ok())
            }
            Key::P384(key) => p384::ecdsa::Signature::from_der(signature).is_ok_and(|s| {
                key.verify(message, &s).is_ok() || key.verify_prehash(&Sha256::digest(message), &s).is_ok()
            }),
            Key::Rsa(key) => aws::UnparsedPublicKey::new(&aws::RSA_PKCS1_2048_8192_SHA256, key)
                .verify(message, signature)
                .is_ok(),
            Key::Ed25519(key) => {
                aws::UnparsedPublicKey::new(&aws::ED25519, key).verify(message, signature).is_ok()
            }
        }
    }

    /// Whether `signature` is this key's over a message of which only the SHA-256 is known. `None`: this kind of key
    /// signs the message itself, or another hash of it.
    pub(crate) fn verifies_digest(&self, digest: &[u8; 32], signature: &[u8]) -> Option<bool> {
        match &self.key {
            Key::P256(key) => Some(
                p256::ecdsa::Signature::from_der(signature)
                    .is_ok_and(|s| key.verify_prehash(digest, &s).is_ok()),
            ),
            Key::Rsa(key) => {
                let digest = aws_lc_rs::digest::Digest::import_less_safe(digest, &aws_lc_rs::digest::SHA256);
                let key = aws::UnparsedPublicKey::new(&aws::RSA_PKCS1_2048_8192_SHA256, key);
                Some(digest.is_ok_and(|d| key.verify_digest(&d, signature).is_ok()))
            }
            Key::P384(_) | Key::Ed25519(_) => None,
        }
    }
}

/// Checks the size before anybody computes with the key.
fn rsa(pkcs1: &[u8]) -> Result<Key, KeyError> {
    let malformed = |error: p256::pkcs8::der::Error| KeyError::Malformed(error.to_string());
    let mut reader = SliceReader::new(pkcs1).map_err(malformed)?;
    let bytes = reader
        .sequence(|inner| {
            let modulus = UintRef::decode(inner)?;
            UintRef::decode(inner)?;
            Ok(modulus.as_bytes().len())
        })
        .map_err(malformed)?;
    match bytes {
        256..=1024 => Ok(Key::Rsa(pkcs1.to_vec())),
        _ => Err(KeyError::Unsupported(format!("RSA of about {} bits", bytes.saturating_mul(8)))),
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
    use crate::verify::made::{keypair, pem as public_pem};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn reads_and_names() {
        let (_, key) = keypair(1);
        let again = PublicKey::from_pem(&format!("\n{}\n", public_pem(&key))).unwrap();
        assert_eq!(again.fingerprint.len(), 71);
        assert_eq!(again, PublicKey::from_pem(&public_pem(&key)).unwrap());
        assert_eq!(again.to_pem(), public_pem(&key));
        assert_ne!(again, PublicKey::from_pem(&public_pem(&keypair(2).1)).unwrap());
    }

    #[test]
    fn other_algorithms_are_named() {
        let p384 = "-----BEGIN PUBLIC KEY-----\nMHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE0000000000000000000000000000000000\n-----END PUBLIC KEY-----";
        assert!(matches!(PublicKey::from_pem(p384), Err(KeyError::Malformed(_))));
        for (der, want) in [
            ("MBowDQYJKoZIhvcNAQEBBQADCQAwBgIBAwIBAw==", "RSA of about 8 bits"),
            ("MBAwBwYDK2VxBQADBQAAAAAA", "Ed448"),
        ] {
            assert_eq!(
                PublicKey::from_spki(&STANDARD.decode(der).unwrap()),
                Err(KeyError::Unsupported(want.into()))
            );
        }
        let edwards =
            STANDARD.decode("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=").unwrap();
        assert_eq!(PublicKey::from_spki(&edwards).unwrap().algorithm(), "Ed25519");
    }

    #[test]
    fn what_is_no_public_key_is_refused() {
        assert!(matches!(PublicKey::from_pem(""), Err(KeyError::Malformed(_))));
        assert!(matches!(PublicKey::from_pem("cosign.pub"), Err(KeyError::Malformed(_))));
        let private = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";
        assert_eq!(PublicKey::from_pem(private), Err(KeyError::NotPublic("PRIVATE KEY".into())));
    }

    #[test]
    fn odd_signatures_are_none() {
        use p256::ecdsa::signature::Signer as _;
        let (key, public) = keypair(1);
        let public = PublicKey::from_pem(&public_pem(&public)).unwrap();
        let signature: p256::ecdsa::Signature = key.sign(b"m");
        let der = signature.to_der().as_bytes().to_vec();
        assert!(public.verifies(b"m", &der) && !public.verifies(b"n", &der));
        assert_eq!(public.verifies_digest(&Sha256::digest(b"m").into(), &der), Some(true));
        // r = 0; a length in the long form; bytes behind the end; the raw form; nothing.
        let long = [&[0x30, 0x81][..], &der[1..]].concat();
        let after = [&der[..], &[0]].concat();
        let zero = [0x30, 6, 2, 1, 0, 2, 1, 1].to_vec();
        for odd in [zero, long, after, signature.to_bytes().to_vec(), vec![]] {
            assert!(!public.verifies(b"m", &odd), "{odd:?}");
        }
    }
}
