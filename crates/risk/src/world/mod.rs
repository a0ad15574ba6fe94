//! Everything known, joined: each workload with its account, images, vulnerabilities, ways out and alerts.
//!
//! Templates are parsed once here; steps only look things up.

mod exposure;
mod join;
mod network;

pub(crate) use exposure::{Exposure, ExposureKind};
pub(crate) use network::{Leaves, Reach, Zone};

use crate::graph::Index;
use model::{Confidence, Evidence, Fact, Grant, Identity, ImageId, Predicate, ResourceRef};
use reach::Endpoint;
use rustc_hash::{FxHashMap, FxHashSet};
use snapshot::{Json, PodRow, PodSpec, Resource, Snapshot, Template};
use std::sync::Arc;

/// What was found out, and how it hangs together.
pub(crate) struct World<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) facts: &'a [Fact],
    pub(crate) workloads: Vec<WorkloadFacts<'a>>,
    pub(crate) identities: Names<Identity>,
    /// Namespaces; index 0 is the whole cluster.
    pub(crate) scopes: Names<Arc<str>>,
    pub(crate) nodes: Vec<NodeFacts>,
    /// The NetworkPolicies.
    pub(crate) policies: reach::Reach,
    /// Where workloads whose packets may not go everywhere can send them.
    pub(crate) zones: Vec<Zone>,
    pub(crate) exposures: Vec<Exposure<'a>>,
    pub(crate) grants: Vec<Right<'a>>,
    /// Roles, bindings, Services: whatever a fix changes besides workloads.
    pub(crate) objects: Names<ResourceRef>,
    /// Facts that say what an identity used, by identity.
    pub(crate) uses: FxHashMap<Index, Vec<u32>>,
    /// Facts that reach no workload, identity or node, and why.
    pub(crate) unjoined: Vec<(u32, &'static str)>,
    pub(crate) token_secrets: Vec<TokenSecret<'a>>,
    /// Namespaces whose Pod Security level refuses what leads to the node.
    pub(crate) guarded: FxHashSet<Index>,
    /// Workloads by scope.
    by_scope: Vec<Vec<Index>>,
    /// Workloads in the order of their names. Those whose template was taken from pods may share one.
    by_name: Vec<Index>,
    /// Workloads of each of the snapshot's owners of pods.
    by_owner: Vec<Vec<Index>>,
}

/// A right an identity holds.
pub(crate) struct Right<'a> {
    pub(crate) identity: Index,
    pub(crate) grant: &'a Grant,
    pub(crate) fact: u32,
    pub(crate) scope: Index,
    pub(crate) role: Index,
    pub(crate) binding: Index,
}

/// A Secret that holds an account's never-ending token.
pub(crate) struct TokenSecret<'a> {
    pub(crate) resource: &'a Resource,
    pub(crate) scope: Index,
    pub(crate) account: Index,
}

/// A node, as far as pods or Node objects name it.
pub(crate) struct NodeFacts {
    pub(crate) name: Arc<str>,
    pub(crate) control_plane: bool,
}

/// A fact and how sure the join is that brought it here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Joined {
    pub(crate) fact: u32,
    pub(crate) confidence: Confidence,
}

/// How an account's token gets into a pod.
pub(crate) struct Token {
    /// JSON pointer of what mounts it.
    pub(crate) pointer: String,
    pub(crate) by: TokenBy,
}

/// Whose word it is that a token is mounted.
pub(crate) enum TokenBy {
    /// The account's, or nobody's: that is the default.
    Account,
    /// The pod's, which wins over the account's.
    Pod {
        /// JSON pointer of its switch.
        switch: String,
    },
    /// A volume's, whatever the switches say.
    Volume,
}

/// One container's image.
pub(crate) struct ContainerImage {
    pub(crate) id: ImageId,
    pub(crate) pointer: String,
    /// Whether a scan of it is known.
    pub(crate) scanned: bool,
    pub(crate) provenance: Option<Joined>,
}

