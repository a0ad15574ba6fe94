//! All resources at one moment, small, read through borrowed typed views.
//!
//! Live pods are fixed rows; every other object is kept once as slim JSON text and parsed into a borrowed
//! [`Json`] tree when somebody looks. Nothing here knows where the bytes came from.
#![deny(missing_docs)]

mod build;
mod edit;
mod json;
mod pod;
mod resource;
mod save;
mod scope;
mod slim;
mod strays;
pub mod synthetic;
mod workload;

pub use build::Builder;
pub use edit::{in_order, set};
pub use json::Json;
pub use pod::{Phase, PodImage, PodRow};
pub use resource::Resource;
pub use save::{LoadError, load, save};
pub use scope::cluster_scoped;
pub use workload::{Container, ContainerKind, Mount, PodSpec, Template, Volume, WORKLOAD_KINDS, Workload};

use model::{Coverage, Diagnostic, ResourceRef, Timestamp};
use std::sync::Arc;

/// All resources at one moment. Made by [`Builder`] or [`load`]; never changed afterwards.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// When it was taken, for a live cluster.
    pub taken_at: Option<Timestamp>,
    /// `v1.36.3`, when the server told.
    pub server_version: Option<String>,
    /// What could not be read.
    pub coverage: Coverage,
    /// What is wrong with the documents it was made from.
    pub diagnostics: Vec<Diagnostic>,
    pub(crate) resources: Vec<Resource>,
    /// Templates of workloads that are not among the resources, under the workload's name.
    pub(crate) templates: Vec<Resource>,
    // What runs is shared by snapshots that differ in some resource, see [`Snapshot::with`].
    pub(crate) pods: Arc<Vec<PodRow>>,
    pub(crate) images: Arc<Vec<model::ImageId>>,
    pub(crate) nodes: Arc<Vec<Arc<str>>>,
    pub(crate) owners: Arc<Vec<ResourceRef>>,
}

impl Snapshot {
    /// Every resource that is kept as text, by group, kind, namespace and name.
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// The resources of one kind, by namespace and name.
    pub fn of(&self, group: &str, kind: &str) -> &[Resource] {
        let key = |r: &Resource| (&*r.reference.group, &*r.reference.kind).cmp(&(group, kind));
        let start = self.resources.partition_point(|r| key(r).is_lt());
        let end = self.resources.partition_point(|r| key(r).is_le());
        self.resources.get(start..end).unwrap_or(&[])
    }

    /// One resource.
    pub fn get(&self, reference: &ResourceRef) -> Option<&Resource> {
        self.find(&reference.group, &reference.kind, &reference.namespace, &reference.name)
    }

    /// One resource by its parts; empty group is core, empty namespace is cluster scope.
    pub fn find(&self, group: &str, kind: &str, namespace: &str, name: &str) -> Option<&Resource> {
        let same_kind = self.of(group, kind);
        let at = same_kind
            .binary_search_by(|r| (&*r.reference.namespace, &*r.reference.name).cmp(&(namespace, name)))
            .ok()?;
        same_kind.get(at)
    }

    /// Live pods as rows, by namespace and name.
    pub fn pods(&self) -> &[PodRow] {
        &self.pods
    }

    /// The image a row's index stands for.
    pub fn image(&self, index: u32) -> Option<&model::ImageId> {
        self.images.get(index as usize)
    }

    /// The node a pod runs on.
    pub fn node_of(&self, pod: &PodRow) -> Option<&Arc<str>> {
        pod.node.and_then(|index| self.nodes.get(index as usize))
    }

    /// The workload a pod belongs to: the owner at the top of its controller chain, or itself.
    pub fn workload_of(&self, pod: &PodRow) -> Option<&ResourceRef> {
        self.owners.get(pod.workload as usize)
    }

    /// Every workload that pods belong to; [`PodRow::workload`] is an index into it.
    pub fn owners(&self) -> &[ResourceRef] {
        &self.owners
    }

    /// Every workload that has a pod template: controllers, and pods without one; then the templates of pods whose
    /// workload was not read or is of a custom kind, see [`Workload::observed`].
    pub fn workloads(&self) -> impl Iterator<Item = Workload<'_>> {
        workload::all(self)
    }

    /// How many resources and pods it holds.
    pub fn len(&self) -> usize {
        self.resources.len() + self.pods.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
