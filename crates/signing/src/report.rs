//! A verdict as findings and as facts.

use crate::{Outcome, Verdict};
use model::{
    Confidence, Evidence, Fact, Finding, Gap, ImageId, Lifetime, Predicate, Ring, Rule, Severity, Source,
    Target, Timestamp,
};
use std::sync::Arc;

/// An image without a valid signature.
pub static UNSIGNED: Rule = Rule {
    id: "images/unsigned",
    title: "Image bears no valid signature",
    severity: Severity::Medium,
    controls: &["NSA supply chain", "SLSA build"],
    explain: "Nobody can tell that this image is the one that was built: whoever may push to the registry may have \
              replaced it. Sign it in the build (`ringwall sign IMAGE --key …`) and require the signature at admission.",
};

/// An image whose signatures could not be looked at.
pub static SIGNATURE_UNKNOWN: Rule = Rule {
    id: "images/signature-unknown",
    title: "Signatures of an image could not be looked at",
    severity: Severity::Unknown,
    controls: &[],
    explain: "A place where signatures are kept could not be asked, or holds some in a form that is not read. The image \
              is neither signed nor unsigned for us: look at the reason, mend it and ask again.",
};

/// Every rule of this crate.
pub static RULES: &[&Rule] = &[&UNSIGNED, &SIGNATURE_UNKNOWN];

impl Verdict {
    fn evidence(&self, name: &Arc<str>, at: Option<Timestamp>) -> Evidence {
        Evidence::Document { source: Source::Signature, name: Arc::clone(name), line: None, at }
    }

    /// The image under the name it was asked by and the digest that was verified.
    fn named(&self, image: &ImageId) -> ImageId {
        let mut image = image.clone();
        if !image.digests().any(|digest| *digest == self.digest) {
            image.unknown.push(self.digest.clone());
        }
        image
    }

    /// What is wrong: nothing when verified. `name` says where signatures were looked for, `at` when.
    pub fn findings(&self, image: &ImageId, name: &Arc<str>, at: Option<Timestamp>) -> Vec<Finding> {
        let (rule, message) = match &self.outcome {
            Outcome::Verified { .. } => return Vec::new(),
            Outcome::NotVerified { reason } => (&UNSIGNED, reason.to_string()),
            Outcome::CouldNotLook { why } => (&SIGNATURE_UNKNOWN, why.join("; ")),
        };
        let target = Target::Image(self.named(image));
        vec![Finding::new(rule, target, self.evidence(name, at), message)]
    }

    /// What is known of the image's signatures, for the graph.
    pub fn facts(&self, image: &ImageId, name: &Arc<str>, at: Option<Timestamp>) -> Vec<Fact> {
        let predicate = match &self.outcome {
            Outcome::Verified { signer, .. } => Predicate::Signed { by: signer.to_string() },
            Outcome::NotVerified { .. } => Predicate::Unsigned,
            Outcome::CouldNotLook { why } => Predicate::SignatureUnknown { why: why.join("; ") },
        };
        // A signature over a digest stays valid; that there is none may change with the next push.
        let lifetime = match predicate {
            Predicate::Signed { .. } => Lifetime::Permanent,
            _ => Lifetime::Snapshot,
        };
        vec![Fact {
            target: Target::Image(self.named(image)),
            predicate,
            source: Source::Signature,
            observed_at: at,
            lifetime,
            confidence: Confidence::Confirmed,
            evidence: self.evidence(name, at),
        }]
    }

    /// What could not be looked at, for the coverage.
    pub fn gaps(&self, image: &ImageId) -> Vec<Gap> {
        let Outcome::CouldNotLook { why } = &self.outcome else { return Vec::new() };
        let gap = |why: &String| Gap {
            ring: Ring::Signatures,
            what: format!("signatures of {image}"),
            why: why.clone(),
            asked: true,
            help: None,
        };
        why.iter().map(gap).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::made::image;
    use crate::{Log, Reason, SignedBy};
    use std::collections::BTreeMap;

    #[test]
    fn three_answers_three_facts() {
        let name: Arc<str> = "registry.test".into();
        let asked = ImageId::from_reference("registry.test/app:1".parse().unwrap());
        let verdict = |outcome| Verdict {
            digest: image(),
            outcome,
            annotations: BTreeMap::new(),
            refused: vec![],
            attestations: vec![],
            lookups: 0,
        };
        let signed = verdict(Outcome::Verified {
            signer: SignedBy::Key { key: "sha256:ab".into() },
            layout: "legacy-tag",
            log: Log::NotChecked,
        });
        assert!(signed.findings(&asked, &name, None).is_empty() && signed.gaps(&asked).is_empty());
        let [fact] = &signed.facts(&asked, &name, None)[..] else { panic!("one fact") };
        assert_eq!(fact.predicate, Predicate::Signed { by: "key sha256:ab".into() });
        let Target::Image(target) = &fact.target else { panic!("an image") };
        assert!(target.digests().any(|d| *d == image()));

        let unsigned = verdict(Outcome::NotVerified { reason: Reason::NoSignature });
        assert_eq!(unsigned.findings(&asked, &name, None)[0].rule, &UNSIGNED);
        assert_eq!(unsigned.facts(&asked, &name, None)[0].predicate, Predicate::Unsigned);

        let unknown = verdict(Outcome::CouldNotLook { why: vec!["429".into()] });
        assert_eq!(unknown.findings(&asked, &name, None)[0].rule, &SIGNATURE_UNKNOWN);
        assert_eq!(
            unknown.facts(&asked, &name, None)[0].predicate,
            Predicate::SignatureUnknown { why: "429".into() }
        );
        assert_eq!(unknown.gaps(&asked).len(), 1);
    }
}
