//! What is known beside the resources: scan reports, image facts, audit logs, alerts.

use crate::exit;
use crate::inputs::Inputs;
use clap::Args;
use model::{Coverage, Diagnostic, Fact, Finding, Gap, Ring};
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

    #[command(flatten)]
    signed: crate::signatures::facts::SignedArgs,
}

/// Facts from documents.
#[derive(Default)]
pub(crate) struct Knowledge {
    pub(crate) findings: Vec<Finding>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) coverage: Coverage,
}

impl KnowledgeArgs {
    /// The documents to read: those given by options, and those that lay beside the manifests.
    fn documents(&self, inputs: &Inputs) -> Vec<(InputKind, String)> {
        let given = [
            (InputKind::KevCatalogue, &self.kev),
            (InputKind::ScanReport, &self.scan),
            (InputKind::ImageFacts, &self.image_facts),
            (InputKind::AuditLog, &self.audit),
            (InputKind::AlertLog, &self.alerts),
        ];
        let mut all: Vec<(InputKind, String)> = given
            .into_iter()
            .flat_map(|(kind, paths)| paths.iter().map(move |path| (kind, path.clone())))
            .collect();
        all.extend(inputs.others.iter().map(|other| (other.kind, other.path.clone())));
        // Catalogues first: scan reports are completed by them.
        all.sort_by_key(|(kind, _)| *kind != InputKind::KevCatalogue);
        all.dedup();
        all
    }

    /// Reads everything there is to know beside the resources.
    pub(crate) fn read(&self, inputs: &Inputs) -> anyhow::Result<Knowledge> {
        let mut reader = Reader::default();
        for (kind, path) in self.documents(inputs) {
            let text = std::fs::read(&path)
                .map_err(|error| exit::unreadable(format!("{path}: {error}; is the path right?")))?;
            let found = classify(Path::new(&path), text.get(..PEEK).unwrap_or(&text));
            if found != kind && found != InputKind::Manifest && found != InputKind::Unknown {
                return Err(exit::usage(format!("{path} is {}, not {}", words(found), words(kind))));
            }
            reader.document(kind, &path, &text);
        }
        let signed = self.signed.read(&inputs.snapshot)?;
        reader.knowledge.facts.extend(signed.facts);
        reader.knowledge.findings.extend(signed.findings);
        reader.knowledge.coverage.merge(signed.coverage);
        Ok(reader.knowledge)
    }
}

/// A kind of document, for a person.
fn words(kind: InputKind) -> &'static str {
    match kind {
        InputKind::Manifest => "a manifest",
        InputKind::Snapshot => "a saved snapshot",
        InputKind::ScanReport => "a scan report",
        InputKind::AuditLog => "an audit log",
        InputKind::AlertLog => "an alert log",
        InputKind::KevCatalogue => "a catalogue of exploited vulnerabilities",
        InputKind::ImageFacts => "image facts",
        InputKind::OciLayout => "an image layout",
        InputKind::Unknown => "nothing that is known",
    }
}

#[derive(Default)]
struct Reader {
    columns: vuln::columns::Columns,
    knowledge: Knowledge,
}

impl Reader {
    fn document(&mut self, kind: InputKind, path: &str, text: &[u8]) {
        let (name, before) = (path.into(), self.knowledge.facts.len());
        let diagnostics = match kind {
            InputKind::KevCatalogue => {
                let (kev, diagnostics) = vuln::columns::Kev::parse(text);
                self.columns.kev = Some(kev);
                diagnostics
            }
            InputKind::ScanReport => self.scan(&name, text),
            InputKind::ImageFacts => {
                let (facts, diagnostics) = risk::read_image_facts(&String::from_utf8_lossy(text), path);
                self.knowledge.facts.extend(facts);
                diagnostics
            }
            InputKind::AuditLog => self.audit(&name, text),
            InputKind::AlertLog => {
                let imported = detect::import(text, &detect::alert::ImportLimits::default());
                let total = imported.alerts.len() as u64;
                self.knowledge.coverage.count(Ring::Runtime, total, total.saturating_add(imported.garbage));
                self.knowledge.facts.extend(detect::facts(&imported.alerts, &name));
                imported.diagnostics
            }
            _ => Vec::new(),
        };
        let broken = diagnostics.iter().any(|d| d.level == model::Level::Error);
        if broken {
            let read = self.knowledge.facts.len() - before;
            self.knowledge.coverage.gap(Gap {
                ring: Ring::Resources,
                what: path.to_owned(),
                why: format!("parts of it could not be read ({read} facts were)"),
                asked: true,
                help: None,
            });
        }
        self.knowledge.diagnostics.extend(diagnostics.into_iter().map(|d| match &*d.document {
            "" => d.in_document(path),
            _ => d,
        }));
    }

    fn scan(&mut self, name: &std::sync::Arc<str>, text: &[u8]) -> Vec<Diagnostic> {
        let (report, diagnostics) = vuln::trivy::read(text, &vuln::trivy::Caps::default());
        let mut scan = vuln::trivy::import(&report, name.clone(), &diagnostics);
        self.columns.fill(&mut scan.found);
        self.knowledge.facts.extend(scan.facts());
        self.knowledge.findings.extend(scan.findings());
        for gap in scan.unknown {
            self.knowledge.coverage.gap(gap);
        }
        diagnostics
    }

    fn audit(&mut self, name: &std::sync::Arc<str>, text: &[u8]) -> Vec<Diagnostic> {
        let mut usage = audit::Usage::default();
        let reading = event::audit::read(text, &event::audit::Limits::default(), &mut |line, event| {
            usage.add(line, event)
        });
        let total = reading.events.saturating_add(reading.garbage);
        self.knowledge.coverage.count(Ring::Audit, reading.events, total);
        self.knowledge.facts.extend(usage.facts(name));
        reading.diagnostics
    }
}
