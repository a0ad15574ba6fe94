//! A live pod as a fixed row.

use model::ContainerId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where a pod is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Not scheduled or not started.
    Pending,
    /// At least one container runs.
    Running,
    /// All containers ended well.
    Succeeded,
    /// All containers ended, one badly.
    Failed,
    /// The node does not answer.
    Unknown,
}

/// One container's image and id in a pod's status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodImage {
    /// Index into the snapshot's images.
    pub image: u32,
    /// Id, once it runs.
    pub container: Option<ContainerId>,
}

/// A live pod: what facts are joined by, and nothing of its spec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodRow {
    /// Namespace.
    pub namespace: Arc<str>,
    /// Name.
    pub name: Box<str>,
    /// Unique id.
    pub uid: Box<str>,
    /// Index into the snapshot's nodes, once scheduled.
    pub node: Option<u32>,
    /// Index into the snapshot's owners.
    pub workload: u32,
    /// Account it runs as (`default` when the spec names none).
    pub account: Arc<str>,
    /// Phase.
    pub phase: Phase,
    /// Its address.
    pub ip: Option<Box<str>>,
    /// Containers that its status names.
    pub images: Box<[PodImage]>,
}
