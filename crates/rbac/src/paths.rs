//! Chains of rights: from one identity to everything it can become.
//!
//! Breadth-first over identities, with one hub per kind of reach and scope ("every account in shop"), so that the
//! edges stay linear in bindings and accounts.

use crate::{Attributes, Rbac, Request};
use model::{Capability, Grant, Identity, ResourceRef, Scope};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;
use snapshot::Snapshot;
use std::collections::VecDeque;

/// What a chain ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum End {
    /// Every right on everything.
    ClusterAdmin,
    /// Every Secret of the cluster.
    EverySecret,
    /// Code in pods of every namespace, or past admission on every node.
    EveryPod,
}

impl End {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClusterAdmin => "cluster-admin",
            Self::EverySecret => "every Secret of the cluster",
            Self::EveryPod => "code in every pod",
        }
    }
}

/// One step: an identity uses a right and becomes another, or is at an end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Who acts.
    pub from: Identity,
    /// With which right.
    pub grant: Grant,
    /// Who it becomes; `None` at the end.
    pub to: Option<Identity>,
}

/// A shortest chain to an end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Chain {
    /// Where it leads.
    pub end: End,
    /// The steps.
    pub steps: Vec<Step>,
}

/// Everything an identity leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Paths {
    /// One shortest chain per end that can be reached.
    pub chains: Vec<Chain>,
    /// How many other identities it can become.
    pub becomes: usize,
}

/// How one identity reaches others in a scope.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Hub {
    /// Any account there: its token is made, mounted into a pod, or impersonated.
    Accounts(Scope),
    /// Accounts of pods that run there.
    Pods(Scope),
    /// Accounts with a token in a Secret there; these names only, or any.
    Tokens(Scope, Vec<String>),
}

/// Identities looked at before the search stops.
const LIMIT: usize = 100_000;

/// The chains from an identity in some groups (those it is in by itself are added).
pub fn paths(rbac: &Rbac, snapshot: &Snapshot, who: &Identity, groups: &[&str]) -> Paths {
    let world = World::new(rbac, snapshot, groups);
    let mut search = Search::default();
    search.seen.insert(who.clone());
    search.queue.push_back(who.clone());
    let mut extra: Vec<Identity> = groups.iter().map(|group| Identity::group(group)).collect();
    while let Some(from) = search.queue.pop_front() {
        let mut sources = vec![from.clone()];
        sources.extend(from.implicit_groups().into_iter().map(Identity::Group));
        sources.append(&mut extra);
        sources.dedup();
        for grant in sources.iter().filter_map(|source| world.grants.get(source)).flatten() {
            search.use_right(&world, &from, grant);
        }
        if search.seen.len() > LIMIT {
            break;
        }
    }
    search.chains.sort_by_key(|chain| chain.end);
    Paths { chains: search.chains, becomes: search.seen.len().saturating_sub(1) }
}

struct World<'a> {
    rbac: &'a Rbac,
    groups: &'a [&'a str],
    grants: FxHashMap<Identity, Vec<Grant>>,
    accounts: FxHashMap<String, Vec<Identity>>,
    /// Accounts of pods, by namespace.
    running: FxHashMap<String, Vec<Identity>>,
    /// Secret and account of lasting tokens, by namespace.
    tokens: FxHashMap<String, Vec<(String, Identity)>>,
}

