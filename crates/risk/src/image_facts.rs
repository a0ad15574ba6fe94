//! Image facts: what was seen of an image while it ran, and who signed it, as a small JSON document of our own.
//!
//! ```json
//! {"ringwall": "image-facts/v1", "images": [{
//!   "image": "registry.test/shop/web:1.4", "digest": "sha256:…", "observedAt": "2026-11-24T09:12:00Z",
//!   "loaded": ["libfoo"], "notLoaded": ["libbar"], "signature": {"state": "signed", "by": "release key"}}]}
//! ```
//! `state` is `signed`, `unsigned` (every place was asked) or `unknown` (could not look).

use model::{
    Confidence, Diagnostic, Digest, Evidence, Fact, ImageId, Lifetime, Predicate, Reference, Source, Target,
    Timestamp,
};
use serde::Deserialize;
use std::sync::Arc;

/// The value of `ringwall` in such a document.
pub const IMAGE_FACTS: &str = "image-facts/v1";

#[derive(Deserialize)]
struct Document {
    ringwall: String,
    #[serde(default)]
    images: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Image {
    image: Option<String>,
    digest: Option<String>,
    observed_at: Option<Timestamp>,
    #[serde(default)]
    loaded: Vec<String>,
    #[serde(default)]
    not_loaded: Vec<String>,
    signature: Option<Signature>,
}

#[derive(Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
enum Signature {
    Signed { by: String },
    Unsigned,
    Unknown { why: String },
}

/// Reads an image-facts document; entries that are not understood are diagnostics.
pub fn read_image_facts(text: &str, name: &str) -> (Vec<Fact>, Vec<Diagnostic>) {
    let bad = |message: String| Diagnostic::error("risk/image-facts", message).in_document(name);
    let document: Document = match serde_json::from_str(text) {
        Ok(document) => document,
        Err(error) => return (Vec::new(), vec![bad(error.to_string())]),
    };
    if document.ringwall != IMAGE_FACTS {
        return (
            Vec::new(),
            vec![bad(format!("this program reads {IMAGE_FACTS}, not {}", document.ringwall))],
        );
    }
    let (mut facts, mut diagnostics) = (Vec::new(), Vec::new());
    for (at, entry) in document.images.into_iter().enumerate() {
        match image(entry, name) {
            Ok(more) => facts.extend(more),
            Err(error) => diagnostics.push(bad(format!("images[{at}]: {error}"))),
        }
    }
    (facts, diagnostics)
}

fn image(entry: serde_json::Value, name: &str) -> Result<Vec<Fact>, String> {
    let image: Image = serde_json::from_value(entry).map_err(|error| error.to_string())?;
    let reference: Option<Reference> = image
        .image
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|error: model::ParseReferenceError| error.to_string())?;
    let digest =
        image.digest.as_deref().map(|text| Digest::parse(text).ok_or(format!("{text} is no digest")));
    let id = ImageId { reference, unknown: digest.transpose()?.into_iter().collect(), ..ImageId::default() };
    if id == ImageId::default() {
        return Err("neither image nor digest is given".into());
    }
    let document: Arc<str> = name.into();
    let fact = |predicate: Predicate, source: Source| Fact {
        target: Target::Image(id.clone()),
        predicate,
        source,
        observed_at: image.observed_at,
        lifetime: Lifetime::Permanent,
        confidence: Confidence::Confirmed,
        evidence: Evidence::Document { source, name: document.clone(), line: None, at: image.observed_at },
    };
    let loads = |packages: &[String], loaded: bool| -> Vec<Fact> {
        let predicate = |package: &String| Predicate::Loads { package: package.clone(), loaded };
        packages.iter().map(|package| fact(predicate(package), Source::Node)).collect()
    };
    let mut facts = loads(&image.loaded, true);
    facts.extend(loads(&image.not_loaded, false));
    facts.extend(image.signature.as_ref().map(|signature| {
        let predicate = match signature {
            Signature::Signed { by } => Predicate::Signed { by: by.clone() },
            Signature::Unsigned => Predicate::Unsigned,
            Signature::Unknown { why } => Predicate::SignatureUnknown { why: why.clone() },
        };
        fact(predicate, Source::Signature)
    }));
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_entry_gives_a_fact_for_each_thing_it_says() {
        let text = r#"{"ringwall":"image-facts/v1","images":[
            {"image":"registry.test/a:1","loaded":["x"],"notLoaded":["y"],"signature":{"state":"unsigned"}}]}"#;
        let (facts, diagnostics) = read_image_facts(text, "f.json");
        assert!(diagnostics.is_empty());
        let said: Vec<_> = facts.into_iter().map(|fact| fact.predicate).collect();
        let loads = |package: &str, loaded| Predicate::Loads { package: package.into(), loaded };
        assert_eq!(said, [loads("x", true), loads("y", false), Predicate::Unsigned]);
    }

    #[test]
    fn a_bad_entry_leaves_the_others() {
        let text = r#"{"ringwall":"image-facts/v1","images":[
            {"image":"no reference!"}, {"loaded":["x"]}, {"image":"a","digest":"sha256:1"}, {"image":"a","typo":1},
            {"image":"registry.test/a:1","signature":{"state":"signed","by":"k"}}]}"#;
        let (facts, diagnostics) = read_image_facts(text, "f.json");
        assert_eq!((facts.len(), diagnostics.len()), (1, 4));
    }

    #[test]
    fn another_version_is_refused() {
        assert_eq!(read_image_facts(r#"{"ringwall":"image-facts/v9","images":[]}"#, "f").1.len(), 1);
        assert_eq!(read_image_facts("[", "f").1.len(), 1);
    }
}
