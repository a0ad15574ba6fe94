//! Bytes of an image or directory to packages.
//!
//! Layers are read as streams, each once and on its own, then stacked. Every analyzer is one file of `analyzers/`
//! and one line of its list. What could not be read is named in [`Inventory::unknown`], never left out.
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

mod analyzers;
mod archive;
mod bounded;
#[cfg(test)]
mod corpus;
mod ecosystem;
mod image;
mod layer;
mod limits;
mod os;
mod package;
mod path;
mod sqlite;
mod stack;
mod tar;
mod zip;

pub use analyzers::{ANALYZERS, Analyzer, Pattern, Stage};
pub use archive::{ArchiveError, archive};
pub use ecosystem::{Ecosystem, EcosystemRow};
pub use image::{Account, Inventory, LayerInfo};
pub use layer::{Layer, LayerError, layer};
pub use limits::Limits;
pub use os::Os;
pub use package::{Package, Packages, SourcePackage};
pub use zip::unzip;
