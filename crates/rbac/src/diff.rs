//! Who can newly do what, between two states.

use crate::covers::{Part, first_uncovered};
use crate::load::Key;
use crate::names::{Names, Sym};
use crate::rule::RbacRule;
use crate::{Binding, Rbac};
use model::{Capability, Grant, Identity, ResourceRef, Scope};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;

/// Rights one identity gains through one binding.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Gain {
    /// Who.
    pub identity: Identity,
    /// Where.
    pub scope: Scope,
    /// Through which binding.
    pub binding: ResourceRef,
    /// Of which role.
    pub role: ResourceRef,
    /// The rules that were not covered before, as text: `get,list pods (apps)`.
    pub rules: Vec<String>,
    /// What is newly good for something to an attacker.
    pub capabilities: Vec<Capability>,
}

/// What identities can do in `after` that they could not do in `before`, by identity and scope.
///
/// Judged by escalation prevention's own comparison, subject by subject as bound: a right that moves from a group
/// to its members is a gain of theirs. Bindings that are the same on both sides, roles included, are not compared.
pub fn gains(before: &Rbac, after: &Rbac) -> Vec<Gain> {
    let mut words = Words::new(before);
    let known: FxHashSet<u64> = before.bindings().iter().map(|b| signature(before, b)).collect();
    let capabilities = capability_index(before);
    let mut gains = Vec::new();
    let mut translated: FxHashMap<u32, Vec<RbacRule>> = FxHashMap::default();
    for binding in after.bindings() {
        if known.contains(&signature(after, binding)) {
            continue;
        }
        let Some(role) = after.role_of(binding) else { continue };
        let rules = translated.entry(binding.role.unwrap_or(u32::MAX)).or_insert_with(|| {
            after.rules_in(role).map(|(_, rule)| words.take(rule, after)).collect::<Vec<_>>()
        });
        for subject in &binding.subjects {
            let Some(key) = subject.key else { continue };
            let identity = subject.identity(&after.names);
            let held = words.held(before, &identity, &binding.reference.namespace, after, key);
            let owned: Vec<&RbacRule> = held.iter().collect();
            let new: Vec<String> = rules
                .iter()
                .filter(|rule| first_uncovered(&owned, &[rule], &words.names).is_some())
                .map(|rule| words.text(rule))
                .collect();
            if !new.is_empty() {
                gains.push(gain(after, binding, identity, new, &capabilities));
            }
        }
    }
    gains.sort_by(|a, b| (&a.identity, &a.scope, &a.binding).cmp(&(&b.identity, &b.scope, &b.binding)));
    gains
}

type Held = FxHashSet<(Identity, Scope, Capability)>;

fn capability_index(before: &Rbac) -> Held {
    before
        .grants()
        .into_iter()
        .map(|(who, Grant { scope, capability, .. })| (who, scope, capability))
        .collect()
}

fn gain(after: &Rbac, binding: &Binding, identity: Identity, rules: Vec<String>, before: &Held) -> Gain {
    let namespace = &*binding.reference.namespace;
    let scope = match namespace {
        "" => Scope::Cluster,
        namespace => Scope::Namespace(namespace.to_owned()),
    };
    let mut capabilities = after.capabilities(&binding.role_ref, Some(namespace).filter(|ns| !ns.is_empty()));
    capabilities.retain(|capability| {
        let held = |scope: Scope| before.contains(&(identity.clone(), scope, capability.clone()));
        !held(scope.clone()) && !held(Scope::Cluster)
    });
    Gain {
        identity,
        scope,
        binding: binding.reference.clone(),
        role: binding.role_ref.clone(),
        rules,
        capabilities,
    }
}

/// What a binding grants, as a number: name, subjects, and the content of its role.
fn signature(rbac: &Rbac, binding: &Binding) -> u64 {
    use std::hash::{Hash, Hasher};
    let mut hash = rustc_hash::FxHasher::default();
    binding.reference.hash(&mut hash);
    binding.role_ref.hash(&mut hash);
    rbac.subjects_of(binding).for_each(|identity| identity.hash(&mut hash));
    if let Some(role) = rbac.role_of(binding) {
        rbac.rules_of(role).for_each(|rule| rule.hash(&mut hash));
    }
    hash.finish()
}

/// One table of words for both states.
struct Words {
    names: Names,
    held: FxHashMap<(Identity, String), Vec<RbacRule>>,
}

impl Words {
    fn new(before: &Rbac) -> Self {
        Self { names: before.names.clone(), held: FxHashMap::default() }
    }

