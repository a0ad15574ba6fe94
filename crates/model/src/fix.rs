//! What to do about it.

use crate::ResourceRef;
use serde::Serialize;
use serde_json::Value;

/// How wide a fix reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grain {
    /// One field of one object.
    Field,
    /// One object, or an image rebuilt.
    Object,
    /// A rule over many objects: Pod Security level, admission policy, NetworkPolicy.
    Policy,
}

/// One change of one resource, as a JSON Patch operation would say it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", tag = "op")]
pub enum Edit {
    /// Sets the value at a JSON pointer, making the parents.
    Set {
        /// The resource to change.
        resource: ResourceRef,
        /// JSON pointer.
        pointer: String,
        /// New value.
        value: Value,
    },
    /// Removes the field at a JSON pointer.
    Remove {
        /// The resource to change.
        resource: ResourceRef,
        /// JSON pointer.
        pointer: String,
    },
    /// Adds a resource.
    Create {
        /// The whole new resource.
        value: Value,
    },
    /// Deletes a resource.
    Delete {
        /// The resource to delete.
        resource: ResourceRef,
    },
}

/// A way to take a weakness away.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fix {
    /// Stable key: two weaknesses that name the same key are removed by one act.
    pub key: String,
    /// What to do: imperative, lower case, no full stop.
    pub title: String,
    /// How wide it reaches.
    pub grain: Grain,
    /// Effort: 1 one line, 2 a manifest, 3 rebuild or roll out, 4 and 5 a change of the application.
    pub effort: u8,
    /// What it would break, when known: "account web reads Secret web-tls (1 time)".
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub breaks: Vec<String>,
    /// Machine-applicable edits; empty when a person must do it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<Edit>,
}

/// What a shell carries out; `--dry-run` prints exactly these.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Writes a file as a whole.
    WriteFile {
        /// Path.
        path: String,
        /// New content.
        content: String,
    },
    /// Changes the cluster.
    Apply(Edit),
}
