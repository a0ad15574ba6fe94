//! One object as slim text with its name and origin.

use crate::Json;
use model::{Evidence, Origin, ResourceRef};
use std::sync::Arc;

/// One Kubernetes object: name, origin and slim JSON text (no managedFields; status of Node and Service only).
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its name.
    pub reference: ResourceRef,
    /// `apiVersion` as written.
    pub api_version: Arc<str>,
    /// Where it was read.
    pub origin: Origin,
    pub(crate) text: Arc<str>,
}

impl Resource {
    /// The slim JSON text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The object as a borrowed tree; parse once, look often.
    pub fn json(&self) -> Json<'_> {
        Json::parse(&self.text)
    }

    /// Evidence that points at one of its fields.
    pub fn evidence(&self, pointer: impl Into<String>) -> Evidence {
        Evidence::field(&self.reference, &self.origin, pointer)
    }
}
