//! Audit events: who did what, and with which rights.
//!
//! Reads events of the API server and answers in identities and API atoms (verb, group, resource, namespace, name),
//! the coordinates RBAC decides in.
#![deny(missing_docs)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::string_slice, clippy::arithmetic_side_effects))]

mod request;
mod usage;

pub use request::{Request, Skipped, requests};
pub use usage::{Counts, Record, Usage};
