//! Capabilities per identity, scope and binding: what the risk graph is fed with.
//!
//! Each primitive is judged once per role, then per binding; parts of one primitive in several bindings of one
//! subject add up. Unchanged default bindings of the server are left out.

use crate::load::{Binding, Key, Role};
use crate::names::Sym;
use crate::primitives::{Held, PRIMITIVES, Way};
use crate::{Rbac, RoleView};
use model::{
    Capability, Confidence, Evidence, Fact, Grant, Identity, Lifetime, Origin, Predicate, ResourceRef, Scope,
    Source, Target,
};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;

/// What one role holds of the primitives.
#[derive(Clone, Debug, Default)]
pub(crate) struct Powers {
    /// Every right on everything.
    everything: Option<Held>,
    /// Ways held whole.
    whole: Vec<(&'static Way, Held)>,
    /// Parts of ways not held whole: way, part.
    partial: Vec<(usize, usize, Held)>,
}

/// A part of a way that one binding brings.
#[derive(Clone, Debug)]
struct Partial {
    way: usize,
    part: usize,
    scope: Sym,
    binding: u32,
    held: Held,
}

/// Every way, by index.
fn ways() -> impl Iterator<Item = &'static Way> {
    PRIMITIVES.iter().flat_map(|primitive| primitive.ways)
}

impl Rbac {
    /// Every capability that bindings give, with the subject as it is bound: a group stays a group.
    ///
    /// Who holds every right on everything cluster-wide holds [`Capability::ClusterAdmin`] and no other.
    pub fn grants(&self) -> Vec<(Identity, Grant)> {
        let mut out = Vec::new();
        self.each_grant(|identity, grant, _| out.push((identity, grant)));
        out
    }

    /// The same as facts, each with the rule as evidence (the binding, where the role is a built-in default).
    pub fn facts(&self) -> Vec<Fact> {
        let mut out = Vec::new();
        self.each_grant(|identity, grant, evidence| {
            let source = match &evidence {
                Evidence::Field { origin: Origin::Cluster { .. }, .. } => Source::Cluster,
                _ => Source::Manifest,
            };
            out.push(Fact {
                target: Target::Identity(identity),
                predicate: Predicate::Holds(grant),
                source,
                observed_at: self.taken_at,
                lifetime: Lifetime::Snapshot,
                confidence: Confidence::Confirmed,
                evidence,
            });
        });
        out
    }

    fn each_grant(&self, mut emit: impl FnMut(Identity, Grant, Evidence)) {
        let mut partial: FxHashMap<Key, Vec<Partial>> = FxHashMap::default();
        for (at, binding) in self.bindings().iter().enumerate() {
            let Some((role_at, role)) = binding.role.and_then(|r| Some((r, self.roles().get(r as usize)?)))
            else {
                continue;
            };
            if binding.default && role.default {
                continue;
            }
            let Some(powers) = self.powers.get(role_at as usize) else { continue };
            for held in effective(powers, &self.names.text(binding.namespace).clone(), binding) {
                for subject in binding.subjects.iter().filter(|subject| subject.key.is_some()) {
                    let identity = subject.identity(&self.names);
                    emit(identity.clone(), self.grant(binding, held, identity), self.evidence(binding, held));
                }
            }
            self.note_parts(&mut partial, powers, u32::try_from(at).unwrap_or(u32::MAX), binding);
        }
        self.join_parts(partial, &mut emit);
    }

    /// Judges every role that is bound; an unbound one holds nothing for anybody.
    pub(crate) fn judge(&mut self) {
        self.powers = (self.roles.iter().zip(&self.by_role))
            .map(
                |(role, bindings)| if bindings.is_empty() { Powers::default() } else { self.powers_of(role) },
            )
            .collect();
    }

    fn powers_of(&self, role: &Role) -> Powers {
        let view = RoleView::new(self, role);
        let mut powers = Powers::default();
        if let Some(rule) = view.everything() {
            powers.everything = Some(Held { capability: Capability::ClusterAdmin, rule });
        }
        for (index, way) in ways().enumerate() {
            let parts: Vec<Option<Held>> = way.parts.iter().map(|part| part(&view)).collect();
            match parts.iter().all(Option::is_some) {
                true => powers.whole.extend(parts.into_iter().flatten().next().map(|held| (way, held))),
                false => {
                    let some = parts.into_iter().enumerate().filter_map(|(at, held)| Some((at, held?)));
                    powers.partial.extend(some.map(|(part, held)| (index, part, held)));
                }
            }
        }
        powers
    }

