//! In-toto statements: what is claimed (predicate) of which artefacts (subjects).
//!
//! Versions 0.1 and 1 both occur: Cosign writes 1 for signatures and 0.1 for attestations.

use crate::strict;
use crate::verdict::Reason;
use model::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Predicate type of an image signature in a bundle.
pub(crate) const SIGN: &str = "https://sigstore.dev/cosign/sign/v1";
pub(crate) const V1: &str = "https://in-toto.io/Statement/v1";
pub(crate) const V01: &str = "https://in-toto.io/Statement/v0.1";

/// A statement that is read. What it claims stays text until it is known who says so.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Statement<'a> {
    #[serde(rename = "_type")]
    kind: String,
    #[serde(borrow)]
    pub(crate) subject: Vec<Subject<'a>>,
    pub(crate) predicate_type: String,
    #[serde(borrow, default)]
    predicate: Option<&'a RawValue>,
}

/// One artefact a statement is about.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Subject<'a> {
    pub(crate) digest: BTreeMap<String, String>,
    #[serde(borrow, default)]
    annotations: BTreeMap<String, &'a RawValue>,
}

/// A statement that is made.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Made {
    #[serde(rename = "_type")]
    pub(crate) kind: &'static str,
    pub(crate) subject: [MadeSubject; 1],
    pub(crate) predicate_type: String,
    pub(crate) predicate: Value,
}

/// The artefact a statement that is made is about.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct MadeSubject {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    pub(crate) digest: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
}

impl<'a> Statement<'a> {
    /// Reads a statement that repeats no key.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Reason> {
        let statement: Self = strict::read(bytes).map_err(Reason::MalformedPayload)?;
        match statement.kind.as_str() {
            V1 | V01 => Ok(statement),
            other => Err(Reason::MalformedPayload(format!("statements of type {other} are not known"))),
        }
    }

    /// The subject with this digest, or whose statement it is instead.
    pub(crate) fn about(&self, digest: &Digest) -> Result<&Subject<'a>, Reason> {
        let found = self.subject.iter().find(|s| {
            s.digest.iter().any(|(algorithm, hex)| {
                digest.as_str().strip_prefix(algorithm.as_str()).and_then(|rest| rest.strip_prefix(':'))
                    == Some(hex.as_str())
            })
        });
        let name =
            |s: &Subject<'_>| s.digest.iter().map(|(a, h)| format!("{a}:{h}")).collect::<Vec<_>>().join(" ");
        found.ok_or_else(|| {
            Reason::OtherImage(self.subject.iter().take(3).map(name).collect::<Vec<_>>().join(", "))
        })
    }
}

impl Statement<'_> {
    /// What it claims; nothing where it says nothing.
    pub(crate) fn claim(&self) -> Result<Value, Reason> {
        let text = self.predicate.map_or("null", RawValue::get);
        serde_json::from_str(text).map_err(|error| Reason::MalformedPayload(error.to_string()))
    }
}

impl Subject<'_> {
    /// The signer's annotations; values that are no text are left out.
    pub(crate) fn text_annotations(&self) -> BTreeMap<String, String> {
        let text = |(k, v): (&String, &&RawValue)| Some((k.clone(), serde_json::from_str(v.get()).ok()?));
        self.annotations.iter().filter_map(text).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::made::image;

    fn statement(kind: &str, subject: &str) -> String {
        format!(r#"{{"_type":"{kind}","subject":[{subject}],"predicateType":"{SIGN}","predicate":{{}}}}"#)
    }

    #[test]
    fn reads() {
        let hex = image().as_str().strip_prefix("sha256:").unwrap().to_owned();
        let ours = format!(r#"{{"digest":{{"sha256":"{hex}"}},"annotations":{{"env":"prod","n":1}}}}"#);
        let other = r#"{"name":"x","digest":{"sha256":"00"}}"#;
        for kind in [V1, V01] {
            let text = statement(kind, &format!("{other},{ours}"));
            let read = Statement::read(text.as_bytes()).unwrap();
            let subject = read.about(&image()).unwrap();
            assert_eq!(subject.text_annotations(), BTreeMap::from([("env".into(), "prod".into())]));
        }
        let text = statement(V1, other);
        let read = Statement::read(text.as_bytes()).unwrap();
        assert_eq!(read.claim(), Ok(serde_json::json!({})));
        assert_eq!(read.about(&image()).unwrap_err(), Reason::OtherImage("sha256:00".into()));
        // The hash of another algorithm is not ours, even if its digits are.
        let sly = format!(r#"{{"digest":{{"sha512":"{hex}"}}}}"#);
        let text = statement(V1, &sly);
        let read = Statement::read(text.as_bytes()).unwrap();
        assert_eq!(read.about(&image()).unwrap_err().code(), "other-image");
        for bad in [statement("x", other), statement(V1, "").replace("[]", "{}"), String::new()] {
            assert_eq!(Statement::read(bad.as_bytes()).unwrap_err().code(), "malformed-payload");
        }
    }
}
