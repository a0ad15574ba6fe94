//! The three answers, and why.

use model::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident $(($detail:ty))? = $code:literal, $text:literal;)*) => {
        /// Why one signature does not count, or why there is none. Order: the nearer to a valid signature, the later.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case", tag = "code", content = "detail")]
        pub enum Reason { $($(#[$doc])* $name $(($detail))?,)* }

        impl Reason {
            /// Stable code, kebab-case.
            pub fn code(&self) -> &'static str {
                match self { $(reasons!(@pattern $name $(($detail))?) => $code,)* }
            }

            /// Every code with what it says, in order.
            pub const CODES: &[(&str, &str)] = &[$(($code, $text)),*];

            /// The same with a detail that fits a line: foreign text is cut and its control characters are taken out.
            pub(crate) fn shortened(self) -> Self {
                match self { $(reasons!(@bind detail $name $(($detail))?) => reasons!(@short detail $name $(($detail))?),)* }
            }

            fn parts(&self) -> (&'static str, Option<&dyn fmt::Display>) {
                match self { $(reasons!(@bind detail $name $(($detail))?) => ($text, reasons!(@detail detail $(($detail))?)),)* }
            }
        }
    };
    (@pattern $name:ident ($detail:ty)) => { Self::$name(_) };
    (@pattern $name:ident) => { Self::$name };
    (@bind $var:ident $name:ident ($detail:ty)) => { Self::$name($var) };
    (@bind $var:ident $name:ident) => { Self::$name };
    (@short $var:ident $name:ident ($detail:ty)) => { Self::$name(short(&$var)) };
    (@short $var:ident $name:ident) => { Self::$name };
    (@detail $var:ident ($detail:ty)) => { Some($var) };
    (@detail $var:ident) => { None };
}

reasons! {
    /// The attached thing is of another media type.
    UnknownMediaType(String) = "unknown-media-type", "attached is something else than a signature";
    /// Every place was asked and holds no signature.
    NoSignature = "no-signature", "no signature found";
    /// An attestation or another signed document: never a signature of the image.
    NotAnImageSignature(String) = "not-an-image-signature", "a signed document of another type is no image signature";
    /// A signature of the image, or an attestation of another type: never the wanted attestation.
    NotTheAttestation(String) = "not-the-attestation", "a signed document of another type is not the wanted attestation";
    /// The annotation that carries the signature is missing.
    SignatureMissing = "signature-missing", "the signature entry carries no signature";
    /// The signature is no base64.
    MalformedSignature = "malformed-signature", "the signature is not base64";
    /// The payload is no JSON of the right shape, or repeats a key.
    MalformedPayload(String) = "malformed-payload", "the signed payload is malformed";
    /// The bundle is no JSON of the right shape, repeats a key, or holds more than is looked at.
    MalformedBundle(String) = "malformed-bundle", "the bundle is malformed";
    /// The bundle's version, key or contents are of a kind that cannot be verified.
    UnsupportedBundle(String) = "unsupported-bundle", "the bundle holds something that cannot be verified";
    /// The signature is about another image or artefact.
    OtherImage(String) = "other-image", "the signature is about something else";
    /// Made with a key, but an identity is required; or made with a certificate, but a key is.
    OtherKind(String) = "other-kind", "the signature is of the other kind";
    /// There is nothing to check certificates and logs against.
    NoTrustRoot = "no-trust-root", "no trust root is at hand";
    /// No key at hand made this signature over these bytes.
    WrongKey = "wrong-key", "no given key made the signature";
    /// The key in the certificate did not make this signature.
    InvalidSignature(String) = "invalid-signature", "the signature is not the certificate's";
    /// The certificate cannot be read.
    MalformedCertificate(String) = "malformed-certificate", "the certificate is malformed";
    /// No authority of the trust root issued the certificate.
    UntrustedCertificate(String) = "untrusted-certificate", "no trusted authority issued the certificate";
    /// The proven time of signing is outside the certificate's validity.
    CertificateExpired(String) = "certificate-expired", "the certificate was not valid when the signature was made";
    /// The certificate carries no valid promise of a certificate log.
    CertificateNotLogged(String) = "certificate-not-logged", "no known log vouches for the certificate";
    /// A timestamp is invalid, or by an authority that is not trusted.
    InvalidTimestamp(String) = "invalid-timestamp", "the timestamp is not valid";
    /// Nothing proves when the signature was made.
    NoTimestamp(String) = "no-timestamp", "nothing proves when the signature was made";
    /// A log entry is required and there is none.
    LogEntryMissing(String) = "log-entry-missing", "the signature is in no transparency log";
    /// The log entry cannot be read.
    MalformedLogEntry(String) = "malformed-log-entry", "the log entry is malformed";
    /// The log is not in the trust root.
    UnknownLog(String) = "unknown-log", "the transparency log is not known";
    /// The log's promise is invalid.
    InvalidPromise(String) = "invalid-promise", "the log's promise is not valid";
    /// The proof does not lead from the entry to the log's root.
    InvalidInclusion(String) = "invalid-inclusion", "the proof of inclusion is not valid";
    /// The log's root is missing or not signed by the log.
    InvalidCheckpoint(String) = "invalid-checkpoint", "the log's checkpoint is not valid";
    /// The log entry is about another signature, key or artefact.
    OtherLogEntry(String) = "other-log-entry", "the log entry is about something else";
    /// The log's time is in the future or outside the certificate's validity.
    InvalidLogTime(String) = "invalid-log-time", "the log's time does not fit";
    /// The certificate names nobody.
    NoIdentity = "no-identity", "the certificate names nobody";
    /// The signature is valid, but somebody else's.
    OtherIssuer(String) = "other-issuer", "another issuer vouches for the signer";
    /// The signature is valid, but somebody else's.
    OtherIdentity(String) = "other-identity", "somebody else made the signature";
    /// The signature is valid, but does not carry a required annotation.
    AnnotationMissing(String) = "annotation-missing", "the valid signature does not carry the annotation";
}

/// At most 200 characters, none of them a control character.
fn short(text: &str) -> String {
    let mut out: String = text.chars().take(200).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            (text, Some(detail)) => write!(f, "{text}: {detail}"),
            (text, None) => f.write_str(text),
        }
    }
}

