//! From what is known to a verdict, or to what must be looked up next.
//!
//! The likeliest place is asked first and a valid signature ends the search, so that few requests do; "not verified"
//! is said only when every place has answered.

use crate::bundle::Bundle;
use crate::dsse::Envelope;
use crate::judge::{self, Candidate};
use crate::key::sha256;
use crate::layouts::{Finds, Job, LAYOUTS, Layout, Purpose};
use crate::requirement::{Requirement, Wanted};
use crate::verdict::{Attestation, Outcome, Reason, Refusal, Verdict};
use crate::{Answer, Ask, Limits};
use model::Digest;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Where verification stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// These must be looked at first. More may be asked for later; none is asked for twice.
    Needs(Vec<Ask>),
    /// The answer.
    Done(Verdict),
}

/// The verification of one image, under way.
///
/// Semantics: Cosign's `verify` and `verify-attestation` over every storage layout. Any valid signature wins, whatever
/// else is attached; places that could not be asked are kept apart from places that hold nothing.
#[derive(Debug)]
pub struct Verification<'a> {
    digest: Digest,
    requirement: &'a Requirement,
    limits: &'a Limits,
    /// Not yet asked, likeliest first.
    places: VecDeque<&'static Layout>,
    queue: VecDeque<Job>,
    /// Asked, not yet answered.
    open: BTreeMap<Ask, Vec<Job>>,
    seen: BTreeSet<Ask>,
    batch: usize,
    lookups: usize,
    examined: usize,
    won: Option<Outcome>,
    annotations: BTreeMap<String, String>,
    attestations: Vec<Attestation>,
    refused: Vec<Refusal>,
    failures: Vec<String>,
}

