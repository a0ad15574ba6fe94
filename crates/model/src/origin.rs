//! Where a claim can be looked up.

use crate::{ResourceRef, Source};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where a resource was read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Origin {
    /// A document of a file (or `-`, standard input).
    File {
        /// Path as the user would write it.
        path: Arc<str>,
        /// Byte offset at which the document starts.
        offset: u64,
        /// Index within a `kind: List` document.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        item: Option<u32>,
        /// The template that rendered it (`# Source:`), whose lines are not claimed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        template: Option<Arc<str>>,
    },
    /// A live cluster.
    Cluster {
        /// Context of the kubeconfig, or `in-cluster`.
        context: Arc<str>,
        /// Who last managed the object's fields (`helm`, `argocd`, `kubectl`).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<Arc<str>>,
    },
    /// Not read anywhere: a default of the system, or made in a test.
    Builtin,
}

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Byte offset from the start of the text.
    pub offset: u64,
}

/// What backs a fact, a finding or an attack step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Evidence {
    /// A field of a resource, by JSON pointer (empty: the whole resource).
    Field {
        /// The resource.
        resource: ResourceRef,
        /// Where it was read.
        origin: Origin,
        /// JSON pointer of the field.
        pointer: String,
    },
    /// A document that is no resource: a scan report, an audit log, an alert.
    Document {
        /// What kind of document.
        source: Source,
        /// Its path or name.
        name: Arc<str>,
        /// Line in it, from 1, where it has lines.
        line: Option<u32>,
        /// When the document says it was made.
        at: Option<Timestamp>,
    },
    /// Nothing was looked at: what is assumed, in words.
    Assumption(String),
}

impl Evidence {
    /// A field of a resource.
    pub fn field(resource: &ResourceRef, origin: &Origin, pointer: impl Into<String>) -> Self {
        Self::Field { resource: resource.clone(), origin: origin.clone(), pointer: pointer.into() }
    }
}
