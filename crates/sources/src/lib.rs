//! The outside world in: manifests, saved snapshots and the Kubernetes API into a snapshot, and registries.
//!
//! What could not be read becomes a gap of the coverage and a diagnostic, never silence. Values of Secrets are not
//! asked for, not kept and not printed.
#![deny(missing_docs)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::string_slice, clippy::arithmetic_side_effects))]

pub mod cluster;
pub mod follow;
pub mod input;
mod list;
pub mod manifests;
pub mod registry;
mod shell;
pub mod snapshot_file;

/// What is being read right now, for a progress line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress<'a> {
    /// A file.
    File {
        /// Its path.
        path: &'a str,
        /// Files read before it.
        done: u64,
        /// Files found.
        total: u64,
    },
    /// A kind of a live cluster was read.
    Kind {
        /// `plural.group`.
        resource: &'a str,
        /// Objects read so far, of all kinds.
        objects: u64,
    },
}