    /// A rule of another state in this table's numbers.
    fn take(&mut self, rule: &RbacRule, from: &Rbac) -> RbacRule {
        let mut list = |syms: &[Sym]| {
            syms.iter().map(|sym| self.names.add(from.names.text(*sym))).collect::<Box<[Sym]>>()
        };
        RbacRule {
            verbs: list(&rule.verbs),
            groups: list(&rule.groups),
            resources: list(&rule.resources),
            names: list(&rule.names),
            urls: list(&rule.urls),
            role: rule.role,
            place: rule.place,
        }
    }

    /// What an identity held before, in a namespace or cluster-wide, as it is bound and through implicit groups.
    fn held(
        &mut self,
        before: &Rbac,
        who: &Identity,
        namespace: &str,
        after: &Rbac,
        key: Key,
    ) -> Vec<RbacRule> {
        let at = (who.clone(), namespace.to_owned());
        if let Some(known) = self.held.get(&at) {
            return known.clone();
        }
        let user = match key {
            Key::User(name) => after.names.text(name).to_string(),
            Key::Group(_) => String::new(),
        };
        let mut groups: Vec<String> = who.implicit_groups().iter().map(|g| g.to_string()).collect();
        groups.sort();
        let bindings = before.bindings_of(&user, &groups, namespace);
        let roles =
            bindings.iter().filter_map(|(at, _)| before.role_of(before.bindings().get(*at as usize)?));
        let rules: Vec<RbacRule> =
            roles.flat_map(|role| before.rules_in(role)).map(|(_, r)| r.clone()).collect();
        self.held.insert(at, rules.clone());
        rules
    }

    fn text(&self, rule: &RbacRule) -> String {
        let list = |syms: &[Sym]| self.names.texts(syms).collect::<Vec<_>>().join(",");
        if rule.resources.is_empty() {
            return format!("{} {}", list(&rule.verbs), list(&rule.urls));
        }
        let groups = list(&rule.groups);
        let group = if groups.is_empty() { String::new() } else { format!(" ({groups})") };
        let names =
            if rule.names.is_empty() { String::new() } else { format!(" named {}", list(&rule.names)) };
        format!("{} {}{group}{names}", list(&rule.verbs), list(&rule.resources))
    }
}

impl Rbac {
    /// Whether one set of a role's rules covers another's: what escalation prevention asks before `wanted` may be
    /// written by who holds `owned`. The answer is the first part that is not covered, as text.
    pub fn uncovered(&self, owned: &[&crate::Role], wanted: &crate::Role) -> Option<String> {
        let owned: Vec<&RbacRule> =
            owned.iter().flat_map(|role| self.rules_in(role)).map(|(_, r)| r).collect();
        let wanted: Vec<&RbacRule> = self.rules_in(wanted).map(|(_, rule)| rule).collect();
        let word = |sym: Sym| self.names.text(sym).clone();
        first_uncovered(&owned, &wanted, &self.names).map(|part| match part {
            Part::Resource { group, resource, verb, name } => {
                let group = if group == Sym::EMPTY { String::new() } else { format!(".{}", word(group)) };
                let name = name.map(|name| format!(" {}", word(name))).unwrap_or_default();
                format!("{} {}{group}{name}", word(verb), word(resource))
            }
            Part::Url { url, verb } => format!("{} {}", word(verb), word(url)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::rbac;

    fn set(verbs: &str) -> String {
        format!(
            "
kind: ClusterRole
metadata: {{name: r}}
rules: [{{apiGroups: [''], resources: [secrets], verbs: {verbs}}}]
---
kind: ClusterRoleBinding
metadata: {{name: b}}
roleRef: {{kind: ClusterRole, name: r}}
subjects: [{{kind: User, name: jane}}]
"
        )
    }

    #[test]
    fn one_verb_more_is_one_gain() {
        let gains = gains(&rbac(&set("[get]")), &rbac(&set("[get, list]")));
        assert_eq!(gains.len(), 1);
        assert_eq!(gains[0].identity, Identity::user("jane"));
        assert_eq!(gains[0].rules, ["get,list secrets"]);
        assert_eq!(gains[0].capabilities, [Capability::ListSecrets]);
    }

    #[test]
    fn less_or_the_same_is_none() {
        assert!(gains(&rbac(&set("[get, list]")), &rbac(&set("[get]"))).is_empty());
        assert!(gains(&rbac(&set("[get]")), &rbac(&set("[get]"))).is_empty());
    }

    #[test]
    fn covered_elsewhere_is_no_gain() {
        let admin = "
---
kind: ClusterRoleBinding
metadata: {name: a}
roleRef: {kind: ClusterRole, name: cluster-admin}
subjects: [{kind: User, name: jane}]
";
        let before = format!("{}{admin}", set("[get]"));
        let after = format!("{}{admin}", set("[get, list]"));
        assert!(gains(&rbac(&before), &rbac(&after)).is_empty());
    }
}
