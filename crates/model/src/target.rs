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
            Self::Unresolved { what, why } => write!(f, "{} ({why})", crate::escape(what)),
        }
    }
}
