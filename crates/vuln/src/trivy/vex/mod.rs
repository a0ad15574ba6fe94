//! VEX: what the makers of a product say of vulnerabilities that are found in it.
//!
//! Semantics: Trivy's `pkg/vex`. A finding is taken out when it does not reach what was scanned along any path of
//! components of which nothing is said to be unaffected; what was said stands with it among the modified findings.

mod csaf;
mod cyclonedx;
mod openvex;
mod repository;

pub use cyclonedx::Identity;
pub use repository::{Index, Repository};

use super::bom::{Bom, Component, vulnerable};
use super::locator::Locator;
use super::report::{DetectedVulnerability, Report};
use super::setting::Ids;
use super::{Json, ordered};
use std::collections::{BTreeMap, BTreeSet};

/// What a document may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VexCaps {
    /// Bytes of a document. Default 64 MiB.
    pub bytes: usize,
}

impl Default for VexCaps {
    fn default() -> Self {
        Self { bytes: 64 << 20 }
    }
}

/// Why a document is not read. Never passed over: findings would stay that were accepted, or go that were not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VexError {
    /// Not JSON.
    #[error("not JSON: {0}")]
    Json(String),
    /// JSON of another kind.
    #[error("neither OpenVEX, CSAF nor CycloneDX")]
    Kind,
    /// One of the three, and malformed.
    #[error("{0} that cannot be read: {1}")]
    Malformed(&'static str, String),
    /// Over [`VexCaps::bytes`].
    #[error("it is over the limit of {0} bytes")]
    TooLarge(usize),
    /// A CycloneDX document speaks of another by its serial number.
    #[error("a CycloneDX VEX document is about a CycloneDX bill of materials: scan that")]
    NotABom,
}

/// A document that was read.
#[derive(Clone, Debug)]
pub struct Vex {
    source: String,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    OpenVex(openvex::Document),
    Csaf(csaf::Document),
    CycloneDx(cyclonedx::Document),
}

/// Where statements are from.
#[derive(Clone, Debug)]
pub enum Source {
    /// One document.
    Document(Vex),
    /// Repositories of documents by package, the first before the others.
    Repositories(Vec<Repository>),
}

/// What is said of a finding.
struct Said {
    status: &'static str,
    statement: String,
    source: String,
}

/// A component, and where it names a package its parts.
struct Product<'a> {
    component: &'a Component,
    locator: Option<Locator>,
}