impl<'a> World<'a> {
    fn new(rbac: &'a Rbac, snapshot: &Snapshot, groups: &'a [&'a str]) -> Self {
        let mut world = Self {
            rbac,
            groups,
            grants: FxHashMap::default(),
            accounts: FxHashMap::default(),
            running: FxHashMap::default(),
            tokens: FxHashMap::default(),
        };
        for (who, grant) in rbac.grants() {
            // An account that is bound is one, whether or not its manifest was given.
            if let Identity::ServiceAccount { namespace, .. } = &who {
                world.accounts.entry(namespace.to_string()).or_default().push(who.clone());
            }
            world.grants.entry(who).or_default().push(grant);
        }
        for account in snapshot.of("", "ServiceAccount") {
            let ResourceRef { namespace, name, .. } = &account.reference;
            world.accounts.entry(namespace.to_string()).or_default().push(Identity::account(namespace, name));
        }
        for workload in snapshot.workloads() {
            let account = workload.parse().spec().account();
            world.running.entry(workload.reference().namespace.to_string()).or_default().push(account);
        }
        for secret in snapshot.of("", "Secret") {
            let json = secret.json();
            let account = json.at(&["metadata", "annotations", "kubernetes.io/service-account.name"]).text();
            // A live list does not tell the type; then the account a Secret names does.
            let kind = json.get("type").str();
            if kind.is_none_or(|kind| kind == "kubernetes.io/service-account-token") && !account.is_empty() {
                let ResourceRef { namespace, name, .. } = &secret.reference;
                let token = (name.to_string(), Identity::account(namespace, account));
                world.tokens.entry(namespace.to_string()).or_default().push(token);
            }
        }
        world.accounts.values_mut().chain(world.running.values_mut()).for_each(|list| {
            list.sort();
            list.dedup();
        });
        world
    }

    /// Accounts (and users that are bound) whom a right limited to names reaches: the authorizer is asked for each.
    fn named(&self, from: &Identity, scope: &Scope, impersonate: bool) -> Vec<Identity> {
        let mut found = self.reached(&Hub::Accounts(scope.clone()));
        if impersonate {
            let mut users: Vec<Identity> =
                self.grants.keys().filter(|who| matches!(who, Identity::User(_))).cloned().collect();
            users.sort();
            found.append(&mut users);
        }
        found.retain(|to| {
            let (verb, resource) = if impersonate { ("impersonate", "") } else { ("create", "/token") };
            let ask = match to {
                Identity::ServiceAccount { namespace, name } => {
                    Attributes::resource(verb, "", &format!("serviceaccounts{resource}"), namespace, name)
                }
                other => Attributes::resource(verb, "", "users", "", &other.username().unwrap_or_default()),
            };
            let request = Request::by(from, ask).in_groups(self.groups.iter().copied());
            self.rbac.authorize(&request).allowed()
        });
        found
    }

    fn reached(&self, hub: &Hub) -> Vec<Identity> {
        fn within<'a, T>(map: &'a FxHashMap<String, Vec<T>>, scope: &Scope) -> Vec<&'a T> {
            match scope {
                Scope::Cluster => {
                    let mut all: Vec<_> = map.iter().collect();
                    all.sort_by(|a, b| a.0.cmp(b.0));
                    all.into_iter().flat_map(|(_, list)| list).collect()
                }
                Scope::Namespace(namespace) => map.get(namespace).into_iter().flatten().collect(),
            }
        }
        match hub {
            Hub::Accounts(scope) => within(&self.accounts, scope).into_iter().cloned().collect(),
            Hub::Pods(scope) => within(&self.running, scope).into_iter().cloned().collect(),
            Hub::Tokens(scope, names) => within(&self.tokens, scope)
                .into_iter()
                .filter(|(name, _)| names.is_empty() || names.contains(name))
                .map(|(_, account)| account.clone())
                .collect(),
        }
    }
}

#[derive(Default)]
struct Search {
    seen: FxHashSet<Identity>,
    queue: VecDeque<Identity>,
    hubs: FxHashSet<Hub>,
    came: FxHashMap<Identity, Step>,
    chains: Vec<Chain>,
}

impl Search {
    fn use_right(&mut self, world: &World<'_>, from: &Identity, grant: &Grant) {
        let scope = grant.scope.clone();
        let cluster = scope == Scope::Cluster;
        let (ends, hub): (&[End], Option<Hub>) = match &grant.capability {
            Capability::ClusterAdmin => (&[End::ClusterAdmin, End::EverySecret, End::EveryPod], None),
            Capability::Escalate | Capability::Impersonate if cluster => {
                (&[End::ClusterAdmin, End::EverySecret, End::EveryPod], None)
            }
            Capability::Escalate | Capability::Impersonate | Capability::CreateTokens => {
                (&[], Some(Hub::Accounts(scope)))
            }
            Capability::CreatePods if cluster => (&[End::EveryPod], Some(Hub::Accounts(scope))),
            Capability::CreatePods => (&[], Some(Hub::Accounts(scope))),
            Capability::ExecPods | Capability::PatchWorkloads | Capability::WriteAdmission if cluster => {
                (&[End::EveryPod], Some(Hub::Pods(scope)))
            }
            Capability::NodesProxy => (&[End::EveryPod], Some(Hub::Pods(scope))),
            Capability::ExecPods | Capability::PatchWorkloads => (&[], Some(Hub::Pods(scope))),
            Capability::ListSecrets if cluster => (&[End::EverySecret], Some(Hub::Tokens(scope, Vec::new()))),
            Capability::ListSecrets => (&[], Some(Hub::Tokens(scope, Vec::new()))),
            Capability::GetSecrets { names } => (&[], Some(Hub::Tokens(scope, names.clone()))),
            Capability::ApproveCertificates => (&[End::ClusterAdmin], None),
            Capability::Other(id) if id == "mint-token-secret" => (&[], Some(Hub::Accounts(scope))),
            Capability::Other(id) if id == "create-tokens-named" || id == "impersonate-named" => {
                for to in world.named(from, &scope, id == "impersonate-named") {
                    self.become_other(from, grant, to);
                }
                (&[], None)
            }
            Capability::Other(_) | Capability::WriteAdmission | Capability::MovePods => (&[], None),
        };
        for end in ends {
            self.arrive(from, grant, *end);
        }
        let Some(hub) = hub else { return };
        if self.hubs.insert(hub.clone()) {
            for to in world.reached(&hub) {
                self.become_other(from, grant, to);
            }
        }
    }