    /// Whether a role, bound cluster-wide, holds anything an attacker wants.
    pub(crate) fn worth_having(&self, role: &Role) -> bool {
        let view = RoleView::new(self, role);
        if view.any("bind", crate::GROUP, "clusterroles").is_some() {
            return true;
        }
        let others = PRIMITIVES.iter().filter(|primitive| primitive.id != "bind-roles");
        let mut ways = others.flat_map(|primitive| primitive.ways);
        ways.any(|way| way.parts.iter().all(|part| part(&view).is_some()))
    }

    fn note_parts(
        &self,
        partial: &mut FxHashMap<Key, Vec<Partial>>,
        powers: &Powers,
        at: u32,
        binding: &Binding,
    ) {
        for (way, part, held) in &powers.partial {
            let note =
                Partial { way: *way, part: *part, scope: binding.namespace, binding: at, held: held.clone() };
            for key in binding.subjects.iter().filter_map(|subject| subject.key) {
                partial.entry(key).or_default().push(note.clone());
            }
        }
    }

    /// Parts that complete each other over several bindings of one subject.
    fn join_parts(
        &self,
        partial: FxHashMap<Key, Vec<Partial>>,
        emit: &mut impl FnMut(Identity, Grant, Evidence),
    ) {
        let ways: Vec<&'static Way> = ways().collect();
        let mut by_key: Vec<_> = partial.into_iter().filter(|(_, notes)| notes.len() > 1).collect();
        by_key.sort_unstable_by_key(|(key, _)| *key);
        for (key, notes) in by_key {
            let scopes: BTreeSet<Sym> = notes.iter().map(|note| note.scope).collect();
            for (index, way) in ways.iter().enumerate().filter(|(_, way)| way.parts.len() > 1) {
                let mut cluster_wide = false;
                // Cluster scope is the smallest symbol but one, so it comes before every namespace.
                for scope in &scopes {
                    let in_cluster = *scope == Sym::EMPTY;
                    if cluster_wide || !(in_cluster || way.effect.within(self.names.text(*scope))) {
                        continue;
                    }
                    let part = |part: usize| {
                        notes.iter().find(|n| {
                            n.way == index && n.part == part && (n.scope == *scope || n.scope == Sym::EMPTY)
                        })
                    };
                    let whole = (0..way.parts.len()).all(|p| part(p).is_some());
                    let Some(first) = part(0).filter(|_| whole) else { continue };
                    let Some(binding) = self.bindings().get(first.binding as usize) else { continue };
                    cluster_wide = in_cluster;
                    let identity = self.key_identity(key);
                    let mut grant = self.grant(binding, &first.held, identity.clone());
                    grant.rule = None;
                    if !in_cluster {
                        grant.scope = Scope::Namespace(self.names.text(*scope).to_string());
                    }
                    emit(identity, grant, self.evidence(binding, &first.held));
                }
            }
        }
    }

    fn grant(&self, binding: &Binding, held: &Held, through: Identity) -> Grant {
        let scope = match binding.namespace {
            Sym::EMPTY => Scope::Cluster,
            namespace => Scope::Namespace(self.names.text(namespace).to_string()),
        };
        let own = self.rules.get(held.rule as usize).filter(|rule| Some(rule.role) == binding.role);
        Grant {
            capability: held.capability.clone(),
            scope,
            binding: binding.reference.clone(),
            role: binding.role_ref.clone(),
            rule: own.map(|rule| rule.place as usize),
            through,
        }
    }

    fn evidence(&self, binding: &Binding, held: &Held) -> Evidence {
        match self.rule_place(held.rule) {
            // An unchanged default is no object to look at, whether it was read or added; the binding is.
            Some((role, place)) if !role.default => {
                Evidence::field(&role.reference, &role.origin, format!("/rules/{place}"))
            }
            _ => Evidence::field(&binding.reference, &binding.origin, "/roleRef"),
        }
    }

    /// The role a rule is written in and its place there.
    pub fn rule_place(&self, rule: u32) -> Option<(&Role, usize)> {
        let rule = self.rules.get(rule as usize)?;
        Some((self.roles().get(rule.role as usize)?, rule.place as usize))
    }

    /// What one role would give where it is bound: cluster-wide (`None`) or in a namespace.
    pub fn capabilities(&self, role: &ResourceRef, namespace: Option<&str>) -> Vec<Capability> {
        let key = self.names.find(&role.namespace).zip(self.names.find(&role.name));
        let Some(at) = key.and_then(|key| self.role_index.get(&key)) else { return Vec::new() };
        let (Some(role), Some(bound)) = (self.roles.get(*at as usize), self.powers.get(*at as usize)) else {
            return Vec::new();
        };
        let unbound;
        let powers = if self.by_role.get(*at as usize).is_some_and(|list| !list.is_empty()) {
            bound
        } else {
            unbound = self.powers_of(role);
            &unbound
        };
        let mut all: Vec<Capability> = match (&powers.everything, namespace) {
            (Some(held), None) => vec![held.capability.clone()],
            _ => {
                let whole =
                    powers.whole.iter().filter(|(way, _)| namespace.is_none_or(|ns| way.effect.within(ns)));
                whole.map(|(_, held)| held.capability.clone()).collect()
            }
        };
        all.sort();
        all.dedup();
        all
    }
}