impl Vex {
    /// Reads a document. `bom` is what tells the scanned bill of materials, where one is scanned.
    ///
    /// # Errors
    /// When it is none of the three kinds, or one that cannot be read.
    pub fn read(
        bytes: &[u8],
        source: &str,
        bom: Option<&Identity>,
        caps: &VexCaps,
    ) -> Result<Self, VexError> {
        if bytes.len() > caps.bytes {
            return Err(VexError::TooLarge(caps.bytes));
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let value: serde_json::Value =
            serde_json::from_slice(bytes).map_err(|error| VexError::Json(error.to_string()))?;
        let there = |key: &str| value.get(key).is_some_and(|value| !value.is_null());
        let kind = if value.get("bomFormat").and_then(|v| v.as_str()) == Some("CycloneDX") {
            let bom = bom.ok_or(VexError::NotABom)?;
            Kind::CycloneDx(cyclonedx::Document::read(value, bom.clone())?)
        } else if there("@context") {
            Kind::OpenVex(openvex::Document::read(value)?)
        } else if there("vulnerabilities") {
            Kind::Csaf(csaf::Document::read(value)?)
        } else {
            return Err(VexError::Kind);
        };
        Ok(Self { source: source.to_owned(), kind })
    }

    fn said(
        &self,
        one: &DetectedVulnerability,
        product: &Product<'_>,
        part: Option<&Product<'_>>,
    ) -> Option<Said> {
        let (status, statement) = match &self.kind {
            Kind::OpenVex(document) => document.said(&one.id, product, part),
            Kind::Csaf(document) => document.said(&one.id, product, part),
            Kind::CycloneDx(document) => document.said(&one.id, product),
        }?;
        let source = match &self.kind {
            Kind::CycloneDx(_) => "CycloneDX VEX".to_owned(),
            _ => self.source.clone(),
        };
        Some(Said { status, statement, source })
    }
}

impl Source {
    fn said(
        &self,
        one: &DetectedVulnerability,
        product: &Product<'_>,
        part: Option<&Product<'_>>,
    ) -> Option<Said> {
        match self {
            Self::Document(vex) => vex.said(one, product, part),
            Self::Repositories(all) => {
                let key = repository::key(product.locator.as_ref()?);
                // The first repository that knows the package has the word.
                all.iter().find_map(|repository| repository.document(&key))?.said(one, product, part)
            }
        }
    }
}

/// Packages of a report as repositories name them: the documents about these are needed.
pub fn wanted(report: &Report) -> BTreeSet<String> {
    let bom = Bom::new(report, &Ids::Counted);
    let locators = bom.components.iter().filter_map(|component| Locator::read(&component.purl));
    locators.map(|locator| repository::key(&locator)).collect()
}

/// Takes out of a report what the sources say is not affected or fixed; how many.
pub fn apply(report: &mut Report, sources: &[Source]) -> u64 {
    if sources.is_empty() || report.results.iter().all(|result| result.vulnerabilities.is_empty()) {
        return 0;
    }
    let whole = report.clone();
    let bom = Bom::new(&whole, &Ids::Counted);
    let products: Vec<Product<'_>> = bom
        .components
        .iter()
        .map(|component| Product { component, locator: Locator::read(&component.purl) })
        .collect();
    let by_uid: BTreeMap<&str, usize> =
        bom.components.iter().enumerate().map(|(at, component)| (component.uid.as_str(), at)).collect();
    let mut count: u64 = 0;
    for result in &mut report.results {
        let mut modified = Vec::new();
        result.vulnerabilities.retain(|one| {
            let Some(leaf) = by_uid.get(vulnerable(one).as_str()) else { return true };
            let mut walk =
                Walk { one, sources, products: &products, bom: &bom, said: None, dead: BTreeSet::new() };
            if walk.reaches(*leaf) {
                return true;
            }
            modified.extend(walk.said.map(|said| finding(one, &said)));
            count = count.saturating_add(1);
            false
        });
        result.experimental_modified_findings.extend(modified);
    }
    count
}

fn finding(one: &DetectedVulnerability, said: &Said) -> Json {
    ordered::modified("vulnerability", said.status, &said.statement, &said.source, one)
}

/// Length of a path of components.
const DEPTH: usize = 256;

/// From one package to what was scanned.
struct Walk<'a> {
    one: &'a DetectedVulnerability,
    sources: &'a [Source],
    products: &'a [Product<'a>],
    bom: &'a Bom<'a>,
    /// The last that was said.
    said: Option<Said>,
    /// Components from which nothing reaches the root.
    dead: BTreeSet<usize>,
}

impl Walk<'_> {
    fn silenced(&mut self, product: usize, part: Option<usize>) -> bool {
        let Some(product) = self.products.get(product) else { return false };
        let part = part.and_then(|part| self.products.get(part));
        match self.sources.iter().find_map(|source| source.said(self.one, product, part)) {
            Some(said) => {
                self.said = Some(said);
                true
            }
            None => false,
        }
    }

    fn reaches(&mut self, leaf: usize) -> bool {
        !self.silenced(leaf, None) && self.climbs(leaf, leaf, &mut Vec::new())
    }

    /// Whether one path from here to the root is open.
    fn climbs(&mut self, at: usize, leaf: usize, path: &mut Vec<usize>) -> bool {
        if self.dead.contains(&at) {
            return false;
        }
        if self.silenced(at, Some(leaf)) {
            self.dead.insert(at);
            return false;
        }
        let parents = self.bom.parents.get(&at).map(Vec::as_slice).unwrap_or_default();
        // What hangs on nothing, on itself, or too far away is shown: to hide it would need a reason.
        if at == 0 || parents.iter().all(|parent| path.contains(parent)) || path.len() > DEPTH {
            return true;
        }
        path.push(at);
        let open = parents.iter().any(|parent| !path.contains(parent) && self.climbs(*parent, leaf, path));
        path.pop();
        if !open {
            self.dead.insert(at);
        }
        open
    }
}

#[cfg(test)]
mod tests;
