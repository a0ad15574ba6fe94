//! A role as the primitives see it: which requests do its rules allow, for which names.

use crate::names::Sym;
use crate::rule::any;
use crate::version::ServerVersion;
use crate::{Rbac, Role};

/// One role's rules, asked without a name in mind.
#[derive(Clone, Copy, Debug)]
pub struct RoleView<'a> {
    rbac: &'a Rbac,
    role: &'a Role,
}

/// For which names something is allowed, and by which rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The (first) rule, by index into all rules ([`Rbac::rule_place`]).
    pub rule: u32,
    /// The names; empty for any, and for requests that carry none.
    pub only: Vec<String>,
}

impl Names {
    /// Whether it holds for every name.
    pub fn any(&self) -> bool {
        self.only.is_empty()
    }

    /// Whether it holds for this name.
    pub fn has(&self, name: &str) -> bool {
        self.any() || self.only.iter().any(|only| only == name)
    }
}

impl<'a> RoleView<'a> {
    pub(crate) fn new(rbac: &'a Rbac, role: &'a Role) -> Self {
        Self { rbac, role }
    }

    /// The server version to judge by.
    pub fn version(&self) -> ServerVersion {
        self.rbac.version
    }

    /// The role.
    pub fn role(&self) -> &'a Role {
        self.role
    }

    /// The other roles, for those who grant what a named role holds.
    pub fn rbac(&self) -> &'a Rbac {
        self.rbac
    }

    /// For which names a verb is allowed on a resource (`pods`, `pods/exec`); `None` for none.
    pub fn names(&self, verb: &str, group: &str, resource: &str) -> Option<Names> {
        let words = &self.rbac.names;
        let combined = words.find_hot(resource);
        let any_with_sub = resource.split_once('/').and_then(|(_, sub)| words.find_hot(&format!("*/{sub}")));
        // Most roles say nothing of most resources: the other words are looked up only for those that do.
        let mut rules =
            self.rbac.rules_in(self.role).filter(|(_, rule)| rule.speaks_of(combined, any_with_sub));
        let first = rules.next()?;
        let (verb, group) = (words.find_hot(verb), words.find_hot(group));
        let mut limited: Option<Names> = None;
        for (id, rule) in std::iter::once(first).chain(rules) {
            if !(any(&rule.verbs, verb) && any(&rule.groups, group)) {
                continue;
            }
            if rule.names.is_empty() {
                return Some(Names { rule: id, only: Vec::new() });
            }
            // The empty name is what a request without a name carries: for asks about objects it is no name.
            let texts = words.texts(&rule.names).filter(|name| !name.is_empty());
            let names = limited.get_or_insert(Names { rule: id, only: Vec::new() });
            names.only.extend(texts.map(str::to_owned));
        }
        let mut limited = limited.filter(|names| !names.only.is_empty())?;
        limited.only.sort();
        limited.only.dedup();
        Some(limited)
    }

    /// Like [`RoleView::names`], but only if it holds for every name.
    pub fn any(&self, verb: &str, group: &str, resource: &str) -> Option<Names> {
        self.names(verb, group, resource).filter(Names::any)
    }

    /// The first of some verbs that is allowed on a resource for every name.
    pub fn any_of(&self, verbs: &[&str], group: &str, resource: &str) -> Option<Names> {
        verbs.iter().find_map(|verb| self.any(verb, group, resource))
    }

    /// The widest of what some verbs are allowed on a resource: any name if there is one, else the first's names.
    pub fn widest(&self, verbs: &[&str], group: &str, resource: &str) -> Option<Names> {
        self.any_of(verbs, group, resource)
            .or_else(|| verbs.iter().find_map(|verb| self.names(verb, group, resource)))
    }

    /// Whether a new object can be made by POST: the request carries no name, so a rule limited to names is void.
    pub fn post(&self, group: &str, resource: &str) -> Option<Names> {
        self.any("create", group, resource)
    }

    /// Names under which a new object can be made: by POST, or by server-side apply where `patch` is held too.
    pub fn make(&self, group: &str, resource: &str) -> Option<Names> {
        if let Some(any) = self.post(group, resource) {
            return Some(any);
        }
        let (create, patch) = (self.names("create", group, resource)?, self.names("patch", group, resource)?);
        let only: Vec<String> = create.only.iter().filter(|name| patch.has(name)).cloned().collect();
        (!only.is_empty()).then_some(Names { rule: create.rule, only })
    }

    /// The rule that allows every verb on everything, if there is one.
    pub fn everything(&self) -> Option<u32> {
        let all = |list: &[Sym]| list.contains(&Sym::STAR);
        let mut rules = self.rbac.rules_in(self.role);
        rules
            .find(|(_, r)| all(&r.verbs) && all(&r.groups) && all(&r.resources) && r.names.is_empty())
            .map(|(id, _)| id)
    }
}
