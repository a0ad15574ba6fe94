//! Private keys: made, imported, opened from Cosign's encrypted file and sealed into it, used to sign.

use super::envelope::{self, EnvelopeError, ScryptCap};
use super::{KeyError, PublicKey};
use crate::pem;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::der::Decode as _;
use p256::pkcs8::spki::AlgorithmIdentifierRef;
use p256::pkcs8::{
    EncodePrivateKey as _, EncodePublicKey as _, ObjectIdentifier, PrivateKeyInfo, SecretDocument,
};

/// Why a text is no key that can sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrivateKeyError {
    /// Not PEM, or PEM around something broken.
    #[error("not a private key in PEM: {0}")]
    Malformed(String),
    /// A public key, a certificate, or something else in PEM.
    #[error("the PEM holds a {0}, not a private key")]
    NotPrivate(String),
    /// The key is encrypted, and not by this password; or the ciphertext was altered, which looks the same.
    #[error("wrong password")]
    WrongPassword,
    /// The file itself is broken, too costly, or of an unknown kind.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// A key of an algorithm or a size that is not supported.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A private key. It cannot be printed.
pub struct PrivateKey {
    secret: Secret,
    pkcs8: SecretDocument,
    public: PublicKey,
}

enum Secret {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PrivateKey").field("public", &self.public).finish_non_exhaustive()
    }
}

impl PrivateKey {
    /// Makes an ECDSA P-256 key, as Cosign does. `random` fills what must be random.
    ///
    /// # Errors
    /// Only if `random` yields nothing that can be a key in a hundred tries.
    pub fn generate(random: &mut dyn FnMut(&mut [u8])) -> Result<Self, PrivateKeyError> {
        for _ in 0..100 {
            let mut bytes = [0_u8; 32];
            random(&mut bytes);
            if let Ok(key) = p256::SecretKey::from_slice(&bytes) {
                let pkcs8 = key.to_pkcs8_der().map_err(|e| PrivateKeyError::Malformed(e.to_string()))?;
                return Self::from_pkcs8(pkcs8);
            }
        }
        Err(PrivateKeyError::Malformed("the source of randomness yields no key".to_owned()))
    }

    /// Reads an unencrypted key: `PRIVATE KEY` (PKCS #8), `EC PRIVATE KEY` (SEC 1) or `RSA PRIVATE KEY` (PKCS #1).
    ///
    /// # Errors
    /// When the text is no such key.
    pub fn import(text: &str) -> Result<Self, PrivateKeyError> {
        let malformed = |e: &dyn std::fmt::Display| PrivateKeyError::Malformed(e.to_string());
        let blocks = pem::read_all(text).map_err(PrivateKeyError::Malformed)?;
        // OpenSSL writes a block with the curve's name before the key.
        let block =
            blocks.into_iter().find(|b| b.label != "EC PARAMETERS").ok_or_else(|| malformed(&"no key"))?;
        match block.label.as_str() {
            "PRIVATE KEY" => {
                Self::from_pkcs8(SecretDocument::try_from(block.bytes).map_err(|e| malformed(&e))?)
            }
            "EC PRIVATE KEY" => {
                let pkcs8 = match p256::SecretKey::from_sec1_der(&block.bytes) {
                    Ok(key) => key.to_pkcs8_der(),
                    Err(_) => p384::SecretKey::from_sec1_der(&block.bytes)
                        .map_err(|e| malformed(&e))?
                        .to_pkcs8_der(),
                };
                Self::from_pkcs8(pkcs8.map_err(|e| malformed(&e))?)
            }
            "RSA PRIVATE KEY" => {
                let oid = ObjectIdentifier::new(super::RSA).map_err(|e| malformed(&e))?;
                let null = p256::pkcs8::der::AnyRef::NULL;
                let info =
                    PrivateKeyInfo::new(AlgorithmIdentifierRef { oid, parameters: Some(null) }, &block.bytes);
                Self::from_pkcs8(SecretDocument::try_from(info).map_err(|e| malformed(&e))?)
            }
            label => Err(PrivateKeyError::NotPrivate(label.to_owned())),
        }
    }

    /// Opens Cosign's encrypted key file.
    ///
    /// # Errors
    /// [`PrivateKeyError::WrongPassword`] when only the password is wrong; anything else means the file is.
    pub fn open(text: &str, password: &[u8], cap: ScryptCap) -> Result<Self, PrivateKeyError> {
        let block = pem::read(text).map_err(PrivateKeyError::Malformed)?;
        if !envelope::is_label(&block.label) {
            return Err(PrivateKeyError::NotPrivate(block.label));
        }
        let pkcs8 = envelope::open(&block.bytes, password, cap)?;
        let malformed = |e: p256::pkcs8::der::Error| PrivateKeyError::Malformed(e.to_string());
        Self::from_pkcs8(SecretDocument::try_from(pkcs8).map_err(malformed)?)
    }

