//! How much was looked at, and what was not.

use serde::{Deserialize, Serialize};

/// The part of the picture a figure or a gap belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ring {
    /// Resources of the cluster or the manifests.
    Resources,
    /// Rights.
    Rbac,
    /// What images contain.
    Images,
    /// Who signed them.
    Signatures,
    /// Which policies were judged.
    Policies,
    /// What was done, from audit logs.
    Audit,
    /// What runs, from system calls.
    Runtime,
    /// Nodes and where pods run.
    Nodes,
}

/// Something that was asked for and could not be looked at, or was not given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap {
    /// Which ring it belongs to.
    pub ring: Ring,
    /// What could not be seen.
    pub what: String,
    /// Why.
    pub why: String,
    /// Whether the user asked for exactly this (then the exit code says so).
    pub asked: bool,
    /// The command or step that would close the gap.
    pub help: Option<String>,
}

/// What was seen of what there is, one line a ring, and the gaps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Ring, seen, total. Rings without a line were not given at all.
    pub seen: Vec<(Ring, u64, u64)>,
    /// What is missing.
    pub gaps: Vec<Gap>,
}

impl Coverage {
    /// Notes that `seen` of `total` were looked at; sums with what was noted before.
    pub fn count(&mut self, ring: Ring, seen: u64, total: u64) {
        match self.seen.iter_mut().find(|(r, ..)| *r == ring) {
            Some((_, s, t)) => {
                *s = s.saturating_add(seen);
                *t = t.saturating_add(total);
            }
            None => {
                self.seen.push((ring, seen, total));
                self.seen.sort();
            }
        }
    }

    /// Adds a gap once.
    pub fn gap(&mut self, gap: Gap) {
        if let Err(at) = self.gaps.binary_search(&gap) {
            self.gaps.insert(at, gap);
        }
    }

    /// Joins two coverages.
    pub fn merge(&mut self, other: Coverage) {
        for (ring, seen, total) in other.seen {
            self.count(ring, seen, total);
        }
        for gap in other.gaps {
            self.gap(gap);
        }
    }

    /// Whether something the user asked for could not be read.
    pub fn incomplete(&self) -> bool {
        self.gaps.iter().any(|gap| gap.asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn gap(what: &str, asked: bool) -> Gap {
        Gap { ring: Ring::Images, what: what.into(), why: "registry said 429".into(), asked, help: None }
    }

    #[test]
    fn counts_add_up_in_the_order_of_the_rings() {
        let mut coverage = Coverage::default();
        coverage.count(Ring::Images, 41, 43);
        coverage.count(Ring::Resources, 7, 7);
        coverage.count(Ring::Images, 1, u64::MAX);
        assert_eq!(coverage.seen, [(Ring::Resources, 7, 7), (Ring::Images, 42, u64::MAX)]);
    }

    #[test]
    fn a_gap_is_kept_once_and_only_an_asked_one_is_incomplete() {
        let mut coverage = Coverage::default();
        coverage.gap(gap("web", false));
        coverage.gap(gap("web", false));
        assert!(!coverage.incomplete());
        coverage.gap(gap("db", true));
        assert_eq!(coverage.gaps, [gap("db", true), gap("web", false)]);
        assert!(coverage.incomplete());
        assert!(!Coverage::default().incomplete());
    }

    fn any_coverage() -> impl Strategy<Value = Coverage> {
        let rings = [Ring::Resources, Ring::Rbac, Ring::Images, Ring::Runtime];
        let counts =
            prop::collection::vec((prop::sample::select(rings.to_vec()), any::<u64>(), any::<u64>()), 0..6);
        let gaps = prop::collection::vec(("[a-c]", any::<bool>()), 0..6);
        (counts, gaps).prop_map(|(counts, gaps)| {
            let mut coverage = Coverage::default();
            counts.into_iter().for_each(|(ring, seen, total)| coverage.count(ring, seen, total));
            gaps.into_iter().for_each(|(what, asked)| coverage.gap(gap(&what, asked)));
            coverage
        })
    }

    proptest! {
        #[test]
        fn merging_commutes_associates_and_has_a_neutral(a in any_coverage(), b in any_coverage(), c in any_coverage()) {
            let merged = |x: &Coverage, y: &Coverage| {
                let mut sum = x.clone();
                sum.merge(y.clone());
                sum
            };
            prop_assert_eq!(merged(&a, &b), merged(&b, &a));
            prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
            prop_assert_eq!(merged(&a, &Coverage::default()), a.clone());
            prop_assert_eq!(merged(&a, &b).incomplete(), a.incomplete() || b.incomplete());
        }
    }
}
