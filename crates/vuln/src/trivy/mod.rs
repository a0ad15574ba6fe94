//! Trivy's report: read, filtered, written, and lowered to a [`crate::Scan`].
//!
//! Semantics: Trivy's `pkg/types` and `pkg/report` (schema version 2). Its structs stay in this module.

mod import;
mod json;
mod ordered;
mod read;
mod report;

pub use import::import;
pub use json::json;
pub use ordered::Json;
pub use read::{Caps, read};
pub use report::{
    Cvss, DataSource, DetectedVulnerability, Layer, Metadata, Os, PkgIdentifier, Report, ScanResult, Tool,
};