    /// The key as Cosign's encrypted file. `random` fills what must be random.
    ///
    /// # Errors
    /// None is known to happen; the cipher's interface has one.
    pub fn seal(
        &self,
        password: &[u8],
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<String, PrivateKeyError> {
        envelope::seal(self.pkcs8.as_bytes(), password, random)
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a message with the hash that goes with the key. ECDSA nonces are derived from key and message (RFC 6979),
    /// so equal input gives equal output.
    ///
    /// # Errors
    /// When the crypto library refuses, which it has no known reason to.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, PrivateKeyError> {
        match &self.secret {
            Secret::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                Ok(signature.to_der().as_bytes().to_vec())
            }
            Secret::P384(key) => {
                let signature: p384::ecdsa::Signature = key.sign(message);
                Ok(signature.to_der().as_bytes().to_vec())
            }
            Secret::Rsa(key) => {
                let mut out = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut out)
                    .map_err(|_| PrivateKeyError::Malformed("the key cannot sign".to_owned()))?;
                Ok(out)
            }
            Secret::Ed25519(key) => Ok(key.sign(message).as_ref().to_vec()),
        }
    }

    fn from_pkcs8(pkcs8: SecretDocument) -> Result<Self, PrivateKeyError> {
        let malformed = |e: &dyn std::fmt::Display| PrivateKeyError::Malformed(e.to_string());
        let der = pkcs8.as_bytes();
        let info = PrivateKeyInfo::from_der(der).map_err(|e| malformed(&e))?;
        let curve = info.algorithm.parameters_oid().map(|oid| oid.to_string()).unwrap_or_default();
        let (secret, spki) = match (info.algorithm.oid.to_string().as_str(), curve.as_str()) {
            (super::EC, super::P256) => {
                let key = p256::SecretKey::try_from(info).map_err(|e| malformed(&e))?;
                let spki = key.public_key().to_public_key_der().map_err(|e| malformed(&e))?;
                (Secret::P256(key.into()), spki.into_vec())
            }
            (super::EC, super::P384) => {
                let key = p384::SecretKey::try_from(info).map_err(|e| malformed(&e))?;
                let spki = key.public_key().to_public_key_der().map_err(|e| malformed(&e))?;
                (Secret::P384(key.into()), spki.into_vec())
            }
            (super::RSA, _) => {
                let key = RsaKeyPair::from_pkcs8(der).map_err(|e| malformed(&e))?;
                let spki = rsa_spki(key.public_key().as_ref())?;
                (Secret::Rsa(key), spki)
            }
            (super::ED25519, _) => {
                let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|e| malformed(&e))?;
                let spki = ed25519_spki(key.public_key().as_ref());
                (Secret::Ed25519(key), spki)
            }
            (oid, _) => return Err(KeyError::Unsupported(oid.to_owned()).into()),
        };
        let public = PublicKey::from_spki(&spki)?;
        Ok(Self { secret, pkcs8, public })
    }
}

/// PKCS #1 wrapped as subject public key info.
fn rsa_spki(pkcs1: &[u8]) -> Result<Vec<u8>, PrivateKeyError> {
    use p256::pkcs8::der::Encode as _;
    use p256::pkcs8::der::asn1::BitStringRef;
    let malformed = |e: p256::pkcs8::der::Error| PrivateKeyError::Malformed(e.to_string());
    let oid = ObjectIdentifier::new(super::RSA).map_err(|e| PrivateKeyError::Malformed(e.to_string()))?;
    let null = p256::pkcs8::der::AnyRef::NULL;
    let info = p256::pkcs8::SubjectPublicKeyInfoRef {
        algorithm: AlgorithmIdentifierRef { oid, parameters: Some(null) },
        subject_public_key: BitStringRef::from_bytes(pkcs1).map_err(malformed)?,
    };
    info.to_der().map_err(malformed)
}

/// RFC 8410: a fixed head before the 32 bytes.
fn ed25519_spki(raw: &[u8]) -> Vec<u8> {
    let head = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    head.iter().chain(raw).copied().collect()
}

#[cfg(test)]
pub(crate) mod made {
    //! Randomness for tests: a counter, stretched.

    use sha2::{Digest as _, Sha256};

