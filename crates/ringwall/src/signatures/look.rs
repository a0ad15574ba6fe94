//! One image's signatures looked up in a registry, and many images at once.

use super::store::Store;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use model::{Digest, Reference};
use signing::{
    Answer, Ask, Attestation, Limits, Outcome, Reason, Refusal, Remembered, Requirement, Step, Verdict,
    Verification,
};
use sources::registry::{Error, Referrers, Registry, Repository, Which};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use tokio::sync::Semaphore;

/// What came of looking at one image.
#[derive(Clone, Debug)]
pub(crate) struct Looked {
    /// The image as it was asked for.
    pub(crate) reference: Reference,
    /// The digest that was verified, where it could be had.
    pub(crate) digest: Option<Digest>,
    pub(crate) outcome: Outcome,
    /// Annotations of the signature that counted.
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) refused: Vec<Refusal>,
    pub(crate) attestations: Vec<Attestation>,
    /// Whether the answer was remembered, not looked up.
    pub(crate) remembered: bool,
}

impl Looked {
    pub(crate) fn of(reference: &Reference, verdict: Verdict, remembered: bool) -> Self {
        let Verdict { digest, outcome, annotations, refused, attestations, .. } = verdict;
        Self {
            reference: reference.clone(),
            digest: Some(digest),
            outcome,
            annotations,
            refused,
            attestations,
            remembered,
        }
    }

    pub(crate) fn failed(reference: &Reference, digest: Option<Digest>, why: String) -> Self {
        Self {
            reference: reference.clone(),
            digest,
            outcome: Outcome::CouldNotLook { why: vec![why] },
            annotations: BTreeMap::new(),
            refused: Vec::new(),
            attestations: Vec::new(),
            remembered: false,
        }
    }

    /// The verdict, for the engine's own projections.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        Some(Verdict {
            digest: self.digest.clone()?,
            outcome: self.outcome.clone(),
            annotations: self.annotations.clone(),
            refused: self.refused.clone(),
            attestations: self.attestations.clone(),
            lookups: 0,
        })
    }
}

/// Looks signatures up.
pub(crate) struct Looker<'a, R> {
    pub(crate) registry: &'a R,
    pub(crate) requirement: &'a Requirement,
    pub(crate) limits: Limits,
    /// Where signatures are kept, if not beside the images.
    pub(crate) signatures: Option<Repository>,
    pub(crate) store: Store,
    /// Where signatures of a registry's images were last found.
    likely: Mutex<BTreeMap<String, &'static str>>,
    /// KiB of large answers that may be held at once, all images together.
    budget: Semaphore,
}

/// Bytes of an answer that is fetched beside others without asking.
const SMALL: u64 = 128 << 10;
/// Bytes of large answers that are held at once: the largest of them.
const BUDGET: u64 = 16 << 20;

impl<'a, R: Registry> Looker<'a, R> {
    pub(crate) fn new(registry: &'a R, requirement: &'a Requirement, store: Store) -> Self {
        let (limits, likely) = (Limits::default(), Mutex::default());
        let budget = Semaphore::new(usize::try_from(BUDGET >> 10).unwrap_or(Semaphore::MAX_PERMITS));
        Self { registry, requirement, limits, signatures: None, store, likely, budget }
    }

    /// Many images, `parallel` at once; answers in the order of the questions.
    pub(crate) async fn each(&self, references: &[Reference], parallel: usize) -> Vec<Looked> {
        let questions = references.iter().map(|reference| self.one(reference));
        futures_util::stream::iter(questions).buffered(parallel.max(1)).collect().await
    }

