//! CSAF 2.0 advisories as VEX. Semantics: Trivy's `pkg/vex/csaf.go`.

use super::super::locator::Locator;
use super::{Product, VexError};
use serde::Deserialize;
use serde_json::Value;

/// A document: package URLs by product, products by product, and what is said of each.
#[derive(Clone, Debug, Default)]
pub(super) struct Document {
    vulnerabilities: Vec<Vulnerability>,
    names: Vec<(String, Locator)>,
    relations: Vec<Relation>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Vulnerability {
    cve: Option<String>,
    product_status: Option<Status>,
    threats: Option<Vec<Threat>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    known_not_affected: Option<Vec<String>>,
    fixed: Option<Vec<String>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Threat {
    category: String,
    details: String,
}

/// A part within a whole, under an id of their own.
#[derive(Clone, Debug)]
struct Relation {
    id: String,
    whole: String,
    part: String,
}

/// Nesting of branches.
const DEPTH: usize = 64;

impl Document {
    pub(super) fn read(value: Value) -> Result<Self, VexError> {
        let malformed = |error: serde_json::Error| VexError::Malformed("a CSAF advisory", error.to_string());
        let mut out = Self::default();
        let list = value.get("vulnerabilities").cloned().unwrap_or_default();
        out.vulnerabilities = serde_json::from_value(list).map_err(malformed)?;
        let tree = value.get("product_tree").unwrap_or(&Value::Null);
        out.branches(tree, 0);
        for name in items(tree, "full_product_names") {
            out.name(name);
        }
        for relation in items(tree, "relationships") {
            out.relation(relation);
        }
        Ok(out)
    }

    fn branches(&mut self, value: &Value, depth: usize) {
        for branch in items(value, "branches").filter(|_| depth < DEPTH) {
            if let Some(product) = branch.get("product") {
                self.name(product);
            }
            self.branches(branch, depth.saturating_add(1));
        }
    }

    fn name(&mut self, product: &Value) {
        let purl = product
            .get("product_identification_helper")
            .map(|helper| text(helper, "purl"))
            .unwrap_or_default();
        if let Some(locator) = Locator::read(purl) {
            self.names.push((text(product, "product_id").to_owned(), locator));
        }
    }

    fn relation(&mut self, relation: &Value) {
        let Some(product) = relation.get("full_product_name") else { return };
        self.name(product);
        if matches!(text(relation, "category"), "default_component_of" | "installed_on" | "installed_with") {
            self.relations.push(Relation {
                id: text(product, "product_id").to_owned(),
                whole: text(relation, "relates_to_product_reference").to_owned(),
                part: text(relation, "product_reference").to_owned(),
            });
        }
    }

    /// What is said of the first entry of a vulnerability, where it takes the finding out.
    pub(super) fn said(
        &self,
        id: &str,
        product: &Product<'_>,
        part: Option<&Product<'_>>,
    ) -> Option<(&'static str, String)> {
        let entry = self.vulnerabilities.iter().find(|entry| entry.cve.as_deref() == Some(id))?;
        let status = entry.product_status.as_ref()?;
        let product = product.locator.as_ref()?;
        let part = part.and_then(|part| part.locator.as_ref());
        let covered =
            |ids: &Option<Vec<String>>| ids.iter().flatten().any(|id| self.covers(id, product, part));
        let status = if covered(&status.known_not_affected) {
            "not_affected"
        } else if covered(&status.fixed) {
            "fixed"
        } else {
            return None;
        };
        let impact = entry.threats.iter().flatten().find(|threat| threat.category == "impact");
        Some((status, impact.map(|threat| threat.details.clone()).unwrap_or_default()))
    }

    fn covers(&self, id: &str, product: &Locator, part: Option<&Locator>) -> bool {
        let is = |id: &str, locator: &Locator| {
            self.names.iter().any(|(known, name)| known == id && name.covers_path(locator))
        };
        let within = |relation: &&Relation| {
            relation.id == id
                && is(&relation.whole, product)
                && part.is_some_and(|part| is(&relation.part, part))
        };
        is(id, product) || self.relations.iter().any(|relation| within(&relation))
    }
}

fn items<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
