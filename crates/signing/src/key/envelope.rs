//! Cosign's encrypted private key: PEM around JSON around scrypt and NaCl's secretbox.
//!
//! Semantics: go-securesystemslib's `encrypted` package as Cosign calls it. The cost somebody else's file asks for is
//! checked before a byte is allocated for it.

use super::private::PrivateKeyError;
use crate::{pem, strict};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_secretbox::aead::Aead as _;
use crypto_secretbox::{KeyInit as _, XSalsa20Poly1305};
use serde::{Deserialize, Serialize};

/// Labels Cosign has written; the second is the older one.
const LABELS: &[&str] = &["ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY"];
/// What Cosign spends on a password.
const LOG_N: u8 = 16;
const R: u32 = 8;
const P: u32 = 1;

/// What opening a key file may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScryptCap {
    /// Bytes of memory (128·N·r). Cosign's own files need 64 MiB. Default 128 MiB.
    pub memory: u64,
    /// Passes over that memory (p). Cosign's own files need one. Default 4.
    pub passes: u32,
}

impl Default for ScryptCap {
    fn default() -> Self {
        Self { memory: 128 << 20, passes: 4 }
    }
}

/// Why a key file's envelope cannot be opened at all, whatever the password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Not the JSON that belongs there.
    #[error("the encrypted key is malformed: {0}")]
    Malformed(String),
    /// Another key derivation or cipher than Cosign's.
    #[error("the key is protected by {0}, which is not supported; scrypt with nacl/secretbox is")]
    Unsupported(String),
    /// The file asks for more memory or work than is allowed.
    #[error("opening the key would take scrypt with N={n}, r={r}, p={p}, which is over the limit")]
    TooCostly {
        /// scrypt's N.
        n: u64,
        /// scrypt's r.
        r: u32,
        /// scrypt's p.
        p: u32,
    },
}

#[derive(Serialize, Deserialize)]
struct Document {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Serialize, Deserialize)]
struct Kdf {
    name: String,
    params: Params,
    salt: String,
}

#[derive(Serialize, Deserialize)]
struct Params {
    #[serde(rename = "N")]
    n: u64,
    r: u32,
    p: u32,
}

#[derive(Serialize, Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

/// Whether a PEM label names this envelope.
pub(super) fn is_label(label: &str) -> bool {
    LABELS.contains(&label)
}

/// Decrypts the body of the PEM block to PKCS #8.
pub(super) fn open(body: &[u8], password: &[u8], cap: ScryptCap) -> Result<Vec<u8>, PrivateKeyError> {
    let malformed = |what: &str| EnvelopeError::Malformed(what.to_owned());
    let document: Document = strict::read(body).map_err(EnvelopeError::Malformed)?;
    for (name, want) in [(&document.kdf.name, "scrypt"), (&document.cipher.name, "nacl/secretbox")] {
        if name != want {
            return Err(EnvelopeError::Unsupported(name.clone()).into());
        }
    }
    let decode = |name: &'static str, text: &str| {
        STANDARD.decode(text).map_err(|_| malformed(&format!("{name} is not base64")))
    };
    let salt = decode("salt", &document.kdf.salt)?;
    let nonce = decode("nonce", &document.cipher.nonce)?;
    let ciphertext = decode("ciphertext", &document.ciphertext)?;
    let nonce: [u8; 24] = nonce.try_into().map_err(|_| malformed("the nonce has not 24 bytes"))?;
    if ciphertext.len() < 16 {
        return Err(malformed("the ciphertext is shorter than its seal").into());
    }
    let key = derive(password, &salt, &document.kdf.params, cap)?;
    let cipher = XSalsa20Poly1305::new(&key.into());
    cipher.decrypt(&nonce.into(), ciphertext.as_slice()).map_err(|_| PrivateKeyError::WrongPassword)
}

