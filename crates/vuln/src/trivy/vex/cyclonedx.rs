//! CycloneDX as VEX: about the components of one bill of materials. Semantics: Trivy's `pkg/vex/cyclonedx.go`.

use super::super::purl::decode;
use super::{Product, VexError};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// What tells a bill of materials: its serial number, its version, and the package URLs of its components by reference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    serial: String,
    version: u64,
    components: BTreeMap<String, String>,
}

impl Identity {
    /// Of a document; nothing when it is no CycloneDX.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(bytes).ok()?;
        let text =
            |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        if text(&value, "bomFormat") != "CycloneDX" {
            return None;
        }
        let mut components = BTreeMap::new();
        let list =
            |value: &Value| value.get("components").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut open = list(&value);
        open.extend(value.get("metadata").and_then(|metadata| metadata.get("component")).cloned());
        while let Some(component) = open.pop() {
            open.extend(list(&component));
            components.insert(text(&component, "bom-ref"), text(&component, "purl"));
        }
        let version = value.get("version").and_then(Value::as_u64).unwrap_or_default();
        Some(Self { serial: text(&value, "serialNumber"), version, components })
    }
}

/// A document, and the bill of materials that is scanned.
#[derive(Clone, Debug)]
pub(super) struct Document {
    bom: Identity,
    statements: BTreeMap<String, Statement>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Statement {
    id: String,
    affects: Option<Vec<Affected>>,
    analysis: Option<Analysis>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Affected {
    #[serde(rename = "ref")]
    reference: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Analysis {
    state: String,
    justification: String,
}

impl Document {
    pub(super) fn read(value: Value, bom: Identity) -> Result<Self, VexError> {
        let list = value.get("vulnerabilities").cloned().unwrap_or(Value::Array(Vec::new()));
        let list: Vec<Statement> = serde_json::from_value(list)
            .map_err(|error| VexError::Malformed("a CycloneDX document", error.to_string()))?;
        Ok(Self { bom, statements: list.into_iter().map(|one| (one.id.clone(), one)).collect() })
    }

    pub(super) fn said(&self, id: &str, product: &Product<'_>) -> Option<(&'static str, String)> {
        let statement = self.statements.get(id)?;
        let analysis = statement.analysis.as_ref()?;
        let status = match analysis.state.as_str() {
            "resolved" | "resolved_with_pedigree" => "fixed",
            "false_positive" | "not_affected" => "not_affected",
            _ => return None,
        };
        let about = |affected: &Affected| self.is(&affected.reference, product);
        let about = statement.affects.iter().flatten().any(about);
        about.then(|| (status, analysis.justification.clone()))
    }

    /// Whether a link (`urn:cdx:serial/version#reference`) is to a component of the bill that is scanned.
    fn is(&self, link: &str, product: &Product<'_>) -> bool {
        let parts = || {
            let (serial, rest) = link.strip_prefix("urn:cdx:")?.split_once('/')?;
            let (version, reference) = rest.split_once('#')?;
            Some((serial, version.parse::<u64>().ok()?, decode(reference)))
        };
        let Some((serial, version, reference)) = parts() else { return false };
        if self.bom.serial != format!("urn:uuid:{serial}") || self.bom.version != version {
            return false;
        }
        let purl = product.component.purl.as_str();
        let named = self.bom.components.get(&reference);
        !purl.is_empty()
            && (reference == purl
                || decode(purl) == reference
                || named.is_some_and(|own| own == purl || decode(own) == decode(purl)))
    }
}
