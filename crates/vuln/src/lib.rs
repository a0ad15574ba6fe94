//! Packages matched against advisories, and scan reports of others read and written.
//!
//! Version schemes, advisory sources and columns are registries of one file a unit. A package that no advisory could
//! be held against is named in [`Scan::unknown`]; an image is called scanned only for what was really looked at.
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

mod advisory;
pub mod bolt;
pub mod columns;
#[cfg(test)]
mod corpus;
mod cvss;
#[cfg(test)]
mod endtoend;
#[cfg(test)]
mod joins;
mod matching;
mod report;
mod scan;
mod sources;
pub mod template;
pub mod trivy;
mod version;

pub use advisory::{Advisories, Advisory, Affected, Key, Range};
pub use cvss::{network, score};
pub use matching::scan;
pub use report::{END_OF_LIFE, KNOWN_VULNERABILITY, OLD_IMAGE, RULES};
pub use scan::{Found, Scan, Status, overlay_loaded};
pub use sources::{AdvisorySource, SOURCES, source};
pub use version::{SCHEMES, Scheme, scheme};
