//! From what is known to a verdict, or to what must be looked up first.

use crate::layouts::{Candidate, Search};
use crate::payload::Payload;
use crate::verdict::{Log, Outcome, Reason, Refusal, Verdict};
use crate::{Answer, Answers, Ask, Limits, PublicKey};
use model::Digest;
use std::collections::{BTreeMap, BTreeSet};

/// What a signature must show.
#[derive(Clone, Debug, Default)]
pub struct Requirement {
    /// Keys, any of which will do.
    pub keys: Vec<PublicKey>,
    /// Annotations one and the same signature must carry.
    pub annotations: BTreeMap<String, String>,
}

/// Where verification stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// These places must be looked at first.
    Needs(Vec<Ask>),
    /// The answer.
    Done(Verdict),
}

/// Judges an image by what is known of its signatures. Any valid one wins, whatever else is attached.
///
/// Semantics: Cosign's `verify --key` without the transparency log; facts about places that could not be asked are
/// kept apart from places that hold nothing.
pub fn verify(digest: &Digest, requirement: &Requirement, known: &Answers, limits: &Limits) -> Step {
    let search = Search::run(digest, known, limits);
    let mut refused = search.refused;
    for candidate in &search.candidates {
        match check(candidate, digest, requirement) {
            Ok(key) => {
                let outcome = Outcome::Verified { key, layout: candidate.layout, log: Log::NotChecked };
                return Step::Done(Verdict { digest: digest.clone(), outcome, refused });
            }
            Err(reason) => {
                let payload = Some(candidate.digest.clone());
                refused.push(Refusal { layout: candidate.layout, payload, reason });
            }
        }
    }
    if !search.asks.is_empty() {
        return Step::Needs(search.asks);
    }
    let outcome = if search.failures.is_empty() {
        let nearest = refused.iter().map(|refusal| refusal.reason.clone()).max();
        Outcome::NotVerified { reason: nearest.unwrap_or(Reason::NoSignature) }
    } else {
        Outcome::CouldNotLook { why: search.failures }
    };
    Step::Done(Verdict { digest: digest.clone(), outcome, refused })
}

/// The key that made a signature of this image with everything required.
fn check(candidate: &Candidate, digest: &Digest, requirement: &Requirement) -> Result<String, Reason> {
    let payload = Payload::read(&candidate.payload, digest)?;
    let key = requirement.keys.iter().find(|key| key.verifies(&candidate.payload, &candidate.signature));
    let key = key.ok_or(Reason::WrongKey)?;
    let missing = requirement.annotations.iter().find(|(k, v)| payload.annotations.get(*k) != Some(v));
    match missing {
        Some((key, _)) => Err(Reason::AnnotationMissing(key.clone())),
        None => Ok(key.fingerprint().to_owned()),
    }
}

/// Verifies with somebody at hand who can look things up at once (a layout on disk, a test).
pub fn verify_with(
    digest: &Digest,
    requirement: &Requirement,
    limits: &Limits,
    look: &mut dyn FnMut(&Ask) -> Answer,
) -> Verdict {
    let mut known = Answers::default();
    for _ in 0..limits.rounds {
        match verify(digest, requirement, &known, limits) {
            Step::Done(verdict) => return verdict,
            Step::Needs(asks) => {
                for ask in asks.into_iter().collect::<BTreeSet<_>>() {
                    let answer = look(&ask);
                    known.insert(ask, answer);
                }
            }
        }
    }
    let why = vec![format!("no answer after {} rounds of questions", limits.rounds)];
    Verdict { digest: digest.clone(), outcome: Outcome::CouldNotLook { why }, refused: Vec::new() }
}

#[cfg(test)]
pub(crate) mod made {
    //! Keys and signatures made in tests.

    use super::*;
    use crate::key::sha256;
    use base64::Engine as _;
    use p256::ecdsa::signature::Signer;
    use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
    use p256::pkcs8::EncodePublicKey;

    pub(crate) fn keypair(seed: u8) -> (SigningKey, VerifyingKey) {
        let key = SigningKey::from_slice(&[seed; 32]).unwrap();
        let public = *key.verifying_key();
        (key, public)
    }

    pub(crate) fn pem(key: &VerifyingKey) -> String {
        key.to_public_key_pem(p256::pkcs8::LineEnding::LF).unwrap()
    }