    /// One image.
    pub(crate) async fn one(&self, reference: &Reference) -> Looked {
        let at = Repository::from(reference);
        let (digest, exists) = match &reference.digest {
            Some(digest) => (digest.clone(), false),
            None => {
                let which = Which::of(reference);
                match self.registry.manifest(&at, &which, self.limits.manifest_bytes).await {
                    Ok(Some(manifest)) => (manifest.digest, true),
                    Ok(None) => return Looked::failed(reference, None, "there is no such image".to_owned()),
                    Err(error) => return Looked::failed(reference, None, error.to_string()),
                }
            }
        };
        if let Remembered::Fresh(verdict) = self.store.get(&digest, self.requirement) {
            return Looked::of(reference, verdict, true);
        }
        let verdict = self.verify(reference, &at, &digest).await;
        if matches!(verdict.outcome, Outcome::NotVerified { .. }) && !exists {
            // Nothing is signed that does not exist, and a host that is no registry has nothing of anything.
            match self
                .registry
                .manifest(&at, &Which::Digest(digest.clone()), self.limits.manifest_bytes)
                .await
            {
                Ok(Some(_)) => {}
                Ok(None) => {
                    return Looked::failed(reference, Some(digest), "there is no such image".to_owned());
                }
                Err(error) => return Looked::failed(reference, Some(digest), error.to_string()),
            }
        }
        let (used, remembered) = self.store.put(&digest, self.requirement, verdict);
        Looked::of(reference, used, remembered)
    }

    async fn verify(&self, reference: &Reference, at: &Repository, digest: &Digest) -> Verdict {
        let likely = {
            let likely = self.likely.lock().unwrap_or_else(PoisonError::into_inner);
            likely.get(&*at.registry).copied()
        };
        let name = format!("{}/{}", reference.registry, reference.repository);
        let known = signing::likely_payload(&name, digest);
        let place = self.signatures.as_ref().unwrap_or(at);
        let mut verification = Verification::new(digest, self.requirement, &self.limits, likely);
        let verdict = loop {
            let asks = match verification.step() {
                Step::Done(verdict) => break verdict,
                Step::Needs(asks) => asks,
            };
            // What is small, and most of it is, comes side by side; the rest one by one, under a budget of all images.
            let small = |ask: &Ask| {
                let (cap, ask) = (verification.cap(ask).min(SMALL), ask.clone());
                let large = verification.declared(&ask) > SMALL;
                let known = known.as_ref();
                async move {
                    let answer = match (&ask, known) {
                        (Ask::Blob(wanted), Some((likely, bytes))) if wanted == likely => {
                            Some(Answer::Found(bytes.clone()))
                        }
                        _ if large => None,
                        _ => match fetch(self.registry, place, &ask, cap).await {
                            // A list of several pages is cut where a single answer is refused.
                            Err(Error::TooLarge { .. }) | Ok(Answer::Partial(..)) => None,
                            answer => Some(said(answer)),
                        },
                    };
                    (ask, answer)
                }
            };
            let answers = join_all(asks.iter().map(small)).await;
            let mut large = Vec::new();
            for (ask, answer) in answers {
                match answer {
                    Some(answer) => verification.tell(&ask, answer),
                    None => large.push(ask),
                }
            }
            for ask in large {
                let cap = verification.cap(&ask);
                let weight = u32::try_from(cap.min(BUDGET) >> 10).unwrap_or(u32::MAX);
                let _held = self.budget.acquire_many(weight).await;
                let answer = said(fetch(self.registry, place, &ask, cap).await);
                verification.tell(&ask, answer);
            }
        };
        if let Outcome::Verified { layout, .. } = &verdict.outcome {
            let mut likely = self.likely.lock().unwrap_or_else(PoisonError::into_inner);
            likely.insert(at.registry.to_string(), layout);
        }
        verdict
    }
}

/// One look into a repository.
async fn fetch(registry: &impl Registry, at: &Repository, ask: &Ask, cap: u64) -> Result<Answer, Error> {
    let found = |bytes: Option<Bytes>| bytes.map_or(Answer::Absent, |bytes| Answer::Found(bytes.into()));
    let manifest = async |which: Which| {
        registry
            .manifest(at, &which, cap)
            .await
            .map(|manifest| found(manifest.map(|manifest| manifest.bytes)))
    };
    match ask {
        Ask::Tag(tag) => manifest(Which::Tag(tag.clone())).await,
        Ask::Manifest(digest) => manifest(Which::Digest(digest.clone())).await,
        Ask::Blob(digest) => registry.blob(at, digest, cap).await.map(found),
        Ask::Referrers(digest) => Ok(match registry.referrers(at, digest, cap).await? {
            Some(Referrers { index, cut: Some(why) }) => Answer::Partial(index.into(), why),
            other => found(other.map(|found| found.index)),
        }),
    }
}

