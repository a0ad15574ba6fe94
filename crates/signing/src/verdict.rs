//! The three answers, and why.

use model::Digest;
use serde::Serialize;
use std::fmt;

/// Why one signature does not count, or why there is none. Order: the nearer to a valid signature, the later.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case", tag = "code", content = "detail")]
pub enum Reason {
    /// Every place was asked and holds no signature.
    NoSignature,
    /// The attached thing is of another media type.
    UnknownMediaType(String),
    /// An attestation or another signed document: never a signature of the image.
    NotAnImageSignature(String),
    /// The annotation that carries the signature is missing.
    SignatureMissing,
    /// The signature is no base64.
    MalformedSignature,
    /// The payload is no JSON of the right shape, or repeats a key.
    MalformedPayload(String),
    /// The payload is larger than the cap.
    PayloadTooLarge(u64),
    /// The signature is about another image.
    OtherImage(String),
    /// No key at hand made this signature over these bytes.
    WrongKey,
    /// The signature is valid, but does not carry a required annotation.
    AnnotationMissing(String),
}

impl Reason {
    /// Stable code, kebab-case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSignature => "no-signature",
            Self::UnknownMediaType(_) => "unknown-media-type",
            Self::NotAnImageSignature(_) => "not-an-image-signature",
            Self::SignatureMissing => "signature-missing",
            Self::MalformedSignature => "malformed-signature",
            Self::MalformedPayload(_) => "malformed-payload",
            Self::PayloadTooLarge(_) => "payload-too-large",
            Self::OtherImage(_) => "other-image",
            Self::WrongKey => "wrong-key",
            Self::AnnotationMissing(_) => "annotation-missing",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSignature => f.write_str("no signature found"),
            Self::UnknownMediaType(kind) => write!(f, "attached is a {kind}, not a signature"),
            Self::NotAnImageSignature(kind) => {
                write!(f, "a signed document of type {kind} is no image signature")
            }
            Self::SignatureMissing => f.write_str("the signature entry carries no signature"),
            Self::MalformedSignature => f.write_str("the signature is not base64"),
            Self::MalformedPayload(why) => write!(f, "the signed payload is malformed: {why}"),
            Self::PayloadTooLarge(bytes) => {
                write!(f, "the signed payload of {bytes} bytes is over the limit")
            }
            Self::OtherImage(digest) => write!(f, "the signature is about another image, {digest}"),
            Self::WrongKey => f.write_str("no given key made the signature"),
            Self::AnnotationMissing(key) => write!(f, "the valid signature does not carry annotation {key}"),
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Log {
    /// It was not asked: the signature was verified by key alone.
    NotChecked,
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotChecked => f.write_str("transparency log: not checked"),
        }
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "answer")]
pub enum Outcome {
    /// A valid signature exists.
    Verified {
        /// Fingerprint of the key that made it.
        key: String,
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

/// The answer for one image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The digest that was verified; signatures are never looked up by tag.
    pub digest: Digest,
    /// The answer.
    pub outcome: Outcome,
    /// Signatures that were looked at and do not count.
    pub refused: Vec<Refusal>,
}
