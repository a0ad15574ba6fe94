//! The API server's RBAC authorizer: who can do what, through which binding.
//!
//! [`Rbac`] holds every role and binding in numbers and answers [`Request`]s with the server's own algorithm.
//! What a role is good for to an attacker is judged on bindings and scope by the [`primitives`].
#![deny(missing_docs)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::string_slice))]

mod aggregate;
mod authorize;
pub mod catalogue;
mod covers;
pub mod defaults;
mod diff;
pub mod fragment;
mod grants;
mod load;
mod names;
pub mod paths;
pub mod primitives;
mod request;
mod role_view;
mod rule;
#[cfg(test)]
mod testing;
mod version;
mod what;

pub use authorize::{Decision, Holder, NotRbac, Reason};
pub use diff::{Gain, gains};
pub use load::{Binding, GROUP, Role};
pub use request::{Attributes, Request};
pub use role_view::{Names as NamesAllowed, RoleView};
pub use rule::Words;
pub use version::ServerVersion;
pub use what::Permission;

use crate::aggregate::Selected;
use crate::grants::Powers;
use crate::load::{Key, Reader};
use crate::names::{Names, Sym};
use crate::rule::RbacRule;
use model::{Diagnostic, Gap, Origin, ResourceRef, Ring, Timestamp};
use rustc_hash::{FxHashMap, FxHashSet};
use snapshot::{Resource, Snapshot};

/// Every role and binding of a snapshot, indexed. Never changed afterwards.
#[derive(Clone, Debug)]
pub struct Rbac {
    version: ServerVersion,
    names: Names,
    rules: Vec<RbacRule>,
    roles: Vec<Role>,
    bindings: Vec<Binding>,
    role_index: FxHashMap<(Sym, Sym), u32>,
    /// Bindings by what a request must carry and the namespace they hold in ([`Sym::EMPTY`] for all).
    by_subject: FxHashMap<(Key, Sym), Vec<u32>>,
    /// Whoever some binding names.
    bound: FxHashSet<Key>,
    /// Bindings of each role.
    by_role: Vec<Vec<u32>>,
    /// What each bound role holds of the primitives.
    powers: Vec<Powers>,
    gaps: Vec<Gap>,
    diagnostics: Vec<Diagnostic>,
    taken_at: Option<Timestamp>,
}

impl Rbac {
    /// Reads the roles and bindings of a snapshot.
    ///
    /// A snapshot made from manifests (no server version) is completed: the server's default objects of `version`
    /// that it does not hold are added, and aggregated roles get the rules the controller would write.
    pub fn new(snapshot: &Snapshot, version: ServerVersion) -> Self {
        let live = snapshot.server_version.is_some();
        let mut reader = Reader::new();
        let mut rbac = Self::empty(version);
        let mut selected = rbac.read_roles(snapshot, &mut reader);
        rbac.read_bindings(snapshot, &mut reader);
        rbac.mark_or_add_defaults(&mut reader, !live, &mut selected);
        if !live {
            selected.sort_by(|a, b| rbac.role_name(a.role).cmp(rbac.role_name(b.role)));
            aggregate::materialise(&mut rbac.roles, &reader.rules, &selected);
        }
        rbac.names = reader.names;
        rbac.names.heat(catalogue::words());
        rbac.rules = reader.rules;
        rbac.diagnostics = reader.diagnostics;
        rbac.gaps = snapshot.coverage.gaps.iter().filter(|gap| gap.ring == Ring::Rbac).cloned().collect();
        rbac.taken_at = snapshot.taken_at;
        rbac.index();
        rbac.judge();
        rbac
    }

    fn empty(version: ServerVersion) -> Self {
        Self {
            version,
            names: Names::new(),
            rules: Vec::new(),
            roles: Vec::new(),
            bindings: Vec::new(),
            role_index: FxHashMap::default(),
            by_subject: FxHashMap::default(),
            bound: FxHashSet::default(),
            by_role: Vec::new(),
            powers: Vec::new(),
            gaps: Vec::new(),
            diagnostics: Vec::new(),
            taken_at: None,
        }
    }

    fn role_name(&self, index: u32) -> &str {
        self.roles.get(index as usize).map_or("", |role| &role.reference.name)
    }