/// A workload with all that was joined to it.
pub(crate) struct WorkloadFacts<'a> {
    pub(crate) resource: &'a Resource,
    pub(crate) scope: Index,
    pub(crate) account: Index,
    /// What mounts the account's token; `None` when nothing does.
    pub(crate) token: Option<Token>,
    pub(crate) images: Vec<ContainerImage>,
    /// Its pods, as policies and Services see them.
    pub(crate) endpoint: Endpoint,
    pub(crate) ports: Vec<(u16, String)>,
    pub(crate) nodes: Vec<Index>,
    /// What its owner says it is worth to an attacker (annotation `ringwall.dev/value`, 1 to 100).
    pub(crate) value: Option<u8>,
    pub(crate) reach: Reach,
    /// (container, fact).
    pub(crate) vulnerabilities: Vec<(usize, Joined)>,
    /// (container, package, whether it is loaded).
    pub(crate) loads: Vec<(usize, &'a str, bool)>,
    pub(crate) escapes: Vec<Joined>,
    pub(crate) alerts: Vec<Joined>,
}

impl<'a> World<'a> {
    /// Joins facts to the snapshot.
    pub(crate) fn new(snapshot: &'a Snapshot, facts: &'a [Fact]) -> Self {
        let mut world = Self {
            snapshot,
            facts,
            workloads: Vec::new(),
            identities: Names::default(),
            scopes: Names::default(),
            nodes: Vec::new(),
            policies: reach::Reach::new(snapshot),
            zones: Vec::new(),
            exposures: Vec::new(),
            grants: Vec::new(),
            objects: Names::default(),
            uses: FxHashMap::default(),
            unjoined: Vec::new(),
            token_secrets: Vec::new(),
            guarded: FxHashSet::default(),
            by_scope: Vec::new(),
            by_name: Vec::new(),
            by_owner: Vec::new(),
        };
        world.scopes.index("".into());
        world.find_guarded();
        for workload in snapshot.workloads() {
            let template = workload.parse();
            let facts = world.workload(&template);
            world.workloads.push(facts);
        }
        world.index();
        world.place();
        world.find_token_secrets();
        network::judge(&mut world);
        exposure::find(&mut world);
        join::facts(&mut world);
        world
    }

    fn workload(&mut self, template: &Template<'a>) -> WorkloadFacts<'a> {
        let spec = template.spec();
        let resource = template.workload.resource;
        let mut images = Vec::new();
        let mut ports = Vec::new();
        let endpoint = Endpoint::of(template);
        for container in spec.containers() {
            let id = container.image().map(ImageId::from_reference).unwrap_or_default();
            images.push(ContainerImage {
                id,
                pointer: container.pointer("/image"),
                scanned: false,
                provenance: None,
            });
            for (at, port) in container.json.get("ports").items().iter().enumerate() {
                let field = if endpoint.host_network { "containerPort" } else { "hostPort" };
                if let Some(number) =
                    port.get(field).int().and_then(|n| u16::try_from(n).ok()).filter(|n| *n > 0)
                {
                    ports.push((number, container.pointer(&format!("/ports/{at}/{field}"))));
                }
            }
        }
        WorkloadFacts {
            resource,
            scope: self.scopes.index(resource.reference.namespace.clone()),
            account: self.identities.index(spec.account()),
            token: self.token(template, spec),
            images,
            endpoint,
            ports,
            nodes: Vec::new(),
            value: value_of(template),
            reach: Reach::default(),
            vulnerabilities: Vec::new(),
            loads: Vec::new(),
            escapes: Vec::new(),
            alerts: Vec::new(),
        }
    }

    /// Where the account's token gets into the pod: the pod's word wins over the account's, the default is yes,
    /// and a projected volume brings it whatever the switches say.
    fn token(&self, template: &Template<'_>, spec: PodSpec<'_, '_>) -> Option<Token> {
        let pointer = template.spec_pointer();
        for volume in spec.volumes() {
            let sources = volume.json.at(&["projected", "sources"]).items();
            let token = |source: &&Json<'_>| {
                let token = source.get("serviceAccountToken");
                !token.is_null() && token.get("audience").is_null()
            };
            if sources.iter().any(|source| token(&source)) {
                let pointer = format!("{pointer}/volumes/{}/projected", volume.index);
                return Some(Token { pointer, by: TokenBy::Volume });
            }
        }
        let namespace = &template.workload.reference().namespace;
        let written = spec.json.get("automountServiceAccountToken").bool();
        let account = || {
            let account = self.snapshot.find("", "ServiceAccount", namespace, spec.account_name())?;
            account.json().get("automountServiceAccountToken").bool()
        };
        if !written.or_else(account).unwrap_or(true) {
            return None;
        }
        let named =
            ["serviceAccountName", "serviceAccount"].iter().find(|f| spec.json.get(f).str().is_some());
        let by = match written {
            Some(_) => TokenBy::Pod { switch: format!("{pointer}/automountServiceAccountToken") },
            None => TokenBy::Account,
        };
        Some(Token { pointer: named.map_or(pointer.clone(), |field| format!("{pointer}/{field}")), by })
    }

