//! Certificates for keyless signing: what Fulcio is asked, and what its answer must hold.
//!
//! Semantics: `POST /api/v2/signingCert` of Fulcio (`fulcio.proto`), with a certificate signing request (RFC 2986) as the
//! proof that the key is ours. The name in the certificate comes from the token, so the request names nobody.

use crate::der;
use crate::{PrivateKey, SignError, pem};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, Encode as _};

/// Where a certificate is asked for, below the authority's address.
pub const PATH: &str = "/api/v2/signingCert";
/// ECDSA with SHA-256.
const ECDSA_SHA256: &[u8] = &[0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/// Most certificates of one chain.
const CHAIN: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    signed_certificate_embedded_sct: Option<Signed>,
    signed_certificate_detached_sct: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Signed {
    chain: Chain,
}

#[derive(Deserialize)]
struct Chain {
    certificates: Vec<String>,
}

/// The body of a request for a certificate of an ECDSA P-256 key, for whoever the token names.
///
/// # Errors
/// When the key cannot sign, or is another one.
pub fn certificate_request(key: &PrivateKey, token: &str) -> Result<Vec<u8>, SignError> {
    if !key.public().algorithm().contains("P-256") {
        return Err(SignError::Authority("certificates are asked for ECDSA P-256 keys".to_owned()));
    }
    // Version 0, an empty name, the key, no attributes.
    let wanted =
        der::element(0x30, &[&der::integer(&[0]), &der::element(0x30, &[]), key.public().spki(), &[0xa0, 0]]);
    let signature = key.sign(&wanted)?;
    let bits = der::element(0x03, &[&[0], &signature]);
    let request = pem::write("CERTIFICATE REQUEST", &der::element(0x30, &[&wanted, ECDSA_SHA256, &bits]));
    Ok(serde_json::to_vec(&serde_json::json!({
        "credentials": {"oidcIdentityToken": token},
        "certificateSigningRequest": STANDARD.encode(request),
    }))?)
}

/// Reads Fulcio's answer: the certificate first, then its issuers, in DER.
///
/// # Errors
/// When it holds no chain, or the certificate is for another key.
pub fn certificate_answer(answer: &[u8], key: &PrivateKey) -> Result<Vec<Vec<u8>>, SignError> {
    let bad = |why: String| SignError::Authority(why);
    let answer: Answer = serde_json::from_slice(answer).map_err(|error| bad(error.to_string()))?;
    let signed = match (answer.signed_certificate_embedded_sct, answer.signed_certificate_detached_sct) {
        (Some(signed), _) => signed,
        (None, Some(_)) => {
            return Err(bad(
                "its proof of the certificate log is not in the certificate, where verifiers look".to_owned(),
            ));
        }
        (None, None) => return Err(bad("its answer holds no certificate".to_owned())),
    };
    if signed.chain.certificates.len() > CHAIN {
        return Err(bad("its chain is longer than anyone looks at".to_owned()));
    }
    let der = |text: &String| match pem::read(text) {
        Ok(block) if block.label == "CERTIFICATE" => Ok(block.bytes),
        Ok(block) => Err(bad(format!("its chain holds a {}", block.label))),
        Err(why) => Err(bad(why)),
    };
    let chain = signed.chain.certificates.iter().map(der).collect::<Result<Vec<_>, _>>()?;
    let leaf = chain.first().ok_or_else(|| bad("its chain is empty".to_owned()))?;
    let leaf = Certificate::from_der(leaf).map_err(|error| bad(error.to_string()))?;
    let of = leaf.tbs_certificate.subject_public_key_info.to_der().map_err(|error| bad(error.to_string()))?;
    match of == key.public().spki() {
        true => Ok(chain),
        false => Err(bad("its certificate is for another key".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::made::private;

    #[test]
    fn requests_prove_the_key() {
        let key = private(1);
        let body: serde_json::Value =
            serde_json::from_slice(&certificate_request(&key, "a.b.c").unwrap()).unwrap();
        assert_eq!(body["credentials"]["oidcIdentityToken"], "a.b.c");
        let text = STANDARD.decode(body["certificateSigningRequest"].as_str().unwrap()).unwrap();
        let block = pem::read(std::str::from_utf8(&text).unwrap()).unwrap();
        let request = x509_cert::request::CertReq::from_der(&block.bytes).unwrap();
        let signed = request.info.to_der().unwrap();
        assert!(key.public().verifies(&signed, request.signature.raw_bytes()));
        assert!(!private(2).public().verifies(&signed, request.signature.raw_bytes()));
    }

    #[test]
    fn answers() {
        let told = |text: &str| certificate_answer(text.as_bytes(), &private(1)).unwrap_err().to_string();
        let chain = |certificates: &[&str]| {
            serde_json::json!({"signedCertificateEmbeddedSct": {"chain": {"certificates": certificates}}})
                .to_string()
        };
        let broken = pem::write("CERTIFICATE", b"x");
        for (answer, why) in [
            ("<html>".to_owned(), "expected value"),
            ("{}".to_owned(), "no certificate"),
            (r#"{"signedCertificateDetachedSct":{}}"#.to_owned(), "not in the certificate"),
            (chain(&[]), "empty"),
            (chain(&["x"]), "BEGIN"),
            (chain(&[&pem::write("PUBLIC KEY", b"x")]), "PUBLIC KEY"),
            (chain(&[&broken]), ""),
            (chain(&vec![broken.as_str(); 1000]), "longer"),
        ] {
            let told = told(&answer);
            assert!(told.contains(why), "{told}");
        }
    }
}