    pub(crate) fn public(seed: u8) -> PublicKey {
        PublicKey::from_pem(&pem(&keypair(seed).1)).unwrap()
    }

    pub(crate) fn image() -> Digest {
        sha256(b"an image manifest").unwrap()
    }

    pub(crate) fn payload(digest: &str) -> String {
        format!(
            r#"{{"critical":{{"identity":{{"docker-reference":"registry.test/app"}},"image":{{"docker-manifest-digest":"{digest}"}},"type":"cosign container image signature"}},"optional":{{"env":"prod"}}}}"#
        )
    }

    /// A layer of a `.sig` image: media type, payload, signature text.
    pub(crate) struct Layer {
        pub(crate) kind: &'static str,
        pub(crate) payload: Vec<u8>,
        pub(crate) signature: Option<String>,
    }

    pub(crate) fn layer(payload: &str, signer: u8) -> Layer {
        let signature: Signature = keypair(signer).0.sign(payload.as_bytes());
        let text = base64::engine::general_purpose::STANDARD.encode(signature.to_der());
        Layer {
            kind: "application/vnd.dev.cosign.simplesigning.v1+json",
            payload: payload.as_bytes().to_vec(),
            signature: Some(text),
        }
    }

    /// A repository that holds one `.sig` image with these layers.
    pub(crate) fn repository(layers: Vec<Layer>) -> Answers {
        let mut known = Answers::default();
        let image = image();
        let mut entries = Vec::new();
        for layer in layers {
            let digest = sha256(&layer.payload).unwrap();
            let mut entry = serde_json::json!({"mediaType": layer.kind, "digest": digest.as_str(), "size": layer.payload.len()});
            if let Some(text) = layer.signature {
                entry["annotations"] = serde_json::json!({"dev.cosignproject.cosign/signature": text});
            }
            entries.push(entry);
            known.insert(Ask::Blob(digest), Answer::Found(layer.payload));
        }
        let manifest = serde_json::json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": image.as_str(), "size": 2},
            "layers": entries,
        });
        let tag = image.as_str().replacen(':', "-", 1);
        known.insert(Ask::Tag(format!("{tag}.sig")), Answer::Found(manifest.to_string().into_bytes()));
        known.insert(Ask::Tag(tag), Answer::Absent);
        known.insert(Ask::Referrers(image), Answer::Absent);
        known
    }
}

#[cfg(test)]
mod tests {
    use super::made::*;
    use super::*;