    fn index(&mut self) {
        self.by_scope = vec![Vec::new(); self.scopes.iter().count()];
        for (at, workload) in (0..).zip(&self.workloads) {
            if let Some(list) = self.by_scope.get_mut(workload.scope as usize) {
                list.push(at);
            }
        }
        let workloads = &self.workloads;
        self.by_name = (0..workloads.len() as Index).collect();
        self.by_name.sort_by_key(|at| &workloads[*at as usize].resource.reference);
        let owners = self.snapshot.owners().iter();
        self.by_owner = owners.map(|owner| self.find(owner).to_vec()).collect();
    }

    fn find_guarded(&mut self) {
        for namespace in self.snapshot.of("", "Namespace") {
            let scope = self.scopes.index(namespace.reference.name.clone());
            let json = namespace.json();
            let level = json.at(&["metadata", "labels", "pod-security.kubernetes.io/enforce"]);
            if matches!(level.text(), "baseline" | "restricted") {
                self.guarded.insert(scope);
            }
        }
    }

    /// Which workload runs on which node, from live pods.
    fn place(&mut self) {
        let mut by_name: FxHashMap<Arc<str>, Index> = FxHashMap::default();
        for node in self.snapshot.of("", "Node") {
            let json = node.json();
            let labels = json.at(&["metadata", "labels"]);
            let role = |name: &str| labels.fields().iter().any(|(key, _)| key == name);
            let control_plane =
                role("node-role.kubernetes.io/control-plane") || role("node-role.kubernetes.io/master");
            by_name.insert(node.reference.name.clone(), self.nodes.len() as Index);
            self.nodes.push(NodeFacts { name: node.reference.name.clone(), control_plane });
        }
        for pod in self.snapshot.pods() {
            let Some(name) = self.snapshot.node_of(pod) else { continue };
            let owners = self.by_owner.get(pod.workload as usize).filter(|owners| !owners.is_empty());
            let Some(owners) = owners else { continue };
            let next = self.nodes.len() as Index;
            let node = *by_name.entry(name.clone()).or_insert_with(|| {
                self.nodes.push(NodeFacts { name: name.clone(), control_plane: false });
                next
            });
            for owner in owners {
                self.workloads[*owner as usize].nodes.push(node);
            }
        }
        for workload in &mut self.workloads {
            workload.nodes.sort_unstable();
            workload.nodes.dedup();
        }
    }

    /// Secrets of type service-account-token, and those whose annotation names an account (a live list does not
    /// tell the type).
    fn find_token_secrets(&mut self) {
        for secret in self.snapshot.of("", "Secret") {
            let json = secret.json();
            let kind = json.get("type").str();
            if kind.is_some_and(|kind| kind != "kubernetes.io/service-account-token") {
                continue;
            }
            let annotations = json.at(&["metadata", "annotations"]);
            let Some(name) = annotations.get("kubernetes.io/service-account.name").str() else { continue };
            let namespace = &secret.reference.namespace;
            let account = self.identities.index(Identity::account(namespace, name));
            let scope = self.scopes.index(namespace.clone());
            self.objects.index(secret.reference.clone());
            self.token_secrets.push(TokenSecret { resource: secret, scope, account });
        }
    }

