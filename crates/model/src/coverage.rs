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
