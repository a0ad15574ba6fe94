//! Which verdicts may be remembered, for how long, and under what key. The store and the clock are the caller's.
//!
//! A positive verdict is about bytes that cannot change, so it outlives the registry being away. A negative one ends
//! with the next push, so it lives seconds. That something could not be looked at is never remembered.

use crate::{LAYOUTS, Log, Outcome, Reason, Requirement, SignedBy, Verdict};
use model::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long verdicts are remembered, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// A valid signature was found. After this the registry is asked again, but an old answer still stands if it cannot
    /// be. Default one hour.
    pub verified: u64,
    /// How much longer a valid one stands while nobody can be asked. Default one day.
    pub outage: u64,
    /// Every place was asked and there is none. Default ten seconds.
    pub not_verified: u64,
    /// Verdicts that are kept; the oldest goes first. Default 10,000.
    pub entries: usize,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self { verified: 3_600, outage: 86_400, not_verified: 10, entries: 10_000 }
    }
}

/// What one verdict is about: bytes, what was required of them, and what was trusted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CacheKey {
    digest: Digest,
    requirement: String,
}

impl CacheKey {
    /// The key. A tag is never part of it: what a tag names may change between two questions.
    pub fn new(digest: &Digest, requirement: &Requirement) -> Self {
        Self { digest: digest.clone(), requirement: requirement.identity() }
    }
}

impl CacheKey {
    /// A name for a file: equal for equal keys only.
    pub fn name(&self) -> String {
        use sha2::Digest as _;
        let mut hasher = sha2::Sha256::new();
        hasher.update(self.digest.as_str());
        hasher.update([0]);
        hasher.update(&self.requirement);
        crate::key::hex(&hasher.finalize())
    }
}

/// A verdict as it is kept.
#[derive(Serialize, Deserialize)]
struct Stored {
    digest: String,
    requirement: String,
    since: u64,
    annotations: BTreeMap<String, String>,
    answer: StoredAnswer,
}

#[derive(Serialize, Deserialize)]
enum StoredAnswer {
    Verified { signer: SignedBy, layout: String, log: Log },
    NotVerified { reason: Reason },
}

impl StoredAnswer {
    fn of(outcome: &Outcome) -> Option<Self> {
        match outcome {
            Outcome::Verified { signer, layout, log } => {
                Some(Self::Verified { signer: signer.clone(), layout: (*layout).to_owned(), log: *log })
            }
            Outcome::NotVerified { reason } => Some(Self::NotVerified { reason: reason.clone() }),
            Outcome::CouldNotLook { .. } => None,
        }
    }

    fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Verified { signer, layout, log } => {
                let layout = LAYOUTS.iter().find(|known| known.id == layout)?.id;
                Some(Outcome::Verified { signer, layout, log })
            }
            Self::NotVerified { reason } => Some(Outcome::NotVerified { reason }),
        }
    }
}

/// What a remembered verdict is worth.
#[derive(Clone, Debug, PartialEq)]
pub enum Remembered {
    /// Use it; nobody need be asked.
    Fresh(Verdict),
    /// Ask; use it only if the answer is "could not look".
    Stale(Verdict),
    /// Ask.
    Nothing,
}

/// Remembered verdicts.
#[derive(Clone, Debug, Default)]
pub struct VerdictCache {
    lifetimes: Lifetimes,
    known: BTreeMap<CacheKey, (u64, Verdict)>,
}

impl VerdictCache {
    /// An empty one.
    pub fn new(lifetimes: Lifetimes) -> Self {
        Self { lifetimes, known: BTreeMap::new() }
    }

    /// Takes back what [`VerdictCache::written`] wrote. Whatever is about something else, or is malformed, is not taken.
    pub fn read(&mut self, key: &CacheKey, text: &[u8]) {
        let Ok(stored) = serde_json::from_slice::<Stored>(text) else { return };
        if stored.digest != key.digest.as_str() || stored.requirement != key.requirement {
            return;
        }
        if let Some(outcome) = stored.answer.outcome() {
            let (digest, annotations) = (key.digest.clone(), stored.annotations);
            let verdict =
                Verdict { digest, outcome, annotations, refused: vec![], attestations: vec![], lookups: 0 };
            self.known.insert(key.clone(), (stored.since, verdict));
        }
    }

    /// What is known under a key, to be kept elsewhere; attestations are not.
    pub fn written(&self, key: &CacheKey) -> Option<Vec<u8>> {
        let (since, verdict) = self.known.get(key)?;
        let answer = StoredAnswer::of(&verdict.outcome).filter(|_| verdict.attestations.is_empty())?;
        let stored = Stored {
            digest: key.digest.as_str().to_owned(),
            requirement: key.requirement.clone(),
            since: *since,
            annotations: verdict.annotations.clone(),
            answer,
        };
        serde_json::to_vec(&stored).ok()
    }