impl<'a> Verification<'a> {
    /// Begins. `likely` is the id of the layout in which a valid signature was last found in this repository, if any:
    /// it is asked first.
    pub fn new(
        digest: &Digest,
        requirement: &'a Requirement,
        limits: &'a Limits,
        likely: Option<&str>,
    ) -> Self {
        let mut places: Vec<_> =
            LAYOUTS.iter().copied().filter(|l| l.may_hold(&requirement.wanted)).collect();
        places.sort_by_key(|layout| Some(layout.id) != likely);
        Self {
            digest: digest.clone(),
            requirement,
            limits,
            places: places.into(),
            queue: VecDeque::new(),
            open: BTreeMap::new(),
            seen: BTreeSet::new(),
            batch: 1,
            lookups: 0,
            examined: 0,
            won: None,
            annotations: BTreeMap::new(),
            attestations: Vec::new(),
            refused: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// What must be looked at next, or the answer.
    pub fn step(&mut self) -> Step {
        if self.is_over() {
            return Step::Done(self.verdict());
        }
        if self.open.is_empty() {
            self.ask();
        }
        match self.open.is_empty() {
            true => Step::Done(self.verdict()),
            false => Step::Needs(self.open.keys().cloned().collect()),
        }
    }

    /// Bytes that are worth reading of what was asked for; whoever fetches may stop there and answer "failed".
    pub fn cap(&self, ask: &Ask) -> u64 {
        match (ask, &self.requirement.wanted) {
            (Ask::Blob(_), Wanted::Signature) => self.limits.signature_bytes,
            (Ask::Blob(_), Wanted::Attestation { .. }) => self.limits.attestation_bytes,
            _ => self.limits.manifest_bytes,
        }
    }

    /// Its declared size in bytes; 0 where nobody declared one.
    pub fn declared(&self, ask: &Ask) -> u64 {
        self.open.get(ask).and_then(|jobs| jobs.iter().map(|job| job.size).max()).unwrap_or_default()
    }

    /// Notes what came of looking. What was not asked for is ignored.
    pub fn tell(&mut self, ask: &Ask, answer: Answer) {
        let Some(jobs) = self.open.remove(ask) else { return };
        let answer = match answer {
            Answer::Partial(bytes, why) => {
                self.failures.push(format!("{}: {why}", name(ask)));
                Answer::Found(bytes)
            }
            whole => whole,
        };
        let mut bytes = match self.checked(ask, answer) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return,
            Err(why) => return self.failures.push(format!("{}: {why}", name(ask))),
        };
        let mut jobs = jobs.into_iter().peekable();
        while let Some(job) = jobs.next() {
            // They may be long: whoever is last takes them over.
            let bytes = if jobs.peek().is_some() { bytes.clone() } else { std::mem::take(&mut bytes) };
            if !self.is_over() {
                self.read(job, bytes);
            }
        }
    }

    fn is_over(&self) -> bool {
        self.won.is_some() && !matches!(self.requirement.wanted, Wanted::Attestation { every: true, .. })
    }

    /// The bytes, if they are those that were asked for.
    fn checked(&self, ask: &Ask, answer: Answer) -> Result<Option<Vec<u8>>, String> {
        let bytes = match answer {
            Answer::Found(bytes) | Answer::Partial(bytes, _) => bytes,
            // A blob that a manifest names and the registry has not is a broken registry, not an absent signature.
            Answer::Absent if matches!(ask, Ask::Blob(_) | Ask::Manifest(_)) => {
                return Err("it is named, but not there".to_owned());
            }
            Answer::Absent => return Ok(None),
            Answer::Failed(why) => return Err(why),
        };
        if bytes.len() as u64 > self.cap(ask) {
            return Err(format!("{} bytes are over the limit", bytes.len()));
        }
        match ask {
            Ask::Blob(want) | Ask::Manifest(want) if sha256(&bytes).as_ref() != Some(want) => {
                Err("the bytes that came are not those of the digest".to_owned())
            }
            _ => Ok(Some(bytes)),
        }
    }

    /// Takes the next few jobs, or else the next place.
    fn ask(&mut self) {
        let mut bytes = 0_u64;
        while self.open.len() < self.batch {
            let Some(job) = self.queue.front() else { break };
            let known = self.open.contains_key(&job.ask);
            bytes = bytes.saturating_add(if known { 0 } else { job.size });
            if !self.open.is_empty() && bytes > self.limits.parallel_bytes {
                break;
            }
            let Some(job) = self.queue.pop_front() else { break };
            if !known && !self.may_ask() {
                return;
            }
            // One payload may bear several signatures: asked once, used by all.
            self.open.entry(job.ask.clone()).or_default().push(job);
        }
        while self.open.is_empty() {
            let Some(layout) = self.places.pop_front() else { return };
            let ask = layout.place(&self.digest);
            if !self.may_ask() {
                return;
            }
            self.batch = 1;
            self.open.insert(ask.clone(), vec![Job { layout, ask, size: 0, purpose: Purpose::Place }]);
        }
    }

    /// Counts a lookup, or ends the search.
    fn may_ask(&mut self) -> bool {
        if self.lookups >= self.limits.lookups {
            self.failures.push(format!("more than {} lookups, the rest was not examined", self.lookups));
            self.queue.clear();
            self.places.clear();
            return false;
        }
        self.lookups = self.lookups.saturating_add(1);
        true
    }

    fn read(&mut self, job: Job, bytes: Vec<u8>) {
        let candidate = match job.purpose {
            Purpose::Place | Purpose::Manifest => return self.look(&job, &bytes),
            Purpose::Bundle => Bundle::read(bytes).map(Candidate::Bundle),
            Purpose::Envelope { evidence } => {
                Envelope::read(&bytes).map(|envelope| Candidate::Envelope { envelope, evidence })
            }
            Purpose::Simple { signature, evidence } => {
                Ok(Candidate::Simple { payload: bytes, signature, evidence })
            }
        };
        self.examined = self.examined.saturating_add(1);
        let accepted = candidate.and_then(|c| judge::judge(&c, &self.digest, self.requirement));
        match accepted {
            Ok(accepted) => {
                let (signer, layout, log) = (accepted.signer, job.layout.id, accepted.log);
                if let Some(claim) = accepted.claim {
                    let judge::Claim { predicate_type, predicate, envelope } = claim;
                    let signer = signer.clone();
                    self.attestations.push(Attestation {
                        predicate_type,
                        predicate,
                        signer,
                        layout,
                        envelope,
                    });
                }
                if self.won.is_none() {
                    self.won = Some(Outcome::Verified { signer, layout, log });
                    self.annotations = accepted.annotations;
                }
            }
            Err(reason) => {
                self.widen();
                let payload = match job.ask {
                    Ask::Blob(digest) => Some(digest),
                    _ => None,
                };
                self.refused.push(Refusal { layout: job.layout.id, payload, reason: reason.shortened() });
            }
        }
    }

    /// Reads a place or a manifest and queues what it names.
    fn look(&mut self, job: &Job, bytes: &[u8]) {
        let mut finds = Finds::new(&self.requirement.wanted, self.limits, job.layout);
        match &job.ask {
            Ask::Manifest(digest) => {
                // What it is holds for good, so it is refused, not a failure to look.
                if let Err(error) = finds.manifest(bytes) {
                    let reason = Reason::UnknownMediaType(format!("a manifest that cannot be read: {error}"));
                    let payload = Some(digest.clone());
                    finds.refused.push(Refusal { layout: job.layout.id, payload, reason });
                }
            }
            _ => job.layout.read(&mut finds, bytes),
        }
        let Finds { jobs, refused, failures, .. } = finds;
        if !refused.is_empty() {
            self.widen();
        }
        self.failures.extend(failures);
        self.refused.extend(refused.into_iter().map(|r| Refusal { reason: r.reason.shortened(), ..r }));
        let room = self.limits.signatures.saturating_sub(self.examined).saturating_sub(self.queue.len());
        let mut fresh: Vec<_> = jobs.into_iter().filter(|job| self.is_fresh(job)).collect();
        if fresh.len() > room {
            self.failures
                .push(format!("more than {} signatures, the rest was not examined", self.limits.signatures));
            fresh.truncate(room);
        }
        // What a manifest names comes before the next manifest.
        for job in fresh.into_iter().rev() {
            self.queue.push_front(job);
        }
    }

    /// Asks for more at once, now that the likeliest was not it.
    fn widen(&mut self) {
        self.batch = self.batch.saturating_mul(2).min(self.limits.parallel);
    }

    /// Whether a manifest or bundle comes for the first time; both lists of referrers may name it.
    fn is_fresh(&mut self, job: &Job) -> bool {
        matches!(job.purpose, Purpose::Simple { .. }) || self.seen.insert(job.ask.clone())
    }

    fn verdict(&mut self) -> Verdict {
        let every = matches!(self.requirement.wanted, Wanted::Attestation { every: true, .. });
        let outcome = match self.won.take() {
            // Where every attestation counts, one that could not be looked at may be the one that matters.
            Some(won) if !every || self.failures.is_empty() => won,
            _ if !self.failures.is_empty() => {
                Outcome::CouldNotLook { why: std::mem::take(&mut self.failures) }
            }
            _ => {
                let nearest = self.refused.iter().map(|refusal| refusal.reason.clone()).max();
                Outcome::NotVerified {
                    reason: nearest.unwrap_or(Reason::NoSignature).max(Reason::NoSignature),
                }
            }
        };
        Verdict {
            digest: self.digest.clone(),
            outcome,
            annotations: std::mem::take(&mut self.annotations),
            refused: std::mem::take(&mut self.refused),
            attestations: std::mem::take(&mut self.attestations),
            lookups: self.lookups,
        }
    }
}

fn name(ask: &Ask) -> String {
    match ask {
        Ask::Tag(tag) => format!("tag {tag}"),
        Ask::Manifest(digest) => format!("manifest {digest}"),
        Ask::Blob(digest) => format!("blob {digest}"),
        Ask::Referrers(digest) => format!("referrers of {digest}"),
    }
}

/// Verifies with somebody at hand who can look things up at once (a layout on disk, a test).
pub fn verify_with(
    digest: &Digest,
    requirement: &Requirement,
    limits: &Limits,
    look: &mut dyn FnMut(&Ask) -> Answer,
) -> Verdict {
    let mut verification = Verification::new(digest, requirement, limits, None);
    loop {
        match verification.step() {
            Step::Done(verdict) => return verdict,
            Step::Needs(asks) => {
                for ask in asks {
                    let answer = look(&ask);
                    verification.tell(&ask, answer);
                }
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod made {
    //! Keys, images and legacy signatures made in tests.

    use super::*;
    use crate::{PrivateKey, PublicKey, Repository, Subject};
    use base64::Engine as _;
    use p256::ecdsa::{SigningKey, VerifyingKey};
    use p256::pkcs8::EncodePublicKey as _;

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

    pub(crate) fn private(seed: u8) -> PrivateKey {
        PrivateKey::generate(&mut |out| out.fill(seed)).unwrap()
    }

    pub(crate) fn image() -> Digest {
        sha256(b"an image manifest").unwrap()
    }

    pub(crate) fn subject() -> Subject {
        let media_type = "application/vnd.oci.image.manifest.v1+json".to_owned();
        Subject { digest: image(), media_type, size: 17, name: "registry.test/app".to_owned() }
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
        let signature = private(signer).sign(payload.as_bytes()).unwrap();
        Layer {
            kind: "application/vnd.dev.cosign.simplesigning.v1+json",
            payload: payload.as_bytes().to_vec(),
            signature: Some(base64::engine::general_purpose::STANDARD.encode(signature)),
        }
    }

    /// A repository that holds one `.sig` image with these layers.
    pub(crate) fn repository(layers: Vec<Layer>) -> Repository {
        let mut repository = Repository::new(true);
        let mut entries = Vec::new();
        for layer in layers {
            let digest = sha256(&layer.payload).unwrap();
            let mut entry = serde_json::json!({"mediaType": layer.kind, "digest": digest.as_str(), "size": layer.payload.len()});
            if let Some(text) = layer.signature {
                entry["annotations"] = serde_json::json!({"dev.cosignproject.cosign/signature": text});
            }
            entries.push(entry);
            repository.push_all(&[crate::Push::Blob { digest, bytes: layer.payload }]);
        }
        let manifest = serde_json::json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": image().as_str(), "size": 2},
            "layers": entries,
        });
        let tag = image().as_str().replacen(':', "-", 1);
        repository.tag(&format!("{tag}.sig"), manifest.to_string().into_bytes());
        repository
    }

    /// A manifest with the image as subject and one layer.
    pub(crate) fn refer(
        repository: &mut Repository,
        kind: &str,
        bytes: &[u8],
        annotations: serde_json::Value,
    ) {
        let digest = sha256(bytes).unwrap();
        let manifest = serde_json::json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "artifactType": kind,
            "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": sha256(b"{}").unwrap().as_str(), "size": 2},
            "layers": [{"mediaType": kind, "digest": digest.as_str(), "size": bytes.len()}],
            "annotations": annotations,
            "subject": {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": image().as_str(), "size": 17},
        });
        let manifest = manifest.to_string().into_bytes();
        repository.push_all(&[
            crate::Push::Blob { digest, bytes: bytes.to_vec() },
            crate::Push::Manifest {
                digest: sha256(&manifest).unwrap(),
                media_type: "application/vnd.oci.image.manifest.v1+json",
                bytes: manifest,
                tag: None,
            },
        ]);
    }
}

#[cfg(test)]
mod tests;
