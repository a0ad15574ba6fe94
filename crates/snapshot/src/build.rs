//! Takes objects one by one and keeps what is needed of them.

use crate::pod::{Phase, PodImage, PodRow};
use crate::scope::cluster_scoped;
use crate::workload::WORKLOAD_KINDS;
use crate::{Resource, Snapshot};
use model::{ContainerId, Coverage, Diagnostic, ImageId, Origin, ResourceRef, Timestamp};
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Collects objects into a [`Snapshot`].
#[derive(Debug)]
pub struct Builder {
    namespace: Arc<str>,
    names: FxHashSet<Arc<str>>,
    resources: Vec<Resource>,
    /// Pods and middle controllers, whose owner is known only at the end.
    pods: Vec<(PodRow, ResourceRef)>,
    owned: FxHashMap<ResourceRef, ResourceRef>,
    images: Table<ImageId>,
    nodes: Table<Arc<str>>,
    namespaced_kinds: FxHashMap<(Arc<str>, Arc<str>), bool>,
    snapshot: Snapshot,
}

impl Builder {
    /// A builder; namespaced objects that name no namespace land in `namespace`.
    pub fn new(namespace: &str) -> Self {
        Self {
            namespace: namespace.into(),
            names: FxHashSet::default(),
            resources: Vec::new(),
            pods: Vec::new(),
            owned: FxHashMap::default(),
            images: Table::default(),
            nodes: Table::default(),
            namespaced_kinds: FxHashMap::default(),
            snapshot: Snapshot::default(),
        }
    }

    /// Notes when and from which server version it is taken.
    pub fn taken(&mut self, at: Timestamp, server_version: Option<String>) {
        self.snapshot.taken_at = Some(at);
        self.snapshot.server_version = server_version;
    }

    /// What was and was not looked at.
    pub fn coverage(&mut self) -> &mut Coverage {
        &mut self.snapshot.coverage
    }

    /// Notes something wrong with a document.
    pub fn diagnose(&mut self, diagnostic: Diagnostic) {
        self.snapshot.diagnostics.push(diagnostic);
    }

    /// Notes the scope of a kind that is not Kubernetes' own, for objects that name no namespace.
    pub fn scope(&mut self, group: &str, kind: &str, namespaced: bool) {
        let key = (self.intern(group), self.intern(kind));
        self.namespaced_kinds.insert(key, namespaced);
    }

    /// Takes in everything a finished snapshot holds, as if its objects had been added here.
    pub fn merge(&mut self, other: Snapshot) {
        let images: Vec<u32> = other.images.into_iter().map(|image| self.images.index(image)).collect();
        let nodes: Vec<u32> = other.nodes.into_iter().map(|node| self.nodes.index(node)).collect();
        for mut row in other.pods {
            // Rows of a loaded snapshot point at nothing outside its tables; `load` has checked it.
            let Some(owner) = other.owners.get(row.workload as usize).cloned() else { continue };
            row.node = row.node.and_then(|node| nodes.get(node as usize).copied());
            for image in &mut row.images {
                image.image = images.get(image.image as usize).copied().unwrap_or(image.image);
            }
            self.pods.push((row, owner));
        }
        self.resources.extend(other.resources);
        self.snapshot.coverage.merge(other.coverage);
        self.snapshot.diagnostics.extend(other.diagnostics);
        self.snapshot.taken_at = self.snapshot.taken_at.max(other.taken_at);
        if self.snapshot.server_version.is_none() {
            self.snapshot.server_version = other.server_version;
        }
    }

    /// Adds one object. Returns `false`, and keeps nothing, when it is no Kubernetes object.
    ///
    /// A Pod with a status that a controller owns becomes a row; a ReplicaSet or Job with an owner only links its
    /// pods to that owner.
    pub fn add(&mut self, mut value: Value, origin: Origin) -> bool {
        let Some(reference) = self.reference(&value) else { return false };
        let api_version = self.intern(value.get("apiVersion").and_then(Value::as_str).unwrap_or_default());
        if &*reference.kind == "CustomResourceDefinition" {
            self.learn_scope(&value);
        }
        if let Some(owner) = self.controller(&value, &reference.namespace) {
            let live = value.get("status").is_some_and(Value::is_object);
            if &*reference.kind == "Pod" && live {
                self.pod_row(&value, &reference, owner);
                return true;
            }
            if matches!(&*reference.kind, "ReplicaSet" | "Job") {
                self.owned.insert(reference, owner);
                return true;
            }
        } else if &*reference.kind == "Pod" && value.get("status").is_some_and(|s| s.get("phase").is_some()) {
            self.pod_row(&value, &reference, reference.clone());
        }
        let origin = owner_of_fields(&value, origin);
        slim(&mut value, &reference);
        let text = value.to_string().into_boxed_str();
        self.resources.push(Resource { reference, api_version, origin, text });
        true
    }

