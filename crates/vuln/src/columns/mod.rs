//! What is known of a vulnerability beside the advisory: exploited in the wild, likely to be.

mod epss;
mod kev;

pub use epss::Epss;
pub use kev::{Kev, KevEntry};

use crate::Found;

/// The columns at hand.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// Vulnerabilities exploited in the wild.
    pub kev: Option<Kev>,
    /// Probability of exploitation.
    pub epss: Option<Epss>,
}

impl Columns {
    /// What is known without being given anything.
    pub fn built_in() -> Self {
        Self { kev: Some(Kev::built_in()), epss: None }
    }

    /// Adds a catalogue to those at hand.
    pub fn add_kev(&mut self, given: Kev) {
        self.kev = Some(match self.kev.take() {
            Some(known) => known.with(given),
            None => given,
        });
    }

    /// Fills the columns in; what a column does not know stays as it is.
    pub fn fill(&self, found: &mut [Found]) {
        for one in found {
            let vulnerability = &mut one.vulnerability;
            if self.kev.as_ref().is_some_and(|kev| kev.get(&vulnerability.id).is_some()) {
                vulnerability.known_exploited = true;
            }
            if let Some(score) = self.epss.as_ref().and_then(|epss| epss.score(&vulnerability.id)) {
                vulnerability.epss = Some(score);
            }
        }
    }
}
