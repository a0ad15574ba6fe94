//! Keys of running things: containers, pods and nodes.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::NonZeroU8;
use std::sync::Arc;

/// A container's id: 64 hex digits from the runtime, or a prefix of at least 12.
///
/// Runtimes prefix it (`containerd://…`) in pod status; events carry the first 12 digits only. Kept in place:
/// a large cluster has hundreds of thousands.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ContainerId {
    /// The digits, then zeros, so that the derived order is the order of the texts.
    digits: [u8; 64],
    length: NonZeroU8,
}

impl ContainerId {
    /// Digits that identify a container in events.
    pub const PREFIX: usize = 12;

    /// Reads an id with or without `runtime://`; `None` unless 12 to 64 hex digits remain.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.rsplit_once("://").map_or(text, |(_, id)| id);
        if hex.len() < Self::PREFIX || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let mut digits = [0; 64];
        digits.get_mut(..hex.len())?.copy_from_slice(hex.as_bytes());
        digits.make_ascii_lowercase();
        Some(Self { digits, length: NonZeroU8::new(u8::try_from(hex.len()).ok()?)? })
    }

    /// The 12 digits two ids are joined by.
    pub fn prefix(&self) -> &str {
        self.as_str().get(..Self::PREFIX).unwrap_or_default()
    }

    /// Whether both name one container: the shorter is a prefix of the longer.
    pub fn matches(&self, other: &Self) -> bool {
        self.as_str().starts_with(other.as_str()) || other.as_str().starts_with(self.as_str())
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        let digits = self.digits.get(..usize::from(self.length.get())).unwrap_or_default();
        std::str::from_utf8(digits).unwrap_or_default()
    }
}

impl fmt::Debug for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContainerId({})", self.as_str())
    }
}

impl fmt::Display for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.prefix())
    }
}

impl From<ContainerId> for String {
    fn from(id: ContainerId) -> Self {
        id.as_str().to_owned()
    }
}

impl TryFrom<String> for ContainerId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("a container id has 12 to 64 hex digits")
    }
}

/// A pod's unique id. Cgroup paths write it with underscores; both forms are equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PodUid(Arc<str>);

impl PodUid {
    /// Reads an id as the API, a cgroup path or an audit event writes it; `None` when empty.
    ///
    /// A cgroup's directory may be given as it is: `pod…` or `kubepods-burstable-pod….slice`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = match text.strip_suffix(".slice").and_then(|slice| slice.rsplit_once("-pod")) {
            Some((_, uid)) => uid,
            None => text.strip_prefix("pod").unwrap_or(text),
        };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn container_ids() {
        let hex = "0123456789abcdef".repeat(4);
        let rows = [
            (hex.clone(), Some(hex.as_str())),
            (format!("containerd://{hex}"), Some(&hex)),
            (format!("cri-o://{hex}"), Some(&hex)),
            (format!("docker://{hex}"), Some(&hex)),
            (hex.to_ascii_uppercase(), Some(&hex)),
            ("0123456789ab".into(), Some("0123456789ab")),
            ("0123456789a".into(), None),
            (format!("{hex}0"), None),
            (format!("containerd://{hex}/x"), None),
            ("containerd://".into(), None),
            ("0123456789äb".into(), None),
            ("<NA>".into(), None),
            ("host".into(), None),
            (String::new(), None),
        ];
        for (text, want) in rows {
            assert_eq!(ContainerId::parse(&text).as_ref().map(ContainerId::as_str), want, "{text}");
        }
    }

    #[test]
    fn containers_are_joined_by_prefix() {
        let id = |text: &str| ContainerId::parse(text).unwrap();
        let long = id(&format!("0123456789ab{}", "c".repeat(52)));
        let rows = [
            ("0123456789ab", true),
            ("0123456789AB", true),
            ("0123456789abc", true),
            ("0123456789abd", false),
            ("1123456789ab", false),
        ];
        for (text, want) in rows {
            assert_eq!(long.matches(&id(text)), want, "{text}");
            assert_eq!(id(text).matches(&long), want, "{text}");
        }
        assert_eq!((long.prefix(), long.to_string().as_str()), ("0123456789ab", "0123456789ab"));
        assert!(id("0123456789ab") < id("0123456789ab0") && id("0123456789ab0") < id("0123456789ac"));
        let text = serde_json::to_string(&long).unwrap();
        assert_eq!(serde_json::from_str::<ContainerId>(&text).unwrap(), long);
        assert!(serde_json::from_str::<ContainerId>("\"nonsense\"").is_err());
    }

    #[test]
    fn pod_uids() {
        let uid = "8f14e45f-ceea-467f-a8f1-0242ac120002";
        let rows = [
            (uid.to_owned(), Some(uid)),
            (uid.replace('-', "_"), Some(uid)),
            (format!("pod{uid}"), Some(uid)),
            (format!("pod{}", uid.replace('-', "_")), Some(uid)),
            (format!("kubepods-burstable-pod{}.slice", uid.replace('-', "_")), Some(uid)),
            (format!("kubepods-pod{}.slice", uid.replace('-', "_")), Some(uid)),
            (uid.to_ascii_uppercase(), Some(uid)),
            // A mirror pod's uid is the hash of its file.
            ("4f53cda18c2baa0c0354bb5f9a3ecbe5".into(), Some("4f53cda18c2baa0c0354bb5f9a3ecbe5")),
            (String::new(), None),
            ("pod".into(), None),
        ];
        for (text, want) in rows {
            assert_eq!(PodUid::parse(&text).as_ref().map(PodUid::as_str), want, "{text}");
        }
    }
}