    /// Ends the collection: sorts, resolves owner chains and the scope of custom kinds. Of two objects of one name
    /// the later wins, as with `kubectl apply`, and a diagnostic names it.
    pub fn build(mut self) -> Snapshot {
        for resource in &mut self.resources {
            let key = (resource.reference.group.clone(), resource.reference.kind.clone());
            if self.namespaced_kinds.get(&key) == Some(&false) {
                resource.reference.namespace = "".into();
            }
        }
        let order = |r: &ResourceRef| (r.group.clone(), r.kind.clone(), r.namespace.clone(), r.name.clone());
        self.resources.sort_by(|a, b| order_ref(&a.reference).cmp(&order_ref(&b.reference)));
        let mut kept: Vec<Resource> = Vec::with_capacity(self.resources.len());
        for resource in self.resources {
            match kept.last_mut().filter(|last| order(&last.reference) == order(&resource.reference)) {
                Some(last) => {
                    self.snapshot.diagnostics.push(duplicate(last, &resource));
                    *last = resource;
                }
                None => kept.push(resource),
            }
        }
        self.snapshot.resources = kept;
        let mut owners = Table::default();
        self.pods.sort_by(|(a, _), (b, _)| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        for (mut row, owner) in std::mem::take(&mut self.pods) {
            row.workload = owners.index(top(owner, &self.owned));
            self.snapshot.pods.push(row);
        }
        self.snapshot.owners = owners.items;
        self.snapshot.images = self.images.items;
        self.snapshot.nodes = self.nodes.items;
        self.snapshot
    }

    fn intern(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.names.get(text) {
            return known.clone();
        }
        let new: Arc<str> = text.into();
        self.names.insert(new.clone());
        new
    }

    fn reference(&mut self, value: &Value) -> Option<ResourceRef> {
        let field = |key: &str| value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (api_version, kind) = (field("apiVersion")?, field("kind")?);
        let metadata = value.get("metadata")?;
        let name = metadata.get("name").or_else(|| metadata.get("generateName")).and_then(Value::as_str)?;
        let group = self.intern(ResourceRef::group_of(api_version));
        let kind = self.intern(kind);
        let namespace = match metadata.get("namespace").and_then(Value::as_str) {
            _ if cluster_scoped(&group, &kind) => self.intern(""),
            Some(namespace) if !namespace.is_empty() => self.intern(namespace),
            _ => self.namespace.clone(),
        };
        let uid = metadata.get("uid").and_then(Value::as_str).map(Arc::from);
        Some(ResourceRef { group, kind, namespace, name: name.into(), uid })
    }

    fn learn_scope(&mut self, definition: &Value) {
        let Some(spec) = definition.get("spec") else { return };
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(Arc::<str>::from);
        let kind = text(spec.get("names").and_then(|names| names.get("kind")));
        if let (Some(group), Some(kind), Some(scope)) =
            (text(spec.get("group")), kind, text(spec.get("scope")))
        {
            self.namespaced_kinds.insert((group, kind), &*scope == "Namespaced");
        }
    }

    fn controller(&mut self, value: &Value, namespace: &Arc<str>) -> Option<ResourceRef> {
        let owners = value.get("metadata")?.get("ownerReferences")?.as_array()?;
        let controller =
            owners.iter().find(|o| o.get("controller").and_then(Value::as_bool) == Some(true))?;
        let text = |key: &str| controller.get(key).and_then(Value::as_str);
        let (api_version, kind, name) = (text("apiVersion")?, text("kind")?, text("name")?);
        // A mirror pod's owner is its Node: it stands for itself.
        if kind == "Node" {
            return None;
        }
        let group = self.intern(ResourceRef::group_of(api_version));
        Some(ResourceRef {
            group,
            kind: self.intern(kind),
            namespace: namespace.clone(),
            name: self.intern(name),
            uid: text("uid").map(Arc::from),
        })
    }

    fn pod_row(&mut self, pod: &Value, reference: &ResourceRef, owner: ResourceRef) {
        let text = |path: &str| pod.pointer(path).and_then(Value::as_str);
        let account = text("/spec/serviceAccountName").unwrap_or("default").to_owned();
        let lists = ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"];
        let statuses =
            lists.iter().filter_map(|list| pod.pointer(&format!("/status/{list}"))?.as_array()).flatten();
        let mut images = Vec::new();
        for status in statuses {
            let field = |key: &str| status.get(key).and_then(Value::as_str).unwrap_or_default();
            let image = ImageId::from_status(field("image"), field("imageID"));
            images.push(PodImage {
                image: self.images.index(image),
                container: ContainerId::parse(field("containerID")),
            });
        }
        let row = PodRow {
            namespace: reference.namespace.clone(),
            name: reference.name.as_ref().into(),
            uid: reference.uid.as_deref().unwrap_or_default().into(),
            node: text("/spec/nodeName").map(|node| self.nodes.index(node.into())),
            workload: 0,
            account: self.intern(&account),
            phase: match text("/status/phase") {
                Some("Running") => Phase::Running,
                Some("Succeeded") => Phase::Succeeded,
                Some("Failed") => Phase::Failed,
                Some("Pending") => Phase::Pending,
                _ => Phase::Unknown,
            },
            ip: text("/status/podIP").map(Into::into),
            images: images.into(),
        };
        self.pods.push((row, owner));
    }
}

fn order_ref(r: &ResourceRef) -> (&str, &str, &str, &str) {
    (&r.group, &r.kind, &r.namespace, &r.name)
}

fn duplicate(first: &Resource, second: &Resource) -> Diagnostic {
    let at = |origin: &Origin| match origin {
        Origin::File { path, offset, .. } => format!("{path} (byte {offset})"),
        Origin::Cluster { context, .. } => context.to_string(),
        Origin::Builtin => "built in".to_owned(),
    };
    let message = format!("{} is defined twice; the later one counts", second.reference);
    let document = match &second.origin {
        Origin::File { path, .. } => path.clone(),
        _ => "".into(),
    };
    Diagnostic::warning("snapshot/duplicate-resource", message)
        .in_document(document)
        .help(format!("first defined in {}", at(&first.origin)))
}

/// The owner at the top of a chain; a chain that closes on itself ends where it was entered.
fn top(owner: ResourceRef, owned: &FxHashMap<ResourceRef, ResourceRef>) -> ResourceRef {
    let mut top = owner;
    for _ in 0..8 {
        match owned.get(&top) {
            Some(next) => top = next.clone(),
            None => break,
        }
    }
    top
}

/// Who manages the object's fields: the manager of the latest entry that is no subresource.
fn owner_of_fields(value: &Value, origin: Origin) -> Origin {
    let Origin::Cluster { context, owner: None } = origin else { return origin };
    let entries = value.pointer("/metadata/managedFields").and_then(Value::as_array);
    let text =
        |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let owner = entries
        .into_iter()
        .flatten()
        .filter(|entry| text(entry, "subresource").is_empty())
        .max_by_key(|entry| text(entry, "time"))
        .map(|entry| Arc::from(text(entry, "manager")));
    Origin::Cluster { context, owner }
}

fn slim(value: &mut Value, reference: &ResourceRef) {
    let Some(object) = value.as_object_mut() else { return };
    if !matches!(&*reference.kind, "Node" | "Service") {
        object.remove("status");
    }
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    for field in ["managedFields", "resourceVersion", "generation", "selfLink"] {
        metadata.remove(field);
    }
    let last_applied = "kubectl.kubernetes.io/last-applied-configuration";
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.remove(last_applied);
    }
    let workload = WORKLOAD_KINDS
        .iter()
        .any(|(group, kind, _)| *group == &*reference.group && *kind == &*reference.kind);
    if workload {
        drop_null(object);
    }
    // Secret values are never kept, whoever gave them.
    if &*reference.kind == "Secret" && reference.group.is_empty() {
        for field in ["data", "stringData"] {
            if let Some(values) = object.get_mut(field).and_then(Value::as_object_mut) {
                values.values_mut().for_each(|v| *v = Value::Null);
            }
        }
    }
}

