//! Signatures and attestations against keys and identities, to verdicts.
//!
//! Nothing is fetched here. [`Verification`] says what it needs to see ([`Ask`]), the caller looks and tells it ([`Answer`]);
//! so every layout is a function of values, and what could not be looked at stays apart from what is not there.
#![deny(missing_docs)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::arithmetic_side_effects
    )
)]

mod ask;
mod blob;
mod bundle;
mod cache;
mod certificate;
#[cfg(test)]
mod corpus;
mod der;
mod draft;
mod dsse;
mod evidence;
mod fulcio;
mod identity;
mod judge;
mod key;
mod layouts;
mod limits;
mod log;
mod memory;
mod oci_layout;
mod payload;
mod pem;
mod predicates;
mod report;
mod requirement;
mod services;
mod sign;
mod stamp;
mod statement;
mod strict;
mod token;
mod trust;
mod verdict;
mod verify;

pub use ask::{Answer, Ask};
pub use blob::{BlobSignature, sign_blob, verify_blob};
pub use cache::{CacheKey, Lifetimes, Remembered, VerdictCache};
pub use draft::{Credential, Draft};
pub use fulcio::{PATH as CERTIFICATE_PATH, certificate_answer, certificate_request};
pub use identity::{IdentityRule, Pattern, PatternError};
pub use key::{EnvelopeError, KeyError, PrivateKey, PrivateKeyError, PublicKey, ScryptCap};
pub use layouts::{LAYOUTS, Layout};
pub use limits::Limits;
pub use log::LogVersion;
pub use memory::Repository;
pub use oci_layout::{LayoutError, OciLayout};
pub use predicates::{PREDICATES, PredicateType, predicate, predicate_type};
pub use report::{RULES, SIGNATURE_UNKNOWN, UNSIGNED};
pub use requirement::{Requirement, Signer, Wanted};
pub use services::Services;
pub use sign::{
    Push, SignError, Signed, Subject, attest, attest_legacy, children, legacy_place, likely_payload, list,
    sign, sign_legacy,
};
pub use token::{Token, TokenError};
pub use trust::{Artifact, Proofs, Proven, Trust, TrustRoot, TrustRootError};
pub use verdict::{Attestation, Log, Outcome, Reason, Refusal, SignedBy, Verdict};
pub use verify::{Step, Verification, verify_with};
