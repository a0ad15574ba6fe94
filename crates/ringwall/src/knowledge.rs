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
    /// Scan report in Trivy's JSON, or an image to scan now: an archive, an OCI layout, a name
    #[arg(long, value_name = "FILE|IMAGE")]
    scan: Vec<String>,

    /// Runtime alerts, one JSON object a line, as Falco writes them
    #[arg(long, value_name = "FILE")]
    alerts: Vec<String>,

    /// Audit log of the API server
    #[arg(long, value_name = "FILE")]
    audit: Vec<String>,

    /// Catalogue of exploited vulnerabilities, in CISA's JSON, beside the one that is built in
    #[arg(long, value_name = "FILE")]
    kev: Vec<String>,

    /// Scores of how likely exploitation is: EPSS, in FIRST's CSV
    #[arg(long, value_name = "FILE")]
    epss: Vec<String>,

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
            (InputKind::EpssScores, &self.epss),
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
        all.sort_by_key(|(kind, _)| !matches!(kind, InputKind::KevCatalogue | InputKind::EpssScores));
        all.dedup();
        all
    }

    /// Reads everything there is to know beside the resources.
    pub(crate) fn read(&self, inputs: &Inputs) -> anyhow::Result<Knowledge> {
        let mut reader = Reader { columns: vuln::columns::Columns::built_in(), ..Reader::default() };
        for (kind, path) in self.documents(inputs) {
            if kind == InputKind::ScanReport && is_image(&path) {
                reader.image(&path)?;
                continue;
            }
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

/// Whether what `--scan` names is an image and not a report: a folder, an archive, or nothing on this disk.
fn is_image(path: &str) -> bool {
    let at = Path::new(path);
    let mut head = [0; 512];
    let mut file = || std::fs::File::open(at).and_then(|mut file| std::io::Read::read(&mut file, &mut head));
    match (at.is_dir(), at.exists()) {
        (true, _) => at.join("index.json").exists(),
        (false, false) => !path.contains(".json") && path.parse::<model::Reference>().is_ok(),
        (false, true) => {
            let read = file().unwrap_or(0);
            let head = head.get(..read).unwrap_or_default();
            head.starts_with(&[0x1f, 0x8b]) || head.get(257..262) == Some(b"ustar")
        }
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
        InputKind::EpssScores => "scores of how likely exploitation is",
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
                self.columns.add_kev(kev);
                diagnostics
            }
            InputKind::EpssScores => {
                let (epss, diagnostics) = vuln::columns::Epss::parse(text);
                self.columns.epss = Some(epss);
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

    /// Scans an image as `ringwall scan image` does at its defaults.
    fn image(&mut self, name: &str) -> anyhow::Result<()> {
        let mut options = crate::scan::options::Options::none();
        // Hundreds of megabytes are not fetched by the way: `scan` fetches that database when it is asked to.
        options.db.skip_java_db_update = true;
        let target = match Path::new(name).exists() {
            true => {
                options.image.input = Some(name.into());
                crate::scan::Target::Image(None)
            }
            false => crate::scan::Target::Image(Some(name.to_owned())),
        };
        // Paths go through vulnerabilities; secrets of an image are no step of one.
        options.scan.scanners = vec!["vuln".to_owned()];
        let crate::scan::Scanned { report, gaps, .. } =
            crate::scan::scan(&target, &options, model::Timestamp::now())?;
        let mut scan = vuln::trivy::import(&report, name.into(), &[]);
        scan.unknown.extend(gaps);
        self.take(scan);
        Ok(())
    }

    fn scan(&mut self, name: &std::sync::Arc<str>, text: &[u8]) -> Vec<Diagnostic> {
        let (report, diagnostics) = vuln::trivy::read(text, &vuln::trivy::Caps::default());
        self.take(vuln::trivy::import(&report, name.clone(), &diagnostics));
        diagnostics
    }

    fn take(&mut self, mut scan: vuln::Scan) {
        self.columns.fill(&mut scan.found);
        self.knowledge.facts.extend(scan.facts());
        self.knowledge.findings.extend(scan.findings());
        for gap in scan.unknown {
            self.knowledge.coverage.gap(gap);
        }
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
