//! Signatures and attestations against keys and identities, to verdicts.
//!
//! Nothing is fetched here. [`verify`] says what it needs to see ([`Ask`]), the caller looks and calls again; so
//! every layout is a function of values, and what could not be looked at stays apart from what is not there.
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
#[cfg(test)]
mod corpus;
mod key;
mod layouts;
mod limits;
mod oci_layout;
mod payload;
mod report;
mod strict;
mod verdict;
mod verify;

pub use ask::{Answer, Answers, Ask};
pub use key::{KeyError, PublicKey};
pub use layouts::{LAYOUTS, Layout};
pub use limits::Limits;
pub use oci_layout::{LayoutError, OciLayout};
pub use report::{RULES, SIGNATURE_UNKNOWN, UNSIGNED};
pub use verdict::{Log, Outcome, Reason, Refusal, Verdict};
pub use verify::{Requirement, Step, verify, verify_with};
