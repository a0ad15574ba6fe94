//! The names in a certificate. Everything else of it is the library's.

use x509_cert::Certificate;
use x509_cert::der::asn1::Utf8StringRef;
use x509_cert::der::{Decode as _, oid::ObjectIdentifier};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// Fulcio's other name: a user name and its domain, `alice!example.com`.
const USER_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.7");

/// E-mail addresses, URIs and user names of a certificate. Broken ones are none.
pub(crate) fn names(der: &[u8]) -> Vec<String> {
    let Ok(certificate) = Certificate::from_der(der) else { return Vec::new() };
    let Ok(Some((_, names))) = certificate.tbs_certificate.get::<SubjectAltName>() else { return Vec::new() };
    let text = |name: &GeneralName| match name {
        GeneralName::Rfc822Name(text) | GeneralName::UniformResourceIdentifier(text) => {
            Some(text.to_string())
        }
        GeneralName::OtherName(other) if other.type_id == USER_NAME => {
            other.value.decode_as::<Utf8StringRef<'_>>().ok().map(|text| text.as_str().to_owned())
        }
        _ => None,
    };
    names.0.iter().filter_map(text).filter(|name| !name.is_empty()).collect()
}

/// Whether a certificate is its own issuer's: the root of a chain.
pub(crate) fn is_root(der: &[u8]) -> bool {
    Certificate::from_der(der).is_ok_and(|c| c.tbs_certificate.issuer == c.tbs_certificate.subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_ones_name_nobody() {
        assert!(!is_root(&[]) && names(&[]).is_empty() && names(&[0x30, 0x03, 0x02, 0x01, 0x01]).is_empty());
    }
}
