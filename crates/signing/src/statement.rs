//! In-toto statements: what is claimed (predicate) of which artefacts (subjects).
//!
//! Versions 0.1 and 1 both occur: Cosign writes 1 for signatures and 0.1 for attestations.

use crate::strict;
use crate::verdict::Reason;
use model::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Predicate type of an image signature in a bundle.
pub(crate) const SIGN: &str = "https://sigstore.dev/cosign/sign/v1";
pub(crate) const V1: &str = "https://in-toto.io/Statement/v1";
pub(crate) const V01: &str = "https://in-toto.io/Statement/v0.1";

/// A statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Statement {
    #[serde(rename = "_type")]
    pub(crate) kind: String,
    pub(crate) subject: Vec<Subject>,
    pub(crate) predicate_type: String,
    #[serde(default)]
    pub(crate) predicate: Value,
}

/// One artefact a statement is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Subject {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    pub(crate) digest: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, Value>,
}

impl Statement {
    /// Reads a statement that repeats no key.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Reason> {
        let statement: Self = strict::read(bytes).map_err(Reason::MalformedPayload)?;
        match statement.kind.as_str() {
            V1 | V01 => Ok(statement),
            other => Err(Reason::MalformedPayload(format!("statements of type {other} are not known"))),
        }
    }

    /// The subject with this digest, or whose statement it is instead.
    pub(crate) fn about(&self, digest: &Digest) -> Result<&Subject, Reason> {
        let found = self.subject.iter().find(|s| {
            s.digest.iter().any(|(algorithm, hex)| {
                digest.as_str().strip_prefix(algorithm.as_str()).and_then(|rest| rest.strip_prefix(':'))
                    == Some(hex.as_str())
            })
        });
        let name =
            |s: &Subject| s.digest.iter().map(|(a, h)| format!("{a}:{h}")).collect::<Vec<_>>().join(" ");
        found.ok_or_else(|| {
            Reason::OtherImage(self.subject.iter().take(3).map(name).collect::<Vec<_>>().join(", "))
        })
    }
}

impl Subject {
    /// The signer's annotations; values that are no text are left out.
    pub(crate) fn text_annotations(&self) -> BTreeMap<String, String> {
        let text = |(k, v): (&String, &Value)| Some((k.clone(), v.as_str()?.to_owned()));
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
            let read = Statement::read(statement(kind, &format!("{other},{ours}")).as_bytes()).unwrap();
            let subject = read.about(&image()).unwrap();
            assert_eq!(subject.text_annotations(), BTreeMap::from([("env".into(), "prod".into())]));
        }
        let read = Statement::read(statement(V1, other).as_bytes()).unwrap();
        assert_eq!(read.about(&image()).unwrap_err(), Reason::OtherImage("sha256:00".into()));
        // The hash of another algorithm is not ours, even if its digits are.
        let sly = format!(r#"{{"digest":{{"sha512":"{hex}"}}}}"#);
        let read = Statement::read(statement(V1, &sly).as_bytes()).unwrap();
        assert_eq!(read.about(&image()).unwrap_err().code(), "other-image");
        for bad in [statement("x", other), statement(V1, "").replace("[]", "{}"), String::new()] {
            assert_eq!(Statement::read(bad.as_bytes()).unwrap_err().code(), "malformed-payload");
        }
    }
}
