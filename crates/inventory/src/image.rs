//! What is in an image: the result of reading it.

use crate::{JavaArchive, Os, Package, Secrets};
use model::{Digest, Gap, ImageId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where every member of a stream went: `members = matched + unmatched + dropped`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Members seen.
    pub members: u64,
    /// Read by an analyzer.
    pub matched: u64,
    /// No analyzer wants them.
    pub unmatched: u64,
    /// An analyzer might want them, but they could not be read, by reason.
    pub dropped: BTreeMap<String, u64>,
}

impl Account {
    /// Counts one member that was dropped.
    pub(crate) fn drop(&mut self, why: &str) {
        let count = self.dropped.entry(why.to_owned()).or_default();
        *count = count.saturating_add(1);
    }

    /// Adds another account.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.members = self.members.saturating_add(other.members);
        self.matched = self.matched.saturating_add(other.matched);
        self.unmatched = self.unmatched.saturating_add(other.unmatched);
        for (why, more) in &other.dropped {
            let count = self.dropped.entry(why.clone()).or_default();
            *count = count.saturating_add(*more);
        }
    }

    /// Whether every member is accounted for.
    pub fn balanced(&self) -> bool {
        let dropped = self.dropped.values().fold(0_u64, |sum, n| sum.saturating_add(*n));
        self.members == self.matched.saturating_add(self.unmatched).saturating_add(dropped)
    }
}

/// One layer of an image, as its config tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerInfo {
    /// Digest of the uncompressed layer.
    pub diff_id: Digest,
    /// Digest of the layer as it is stored, where a manifest tells.
    #[serde(default)]
    pub digest: Option<Digest>,
    /// Uncompressed bytes; `None` when the layer could not be read.
    pub bytes: Option<u64>,
    /// The build instruction that made it, where the history tells.
    pub created_by: Option<String>,
}

/// What is in an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// Under which names it is known.
    pub image: ImageId,
    /// Tags the archive gives it, as written.
    pub tags: Vec<String>,
    /// When its config says it was made.
    pub created: Option<Timestamp>,
    /// Its layers, lowest first.
    pub layers: Vec<LayerInfo>,
    /// Its config, as written; empty for what is no image.
    pub config: String,
    /// Repositories and digests it was had by, `repository@digest`.
    pub repo_digests: Vec<String>,
    /// The release its packages' repositories are of, which goes before the system's own word.
    pub repository: Option<Os>,
    /// Its operating system.
    pub os: Option<Os>,
    /// Its packages, by ecosystem, name, version and path.
    pub packages: Vec<Package>,
    /// Java archives that do not say what they are: a database may ([`crate::identify`]).
    pub archives: Vec<JavaArchive>,
    /// Its secrets; `None` when they were not looked for.
    #[serde(default)]
    pub secrets: Option<Secrets>,
    /// What could not be read. Where this is not empty, the packages are not all there are.
    pub unknown: Vec<Gap>,
    /// Where every member of every layer went.
    pub account: Account,
}
