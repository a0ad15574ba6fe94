//! OpenVEX. Semantics: go-vex, as Trivy's `pkg/vex/openvex.go` asks it.

use super::super::locator::Locator;
use super::{Product, VexError};
use model::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A document.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Document {
    timestamp: Option<String>,
    statements: Option<Vec<Statement>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Statement {
    vulnerability: Vulnerability,
    timestamp: Option<String>,
    products: Option<Vec<Named>>,
    status: String,
    justification: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Vulnerability {
    #[serde(rename = "@id")]
    id: String,
    name: String,
    aliases: Option<Vec<String>>,
}

/// A product, or a part of one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    #[serde(rename = "@id")]
    id: String,
    identifiers: Option<BTreeMap<String, String>>,
    hashes: Option<BTreeMap<String, String>>,
    subcomponents: Option<Vec<Named>>,
}

impl Document {
    pub(super) fn read(value: serde_json::Value) -> Result<Self, VexError> {
        serde_json::from_value(value)
            .map_err(|error| VexError::Malformed("an OpenVEX document", error.to_string()))
    }

    /// The latest statement about a vulnerability in a product, where it takes the finding out.
    pub(super) fn said(
        &self,
        id: &str,
        product: &Product<'_>,
        part: Option<&Product<'_>>,
    ) -> Option<(&'static str, String)> {
        product.locator.as_ref()?;
        // Of statements of one time the first in the document is the latest.
        let all = self.statements.iter().flatten().rev();
        let mut matching: Vec<&Statement> =
            all.filter(|statement| statement.is_about(id, product, part)).collect();
        matching.sort_by(|a, b| {
            let names = a.vulnerability.name.cmp(&b.vulnerability.name);
            names.then_with(|| self.time(a).cmp(&self.time(b)))
        });
        let last = matching.last()?;
        let status = match last.status.as_str() {
            "not_affected" => "not_affected",
            "fixed" => "fixed",
            _ => return None,
        };
        Some((status, last.justification.clone()))
    }

    fn time(&self, statement: &Statement) -> Option<Timestamp> {
        let own = statement.timestamp.as_deref().and_then(|text| text.parse().ok());
        own.or_else(|| self.timestamp.as_deref().and_then(|text| text.parse().ok()))
    }
}

impl Statement {
    fn is_about(&self, id: &str, product: &Product<'_>, part: Option<&Product<'_>>) -> bool {
        let named = &self.vulnerability;
        let known =
            named.id == id || named.name == id || named.aliases.iter().flatten().any(|alias| alias == id);
        let part = part.filter(|part| part.locator.is_some());
        let covers = |one: &Named| {
            let parts = one.subcomponents.as_deref().unwrap_or_default();
            one.is(product)
                && match part {
                    Some(part) if !parts.is_empty() => parts.iter().any(|one| one.is(part)),
                    _ => true,
                }
        };
        known && self.products.iter().flatten().any(covers)
    }
}

impl Named {
    fn is(&self, product: &Product<'_>) -> bool {
        let purl = product.component.purl.as_str();
        let covers = |text: &str| {
            text == purl
                || Locator::read(text)
                    .zip(product.locator.as_ref())
                    .is_some_and(|(own, other)| own.covers(other))
        };
        let identifiers = self.identifiers.iter().flatten();
        (!self.id.is_empty() && covers(&self.id))
            || identifiers.into_iter().any(|(kind, text)| text == purl || (kind == "purl" && covers(text)))
            || self.hashes.iter().flatten().any(|(_, hash)| hash == purl)
    }
}