    fn become_other(&mut self, from: &Identity, grant: &Grant, to: Identity) {
        if self.seen.insert(to.clone()) {
            let step = Step { from: from.clone(), grant: grant.clone(), to: Some(to.clone()) };
            self.came.insert(to.clone(), step);
            self.queue.push_back(to);
        }
    }

    /// Notes the first, hence shortest, chain to an end.
    fn arrive(&mut self, from: &Identity, grant: &Grant, end: End) {
        if self.chains.iter().any(|chain| chain.end == end) {
            return;
        }
        let mut steps = vec![Step { from: from.clone(), grant: grant.clone(), to: None }];
        let mut at = from;
        while let Some(step) = self.came.get(at) {
            steps.push(step.clone());
            at = &step.from;
        }
        steps.reverse();
        self.chains.push(Chain { end, steps });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::snapshot;
    use crate::{Rbac, ServerVersion};

    fn chains(set: &str, who: &Identity) -> Paths {
        let snapshot = snapshot(set);
        paths(&Rbac::new(&snapshot, ServerVersion::LATEST), &snapshot, who, &[])
    }

    const SET: &str = "
kind: Role
metadata: {name: pods, namespace: shop}
rules: [{apiGroups: [''], resources: [pods], verbs: [create]}]
---
kind: RoleBinding
metadata: {name: pods, namespace: shop}
roleRef: {kind: Role, name: pods}
subjects: [{kind: User, name: jane}]
---
kind: ClusterRoleBinding
metadata: {name: ci}
roleRef: {kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: ci, namespace: shop}]
";

    #[test]
    fn through_a_pod_to_an_account_to_everything() {
        let found = chains(SET, &Identity::user("jane"));
        assert_eq!(found.chains[0].end, End::ClusterAdmin);
        let steps: Vec<_> = found.chains[0].steps.iter().map(|s| s.grant.binding.to_string()).collect();
        assert_eq!(steps, ["RoleBinding shop/pods", "ClusterRoleBinding ci"]);
        assert_eq!(found.becomes, 1);
    }

    #[test]
    fn names_lead_to_those_named() {
        let set = "
kind: ClusterRole
metadata: {name: named}
rules:
- {apiGroups: [''], resources: [serviceaccounts/token], resourceNames: [ci], verbs: [create]}
- {apiGroups: [''], resources: [users], resourceNames: [root], verbs: [impersonate]}
---
kind: RoleBinding
metadata: {name: named, namespace: shop}
roleRef: {kind: ClusterRole, name: named}
subjects: [{kind: User, name: jane}]
---
kind: ClusterRoleBinding
metadata: {name: ci}
roleRef: {kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: ci, namespace: shop}, {kind: User, name: root}]
---
kind: RoleBinding
metadata: {name: other, namespace: shop}
roleRef: {kind: ClusterRole, name: edit}
subjects: [{kind: ServiceAccount, name: other, namespace: shop}]
";
        let found = chains(set, &Identity::user("jane"));
        assert_eq!(found.becomes, 1, "the account so named; acting as a user is inert in a namespace");
        assert_eq!(found.chains[0].steps[0].to, Some(Identity::account("shop", "ci")));
    }

    #[test]
    fn nothing_leads_from_nobody() {
        assert_eq!(chains(SET, &Identity::user("joe")), Paths::default());
    }

    #[test]
    fn a_ring_of_accounts_ends() {
        let ring = "
kind: ClusterRole
metadata: {name: mint}
rules: [{apiGroups: [''], resources: [serviceaccounts/token], verbs: [create]}]
---
kind: RoleBinding
metadata: {name: a, namespace: one}
roleRef: {kind: ClusterRole, name: mint}
subjects: [{kind: ServiceAccount, name: x, namespace: two}]
---
kind: RoleBinding
metadata: {name: b, namespace: two}
roleRef: {kind: ClusterRole, name: mint}
subjects: [{kind: ServiceAccount, name: y, namespace: one}]
";
        let found = chains(ring, &Identity::account("two", "x"));
        assert!(found.chains.is_empty());
        assert_eq!(found.becomes, 1);
    }
}
