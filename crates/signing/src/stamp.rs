//! Time stamps: what an authority is asked (RFC 3161), and whether it gave one. Whether it may be believed is for whoever
//! verifies, against a trust root.

use crate::SignError;
use crate::der;
use sha2::{Digest as _, Sha256};

/// SHA-256 with its absent parameters written as NULL, as everyone does.
const SHA256: &[u8] =
    &[0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00];
/// Longest time stamp that is kept, in bytes.
const CAP: usize = 64 << 10;

/// The body of a request for a time stamp over something; `nonce` is random. The certificates are not asked for: they are
/// in the trust root.
pub(crate) fn request(of: &[u8], nonce: &[u8]) -> Vec<u8> {
    let imprint = der::element(0x30, &[SHA256, &der::element(0x04, &[&Sha256::digest(of)])]);
    der::element(0x30, &[&der::integer(&[1]), &imprint, &der::integer(nonce)])
}

/// Reads an authority's answer: the time stamp is the whole of it.
///
/// # Errors
/// When none was given, or one that answers another request.
pub(crate) fn answer(bytes: &[u8], of: &[u8], nonce: &[u8]) -> Result<Vec<u8>, SignError> {
    let bad = |why: &str| SignError::Stamp(why.to_owned());
    if bytes.len() > CAP {
        return Err(bad("its answer is longer than any time stamp"));
    }
    let broken = || bad("its answer is no time stamp");
    let (0x30, content, []) = der::first(bytes).ok_or_else(broken)? else { return Err(broken()) };
    let (0x30, status, token) = der::first(content).ok_or_else(broken)? else { return Err(broken()) };
    let (0x02, status, _) = der::first(status).ok_or_else(broken)? else { return Err(broken()) };
    if !matches!(status, [0 | 1]) || token.is_empty() {
        return Err(bad("it refuses to give one"));
    }
    // What is inside is signed and is checked in full with the rest of the bundle; an answer to another request is told
    // from ours here, where the nonce is known.
    for (what, part) in [("nonce", der::integer(nonce)), ("digest", Sha256::digest(of).to_vec())] {
        if !token.windows(part.len()).any(|window| window == part) {
            return Err(bad(&format!("its answer has another {what}")));
        }
    }
    Ok(bytes.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u8, content: &[&[u8]]) -> Vec<u8> {
        let status = der::element(0x30, &[&der::integer(&[status])]);
        let token = der::element(0x30, content);
        der::element(0x30, &[&status, if content.is_empty() { &[] } else { &token }])
    }

    #[test]
    fn requests() {
        let bytes = request(b"signature", &[9; 8]);
        let (0x30, content, []) = der::first(&bytes).unwrap() else { panic!("{bytes:?}") };
        assert_eq!(der::first(content).unwrap().1, [1]);
        let digest: [u8; 32] = Sha256::digest(b"signature").into();
        assert!(bytes.windows(32).any(|window| window == digest));
        assert!(bytes.ends_with(&[2, 8, 9, 9, 9, 9, 9, 9, 9, 9]));
    }

    #[test]
    fn answers() {
        let (nonce, digest) = ([9; 8], Sha256::digest(b"s"));
        let good = reply(0, &[&digest, &der::integer(&nonce)]);
        assert_eq!(answer(&good, b"s", &nonce).unwrap(), good);
        assert!(answer(&reply(1, &[&digest, &der::integer(&nonce)]), b"s", &nonce).is_ok());
        for (bytes, why) in [
            (reply(2, &[]), "refuses"),
            (reply(0, &[]), "refuses"),
            (reply(0, &[&digest]), "nonce"),
            (reply(0, &[&Sha256::digest(b"t"), &der::integer(&nonce)]), "digest"),
            (b"<html>".to_vec(), "no time stamp"),
            ([&good[..], &[0]].concat(), "no time stamp"),
            (vec![0x30; CAP + 1], "longer"),
        ] {
            let told = answer(&bytes, b"s", &nonce).unwrap_err().to_string();
            assert!(told.contains(why), "{told}");
        }
    }
}
