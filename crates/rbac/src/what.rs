//! Everything an identity may do.

use crate::load::Key;
use crate::names::Sym;
use crate::rule::Words;
use crate::{Binding, Rbac, Role};
use model::{Identity, Scope};

/// One rule that holds for an identity, and why.
#[derive(Clone, Debug)]
pub struct Permission<'a> {
    /// Where it holds.
    pub scope: Scope,
    /// The rule.
    pub rule: Words<'a>,
    /// The binding.
    pub binding: &'a Binding,
    /// The role it names.
    pub role: &'a Role,
    /// The subject of the binding.
    pub through: Identity,
}

impl Rbac {
    /// Every rule that holds for a user in some groups (those it is in by itself included by the caller), cluster-wide
    /// ones first.
    pub fn what_can(&self, user: &str, groups: &[String]) -> Vec<Permission<'_>> {
        let keys = self.keys(user, groups);
        let mut all = Vec::new();
        for binding in self.bindings() {
            let through =
                binding.subjects.iter().filter_map(|subject| subject.key).find(|key| keys.contains(key));
            if let (Some(key), Some(role)) = (through, self.role_of(binding)) {
                self.permissions(binding, role, key, &mut all);
            }
        }
        all
    }

    fn permissions<'a>(
        &'a self,
        binding: &'a Binding,
        role: &'a Role,
        key: Key,
        all: &mut Vec<Permission<'a>>,
    ) {
        let scope = match binding.namespace {
            Sym::EMPTY => Scope::Cluster,
            namespace => Scope::Namespace(self.names.text(namespace).to_string()),
        };
        for (_, rule) in self.rules_in(role) {
            all.push(Permission {
                scope: scope.clone(),
                rule: rule.words(&self.names),
                binding,
                role,
                through: self.key_identity(key),
            });
        }
    }

    /// The rules a role is written with (what came by aggregation left out), each with its place.
    pub fn own_rules<'a>(&'a self, role: &'a Role) -> impl Iterator<Item = (usize, Words<'a>)> + 'a {
        let at = self.role_index.get(&self.role_key(role)).copied();
        self.rules_in(role)
            .filter(move |(_, rule)| Some(rule.role) == at)
            .map(|(_, rule)| (rule.place as usize, rule.words(&self.names)))
    }

    fn role_key(&self, role: &Role) -> (Sym, Sym) {
        let find = |text: &str| self.names.find(text).unwrap_or(Sym::EMPTY);
        (find(&role.reference.namespace), find(&role.reference.name))
    }

    /// The bindings that name a role.
    pub fn bindings_to<'a>(&'a self, role: &Role) -> impl Iterator<Item = &'a Binding> + 'a {
        let at = self.role_index.get(&self.role_key(role));
        let list = at.and_then(|at| self.by_role.get(*at as usize)).map_or(&[][..], Vec::as_slice);
        list.iter().filter_map(|at| self.bindings().get(*at as usize))
    }

    /// Subjects of a binding that can never match: accounts without a namespace, unknown kinds.
    pub fn nobody_in<'a>(&'a self, binding: &'a Binding) -> impl Iterator<Item = Identity> + 'a {
        binding.subjects.iter().filter(|s| s.key.is_none()).map(|s| s.identity(&self.names))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::rbac;
    use model::Scope;

    #[test]
    fn rules_with_scope_and_binding() {
        let set = "
kind: Role
metadata: {name: r, namespace: dev}
rules: [{apiGroups: [''], resources: [pods], verbs: [get]}, {apiGroups: [apps], resources: [deployments], verbs: [list]}]
---
kind: RoleBinding
metadata: {name: b, namespace: dev}
roleRef: {kind: Role, name: r}
subjects: [{kind: User, name: jane}, {kind: Group, name: devs}]
";
        let rbac = rbac(set);
        let all = rbac.what_can("jane", &["devs".to_owned()]);
        assert_eq!(all.len(), 2, "one binding counts once");
        assert_eq!(all[1].rule.resources, ["deployments"]);
        assert_eq!(all[0].scope, Scope::Namespace("dev".into()));
        assert!(rbac.what_can("joe", &[]).is_empty());
        let role = rbac.role("dev", "r").unwrap();
        assert_eq!(rbac.own_rules(role).map(|(place, _)| place).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(rbac.bindings_to(role).count(), 1);
    }
}
