//! The algorithm: may this request pass, and through which binding.
//!
//! Semantics: `VisitRulesFor` in `pkg/registry/rbac/validation/rule.go` and `RBACAuthorizer` of Kubernetes.
//! Purely additive: cluster-wide bindings, then (only for a request in a namespace) those of the namespace.

use crate::Rbac;
use crate::load::{Binding, Key, Role};
use crate::names::Sym;
use crate::request::{Attributes, Query, Request};
use model::{Evidence, Gap, Identity, ResourceRef};
use serde::Serialize;

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Decision {
    /// A binding allows it.
    Allowed(Box<Reason>),
    /// No binding allows it: the server refuses unless another authorizer of its chain allows.
    NoOpinion,
    /// No binding that could be read allows it, but not all could be read.
    Unknown(Vec<Gap>),
    /// RBAC does not decide it.
    NotRbac(NotRbac),
}

impl Decision {
    /// Whether the request passes for certain.
    pub fn allowed(&self) -> bool {
        matches!(self, Self::Allowed(_) | Self::NotRbac(NotRbac::Masters))
    }
}

/// Who decides instead of RBAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum NotRbac {
    /// The group `system:masters`: allowed before any authorizer is asked; no binding takes it away.
    Masters,
    /// A node's own identity: the Node authorizer decides by what is scheduled there.
    Node,
}

/// Why a request is allowed: one binding, one rule of its role, one subject.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// The binding.
    pub binding: ResourceRef,
    /// The role it names.
    pub role: ResourceRef,
    /// Index of the rule in the role it is written in.
    pub rule: usize,
    /// The role the rule is written in, where it came by aggregation; else `role`.
    pub written_in: ResourceRef,
    /// The subject of the binding the asker is in.
    pub through: Identity,
    /// The rule.
    pub evidence: Evidence,
}

/// A match in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) binding: u32,
    pub(crate) subject: Key,
    /// Index into all rules.
    pub(crate) rule: u32,
}

impl Rbac {
    /// Whether a request passes. The first binding that allows it is named, cluster-wide ones first, by name.
    pub fn authorize(&self, request: &Request) -> Decision {
        if request.groups.iter().any(|group| group == Identity::MASTERS) {
            return Decision::NotRbac(NotRbac::Masters);
        }
        if let Some(found) = self.matches(request).next() {
            return Decision::Allowed(Box::new(self.reason(found)));
        }
        let node =
            request.user.starts_with("system:node:") && request.groups.iter().any(|g| g == "system:nodes");
        match node {
            true => Decision::NotRbac(NotRbac::Node),
            false if self.gaps.is_empty() => Decision::NoOpinion,
            false => Decision::Unknown(self.gaps.clone()),
        }
    }

    /// Every binding that allows a request (without `system:masters`' bypass), in the order of [`Rbac::authorize`].
    pub fn reasons(&self, request: &Request) -> Vec<Reason> {
        self.matches(request).map(|found| self.reason(found)).collect()
    }

    fn matches<'a>(&'a self, request: &'a Request) -> impl Iterator<Item = Match> + 'a {
        let query = request.attributes.compile(&self.names);
        self.bindings_of(&request.user, &request.groups, request.attributes.namespace())
            .into_iter()
            .filter_map(move |(binding, subject)| self.first_rule(binding, subject, &query))
    }

    fn first_rule(&self, binding: u32, subject: Key, query: &Query<'_>) -> Option<Match> {
        let role = self.role_of(self.bindings.get(binding as usize)?)?;
        let (rule, _) = self.rules_in(role).find(|(_, rule)| rule.allows(query, &self.names))?;
        Some(Match { binding, subject, rule })
    }

    /// Bindings that apply to an asker in a namespace (empty: cluster-wide ones alone), once each.
    pub(crate) fn bindings_of(&self, user: &str, groups: &[String], namespace: &str) -> Vec<(u32, Key)> {
        let keys = self.keys(user, groups);
        let mut scopes = vec![Sym::EMPTY];
        scopes.extend(self.names.find(namespace).filter(|ns| *ns != Sym::EMPTY));
        let mut found: Vec<(u32, Key)> = Vec::new();
        for scope in scopes {
            for key in &keys {
                let list = self.by_subject.get(&(*key, scope)).map_or(&[][..], Vec::as_slice);
                found.extend(list.iter().map(|binding| (*binding, *key)));
            }
        }
        found.sort_unstable();
        found.dedup_by_key(|(binding, _)| *binding);
        found
    }