/// `creationTimestamp: null` and its like, which controllers write into templates.
fn drop_null(object: &mut Map<String, Value>) {
    object.retain(|_, value| !value.is_null());
    object.values_mut().filter_map(Value::as_object_mut).for_each(drop_null);
}

/// Items once each, by index.
#[derive(Debug)]
struct Table<T> {
    items: Vec<T>,
    index: FxHashMap<T, u32>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { items: Vec::new(), index: FxHashMap::default() }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Table<T> {
    fn index(&mut self, item: T) -> u32 {
        let next = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        match self.index.entry(item) {
            std::collections::hash_map::Entry::Occupied(entry) => *entry.get(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                self.items.push(entry.key().clone());
                *entry.insert(next)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(name: &str, node: &str) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"nodeName": node},
            "status": {"phase": "Running", "containerStatuses": [
                {"image": format!("registry.test/{name}:1"), "imageID": "", "containerID": ""}
            ]}
        })
    }

    #[test]
    fn a_merged_snapshot_keeps_its_rows_apart() {
        let mut old = Builder::new("default");
        old.add(pod("a", "n2"), Origin::Builtin);
        let mut new = Builder::new("default");
        new.add(pod("b", "n1"), Origin::Builtin);
        new.merge(old.build());
        let snapshot = new.build();
        let seen: Vec<_> = snapshot
            .pods()
            .iter()
            .map(|p| (p.name.to_string(), snapshot.node_of(p).unwrap().to_string()))
            .collect();
        assert_eq!(seen, [("a".into(), "n2".into()), ("b".into(), "n1".into())]);
        let owners: Vec<_> =
            snapshot.pods().iter().filter_map(|p| snapshot.workload_of(p)).map(|o| o.to_string()).collect();
        assert_eq!(owners, ["Pod shop/a", "Pod shop/b"]);
        assert_eq!(snapshot.of("", "Pod").len(), 2);
    }

    #[test]
    fn the_scope_of_a_custom_kind_can_be_told() {
        let mut builder = Builder::new("default");
        builder.scope("kyverno.io", "ClusterPolicy", false);
        let policy =
            json!({"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "p"}});
        assert!(builder.add(policy, Origin::Builtin));
        assert!(builder.build().find("kyverno.io", "ClusterPolicy", "", "p").is_some());
    }
}
