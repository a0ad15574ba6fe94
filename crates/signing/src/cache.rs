//! Which verdicts may be remembered, for how long, and under what key. The store and the clock are the caller's.
//!
//! A positive verdict is about bytes that cannot change, so it outlives the registry being away. A negative one ends
//! with the next push, so it lives seconds. That something could not be looked at is never remembered.

use crate::{Outcome, Requirement, Verdict};
use model::Digest;
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
        Verdict { digest: image(), outcome, refused: vec![], attestations: vec![], lookups: 3 }
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
    fn the_oldest_goes_first() {
        let mut cache = VerdictCache::new(Lifetimes { entries: 2, ..Lifetimes::default() });
        for (seed, now) in [(1, 1), (2, 2), (3, 3)] {
            cache.put(&key(seed), good(), now);
        }
        assert_eq!(cache.get(&key(1), 3), Remembered::Nothing);
        assert_eq!(cache.get(&key(3), 3), Remembered::Fresh(good()));
    }
}
