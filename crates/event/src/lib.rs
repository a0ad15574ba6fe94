//! One observed fact: audit events of the API server and system calls of a node.
//!
//! What captures, log files and the sensor produce, and what `detect` and `audit` read. Nothing here decides.
#![deny(missing_docs)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::string_slice, clippy::arithmetic_side_effects))]

pub mod audit;
pub mod json;
pub mod scap;
pub mod syscall;

pub use audit::{AuditEvent, Reading, Stage};
