//! What a scan found, whoever made it.

use inventory::Os;
use model::{Digest, Gap, ImageId, Loaded, Severity, Timestamp, Vulnerability};
use std::sync::Arc;

/// What a package's maintainers say of a vulnerability.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Nothing was said.
    #[default]
    Unknown,
    /// The package is not affected.
    NotAffected,
    /// Affected, without a fix.
    Affected,
    /// Fixed in a later version.
    Fixed,
    /// Being looked at.
    UnderInvestigation,
    /// It will not be fixed.
    WillNotFix,
    /// It will be fixed some day.
    FixDeferred,
    /// The package is no longer looked after.
    EndOfLife,
}

impl Status {
    /// Every status with the name reports and `--ignore-status` give it.
    pub const NAMES: [(Self, &'static str); 8] = [
        (Self::Unknown, "unknown"),
        (Self::NotAffected, "not_affected"),
        (Self::Affected, "affected"),
        (Self::Fixed, "fixed"),
        (Self::UnderInvestigation, "under_investigation"),
        (Self::WillNotFix, "will_not_fix"),
        (Self::FixDeferred, "fix_deferred"),
        (Self::EndOfLife, "end_of_life"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(status, _)| *status == self).map_or("unknown", |(_, name)| name)
    }

    /// The status of a name; `None` for a name nobody knows.
    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(status, _)| *status)
    }
}

/// One vulnerability of one package of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// What facts are made of.
    pub vulnerability: Vulnerability,
    /// What the maintainers say.
    pub status: Status,
    /// One line about it, where known.
    pub title: Option<String>,
    /// Where to read more.
    pub url: Option<String>,
    /// Which source gave the severity.
    pub severity_source: Option<String>,
    /// The file the package was read from, where known.
    pub path: String,
    /// Uncompressed digest of the layer the package is in.
    pub layer: Option<Digest>,
}

/// What was found in one image (or, for a report about something else, in one artefact).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scan {
    /// Under which names the image is known.
    pub image: ImageId,
    /// Name of the report or archive, as evidence.
    pub document: Arc<str>,
    /// When it was looked at.
    pub at: Option<Timestamp>,
    /// When the image was made, where its config tells and is not made to look timeless.
    pub created: Option<Timestamp>,
    /// The operating system.
    pub os: Option<Os>,
    /// Whether its maker no longer supports the operating system.
    pub end_of_life: Option<bool>,
    /// Vulnerabilities, by id, package and path.
    pub found: Vec<Found>,
    /// Packages that were held against advisories.
    pub packages: u64,
    /// Whether packages were looked at at all: a report about secrets alone says nothing about them.
    pub looked: bool,
    /// What could not be judged. Where this is not empty, what was found is not all there is.
    pub unknown: Vec<Gap>,
}

/// The severity of a name as databases write it, whatever its case.
pub(crate) fn severity(name: &str) -> Severity {
    match name.to_ascii_uppercase().as_str() {
        "CRITICAL" => Severity::Critical,
        "HIGH" => Severity::High,
        "MEDIUM" | "MODERATE" => Severity::Medium,
        "LOW" | "NEGLIGIBLE" => Severity::Low,
        _ => Severity::Unknown,
    }
}

/// Notes which packages were seen in memory and which were looked for in vain; the others stay as they are.
pub fn overlay_loaded(found: &mut [Found], loaded: &[String], absent: &[String]) {
    for one in found {
        if loaded.contains(&one.vulnerability.package) {
            one.vulnerability.loaded = Loaded::Yes;
        } else if absent.contains(&one.vulnerability.package) {
            one.vulnerability.loaded = Loaded::No;
        }
    }
}
