//! Trivy's report: read, filtered, written, and lowered to a [`crate::Scan`].
//!
//! Semantics: Trivy's `pkg/types`, `pkg/result` and `pkg/report` (schema version 2). Its structs stay in this module.

mod artifact;
mod bom;
mod config;
mod constraint;
mod cosign_vuln;
mod cyclonedx;
mod database;
mod detect;
pub mod dump;
mod fill;
mod gate;
mod github;
mod ignore;
mod import;
mod json;
mod license;
mod license_names;
mod listed;
mod locator;
mod ordered;
mod package;
mod purl;
mod ranked;
mod read;
mod report;
#[cfg(test)]
mod roundtrip;
mod sarif;
mod secrets;
mod setting;
mod shapes;
mod spdx;
mod system;
mod table;
mod templated;
mod uid;
pub mod vex;

pub use artifact::{Request, report};
pub use cosign_vuln::cosign_vuln;
pub use database::{Database, DatabaseAdvisory, DatabaseError, DatabaseMetadata};
pub use gate::{Gate, Passed, exit_code, filter, trim};
pub use ignore::Ignore;
pub use import::import;
pub use json::json;
pub(crate) use json::{compact, go as pretty};
pub use ordered::Json;
pub(crate) use purl::decode;
pub use ranked::{instructions, overview, ranked};
pub use read::{Caps, read};
pub use report::{
    Cvss, DataSource, DetectedVulnerability, Layer, Metadata, Os, PkgIdentifier, Report, ScanResult, Tool,
};
pub use secrets::searchable;
pub use setting::{Ids, Setting, WriteError};
pub use table::table;
pub use templated::{BuiltIn, TEMPLATES, built_in};

/// One format a report can be written in.
#[derive(Debug)]
pub struct Format {
    /// Value of `--format`.
    pub id: &'static str,
    /// One line: for whom.
    pub about: &'static str,
    /// Writes a filtered and trimmed report.
    pub write: fn(&Report, &Setting) -> Result<String, WriteError>,
    /// How many of the report's findings the format does not hold.
    pub left_out: fn(&Report) -> usize,
}

/// Every format.
pub static FORMATS: &[Format] = &[
    Format { id: "table", about: "for people", write: |report, _| Ok(table(report)), left_out: unshown },
    Format {
        id: "json",
        about: "the whole report, as Trivy writes it",
        write: |report, _| Ok(json(report)),
        left_out: |_| 0,
    },
    Format { id: "sarif", about: "for code scanning", write: sarif::write, left_out: |_| 0 },
    Format {
        id: "template",
        about: "whatever a template makes of it",
        write: templated::write,
        left_out: |_| 0,
    },
    Format { id: "github", about: "GitHub's dependency graph", write: github::write, left_out: |_| 0 },
    Format { id: "cyclonedx", about: "a bill of materials, CycloneDX", write: cyclonedx::write, left_out },
    Format { id: "spdx-json", about: "a bill of materials, SPDX in JSON", write: spdx::json, left_out },
    Format { id: "spdx", about: "a bill of materials, SPDX in tags and values", write: spdx::tags, left_out },
    Format {
        id: "cosign-vuln",
        about: "the predicate of an attestation, for `sign attest --type vuln`",
        write: |report, _| Ok(cosign_vuln(report)),
        left_out: |_| 0,
    },
];

/// Findings bills of materials do not hold: misconfigurations, secrets and licences.
fn left_out(report: &Report) -> usize {
    let secrets = report.results.iter().fold(0, |sum: usize, r| sum.saturating_add(r.secrets.len()));
    unshown(report).saturating_add(secrets)
}

/// Findings the table does not show: misconfigurations and licences.
fn unshown(report: &Report) -> usize {
    report.results.iter().fold(0, |sum: usize, r| {
        sum.saturating_add(r.misconfigurations.len()).saturating_add(r.licenses.len())
    })
}