    fn read_roles(&mut self, snapshot: &Snapshot, reader: &mut Reader) -> Vec<Selected> {
        let mut selected = Vec::new();
        for kind in ["ClusterRole", "Role"] {
            for resource in snapshot.of(GROUP, kind) {
                reader.check_version(resource);
                let json = resource.json();
                let index = self.add_role(reader, &resource.reference, &resource.origin, &json);
                if kind == "ClusterRole" {
                    selected.push(Selected::read(index, &json));
                }
            }
        }
        selected
    }

    fn add_role(
        &mut self,
        reader: &mut Reader,
        reference: &ResourceRef,
        origin: &Origin,
        json: &snapshot::Json<'_>,
    ) -> u32 {
        let index = u32::try_from(self.roles.len()).unwrap_or(u32::MAX);
        let role = reader.role(reference, origin, json, index);
        let key = (reader.names.add(&reference.namespace), reader.names.add(&reference.name));
        self.role_index.insert(key, index);
        self.roles.push(role);
        index
    }

    fn read_bindings(&mut self, snapshot: &Snapshot, reader: &mut Reader) {
        for kind in ["ClusterRoleBinding", "RoleBinding"] {
            for resource in snapshot.of(GROUP, kind) {
                reader.check_version(resource);
                let Resource { reference, origin, .. } = resource;
                let binding = reader.binding(reference, origin, &resource.json());
                self.bindings.push(binding);
            }
        }
    }

    fn index(&mut self) {
        self.by_role = vec![Vec::new(); self.roles.len()];
        // Cluster-wide bindings come first in every list, as the server walks them.
        self.bindings.sort_by_cached_key(|b| {
            (b.namespace != Sym::EMPTY, b.reference.namespace.clone(), b.reference.name.clone())
        });
        for (at, binding) in self.bindings.iter_mut().enumerate() {
            let at = u32::try_from(at).unwrap_or(u32::MAX);
            let of_role =
                self.names.find(&binding.role_ref.namespace).zip(self.names.find(&binding.role_ref.name));
            let known_kind = match &*binding.role_ref.kind {
                "ClusterRole" => true,
                "Role" => binding.namespace != Sym::EMPTY,
                _ => false,
            };
            binding.role = of_role.filter(|_| known_kind).and_then(|key| self.role_index.get(&key).copied());
            if let Some(list) = binding.role.and_then(|role| self.by_role.get_mut(role as usize)) {
                list.push(at);
            }
            for subject in &binding.subjects {
                let Some(key) = subject.key else { continue };
                self.bound.insert(key);
                let list = self.by_subject.entry((key, binding.namespace)).or_default();
                if list.last() != Some(&at) {
                    list.push(at);
                }
            }
        }
    }

    /// The server version it judges by.
    pub fn version(&self) -> ServerVersion {
        self.version
    }

    /// Every role: those of the snapshot, then added defaults.
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// Every binding, cluster-wide ones first, then by namespace and name.
    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// A role by namespace (empty for a ClusterRole) and name.
    pub fn role(&self, namespace: &str, name: &str) -> Option<&Role> {
        let key = (self.names.find(namespace)?, self.names.find(name)?);
        self.roles.get(*self.role_index.get(&key)? as usize)
    }

    /// The role a binding names; `None` when it is not there.
    pub fn role_of(&self, binding: &Binding) -> Option<&Role> {
        self.roles.get(binding.role? as usize)
    }

    /// The rules of a role in words, aggregated ones included.
    pub fn rules_of<'a>(&'a self, role: &'a Role) -> impl Iterator<Item = Words<'a>> + 'a {
        self.rules_in(role).map(|(_, rule)| rule.words(&self.names))
    }

    /// The identities a binding names, those that can never match (no namespace, unknown kind) left out.
    pub fn subjects_of<'a>(&'a self, binding: &'a Binding) -> impl Iterator<Item = model::Identity> + 'a {
        binding.subjects.iter().filter(|s| s.key.is_some()).map(|s| s.identity(&self.names))
    }

    pub(crate) fn rules_in<'a>(&'a self, role: &'a Role) -> impl Iterator<Item = (u32, &'a RbacRule)> + 'a {
        role.rules.iter().filter_map(|id| self.rules.get(*id as usize).map(|rule| (*id, rule)))
    }

    /// When the snapshot was taken, for a live cluster.
    pub fn taken_at(&self) -> Option<Timestamp> {
        self.taken_at
    }

    /// What could not be read of roles and bindings: while there is any, "no" means "not as far as was seen".
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// What is wrong with the objects read.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }
}
