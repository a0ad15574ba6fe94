//! Bytes of an image or directory to packages and secrets.
//!
//! Layers are read as streams, each once and on its own, then stacked. Every analyzer is one file of `analyzers/`
//! and one line of its list; rules of secrets are rows of `secrets/builtin/`. What could not be read is named in [`Inventory::unknown`], never left out.
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
mod bdb;
mod beside;
mod bounded;
mod cargo_toml;
#[cfg(test)]
mod corpus;
mod directory;
mod docker;
mod ecosystem;
mod glob;
mod image;
mod java;
mod json_lines;
mod layer;
mod licenses;
mod limits;
mod ndb;
mod os;
mod owned;
mod package;
mod path;
mod ranges;
mod read_at;
mod sbom;
mod sbom_tags;
mod secrets;
mod sqlite;
mod sqlite_index;
mod stack;
pub mod structure;
mod tables;
mod tar;
mod xml;
mod zip;

pub use analyzers::{ANALYZERS, Analyzer, Join, Pattern, Scope, Stage};
pub use archive::{ArchiveError, archive, untar};
pub use assemble::{Parts, assemble};
pub use beside::Beside;
pub use bounded::sha256;
pub use directory::{Directory, Want};
pub use docker::{DockerArchive, index, members};
pub use ecosystem::{Ecosystem, EcosystemRow};
pub use glob::glob;
pub use image::{Account, Inventory, LayerInfo};
pub use java::{Artifact, JavaArchive, JavaDatabase, JavaDatabaseError, identify};
pub use layer::{Layer, LayerError, layer};
pub use limits::Limits;
pub use os::Os;
pub use package::{Origin, Package, Packages, Relation, SourcePackage};
pub use read_at::{Part, ReadAt, exactly};
pub use sbom::{SbomError, SbomKind, sbom};
pub use secrets::{
    BuiltInRule, CodeLine, Rules, Search, SecretAccount, SecretFile, SecretFinding, Secrets, Settings,
    SettingsError, base_layers_of, built_in_rules, settings,
};
pub use zip::unzip;
