//! Keys of running things: containers, pods and nodes.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// A container's id: 64 hex digits from the runtime, or a prefix of at least 12.
///
/// Runtimes prefix it (`containerd://…`) in pod status; events carry the first 12 digits only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ContainerId(Arc<str>);

impl ContainerId {
    /// Digits that identify a container in events.
    pub const PREFIX: usize = 12;

    /// Reads an id with or without `runtime://`; `None` unless 12 to 64 hex digits remain.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.rsplit_once("://").map_or(text, |(_, id)| id);
        let plausible =
            (Self::PREFIX..=64).contains(&hex.len()) && hex.bytes().all(|b| b.is_ascii_hexdigit());
        plausible.then(|| Self(hex.to_ascii_lowercase().into()))
    }

    /// The 12 digits two ids are joined by.
    pub fn prefix(&self) -> &str {
        self.0.get(..Self::PREFIX).unwrap_or(&self.0)
    }

    /// Whether both name one container: the shorter is a prefix of the longer.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.starts_with(&*other.0) || other.0.starts_with(&*self.0)
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.prefix())
    }
}

/// A pod's unique id. Cgroup paths write it with underscores; both forms are equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PodUid(Arc<str>);

impl PodUid {
    /// Reads an id as the API, a cgroup path or an audit event writes it; `None` when empty.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix("pod").unwrap_or(text);
        (!text.is_empty()).then(|| Self(text.replace('_', "-").to_ascii_lowercase().into()))
    }

    /// The id as the API writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A node's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeName(pub Arc<str>);