    /// Whether some binding names this very identity (groups it is in are not looked at).
    pub fn is_bound(&self, who: &Identity) -> bool {
        let key = match who {
            Identity::Group(name) => self.names.find(name).map(Key::Group),
            who => who.username().and_then(|user| self.names.find(&user)).map(Key::User),
        };
        key.is_some_and(|key| self.bound.contains(&key))
    }

    /// The keys of an asker that some binding names.
    pub(crate) fn keys(&self, user: &str, groups: &[String]) -> Vec<Key> {
        let user = self.names.find(user).map(Key::User);
        user.into_iter().chain(groups.iter().filter_map(|g| self.names.find(g).map(Key::Group))).collect()
    }

    pub(crate) fn reason(&self, found: Match) -> Reason {
        let nowhere = || ResourceRef::new("", "", "", "");
        let binding = self.bindings.get(found.binding as usize);
        let rule = self.rules.get(found.rule as usize);
        let written_in = rule.and_then(|rule| self.roles.get(rule.role as usize));
        let place = rule.map_or(0, |rule| rule.place as usize);
        Reason {
            binding: binding.map_or_else(nowhere, |b| b.reference.clone()),
            role: binding.map_or_else(nowhere, |b| b.role_ref.clone()),
            rule: place,
            written_in: written_in.map_or_else(nowhere, |role| role.reference.clone()),
            through: self.key_identity(found.subject),
            evidence: written_in.map_or_else(
                || Evidence::Assumption(String::new()),
                |role| Evidence::field(&role.reference, &role.origin, format!("/rules/{place}")),
            ),
        }
    }

    pub(crate) fn key_identity(&self, key: Key) -> Identity {
        match key {
            Key::User(name) => Identity::user(self.names.text(name)),
            Key::Group(name) => Identity::Group(self.names.text(name).clone()),
        }
    }

    /// Who may make a request, with every binding that allows it. `system:masters` is not listed: it always may.
    pub fn who_can(&self, attributes: &Attributes) -> Vec<Holder<'_>> {
        let query = attributes.compile(&self.names);
        let namespace = self.names.find(attributes.namespace());
        let mut holders = Vec::new();
        for (role, bindings) in self.roles.iter().zip(&self.by_role) {
            if bindings.is_empty() {
                continue;
            }
            let Some((rule, _)) = self.rules_in(role).find(|(_, rule)| rule.allows(&query, &self.names))
            else {
                continue;
            };
            for at in bindings {
                let Some(binding) = self.bindings.get(*at as usize) else { continue };
                if binding.namespace == Sym::EMPTY || Some(binding.namespace) == namespace {
                    holders.push(Holder { rbac: self, binding, at: *at, role, rule });
                }
            }
        }
        holders.sort_unstable_by_key(|holder| holder.at);
        holders
    }
}

/// A binding whose subjects may make a request.
#[derive(Clone, Copy, Debug)]
pub struct Holder<'a> {
    rbac: &'a Rbac,
    /// The binding.
    pub binding: &'a Binding,
    /// The role.
    pub role: &'a Role,
    at: u32,
    rule: u32,
}

impl<'a> Holder<'a> {
    /// The identities the binding names.
    pub fn identities(&self) -> impl Iterator<Item = Identity> + 'a {
        self.rbac.subjects_of(self.binding)
    }

    /// Why, for each of them.
    pub fn reasons(&self) -> impl Iterator<Item = Reason> + 'a {
        let Self { rbac, binding, at, rule, .. } = *self;
        let keys = binding.subjects.iter().filter_map(|subject| subject.key);
        keys.map(move |subject| rbac.reason(Match { binding: at, subject, rule }))
    }

    /// Whether the binding and its role are unchanged defaults of the server.
    pub fn default(&self) -> bool {
        self.binding.default
    }
}

#[cfg(test)]
mod tests;
