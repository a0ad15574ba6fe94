//! What is known beside the resources: scan reports, image facts, audit logs, alerts.

use crate::exit;
use crate::inputs::Inputs;
use clap::Args;
use model::{Coverage, Diagnostic, Fact, Gap, Ring};
use sources::input::{InputKind, PEEK, classify};
use std::path::Path;

/// Documents to join with the resources. Those that lie in a given folder are found by themselves.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct KnowledgeArgs {
    /// Scan report in Trivy's JSON
    #[arg(long, value_name = "FILE")]
    scan: Vec<String>,

    /// Runtime alerts, one JSON object a line, as Falco writes them
    #[arg(long, value_name = "FILE")]
    alerts: Vec<String>,

    /// Audit log of the API server
    #[arg(long, value_name = "FILE")]
    audit: Vec<String>,

    /// Catalogue of exploited vulnerabilities, in CISA's JSON
    #[arg(long, value_name = "FILE")]
    kev: Vec<String>,

    /// Image facts: what is loaded, who signed (docs/guide/image-facts.md)
    #[arg(long, value_name = "FILE")]
    image_facts: Vec<String>,
}

/// Facts from documents.
#[derive(Default)]
pub(crate) struct Knowledge {
    pub(crate) facts: Vec<Fact>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) coverage: Coverage,
}
