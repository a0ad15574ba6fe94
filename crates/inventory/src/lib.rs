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
mod assemble;
mod bounded;
#[cfg(test)]
mod corpus;
mod directory;
mod docker;
mod ecosystem;
mod image;
mod json_lines;
mod layer;
mod limits;
mod os;
mod owned;
mod package;
mod path;
mod read_at;
mod sbom;
mod sbom_tags;
mod sqlite;
mod stack;
mod tables;
mod tar;
mod zip;

pub use analyzers::{ANALYZERS, Analyzer, Pattern, Scope, Stage};
pub use archive::{ArchiveError, archive, untar};
pub use assemble::{Parts, assemble};
pub use bounded::sha256;
pub use directory::{Directory, Want};
pub use docker::{DockerArchive, index};
pub use ecosystem::{Ecosystem, EcosystemRow};
pub use image::{Account, Inventory, LayerInfo};
pub use layer::{Layer, LayerError, layer};
pub use limits::Limits;
pub use os::Os;
pub use package::{Origin, Package, Packages, Relation, SourcePackage};
pub use read_at::{Part, ReadAt, exactly};
pub use sbom::{SbomError, SbomKind, sbom};
pub use zip::unzip;