/// One signature that was looked at and does not count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Refusal {
    /// Storage layout it was found in.
    pub layout: &'static str,
    /// Digest of its payload.
    pub payload: Option<Digest>,
    /// Why it does not count.
    pub reason: Reason,
}

/// What is known of the transparency log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Log {
    /// It was not asked: the signature was verified by key alone.
    NotChecked,
    /// The signature is in a known log.
    Checked,
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotChecked => f.write_str("transparency log: not checked"),
            Self::Checked => f.write_str("transparency log: checked"),
        }
    }
}

/// Who made a signature.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "by")]
pub enum SignedBy {
    /// Whoever holds a key.
    Key {
        /// Fingerprint of the key.
        key: String,
    },
    /// Somebody an issuer vouched for.
    Identity {
        /// The name in the certificate that was accepted.
        identity: String,
        /// Who vouched for it.
        issuer: String,
    },
}

impl fmt::Display for SignedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { key } => write!(f, "key {key}"),
            Self::Identity { identity, issuer } => write!(f, "{identity} ({issuer})"),
        }
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "answer")]
pub enum Outcome {
    /// A valid signature exists.
    Verified {
        /// Who made it.
        signer: SignedBy,
        /// Storage layout it was found in.
        layout: &'static str,
        /// Whether the log was asked.
        log: Log,
    },
    /// Every place was asked and no valid signature exists.
    NotVerified {
        /// The reason nearest to a valid signature.
        reason: Reason,
    },
    /// Some place could not be asked, or holds something that is not read, and no valid signature was found elsewhere.
    CouldNotLook {
        /// Why, one place each.
        why: Vec<String>,
    },
}

/// A valid attestation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Attestation {
    /// Type of the claim, a URI.
    pub predicate_type: String,
    /// The claim.
    pub predicate: serde_json::Value,
    /// Who made it.
    pub signer: SignedBy,
    /// Storage layout it was found in.
    pub layout: &'static str,
    /// The envelope it came in, as JSON.
    #[serde(skip)]
    pub envelope: String,
}

/// The answer for one image.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// The digest that was verified; signatures are never looked up by tag.
    pub digest: Digest,
    /// The answer.
    pub outcome: Outcome,
    /// Annotations of the signature that counted.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Signatures that were looked at and do not count.
    pub refused: Vec<Refusal>,
    /// Valid attestations, when those were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attestations: Vec<Attestation>,
    /// Places and blobs that were asked for.
    pub lookups: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes() {
        let unique: BTreeSet<_> = Reason::CODES.iter().map(|(code, _)| code).collect();
        assert_eq!(unique.len(), Reason::CODES.len());
        assert!(Reason::CODES.iter().all(|(c, _)| c.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
        assert_eq!(Reason::WrongKey.to_string(), "no given key made the signature");
        assert_eq!(Reason::OtherIssuer("x".into()).to_string(), "another issuer vouches for the signer: x");
        assert_eq!(serde_json::to_value(Reason::OtherIssuer("x".into())).unwrap()["code"], "other-issuer");
        assert!(
            Reason::NoSignature < Reason::WrongKey
                && Reason::WrongKey < Reason::AnnotationMissing(String::new())
        );
    }
}
