//! What rights are good for to an attacker: one file a family, one line in the list.
//!
//! A primitive is judged once per role; a binding adds where it holds. Rights that only together are good for
//! something are parts, joined per subject over all its bindings ([`crate::Rbac::grants`]).

use crate::RoleView;
use model::Capability;

/// One escalation family.
#[derive(Debug)]
pub struct Primitive {
    /// Stable id, kebab-case; the id of [`Capability::Other`] where the vocabulary has no word of its own.
    pub id: &'static str,
    /// What it lets one do, lower case.
    pub title: &'static str,
    /// What an attacker gains, in plain words.
    pub gives: &'static str,
    /// The rights that make it, as `verb group/resource`, for documentation.
    pub rights: &'static [&'static str],
    /// Ways to have it; each is enough.
    pub ways: &'static [Way],
}

/// One way to have a primitive: every part, from whichever binding.
#[derive(Debug)]
pub struct Way {
    /// Where it has any effect.
    pub effect: Effect,
    /// What must be held. The first is the one a finding names.
    pub parts: &'static [fn(&RoleView<'_>) -> Option<Held>],
}

/// Where a right has any effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// On resources outside namespaces: nothing through a RoleBinding.
    ClusterOnly,
    /// In the namespace of a RoleBinding too.
    Anywhere,
    /// Cluster-wide, or in one of these namespaces.
    In(&'static [&'static str]),
}

/// A part that a role holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The capability it adds up to.
    pub capability: Capability,
    /// The rule, by index into all rules ([`crate::Rbac::rule_place`]).
    pub rule: u32,
}

impl Effect {
    /// Whether it has effect in a namespace.
    pub fn within(self, namespace: &str) -> bool {
        match self {
            Self::ClusterOnly => false,
            Self::Anywhere => true,
            Self::In(namespaces) => namespaces.contains(&namespace),
        }
    }
}

macro_rules! primitives {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*
        /// Every primitive, in the order of documentation. The first is every right on everything.
        pub static PRIMITIVES: &[&Primitive] = &[$(&$name::PRIMITIVE),*];
    };
}

primitives![
    cluster_admin,
    bind_roles,
    escalate_roles,
    impersonate,
    create_pods,
    patch_workloads,
    exec_pods,
    nodes_proxy,
    proxy_pods,
    list_secrets,
    get_secrets,
    mint_token_secret,
    write_secrets,
    create_tokens,
    approve_certificates,
    write_admission,
    create_volumes,
    change_namespaces,
    move_pods,
    write_config,
    redirect_traffic,
    write_apiservices,
];

/// A capability that needs no more words.
pub(crate) fn held(capability: Capability) -> impl Fn(crate::NamesAllowed) -> Held {
    move |names| Held { capability: capability.clone(), rule: names.rule }
}

/// A capability named by its primitive.
pub(crate) fn other(id: &str) -> impl Fn(crate::NamesAllowed) -> Held {
    held(Capability::Other(id.to_owned()))
}

/// The group of webhooks and admission policies.
pub(crate) const ADMISSION: &str = "admissionregistration.k8s.io";

/// Resources whose controllers make pods: group and resource.
pub(crate) const CONTROLLERS: &[(&str, &str)] = &[
    ("apps", "deployments"),
    ("apps", "daemonsets"),
    ("apps", "statefulsets"),
    ("apps", "replicasets"),
    ("batch", "jobs"),
    ("batch", "cronjobs"),
    ("", "replicationcontrollers"),
];

#[cfg(test)]
mod laws {
    use super::*;

    #[test]
    fn ids_are_unique_and_everything_is_explained() {
        let mut ids: Vec<_> = PRIMITIVES.iter().map(|p| p.id).collect();
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), all);
        for p in PRIMITIVES {
            assert!(p.id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", p.id);
            assert!(!p.title.is_empty() && !p.gives.is_empty() && !p.rights.is_empty(), "{}", p.id);
            assert!(p.ways.iter().all(|way| !way.parts.is_empty()) && !p.ways.is_empty(), "{}", p.id);
        }
    }
}