/// What a binding makes effective, each capability once.
fn effective<'a>(powers: &'a Powers, namespace: &str, binding: &Binding) -> Vec<&'a Held> {
    let cluster = binding.namespace == Sym::EMPTY;
    if let Some(held) = powers.everything.as_ref().filter(|_| cluster) {
        return vec![held];
    }
    let mut out: Vec<&Held> = Vec::new();
    for (way, held) in &powers.whole {
        let works = cluster || way.effect.within(namespace);
        if works && !out.iter().any(|known| known.capability == held.capability) {
            out.push(held);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::testing::rbac;
    use model::{Capability, Scope};

    const BIND: &str = "
kind: ClusterRole
metadata: {name: binder}
rules: [{apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], verbs: [bind]}]
---
kind: ClusterRole
metadata: {name: writer}
rules: [{apiGroups: [rbac.authorization.k8s.io], resources: [rolebindings], verbs: [create]}]
---
kind: ClusterRoleBinding
metadata: {name: b}
roleRef: {kind: ClusterRole, name: binder}
subjects: [{kind: User, name: jane}]
---
kind: RoleBinding
metadata: {name: w, namespace: dev}
roleRef: {kind: ClusterRole, name: writer}
subjects: [{kind: User, name: jane}]
";

    #[test]
    fn parts_of_two_bindings_add_up_where_both_hold() {
        let grants = rbac(BIND).grants();
        assert_eq!(grants.len(), 1, "{grants:?}");
        assert_eq!(grants[0].1.capability, Capability::Escalate);
        assert_eq!(grants[0].1.scope, Scope::Namespace("dev".into()));
        assert_eq!(&*grants[0].1.binding.name, "b");
    }

    #[test]
    fn parts_of_two_subjects_do_not() {
        let other = BIND.replacen("name: jane", "name: joe", 1);
        assert!(rbac(&other).grants().is_empty());
    }

    #[test]
    fn cluster_scoped_rights_are_inert_in_a_namespace() {
        let set = "
kind: ClusterRole
metadata: {name: proxy}
rules: [{apiGroups: [''], resources: [nodes/proxy], verbs: [get]}]
---
kind: RoleBinding
metadata: {name: b, namespace: dev}
roleRef: {kind: ClusterRole, name: proxy}
subjects: [{kind: User, name: jane}]
";
        assert!(rbac(set).grants().is_empty());
    }

    #[test]
    fn a_namespaced_star_is_no_cluster_admin() {
        let set = "
kind: RoleBinding
metadata: {name: b, namespace: dev}
roleRef: {kind: ClusterRole, name: cluster-admin}
subjects: [{kind: Group, name: devs}]
";
        let grants = rbac(set).grants();
        assert!(grants.iter().all(|(_, g)| g.capability != Capability::ClusterAdmin));
        assert!(grants.iter().all(|(_, g)| g.scope == Scope::Namespace("dev".into())));
        assert!(grants.iter().any(|(_, g)| g.capability == Capability::ListSecrets));
        assert!(grants.iter().all(|(_, g)| g.capability != Capability::NodesProxy));
    }

    /// Read from a server or added, the default role of a server is the same evidence: the binding's.
    #[test]
    fn evidence_for_a_default_role_is_the_binding() {
        let bound = "
kind: ClusterRoleBinding
metadata: {name: b}
roleRef: {kind: ClusterRole, name: cluster-admin}
subjects: [{kind: User, name: jane}]
";
        let read = "
---
kind: ClusterRole
metadata: {name: cluster-admin, labels: {kubernetes.io/bootstrapping: rbac-defaults}}
rules:
- {apiGroups: ['*'], resources: ['*'], verbs: ['*']}
- {nonResourceURLs: ['*'], verbs: ['*']}
";
        for set in [bound.to_owned(), format!("{bound}{read}")] {
            let facts = rbac(&set).facts();
            let evidence: Vec<String> = facts.iter().map(|fact| format!("{:?}", fact.evidence)).collect();
            assert!(!evidence.is_empty() && evidence.iter().all(|e| e.contains("/roleRef")), "{evidence:?}");
        }
    }

    #[test]
    fn defaults_alone_give_no_facts() {
        assert!(rbac("").facts().is_empty());
    }
}
