//! What a fact or a finding is about.

use crate::{ContainerId, Identity, ImageId, NodeName, PodUid, ResourceRef};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One of the keys facts are joined by, or the reason why none could be found.
///
/// Unresolved targets are counted and shown, never dropped: most containers live under a minute, and an alert
/// about one that is gone is still an alert.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Target {
    /// Any resource.
    Resource(ResourceRef),
    /// The owner at the top of a controller chain (a lone Pod is its own workload).
    Workload(ResourceRef),
    /// An image, under all the names one source knew.
    Image(ImageId),
    /// A running container.
    Container(ContainerId),
    /// A pod by uid.
    Pod(PodUid),
    /// A pod by namespace and name, as events name it.
    PodName {
        /// Namespace.
        namespace: String,
        /// Name.
        name: String,
    },
    /// A node.
    Node(NodeName),
    /// An identity.
    Identity(Identity),
    /// Nothing known.
    Unresolved {
        /// What was named.
        what: String,
        /// Why it could not be resolved.
        why: String,
    },
}

impl Target {
    /// What tells this target from every other, for stable ids: group and full ids, which people are not shown.
    ///
    /// A resource and the workload it is are one place. Why something is unresolved may change from run to run.
    pub(crate) fn key(&self) -> Vec<String> {
        match self {
            Self::Resource(r) | Self::Workload(r) => {
                [&r.group, &r.kind, &r.namespace, &r.name].map(ToString::to_string).to_vec()
            }
            Self::Image(image) => vec!["image".into(), image.to_string()],
            Self::Container(id) => vec!["container".into(), id.as_str().to_owned()],
            Self::Pod(uid) => vec!["pod".into(), uid.as_str().to_owned()],
            Self::PodName { namespace, name } => {
                vec![String::new(), "Pod".into(), namespace.clone(), name.clone()]
            }
            Self::Node(name) => vec![String::new(), "Node".into(), String::new(), name.0.to_string()],
            Self::Identity(who) => vec!["identity".into(), who.to_string()],
            Self::Unresolved { what, .. } => vec!["unresolved".into(), what.clone()],
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resource(r) | Self::Workload(r) => write!(f, "{r}"),
            Self::Image(image) => write!(f, "image {image}"),
            Self::Container(id) => write!(f, "container {id}"),
            Self::Pod(uid) => write!(f, "pod {}", crate::escape(uid.as_str())),
            Self::PodName { namespace, name } => {
                write!(f, "Pod {}", crate::escape(&format!("{namespace}/{name}")))
            }
            Self::Node(name) => write!(f, "Node {}", crate::escape(&name.0)),
            Self::Identity(who) => write!(f, "{who}"),
            Self::Unresolved { what, why } => write!(f, "{} ({})", crate::escape(what), crate::escape(why)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_names_are_safe() {
        let hex = "ab".repeat(32);
        let web = || ResourceRef::new("apps", "Deployment", "shop", "web");
        let rows = [
            (Target::Resource(web()), "Deployment shop/web"),
            (Target::Workload(web()), "Deployment shop/web"),
            (Target::Image(ImageId::from_status("web:1", "")), "image docker.io/library/web:1"),
            (Target::Image(ImageId::default()), "image without a name"),
            (Target::Container(ContainerId::parse(&hex).unwrap()), "container abababababab"),
            (Target::Pod(PodUid::parse("8F14_e45f\u{202e}").unwrap()), "pod 8f14-e45f\\u{202e}"),
            (Target::PodName { namespace: "shop".into(), name: "web-0\n".into() }, "Pod shop/web-0\\u{a}"),
            (Target::Node(NodeName("node-1".into())), "Node node-1"),
            (Target::Identity(Identity::account("shop", "web")), "ServiceAccount shop/web"),
            (
                Target::Unresolved { what: "abc\u{7}".into(), why: "gone\u{1b}".into() },
                "abc\\u{7} (gone\\u{1b})",
            ),
        ];
        for (target, want) in rows {
            assert_eq!(target.to_string(), want);
            let text = serde_json::to_string(&target).unwrap();
            assert_eq!(serde_json::from_str::<Target>(&text).unwrap(), target, "{text}");
        }
    }
}
