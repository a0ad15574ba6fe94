//! Takes objects one by one and keeps what is needed of them.

use crate::pod::{Phase, PodImage, PodRow};
use crate::scope::cluster_scoped;
use crate::slim::{MAX_DEPTH, slim, too_deep};
use crate::strays::{MAX_TEMPLATES, Strays, around};
use crate::workload::template_path;
use crate::{Resource, Snapshot};
use model::{ContainerId, Coverage, Diagnostic, ImageId, Origin, ResourceRef, Timestamp};
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::Value;
use std::sync::Arc;

/// Collects objects into a [`Snapshot`]. The order of adding does not matter, but for objects given twice.
#[derive(Debug)]
pub struct Builder {
    namespace: Arc<str>,
    names: FxHashSet<Arc<str>>,
    /// With whether the name is a `generateName`, which several objects may share.
    resources: Vec<(Resource, bool)>,
    /// Rows whose `workload` is still the index of the controller they name, or of themselves.
    pods: Vec<PodRow>,
    controllers: Table<ResourceRef>,
    owned: FxHashMap<ResourceRef, ResourceRef>,
    /// Deployments that ReplicaSets belong to by their names and their pods' labels.
    guessed: FxHashMap<ResourceRef, ResourceRef>,
    strays: Strays,
    /// Workloads of Kubernetes' kinds that were added: what they own needs no template of its own.
    present: FxHashSet<ResourceRef>,
    /// Where objects are written before their size is known: growing each one would scatter the heap.
    scratch: Vec<u8>,
    images: Table<ImageId>,
    nodes: Table<Arc<str>>,
    namespaced_kinds: FxHashMap<(Arc<str>, Arc<str>), bool>,
    api_versions: FxHashMap<(Arc<str>, Arc<str>), Arc<str>>,
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
            controllers: Table::default(),
            owned: FxHashMap::default(),
            guessed: FxHashMap::default(),
            strays: Strays::default(),
            present: FxHashSet::default(),
            scratch: Vec::new(),
            images: Table::default(),
            nodes: Table::default(),
            namespaced_kinds: FxHashMap::default(),
            api_versions: FxHashMap::default(),
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
        let images: Vec<u32> =
            Arc::unwrap_or_clone(other.images).into_iter().map(|image| self.images.index(image)).collect();
        let nodes: Vec<u32> =
            Arc::unwrap_or_clone(other.nodes).into_iter().map(|node| self.nodes.index(node)).collect();
        for mut row in Arc::unwrap_or_clone(other.pods) {
            // Rows of a loaded snapshot point at nothing outside its tables; `load` has checked it.
            let Some(owner) = other.owners.get(row.workload as usize).cloned() else { continue };
            row.node = row.node.and_then(|node| nodes.get(node as usize).copied());
            for image in &mut row.images {
                image.image = images.get(image.image as usize).copied().unwrap_or(image.image);
            }
            row.workload = self.controllers.index(owner);
            self.pods.push(row);
        }
        self.resources.extend(other.resources.into_iter().map(|resource| (resource, false)));
        self.snapshot.templates.extend(other.templates);
        self.snapshot.coverage.merge(other.coverage);
        self.snapshot.diagnostics.extend(other.diagnostics);
        self.snapshot.taken_at = self.snapshot.taken_at.max(other.taken_at);
        if self.snapshot.server_version.is_none() {
            self.snapshot.server_version = other.server_version;
        }
    }

    /// Adds one object. Returns `false`, and keeps nothing, when it is no Kubernetes object, or when it is nested
    /// deeper than 100 levels (then a diagnostic says so).
    ///
    /// A Pod with a status that a controller owns becomes a row; a ReplicaSet or Job with an owner only links its
    /// pods to that owner. Their template is kept when the owner turns out not to be there.
    pub fn add(&mut self, mut value: Value, origin: Origin) -> bool {
        let Some(reference) = self.reference(&value) else { return false };
        let row = &*reference.kind == "Pod" && value.get("status").is_some_and(Value::is_object);
        // Of a live pod only what is turned into a template matters, and its status is the larger part.
        if too_deep(if row { value.get("spec").unwrap_or(&Value::Null) } else { &value }) {
            let message = format!("{reference} is nested deeper than {MAX_DEPTH} levels and was left out");
            self.diagnose(Diagnostic::error("snapshot/too-deep", message).in_document(document(&origin)));
            return false;
        }
        let api_version = self.intern(value.get("apiVersion").and_then(Value::as_str).unwrap_or_default());
        if &*reference.kind == "CustomResourceDefinition" {
            self.learn_scope(&value);
        }
        let origin = self.owner_of_fields(&value, origin);
        let pod = reference.group.is_empty() && &*reference.kind == "Pod";
        if let Some(owner) = self.controller(&value, &reference.namespace) {
            if pod && value.get("status").is_some_and(Value::is_object) {
                self.guess(&value, &owner);
                self.pod_row(&value, &reference, owner.clone());
                if !self.is_covered(&owner) {
                    self.strays.pod(&owner, &mut value, &reference.name, origin);
                }
                return true;
            }
            let between = (&*reference.group, &*reference.kind);
            if matches!(between, ("apps" | "extensions", "ReplicaSet") | ("batch", "Job")) {
                if !self.is_covered(&owner) {
                    self.strays.controller(&reference, &mut value, origin);
                }
                self.owned.insert(ResourceRef { uid: None, ..reference }, owner);
                return true;
            }
        } else if pod && value.get("status").is_some_and(|s| s.get("phase").is_some()) {
            self.pod_row(&value, &reference, reference.clone());
        }
        if template_path(&reference).is_some_and(|path| !path.is_empty()) {
            self.present.insert(reference.clone());
        }
        slim(&mut value, &reference);
        let text = text(&mut self.scratch, &value);
        let generated = value.get("metadata").is_some_and(|metadata| metadata.get("name").is_none());
        self.resources.push((Resource { reference, api_version, origin, text }, generated));
        true
    }

    /// Ends the collection: sorts, resolves owner chains and the scope of custom kinds. Of two objects of one name
    /// the later wins, as with `kubectl apply`, and a diagnostic names it.
    pub fn build(mut self) -> Snapshot {
        for (resource, _) in &mut self.resources {
            scope(&self.namespaced_kinds, &mut resource.reference);
        }
        self.keep_resources();
        self.keep_pods();
        self.keep_strays();
        self.snapshot
    }

    fn keep_resources(&mut self) {
        let mut resources = std::mem::take(&mut self.resources);
        resources.sort_by(|(a, _), (b, _)| order(&a.reference).cmp(&order(&b.reference)));
        let kept = &mut self.snapshot.resources;
        kept.reserve_exact(resources.len());
        for (resource, generated) in resources {
            let same = |last: &&mut Resource| order(&last.reference) == order(&resource.reference);
            match kept.last_mut().filter(same) {
                Some(last) if !generated => {
                    self.snapshot.diagnostics.push(duplicate(last, &resource));
                    *last = resource;
                }
                _ => kept.push(resource),
            }
        }
        // Objects that share a `generateName` have no order of their own.
        for same in kept.chunk_by_mut(|a, b| order(&a.reference) == order(&b.reference)) {
            same.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
        }
    }

    fn keep_pods(&mut self) {
        let mut rows = std::mem::take(&mut self.pods);
        rows.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        let tops: Vec<ResourceRef> =
            self.controllers.items.iter().map(|controller| self.top(controller)).collect();
        let (images, image_at) = std::mem::take(&mut self.images).sorted();
        let (nodes, node_at) = std::mem::take(&mut self.nodes).sorted();
        let mut owners = Table::default();
        let mut kept: Vec<PodRow> = Vec::with_capacity(rows.len());
        let at = |table: &[u32], index: u32| table.get(index as usize).copied().unwrap_or(index);
        for mut row in rows {
            let Some(top) = tops.get(row.workload as usize) else { continue };
            row.workload = owners.index(top.clone());
            row.node = row.node.map(|node| at(&node_at, node));
            row.images.iter_mut().for_each(|image| image.image = at(&image_at, image.image));
            let same = |last: &&mut PodRow| (&last.namespace, &last.name) == (&row.namespace, &row.name);
            match kept.last_mut().filter(same) {
                Some(last) => {
                    // A pod that is its own workload is a resource, too, and was named there.
                    if &*top.kind != "Pod" || top.name != (&*row.name).into() {
                        let message = format!(
                            "{} is given twice; the later one counts",
                            ResourceRef::new("", "Pod", &row.namespace, &row.name)
                        );
                        let twice = Diagnostic::warning("snapshot/duplicate-resource", message);
                        self.snapshot.diagnostics.push(twice);
                    }
                    *last = row;
                }
                None => kept.push(row),
            }
        }
        self.snapshot.pods = kept.into();
        self.snapshot.owners = owners.items.into();
        self.snapshot.images = images.into();
        self.snapshot.nodes = nodes.into();
    }

    /// Keeps the templates of those pods whose workload is not there, or is of a kind whose template is unknown.
    fn keep_strays(&mut self) {
        let (strays, more) = std::mem::take(&mut self.strays).drain();
        let mut kept = std::mem::take(&mut self.snapshot.templates);
        for (controller, stray) in strays {
            let top = self.top(&controller);
            let covered = template_path(&top).is_some_and(|path| !path.is_empty());
            if covered && self.snapshot.get(&top).is_some() {
                continue;
            }
            let path = template_path(&top).filter(|path| !path.is_empty()).unwrap_or(&["spec", "template"]);
            let key = (top.group.clone(), top.kind.clone());
            let api_version = self.api_versions.get(&key).cloned().unwrap_or_default();
            let text = around(&top, &api_version, path, &stray.template).into();
            kept.push(Resource { reference: top, api_version, origin: stray.origin, text });
        }
        kept.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
        kept.dedup_by(|b, a| a.reference == b.reference && a.text == b.text);
        for controller in more {
            let message = format!(
                "{controller} has more than {MAX_TEMPLATES} kinds of pods; {MAX_TEMPLATES} of them are checked"
            );
            self.snapshot.diagnostics.push(Diagnostic::error("snapshot/many-templates", message));
        }
        self.snapshot.templates = kept;
    }

    /// The owner at the top of a chain; a chain that closes on itself ends where it was entered.
    fn top(&self, controller: &ResourceRef) -> ResourceRef {
        let mut top = controller;
        for _ in 0..8 {
            let known = |guess: &&ResourceRef| self.snapshot.get(guess).is_some();
            match self.owned.get(top).or_else(|| self.guessed.get(top).filter(known)) {
                Some(next) if next == controller => {
                    top = controller;
                    break;
                }
                Some(next) => top = next,
                None => break,
            }
        }
        let mut top = top.clone();
        scope(&self.namespaced_kinds, &mut top);
        // With the uid of the live object, where that was read.
        self.snapshot.get(&top).map_or(top, |resource| resource.reference.clone())
    }

    /// Whether what a controller owns is known by now to belong to a workload whose template is kept. Whoever adds
    /// owners first saves the memory of templates that the end would find needless.
    fn is_covered(&self, controller: &ResourceRef) -> bool {
        let mut at = controller;
        for _ in 0..8 {
            if self.present.contains(at) {
                return true;
            }
            match self.owned.get(at).or_else(|| self.guessed.get(at)) {
                Some(next) => at = next,
                None => break,
            }
        }
        false
    }

    /// Notes which Deployment a ReplicaSet belongs to that may never be read: the Deployment controller names it by
    /// the Deployment and the hash that it puts on the pods.
    fn guess(&mut self, pod: &Value, owner: &ResourceRef) {
        if &*owner.kind != "ReplicaSet" || self.guessed.contains_key(owner) || self.owned.contains_key(owner)
        {
            return;
        }
        let hash = pod.pointer("/metadata/labels/pod-template-hash").and_then(Value::as_str);
        let name = hash.and_then(|hash| owner.name.strip_suffix(hash)?.strip_suffix('-'));
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            let deployment =
                ResourceRef { kind: self.intern("Deployment"), name: self.intern(name), ..owner.clone() };
            self.guessed.insert(owner.clone(), deployment);
        }
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
        let kind = self.intern(kind);
        let api_version = self.intern(api_version);
        // Of two versions of one kind the first by name, whatever was read first.
        let version =
            self.api_versions.entry((group.clone(), kind.clone())).or_insert_with(|| api_version.clone());
        if api_version < *version {
            *version = api_version;
        }
        Some(ResourceRef { group, kind, namespace: namespace.clone(), name: self.intern(name), uid: None })
    }

    /// Who manages the object's fields: the manager of the latest entry that is no subresource.
    fn owner_of_fields(&mut self, value: &Value, origin: Origin) -> Origin {
        let Origin::Cluster { context, owner: None } = origin else { return origin };
        let entries = value.pointer("/metadata/managedFields").and_then(Value::as_array);
        let text = |entry: &'_ Value, key: &str| {
            entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let latest = entries
            .into_iter()
            .flatten()
            .filter(|entry| text(entry, "subresource").is_empty())
            .max_by_key(|entry| text(entry, "time"));
        let manager = latest.and_then(|entry| entry.get("manager")).and_then(Value::as_str);
        let owner = manager.filter(|manager| !manager.is_empty()).map(|manager| self.intern(manager));
        Origin::Cluster { context, owner }
    }

    fn pod_row(&mut self, pod: &Value, reference: &ResourceRef, owner: ResourceRef) {
        let text = |path: &str| pod.pointer(path).and_then(Value::as_str);
        // The API server fills in both names; a saved pod may have but the deprecated one.
        let named = |path: &str| text(path).filter(|name| !name.is_empty());
        let account = named("/spec/serviceAccountName").or_else(|| named("/spec/serviceAccount"));
        let account = self.intern(account.unwrap_or("default"));
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
            node: named("/spec/nodeName").map(|node| self.nodes.index(node.into())),
            workload: self.controllers.index(owner),
            account,
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
        self.pods.push(row);
    }
}