    /// The workloads of a name: one, or each distinct template that was taken from its pods.
    pub(crate) fn find(&self, reference: &ResourceRef) -> &[Index] {
        let name = |at: &Index| &self.workloads[*at as usize].resource.reference;
        let start = self.by_name.partition_point(|at| name(at) < reference);
        let end = self.by_name.partition_point(|at| name(at) <= reference);
        self.by_name.get(start..end).unwrap_or(&[])
    }

    /// The workloads a pod may have been made from.
    pub(crate) fn owners(&self, pod: &PodRow) -> &[Index] {
        self.by_owner.get(pod.workload as usize).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn workload_at(&self, index: Index) -> Option<&WorkloadFacts<'a>> {
        self.workloads.get(index as usize)
    }

    pub(crate) fn fact(&self, index: u32) -> Option<&'a Fact> {
        self.facts.get(index as usize)
    }

    /// The role of a right, where someone wrote it. The server's own roles are in a live snapshot too, but nothing
    /// to change: `rbac` names the binding as evidence for them.
    pub(crate) fn written_role(&self, right: &Right<'_>) -> Option<&'a Resource> {
        let by_binding = self.fact(right.fact).is_some_and(|fact| match &fact.evidence {
            Evidence::Field { resource, .. } => *resource == right.grant.binding,
            _ => false,
        });
        self.snapshot.get(&right.grant.role).filter(|_| !by_binding)
    }

    /// A workload's `namespace/name`.
    pub(crate) fn name(&self, workload: Index) -> String {
        self.workload_at(workload).map(|w| w.resource.reference.short()).unwrap_or_default()
    }

    /// A scope in words.
    pub(crate) fn scope_name(&self, scope: Index) -> String {
        match self.scopes.get(scope) {
            Some(name) if !name.is_empty() => format!("namespace {name}"),
            _ => "the whole cluster".to_owned(),
        }
    }

    /// The namespace of a scope; empty for the cluster.
    pub(crate) fn namespace(&self, scope: Index) -> &str {
        self.scopes.get(scope).map_or("", |name| name)
    }

    /// Workloads of a scope (all of them for the cluster).
    pub(crate) fn workloads_in(&self, scope: Index) -> impl Iterator<Item = Index> {
        let all = if scope == 0 { self.workloads.len() as Index } else { 0 };
        let local = self.by_scope.get(scope as usize).filter(|_| scope != 0).into_iter().flatten().copied();
        (0..all).chain(local)
    }

    /// Evidence for a field of a workload.
    pub(crate) fn evidence(&self, workload: Index, pointer: &str) -> Evidence {
        match self.workload_at(workload) {
            Some(facts) => facts.resource.evidence(pointer),
            None => Evidence::Assumption(String::new()),
        }
    }

    /// What an identity was seen to use.
    pub(crate) fn usage(&self, identity: Index) -> impl Iterator<Item = &'a model::Usage> {
        let facts = self.uses.get(&identity).map_or(&[][..], Vec::as_slice);
        facts.iter().filter_map(|at| match &self.fact(*at)?.predicate {
            Predicate::Used(usage) => Some(usage),
            _ => None,
        })
    }
}

fn value_of(template: &Template<'_>) -> Option<u8> {
    let of =
        |json: &Json<'_>| json.at(&["metadata", "annotations", "ringwall.dev/value"]).str()?.parse().ok();
    of(template.object()).or_else(|| of(template.template())).map(|value: u8| value.clamp(1, 100))
}

/// Values once each, by index.
#[derive(Clone, Debug)]
pub(crate) struct Names<T> {
    items: Vec<T>,
    index: FxHashMap<T, Index>,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { items: Vec::new(), index: FxHashMap::default() }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Names<T> {
    pub(crate) fn index(&mut self, item: T) -> Index {
        let next = self.items.len() as Index;
        match self.index.entry(item) {
            std::collections::hash_map::Entry::Occupied(entry) => *entry.get(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                self.items.push(entry.key().clone());
                *entry.insert(next)
            }
        }
    }

    pub(crate) fn find(&self, item: &T) -> Option<Index> {
        self.index.get(item).copied()
    }

    pub(crate) fn get(&self, index: Index) -> Option<&T> {
        self.items.get(index as usize)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Index, &T)> {
        self.items.iter().enumerate().map(|(at, item)| (at as Index, item))
    }
}