    fn ask(known: &Answers) -> impl FnMut(&Ask) -> Answer + '_ {
        |ask| known.get(ask).cloned().unwrap_or(Answer::Absent)
    }

    fn judge(known: &Answers, keys: &[u8]) -> Outcome {
        let requirement =
            Requirement { keys: keys.iter().map(|k| public(*k)).collect(), ..Default::default() };
        verify_with(&image(), &requirement, &Limits::default(), &mut ask(known)).outcome
    }

    fn code(outcome: &Outcome) -> &str {
        match outcome {
            Outcome::Verified { .. } => "verified",
            Outcome::NotVerified { reason } => reason.code(),
            Outcome::CouldNotLook { .. } => "could-not-look",
        }
    }

    #[test]
    fn every_reason() {
        let good = payload(image().as_str());
        let other = payload("sha256:0000000000000000000000000000000000000000000000000000000000000000");
        let twice = good.replacen(
            r#""critical""#,
            r#""critical":{"image":{"docker-manifest-digest":"x"},"type":"y"},"critical""#,
            1,
        );
        let with = |change: fn(&mut Layer)| {
            let mut one = layer(&good, 1);
            change(&mut one);
            one
        };
        let cases: Vec<(&str, Vec<Layer>)> = vec![
            ("verified", vec![layer(&good, 1)]),
            (
                "verified",
                vec![layer(&other, 1), layer(&good, 2), with(|l| l.signature = None), layer(&good, 1)],
            ),
            ("no-signature", vec![]),
            ("wrong-key", vec![layer(&good, 2)]),
            ("other-image", vec![layer(&other, 1)]),
            ("wrong-key", vec![layer(&other, 1), layer(&good, 2)]),
            ("malformed-payload", vec![layer("{", 1)]),
            ("malformed-payload", vec![layer(&twice, 1)]),
            (
                "not-an-image-signature",
                vec![layer(&good.replace("cosign container image signature", "atomic"), 1)],
            ),
            ("not-an-image-signature", vec![with(|l| l.kind = "application/vnd.dsse.envelope.v1+json")]),
            ("unknown-media-type", vec![with(|l| l.kind = "application/octet-stream")]),
            ("signature-missing", vec![with(|l| l.signature = None)]),
            ("malformed-signature", vec![with(|l| l.signature = Some("***".into()))]),
            ("wrong-key", vec![with(|l| l.signature = Some("AAAA".into()))]),
        ];
        for (want, layers) in cases {
            let outcome = judge(&repository(layers), &[1]);
            assert_eq!(code(&outcome), want, "{outcome:?}");
        }
        assert_eq!(code(&judge(&repository(vec![layer(&good, 2)]), &[1, 2])), "verified", "any key will do");
        assert_eq!(code(&judge(&repository(vec![layer(&good, 1)]), &[])), "wrong-key");
    }

    #[test]
    fn could_not_look_is_never_unsigned() {
        let good = payload(image().as_str());
        let tag = image().as_str().replacen(':', "-", 1);
        let blob = crate::key::sha256(good.as_bytes()).unwrap();
        let failed = || Answer::Failed("registry said 429".into());
        let referrers = br#"{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","size":2}]}"#;
        let cases = [
            (Ask::Tag(format!("{tag}.sig")), failed()),
            (Ask::Tag(format!("{tag}.sig")), Answer::Found(b"<html>".to_vec())),
            (Ask::Tag(format!("{tag}.sig")), Answer::Found(vec![b' '; (4 << 20) + 1])),
            (Ask::Blob(blob.clone()), failed()),
            (Ask::Blob(blob.clone()), Answer::Absent),
            (Ask::Blob(blob), Answer::Found(b"other bytes".to_vec())),
            (Ask::Referrers(image()), failed()),
            (Ask::Referrers(image()), Answer::Found(referrers.to_vec())),
            (Ask::Tag(tag), Answer::Found(referrers.to_vec())),
        ];
        for (ask, answer) in cases {
            let mut known = repository(vec![layer(&good, 2)]);
            known.insert(ask.clone(), answer.clone());
            assert_eq!(code(&judge(&known, &[1])), "could-not-look", "{ask:?}");
            // A valid signature elsewhere wins all the same.
            if matches!(&ask, Ask::Referrers(_)) {
                let mut known = repository(vec![layer(&good, 1)]);
                known.insert(ask, answer);
                assert_eq!(code(&judge(&known, &[1])), "verified");
            }
        }
    }

    #[test]
    fn caps_hold() {
        let good = payload(image().as_str());
        let limits = Limits { signatures: 2, payload_bytes: 64, ..Limits::default() };
        let requirement = Requirement { keys: vec![public(1)], ..Default::default() };
        let strangers = (2..5).map(|k| layer(&good, k)).collect();
        let outcome = |known: &Answers, limits: &Limits| {
            verify_with(&image(), &requirement, limits, &mut ask(known)).outcome
        };
        assert_eq!(
            code(&outcome(&repository(strangers), &limits)),
            "could-not-look",
            "the rest was not examined"
        );
        assert_eq!(code(&outcome(&repository(vec![layer(&good, 1)]), &limits)), "payload-too-large");
        let none = Limits { rounds: 1, ..Limits::default() };
        assert_eq!(code(&outcome(&repository(vec![layer(&good, 1)]), &none)), "could-not-look");
    }

    #[test]
    fn annotations_must_be_on_the_valid_signature() {
        let good = payload(image().as_str());
        let plain = good.replace(r#"{"env":"prod"}"#, "null");
        let mut requirement = Requirement { keys: vec![public(1)], ..Default::default() };
        requirement.annotations.insert("env".into(), "prod".into());
        let outcome = |known: &Answers| {
            verify_with(&image(), &requirement, &Limits::default(), &mut ask(known)).outcome
        };
        assert_eq!(code(&outcome(&repository(vec![layer(&good, 1)]))), "verified");
        // The annotation of a stranger's signature does not complete ours.
        assert_eq!(
            code(&outcome(&repository(vec![layer(&plain, 1), layer(&good, 2)]))),
            "annotation-missing"
        );
    }
}