fn order(r: &ResourceRef) -> Order<'_> {
    (&r.group, &r.kind, &r.namespace, &r.name)
}

/// The JSON text of a value, exactly as large as it is.
fn text(scratch: &mut Vec<u8>, value: &Value) -> Arc<str> {
    scratch.clear();
    // Writing a `Value` to memory cannot fail, and JSON is UTF-8.
    let written = serde_json::to_writer(&mut *scratch, value).is_ok();
    std::str::from_utf8(scratch).ok().filter(|_| written).unwrap_or("null").into()
}

type Order<'a> = (&'a str, &'a str, &'a str, &'a str);

/// The order of resources that may share a name.
fn sort_key(r: &Resource) -> (Order<'_>, &str, &Origin) {
    (order(&r.reference), &r.text, &r.origin)
}

/// A custom kind's object is in no namespace when its definition says so.
fn scope(namespaced: &FxHashMap<(Arc<str>, Arc<str>), bool>, reference: &mut ResourceRef) {
    let key = (reference.group.clone(), reference.kind.clone());
    if namespaced.get(&key) == Some(&false) || cluster_scoped(&reference.group, &reference.kind) {
        reference.namespace = "".into();
    }
}

fn document(origin: &Origin) -> Arc<str> {
    match origin {
        Origin::File { path, .. } => path.clone(),
        Origin::Cluster { .. } | Origin::Builtin => "".into(),
    }
}

fn duplicate(first: &Resource, second: &Resource) -> Diagnostic {
    let at = |origin: &Origin| match origin {
        Origin::File { path, offset, .. } => format!("{path} (byte {offset})"),
        Origin::Cluster { context, .. } => context.to_string(),
        Origin::Builtin => "built in".to_owned(),
    };
    let message = format!("{} is defined twice; the later one counts", second.reference);
    Diagnostic::warning("snapshot/duplicate-resource", message)
        .in_document(document(&second.origin))
        .help(format!("first defined in {}", at(&first.origin)))
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

impl<T: Clone + Ord + std::hash::Hash> Table<T> {
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
    /// The items in order, and for each former index the new one.
    fn sorted(self) -> (Vec<T>, Vec<u32>) {
        let mut items: Vec<(T, u32)> = self.items.into_iter().zip(0..).collect();
        items.sort();
        let mut moved = vec![0; items.len()];
        for ((_, from), to) in items.iter().zip(0..) {
            if let Some(slot) = moved.get_mut(*from as usize) {
                *slot = to;
            }
        }
        (items.into_iter().map(|(item, _)| item).collect(), moved)
    }
}

#[cfg(test)]
mod tests;