/// Encrypts PKCS #8 as Cosign does. `random` fills what must be random.
pub(super) fn seal(
    pkcs8: &[u8],
    password: &[u8],
    random: &mut dyn FnMut(&mut [u8]),
) -> Result<String, PrivateKeyError> {
    let (mut salt, mut nonce) = ([0_u8; 32], [0_u8; 24]);
    random(&mut salt);
    random(&mut nonce);
    let params = Params { n: 1 << LOG_N, r: R, p: P };
    let key = derive(password, &salt, &params, ScryptCap::default())?;
    let ciphertext = XSalsa20Poly1305::new(&key.into())
        .encrypt(&nonce.into(), pkcs8)
        .map_err(|_| EnvelopeError::Malformed("the key is too long to encrypt".to_owned()))?;
    let document = Document {
        kdf: Kdf { name: "scrypt".to_owned(), params, salt: STANDARD.encode(salt) },
        cipher: Cipher { name: "nacl/secretbox".to_owned(), nonce: STANDARD.encode(nonce) },
        ciphertext: STANDARD.encode(ciphertext),
    };
    let json = serde_json::to_vec(&document).map_err(|e| EnvelopeError::Malformed(e.to_string()))?;
    Ok(pem::write("ENCRYPTED SIGSTORE PRIVATE KEY", &json))
}

fn derive(password: &[u8], salt: &[u8], params: &Params, cap: ScryptCap) -> Result<[u8; 32], EnvelopeError> {
    let Params { n, r, p } = *params;
    let costly = EnvelopeError::TooCostly { n, r, p };
    if !n.is_power_of_two() || n < 2 || r == 0 || p == 0 {
        return Err(EnvelopeError::Malformed(format!("scrypt cannot run with N={n}, r={r}, p={p}")));
    }
    let memory = n.saturating_mul(u64::from(r)).saturating_mul(128);
    if memory > cap.memory || p > cap.passes {
        return Err(costly);
    }
    let log_n = u8::try_from(n.trailing_zeros()).unwrap_or(u8::MAX);
    let checked = scrypt::Params::new(log_n, r, p, 32).map_err(|_| costly.clone())?;
    let mut key = [0_u8; 32];
    scrypt::scrypt(password, salt, &checked, &mut key).map_err(|_| costly)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(change: impl Fn(&mut serde_json::Value)) -> Vec<u8> {
        let mut document = serde_json::json!({
            "kdf": {"name": "scrypt", "params": {"N": 2, "r": 1, "p": 1}, "salt": "AAAA"},
            "cipher": {"name": "nacl/secretbox", "nonce": STANDARD.encode([0; 24])},
            "ciphertext": STANDARD.encode([0; 32]),
        });
        change(&mut document);
        document.to_string().into_bytes()
    }

    #[test]
    fn broken_is_not_wrong_password() {
        let why = |body: &[u8]| open(body, b"x", ScryptCap::default()).unwrap_err();
        assert_eq!(why(&file(|_| {})), PrivateKeyError::WrongPassword);
        for body in [
            b"{}".to_vec(),
            file(|d| d["cipher"]["nonce"] = "AAAA".into()),
            file(|d| d["ciphertext"] = "AAAA".into()),
            file(|d| d["kdf"]["salt"] = "*".into()),
            file(|d| d["kdf"]["params"]["N"] = 3.into()),
            file(|d| d["kdf"]["params"]["r"] = 0.into()),
        ] {
            assert!(
                matches!(why(&body), PrivateKeyError::Envelope(EnvelopeError::Malformed(_))),
                "{:?}",
                why(&body)
            );
        }
        let other = file(|d| d["kdf"]["name"] = "argon2".into());
        assert!(matches!(why(&other), PrivateKeyError::Envelope(EnvelopeError::Unsupported(_))));
    }

    #[test]
    fn cost_is_checked_before_it_is_paid() {
        for (n, r, p) in [(1_u64 << 40, 8, 1), (1 << 16, 1 << 30, 1), (2, 1, 1 << 30), (1 << 63, u32::MAX, 1)]
        {
            let body = file(|d| d["kdf"]["params"] = serde_json::json!({"N": n, "r": r, "p": p}));
            let why = open(&body, b"x", ScryptCap::default()).unwrap_err();
            assert_eq!(why, PrivateKeyError::Envelope(EnvelopeError::TooCostly { n, r, p }));
        }
    }
}
