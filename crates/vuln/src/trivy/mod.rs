//! Trivy's report: read, filtered, written, and lowered to a [`crate::Scan`].
//!
//! Semantics: Trivy's `pkg/types`, `pkg/result` and `pkg/report` (schema version 2). Its structs stay in this module.

mod artifact;
mod config;
mod constraint;
mod cosign_vuln;
mod database;
mod detect;
mod fill;
mod gate;
mod ignore;
mod import;
mod json;
mod ordered;
mod package;
mod purl;
mod ranked;
mod read;
mod report;
mod sarif;
mod system;
mod table;
mod uid;

pub use artifact::{Request, report};
pub use cosign_vuln::cosign_vuln;
pub use database::{Database, DatabaseAdvisory, DatabaseError, DatabaseMetadata};
pub use gate::{Gate, Passed, exit_code, filter, trim};
pub use ignore::Ignore;
pub use import::import;
pub use json::json;
pub use ordered::Json;
pub use ranked::{instructions, overview, ranked};
pub use read::{Caps, read};
pub use report::{
    Cvss, DataSource, DetectedVulnerability, Layer, Metadata, Os, PkgIdentifier, Report, ScanResult, Tool,
};
pub use sarif::{left_out, sarif};
pub use table::table;

/// One format a report can be written in.
#[derive(Debug)]
pub struct Format {
    /// Value of `--format`.
    pub id: &'static str,
    /// One line: for whom.
    pub about: &'static str,
    /// Writes a filtered and trimmed report.
    pub write: fn(&Report) -> String,
    /// How many of the report's findings the format does not hold.
    pub left_out: fn(&Report) -> usize,
}

/// Every format.
pub static FORMATS: &[Format] = &[
    Format { id: "table", about: "for people", write: table, left_out },
    Format { id: "json", about: "the whole report, as Trivy writes it", write: json, left_out: |_| 0 },
    Format { id: "sarif", about: "for code scanning", write: sarif, left_out },
    Format {
        id: "cosign-vuln",
        about: "the predicate of an attestation, for `sign attest --type vuln`",
        write: cosign_vuln,
        left_out: |_| 0,
    },
];
