//! Digests of bodies, computed as they come.

use model::Digest;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use std::fmt::Write as _;

/// A digest under way.
pub(super) enum Hasher {
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl Hasher {
    /// For the algorithm of `digest`.
    pub(super) fn for_digest(digest: &Digest) -> Self {
        match digest.as_str().split(':').next() {
            Some("sha384") => Self::Sha384(Sha384::new()),
            Some("sha512") => Self::Sha512(Sha512::new()),
            _ => Self::Sha256(Sha256::new()),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Sha384(hasher) => hasher.update(bytes),
            Self::Sha512(hasher) => hasher.update(bytes),
        }
    }

    /// Whether what came has this digest.
    pub(super) fn is(self, digest: &Digest) -> bool {
        let (name, bytes) = match self {
            Self::Sha256(hasher) => ("sha256", hasher.finalize().to_vec()),
            Self::Sha384(hasher) => ("sha384", hasher.finalize().to_vec()),
            Self::Sha512(hasher) => ("sha512", hasher.finalize().to_vec()),
        };
        digest.as_str().split_once(':') == Some((name, &hex(&bytes)))
    }
}

/// Whether bytes have a digest.
pub(super) fn matches(bytes: &[u8], digest: &Digest) -> bool {
    let mut hasher = Hasher::for_digest(digest);
    hasher.update(bytes);
    hasher.is(digest)
}

/// The SHA-256 digest of bytes.
pub(super) fn sha256(bytes: &[u8]) -> Option<Digest> {
    Digest::parse(&format!("sha256:{}", hex(&Sha256::digest(bytes))))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_algorithms() {
        let sha512 = "sha512:ee26b0dd4af7e749aa1a8ee3c10ae9923f618980772e473f8819a5d4940e0db27ac185f8a0e1d5f84f88bc887fd67b143732c304cc5fa9ad8e6f57f50028a8ff";
        let sha384 = "sha384:768412320f7b0aa5812fce428dc4706b3cae50e02a64caa16a782249bfe8efc4b7ef1ccb126255d196047dfedf17a0a9";
        for text in [sha512, sha384, sha256(b"test").unwrap().as_str()] {
            let digest = Digest::parse(text).unwrap();
            assert!(matches(b"test", &digest) && !matches(b"Test", &digest), "{text}");
        }
    }
}