    pub(crate) fn random(seed: u8) -> impl FnMut(&mut [u8]) {
        let mut count = 0_u32;
        move |out: &mut [u8]| {
            for chunk in out.chunks_mut(32) {
                count += 1;
                let block = Sha256::digest([&[seed][..], &count.to_be_bytes()].concat());
                chunk.copy_from_slice(&block[..chunk.len()]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::made::random;
    use super::*;

    #[test]
    fn made_sealed_opened() {
        let key = PrivateKey::generate(&mut random(1)).unwrap();
        let text = key.seal(b"geheim", &mut random(2)).unwrap();
        assert!(text.starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n"));
        let again = PrivateKey::open(&text, b"geheim", ScryptCap::default()).unwrap();
        assert_eq!(again.public(), key.public());
        assert!(key.public().verifies(b"m", &again.sign(b"m").unwrap()));
        assert_eq!(again.sign(b"m").unwrap(), key.sign(b"m").unwrap());
        let older = text.replace("SIGSTORE", "COSIGN");
        assert!(PrivateKey::open(&older, b"geheim", ScryptCap::default()).is_ok());
        let wrong = PrivateKey::open(&text, b"other", ScryptCap::default()).unwrap_err();
        assert_eq!(wrong, PrivateKeyError::WrongPassword);
        assert!(!format!("{key:?}").contains("secret"));
    }

    #[test]
    fn what_is_no_private_key_is_refused() {
        let public = PrivateKey::generate(&mut random(1)).unwrap().public().to_pem();
        assert_eq!(
            PrivateKey::import(&public).unwrap_err(),
            PrivateKeyError::NotPrivate("PUBLIC KEY".into())
        );
        assert!(matches!(
            PrivateKey::open(&public, b"", ScryptCap::default()),
            Err(PrivateKeyError::NotPrivate(_))
        ));
        for label in ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"] {
            let text = pem::write(label, &[0x30, 0]);
            assert!(matches!(PrivateKey::import(&text), Err(PrivateKeyError::Malformed(_))), "{label}");
        }
        assert!(PrivateKey::generate(&mut |out| out.fill(0)).is_err());
    }

    /// Keys `openssl` wrote, of every kind that can be imported.
    #[test]
    fn imported() {
        for (name, text, algorithm) in [
            ("sec1", include_str!("../../tests/keys/p256-sec1.pem"), "ECDSA P-256"),
            ("pkcs8", include_str!("../../tests/keys/p256-pkcs8.pem"), "ECDSA P-256"),
            ("p384", include_str!("../../tests/keys/p384-sec1.pem"), "ECDSA P-384"),
            ("pkcs1", include_str!("../../tests/keys/rsa-pkcs1.pem"), "RSA"),
            ("rsa", include_str!("../../tests/keys/rsa-pkcs8.pem"), "RSA"),
            ("edwards", include_str!("../../tests/keys/ed25519-pkcs8.pem"), "Ed25519"),
        ] {
            let key = PrivateKey::import(text).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(key.public().algorithm(), algorithm, "{name}");
            assert!(key.public().verifies(b"m", &key.sign(b"m").unwrap()), "{name}");
            assert!(!key.public().verifies(b"n", &key.sign(b"m").unwrap()), "{name}");
            // The envelope is the same for all; one that is not P-256 and one with an empty password will do.
            if name != "p384" {
                continue;
            }
            let sealed = key.seal(b"", &mut random(3)).unwrap();
            let again = PrivateKey::open(&sealed, b"", ScryptCap::default()).unwrap();
            assert_eq!(again.public(), key.public(), "{name}");
        }
    }

    /// A key file the real cosign 3.1 wrote.
    #[test]
    fn corpus() {
        let read = |name: &str| {
            let bytes = crate::corpus::read(&format!("verify-images/keys/{name}"))?;
            Some(String::from_utf8(bytes).unwrap())
        };
        let (Some(private), Some(public)) = (read("alpha.key"), read("alpha.pub")) else { return };
        let key = PrivateKey::open(&private, b"throw-away", ScryptCap::default()).unwrap();
        assert_eq!(key.public(), &PublicKey::from_pem(&public).unwrap());
        let wrong = PrivateKey::open(&private, b"Throw-away", ScryptCap::default()).unwrap_err();
        assert_eq!(wrong, PrivateKeyError::WrongPassword);
        let rsa = PrivateKey::open(&read("rsa.key").unwrap(), b"throw-away", ScryptCap::default()).unwrap();
        assert_eq!(rsa.public(), &PublicKey::from_pem(&read("rsa.pub").unwrap()).unwrap());
    }
}
