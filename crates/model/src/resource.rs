//! Names of Kubernetes objects.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// One Kubernetes object by group, kind, namespace and name; `uid` when it was seen live.
///
/// Equality, order and hash leave the uid out: a manifest and the live object made from it are one resource.
/// An empty group is the core group; an empty namespace is cluster scope.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResourceRef {
    /// API group without version, empty for core.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub group: Arc<str>,
    /// Kind as written in the object.
    pub kind: Arc<str>,
    /// Namespace, empty for cluster-scoped resources.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub namespace: Arc<str>,
    /// Name.
    pub name: Arc<str>,
    /// Unique id of the live object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<Arc<str>>,
}

fn is_empty(text: &Arc<str>) -> bool {
    text.is_empty()
}

impl ResourceRef {
    /// A reference without uid.
    pub fn new(group: &str, kind: &str, namespace: &str, name: &str) -> Self {
        Self {
            group: group.into(),
            kind: kind.into(),
            namespace: namespace.into(),
            name: name.into(),
            uid: None,
        }
    }

    /// The group of an `apiVersion` (`apps/v1` → `apps`, `v1` → empty).
    pub fn group_of(api_version: &str) -> &str {
        api_version.rsplit_once('/').map_or("", |(group, _)| group)
    }

    /// `namespace/name`, or the name alone in cluster scope; not escaped.
    pub fn short(&self) -> String {
        if self.namespace.is_empty() {
            self.name.to_string()
        } else {
            format!("{}/{}", self.namespace, self.name)
        }
    }

    fn key(&self) -> (&str, &str, &str, &str) {
        (&self.namespace, &self.kind, &self.name, &self.group)
    }
}

impl PartialEq for ResourceRef {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}
impl Eq for ResourceRef {}
impl PartialOrd for ResourceRef {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for ResourceRef {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}
impl std::hash::Hash for ResourceRef {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

/// `Kind ns/name`, or `Kind name` in cluster scope, safe to print.
impl fmt::Display for ResourceRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{} {}", self.kind, self.short());
        f.write_str(&crate::escape(&text))
    }
}