fn said(answer: Result<Answer, Error>) -> Answer {
    answer.unwrap_or_else(|error| Answer::Failed(error.to_string()))
}

/// The nearest reason of a "not verified" in one line.
pub(crate) fn why_not(reason: &Reason) -> String {
    model::escape(&reason.to_string()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use signing::{PrivateKey, Subject};
    use sources::registry::Memory;

    const KIND: &str = "application/vnd.oci.image.manifest.v1+json";

    fn key(seed: u8) -> PrivateKey {
        PrivateKey::generate(&mut |bytes| bytes.fill(seed)).expect("a key")
    }

    /// An image in a registry in memory, signed by key 1 in a layout.
    async fn signed(registry: &Memory, native: bool, legacy: bool) -> (Reference, Digest) {
        let reference: Reference = "registry.test/team/app:v1".parse().expect("a reference");
        let at = Repository::from(&reference);
        let manifest = Bytes::from(format!(r#"{{"mediaType":"{KIND}","native":{native}}}"#));
        registry.push_manifest(&at, &Which::of(&reference), KIND, manifest.clone()).await.expect("pushed");
        let found =
            registry.manifest(&at, &Which::of(&reference), 9999).await.expect("asked").expect("there");
        let subject = Subject {
            digest: found.digest.clone(),
            media_type: KIND.to_owned(),
            size: manifest.len() as u64,
            name: at.to_string(),
        };
        let notes = BTreeMap::new();
        let made = match legacy {
            true => signing::sign_legacy(&subject, &key(1), &notes, None),
            false => signing::sign(&subject, &key(1), &notes, "2026-11-25T00:00:00Z"),
        };
        super::super::send::push_all(registry, &at, &made.expect("signed").pushes).await.expect("pushed");
        (reference, found.digest)
    }

    async fn requests(native: bool, legacy: bool, by_digest: bool, seed: u8) -> (Looked, u64) {
        let registry = Memory::new(native);
        let (mut reference, digest) = signed(&registry, native, legacy).await;
        if by_digest {
            (reference.tag, reference.digest) = (None, Some(digest));
        }
        let requirement = Requirement::by_keys([key(seed).public().clone()]);
        let looker = Looker::new(&registry, &requirement, Store::none());
        let before = registry.requests();
        let looked = looker.one(&reference).await;
        (looked, registry.requests() - before)
    }

    #[tokio::test]
    async fn few_requests() {
        for (native, legacy, by_digest, most) in [
            (true, false, false, 4),
            (true, false, true, 3),
            (true, true, false, 3),
            (true, true, true, 2),
            (false, false, false, 6),
        ] {
            let (looked, spent) = requests(native, legacy, by_digest, 1).await;
            assert!(matches!(looked.outcome, Outcome::Verified { .. }), "{looked:?}");
            assert!(spent <= most, "{spent} requests: native {native} legacy {legacy} by digest {by_digest}");
            let (looked, spent) = requests(native, legacy, by_digest, 2).await;
            assert!(matches!(looked.outcome, Outcome::NotVerified { .. }), "{looked:?}");
            assert!(spent <= 8, "{spent} requests to say no");
        }
    }

    #[tokio::test]
    async fn what_does_not_exist_is_not_unsigned() {
        let registry = Memory::new(true);
        let requirement = Requirement::by_keys([key(1).public().clone()]);
        let looker = Looker::new(&registry, &requirement, Store::none());
        let digest = format!("registry.test/a@sha256:{}", "0".repeat(64));
        for text in ["registry.test/a:1", &digest] {
            let looked = looker.one(&text.parse().expect("a reference")).await;
            assert!(matches!(looked.outcome, Outcome::CouldNotLook { .. }), "{looked:?}");
        }
    }
}
