//! Short names of attestation types, as Cosign's `--type` knows them, and what belongs into each.
//!
//! Semantics: Cosign's `pkg/cosign/attestation` and in-toto's list of predicates.

use serde_json::{Value, json};

/// One type of attestation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PredicateType {
    /// Short name.
    pub name: &'static str,
    /// What the statement carries, a URI.
    pub uri: &'static str,
    /// What it claims.
    pub about: &'static str,
}

const fn kind(name: &'static str, uri: &'static str, about: &'static str) -> PredicateType {
    PredicateType { name, uri, about }
}

/// Every short name.
pub static PREDICATES: &[PredicateType] = &[
    kind("custom", "https://cosign.sigstore.dev/attestation/v1", "anything"),
    kind("vuln", "https://cosign.sigstore.dev/attestation/vuln/v1", "what a scanner found"),
    kind("spdx", "https://spdx.dev/Document", "what is inside (SPDX, any form)"),
    kind("spdxjson", "https://spdx.dev/Document", "what is inside (SPDX JSON)"),
    kind("cyclonedx", "https://cyclonedx.org/bom", "what is inside (CycloneDX)"),
    kind("slsaprovenance", "https://slsa.dev/provenance/v0.2", "how it was built (SLSA 0.2)"),
    kind("slsaprovenance02", "https://slsa.dev/provenance/v0.2", "how it was built (SLSA 0.2)"),
    kind("slsaprovenance1", "https://slsa.dev/provenance/v1", "how it was built (SLSA 1)"),
    kind("openvex", "https://openvex.dev/ns", "which vulnerabilities matter"),
    kind("link", "https://in-toto.io/Link/v1", "one step of the supply chain"),
];

/// The URI of a short name, or the URI itself; `None` for anything else.
pub fn predicate_type(name: &str) -> Option<String> {
    if let Some(known) = PREDICATES.iter().find(|known| known.name == name) {
        return Some(known.uri.to_owned());
    }
    let is_uri = name.split_once(':').is_some_and(|(scheme, rest)| {
        !rest.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    });
    is_uri.then(|| name.to_owned())
}

/// The predicate of a type from a document, as Cosign makes it: text in an envelope of its own for `custom` and
/// `spdx`, JSON as it is otherwise. `created` is the time now, in RFC 3339.
///
/// # Errors
/// When the type wants JSON and the document is none.
pub fn predicate(name: &str, document: &[u8], created: &str) -> Result<Value, String> {
    let text = || std::str::from_utf8(document).map_err(|error| error.to_string());
    match name {
        "custom" | "https://cosign.sigstore.dev/attestation/v1" => {
            Ok(json!({"Data": text()?, "Timestamp": created}))
        }
        "spdx" => Ok(Value::from(text()?)),
        _ => serde_json::from_slice(document).map_err(|error| error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let rows = [
            ("vuln", Some("https://cosign.sigstore.dev/attestation/vuln/v1")),
            ("slsaprovenance1", Some("https://slsa.dev/provenance/v1")),
            ("https://example.test/claim", Some("https://example.test/claim")),
            ("urn:x", Some("urn:x")),
            ("vulns", None),
            ("", None),
            (":", None),
        ];
        for (name, want) in rows {
            assert_eq!(predicate_type(name).as_deref(), want, "{name}");
        }
        for (at, one) in PREDICATES.iter().enumerate() {
            assert!(
                !one.about.is_empty() && PREDICATES.iter().skip(at + 1).all(|other| other.name != one.name)
            );
        }
    }

    #[test]
    fn documents() {
        assert_eq!(predicate("vuln", b"{}", "t"), Ok(json!({})));
        assert_eq!(predicate("custom", b"x", "t"), Ok(json!({"Data": "x", "Timestamp": "t"})));
        assert_eq!(predicate("spdx", b"SPDXVersion: x", "t"), Ok(json!("SPDXVersion: x")));
        assert!(predicate("cyclonedx", b"x", "t").is_err());
        assert!(predicate("custom", &[0xff], "t").is_err());
    }
}
