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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeSet, HashSet};

    #[test]
    fn groups_of_api_versions() {
        let rows = [
            ("v1", ""),
            ("apps/v1", "apps"),
            ("rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io"),
            ("networking.k8s.io/v1beta1", "networking.k8s.io"),
            ("", ""),
            ("/v1", ""),
            ("apps/", "apps"),
        ];
        for (version, want) in rows {
            assert_eq!(ResourceRef::group_of(version), want, "{version}");
        }
    }

    #[test]
    fn the_uid_is_no_part_of_the_key() {
        let plain = ResourceRef::new("apps", "Deployment", "shop", "web");
        let live = ResourceRef { uid: Some("8f14".into()), ..plain.clone() };
        assert_eq!(plain, live);
        assert_eq!(plain.cmp(&live), std::cmp::Ordering::Equal);
        assert_eq!(HashSet::from([plain.clone(), live.clone()]).len(), 1);
        assert_eq!(BTreeSet::from([plain, live]).len(), 1);
    }

    #[test]
    fn every_other_part_is() {
        let parts = [
            ("apps", "Deployment", "shop", "web"),
            ("", "Deployment", "shop", "web"),
            ("apps", "ReplicaSet", "shop", "web"),
            ("apps", "Deployment", "", "web"),
            ("apps", "Deployment", "shop", "db"),
            ("apps", "Deployment", "sho", "pweb"),
        ];
        let all: BTreeSet<_> = parts.iter().map(|(g, k, ns, n)| ResourceRef::new(g, k, ns, n)).collect();
        assert_eq!(all.len(), parts.len());
        let order: Vec<_> = all.iter().map(|r| format!("{r} {}", r.group)).collect();
        assert_eq!(
            order.first().map(String::as_str),
            Some("Deployment web apps"),
            "namespace first: {order:?}"
        );
    }

    #[test]
    fn printed_and_saved() {
        let role = ResourceRef::new("rbac.authorization.k8s.io", "ClusterRole", "", "reader\u{1b}[2J");
        assert_eq!(role.to_string(), "ClusterRole reader\\u{1b}[2J");
        assert_eq!(role.short(), "reader\u{1b}[2J");
        let pod = ResourceRef { uid: Some("8f14".into()), ..ResourceRef::new("", "Pod", "shop", "web-0") };
        assert_eq!((pod.to_string(), pod.short()), ("Pod shop/web-0".into(), "shop/web-0".into()));
        let text = serde_json::to_string(&pod).unwrap();
        assert_eq!(text, r#"{"kind":"Pod","namespace":"shop","name":"web-0","uid":"8f14"}"#);
        let again: ResourceRef = serde_json::from_str(&text).unwrap();
        assert_eq!((again.uid.as_deref(), &again), (Some("8f14"), &pod));
    }
}