    /// What is remembered at `now` (seconds of any clock that does not go back).
    pub fn get(&self, key: &CacheKey, now: u64) -> Remembered {
        let Some((since, verdict)) = self.known.get(key) else { return Remembered::Nothing };
        let age = now.saturating_sub(*since);
        let Lifetimes { verified, outage, not_verified, .. } = self.lifetimes;
        match &verdict.outcome {
            Outcome::Verified { .. } if age <= verified => Remembered::Fresh(verdict.clone()),
            Outcome::Verified { .. } if age <= verified.saturating_add(outage) => {
                Remembered::Stale(verdict.clone())
            }
            Outcome::NotVerified { .. } if age <= not_verified => Remembered::Fresh(verdict.clone()),
            _ => Remembered::Nothing,
        }
    }

    /// Remembers a verdict, if it may be, and gives back the one to use: an older valid one stands in for "could not
    /// look", a definite answer replaces whatever was known.
    pub fn put(&mut self, key: &CacheKey, verdict: Verdict, now: u64) -> Verdict {
        if let Outcome::CouldNotLook { .. } = verdict.outcome {
            return match self.get(key, now) {
                Remembered::Stale(known) | Remembered::Fresh(known)
                    if matches!(known.outcome, Outcome::Verified { .. }) =>
                {
                    known
                }
                _ => verdict,
            };
        }
        if self.known.len() >= self.lifetimes.entries && !self.known.contains_key(key) {
            let oldest = self.known.iter().min_by_key(|(_, (since, _))| *since).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                self.known.remove(&oldest);
            }
        }
        self.known.insert(key.clone(), (now, verdict.clone()));
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::made::{image, public};
    use crate::{Log, Reason, SignedBy};

    fn verdict(outcome: Outcome) -> Verdict {
        Verdict {
            digest: image(),
            outcome,
            annotations: BTreeMap::new(),
            refused: vec![],
            attestations: vec![],
            lookups: 3,
        }
    }

    fn good() -> Verdict {
        let signer = SignedBy::Key { key: "sha256:ab".into() };
        verdict(Outcome::Verified { signer, layout: "referrers", log: Log::NotChecked })
    }

    fn bad() -> Verdict {
        verdict(Outcome::NotVerified { reason: Reason::WrongKey })
    }

    fn away() -> Verdict {
        verdict(Outcome::CouldNotLook { why: vec!["registry said 503".into()] })
    }

    fn key(seed: u8) -> CacheKey {
        CacheKey::new(&image(), &Requirement::by_keys([public(seed)]))
    }

    #[test]
    fn lifetimes() {
        let mut cache = VerdictCache::new(Lifetimes::default());
        cache.put(&key(1), good(), 100);
        cache.put(&key(2), bad(), 100);
        assert_eq!(cache.get(&key(1), 100 + 3_600), Remembered::Fresh(good()));
        assert_eq!(cache.get(&key(1), 100 + 3_601), Remembered::Stale(good()));
        assert_eq!(cache.get(&key(1), 100 + 3_600 + 86_401), Remembered::Nothing);
        assert_eq!(cache.get(&key(2), 110), Remembered::Fresh(bad()));
        assert_eq!(cache.get(&key(2), 111), Remembered::Nothing);
        assert_eq!(cache.get(&key(3), 100), Remembered::Nothing);
    }

    #[test]
    fn a_registry_that_is_away_changes_nothing() {
        let mut cache = VerdictCache::new(Lifetimes::default());
        assert_eq!(cache.put(&key(1), away(), 0), away());
        assert_eq!(cache.get(&key(1), 0), Remembered::Nothing, "errors are never remembered");
        cache.put(&key(1), good(), 0);
        assert_eq!(cache.put(&key(1), away(), 5_000), good(), "it outlives the outage");
        assert_eq!(cache.put(&key(1), bad(), 5_001), bad(), "a definite answer counts");
        assert_eq!(cache.put(&key(1), away(), 5_002), away(), "a negative one does not outlive anything");
    }

    #[test]
    fn what_is_written_is_read_again_and_nothing_else() {
        let mut cache = VerdictCache::new(Lifetimes::default());
        cache.put(&key(1), good(), 100);
        cache.put(&key(2), bad(), 100);
        cache.put(&key(3), away(), 100);
        assert_eq!(cache.written(&key(3)), None);
        let text = cache.written(&key(1)).unwrap();
        let mut other = VerdictCache::new(Lifetimes::default());
        other.read(&key(1), &text);
        other.read(&key(2), &text);
        other.read(&key(3), b"{}");
        let want = Verdict { lookups: 0, ..good() };
        assert_eq!(other.get(&key(1), 100), Remembered::Fresh(want));
        assert_eq!(other.get(&key(2), 100), Remembered::Nothing, "it is about another key");
        other.read(&key(2), &cache.written(&key(2)).unwrap());
        assert!(matches!(other.get(&key(2), 100), Remembered::Fresh(_)));
        assert_ne!(key(1).name(), key(2).name());
    }

    #[test]
    fn the_oldest_goes_first() {
        let mut cache = VerdictCache::new(Lifetimes { entries: 2, ..Lifetimes::default() });
        for (seed, now) in [(1, 1), (2, 2), (3, 3)] {
            cache.put(&key(seed), good(), now);
        }
        assert_eq!(cache.get(&key(1), 3), Remembered::Nothing);
        assert_eq!(cache.get(&key(3), 3), Remembered::Fresh(good()));
    }
}
