//! Roles and bindings out of a snapshot's text.

use crate::names::{Names, Sym};
use crate::rule::RbacRule;
use model::{Diagnostic, Identity, Origin, ResourceRef};
use snapshot::{Json, Resource};
use std::sync::Arc;

/// The API group of every object here.
pub const GROUP: &str = "rbac.authorization.k8s.io";

/// A Role or ClusterRole.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its name.
    pub reference: ResourceRef,
    /// Where it was read.
    pub origin: Origin,
    /// Whether it is a default of the server that the snapshot does not hold, or holds unchanged.
    pub default: bool,
    /// Whether its rules are the sum of others'.
    pub aggregated: bool,
    /// Its rules, by index into all rules. Aggregated roles share those of their parts.
    pub(crate) rules: Vec<u32>,
}

/// A subject of a binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Subject {
    pub(crate) key: Option<Key>,
    kind: SubjectKind,
    name: Sym,
    /// Of an account; of a RoleBinding's by default the binding's own.
    namespace: Sym,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum SubjectKind {
    User,
    Group,
    Account,
    Other,
}

/// What a request must carry for a subject to apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Key {
    /// This user name (accounts are matched by theirs).
    User(Sym),
    /// This group.
    Group(Sym),
}

impl Subject {
    /// The identity it stands for.
    pub(crate) fn identity(&self, names: &Names) -> Identity {
        let name = names.text(self.name);
        match self.kind {
            SubjectKind::Group => Identity::Group(name.clone()),
            SubjectKind::Account => {
                Identity::ServiceAccount { namespace: names.text(self.namespace).clone(), name: name.clone() }
            }
            SubjectKind::User | SubjectKind::Other => Identity::user(name),
        }
    }
}

/// A RoleBinding or ClusterRoleBinding.
#[derive(Clone, Debug)]
pub struct Binding {
    /// Its name.
    pub reference: ResourceRef,
    /// Where it was read.
    pub origin: Origin,
    /// Whether it is a default of the server that the snapshot does not hold, or holds unchanged.
    pub default: bool,
    /// The role it names, whether or not it exists.
    pub role_ref: ResourceRef,
    /// The role, by index; `None` when it is not in the snapshot.
    pub(crate) role: Option<u32>,
    /// [`Sym::EMPTY`] for a ClusterRoleBinding.
    pub(crate) namespace: Sym,
    pub(crate) subjects: Box<[Subject]>,
}

/// Reads objects, interning as it goes.
pub(crate) struct Reader {
    pub(crate) names: Names,
    pub(crate) rules: Vec<RbacRule>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Reader {
    pub(crate) fn new() -> Self {
        Self { names: Names::new(), rules: Vec::new(), diagnostics: Vec::new() }
    }

    /// The role in `json`, which will have index `index`.
    pub(crate) fn role(
        &mut self,
        resource: &ResourceRef,
        origin: &Origin,
        json: &Json<'_>,
        index: u32,
    ) -> Role {
        let mut rules = Vec::new();
        for (place, rule) in json.get("rules").items().iter().enumerate() {
            let place = u32::try_from(place).unwrap_or(u32::MAX);
            match self.rule(rule, index, place) {
                Some(rule) => {
                    rules.push(u32::try_from(self.rules.len()).unwrap_or(u32::MAX));
                    self.rules.push(rule);
                }
                None => {
                    self.malformed(resource, origin, &format!("rules[{place}] is no rule; it is left out"))
                }
            }
        }
        if !matches!(json.get("rules"), Json::Array(_) | Json::Null) {
            self.malformed(resource, origin, "rules is no list; it is left out");
        }
        Role {
            reference: resource.clone(),
            origin: origin.clone(),
            default: false,
            aggregated: !json.get("aggregationRule").is_null(),
            rules,
        }
    }

    fn rule(&mut self, json: &Json<'_>, role: u32, place: u32) -> Option<RbacRule> {
        matches!(json, Json::Object(_)).then_some(())?;
        Some(RbacRule {
            verbs: self.list(json.get("verbs"))?,
            groups: self.list(json.get("apiGroups"))?,
            resources: self.list(json.get("resources"))?,
            names: self.list(json.get("resourceNames"))?,
            urls: self.list(json.get("nonResourceURLs"))?,
            role,
            place,
        })
    }

    fn list(&mut self, json: &Json<'_>) -> Option<Box<[Sym]>> {
        match json {
            Json::Null => Some(Box::default()),
            Json::Array(items) => {
                items.iter().map(|item| item.str().map(|word| self.names.add(word))).collect()
            }
            _ => None,
        }
    }

    /// The binding in `json`; its role is looked up by the caller.
    pub(crate) fn binding(&mut self, resource: &ResourceRef, origin: &Origin, json: &Json<'_>) -> Binding {
        let namespace = self.names.add(&resource.namespace);
        let subjects = json.get("subjects").items().iter().map(|s| self.subject(s, namespace)).collect();
        let (kind, name) = (json.at(&["roleRef", "kind"]).text(), json.at(&["roleRef", "name"]).text());
        if name.is_empty() || kind.is_empty() {
            self.malformed(resource, origin, "roleRef names no role; the binding grants nothing");
        }
        let of_role = if kind == "Role" { &*resource.namespace } else { "" };
        Binding {
            reference: resource.clone(),
            origin: origin.clone(),
            default: false,
            role_ref: ResourceRef::new(GROUP, kind, of_role, name),
            role: None,
            namespace,
            subjects,
        }
    }

    fn subject(&mut self, json: &Json<'_>, binding_namespace: Sym) -> Subject {
        let name_text = json.get("name").text();
        let name = self.names.add(name_text);
        let own = json.get("namespace").text();
        let namespace = if own.is_empty() { binding_namespace } else { self.names.add(own) };
        let (kind, key) = match json.get("kind").text() {
            "User" => (SubjectKind::User, Some(Key::User(name))),
            "Group" => (SubjectKind::Group, Some(Key::Group(name))),
            // Without a namespace anywhere it applies to nobody, and a server refuses it.
            "ServiceAccount" if namespace == Sym::EMPTY => (SubjectKind::Account, None),
            "ServiceAccount" => {
                let user = format!("system:serviceaccount:{}:{name_text}", self.names.text(namespace));
                (SubjectKind::Account, Some(Key::User(self.names.add(&user))))
            }
            _ => (SubjectKind::Other, None),
        };
        Subject { key, kind, name, namespace }
    }

    fn malformed(&mut self, resource: &ResourceRef, origin: &Origin, what: &str) {
        let document: Arc<str> = match origin {
            Origin::File { path, .. } => path.clone(),
            _ => "".into(),
        };
        self.diagnostics.push(
            Diagnostic::error("rbac/malformed", format!("{resource}: {what}"))
                .in_document(document)
                .help("the API server refuses this object; what it would have granted is not in the answers"),
        );
    }

    /// Notes an API version no supported server serves. Its meaning is read as v1's.
    pub(crate) fn check_version(&mut self, resource: &Resource) {
        if &*resource.api_version != "rbac.authorization.k8s.io/v1" {
            let message =
                format!("{}: {} is not served; read as v1", resource.reference, resource.api_version);
            let document: Arc<str> = match &resource.origin {
                Origin::File { path, .. } => path.clone(),
                _ => "".into(),
            };
            self.diagnostics.push(
                Diagnostic::warning("rbac/unknown-version", message)
                    .in_document(document)
                    .help("write apiVersion: rbac.authorization.k8s.io/v1"),
            );
        }
    }
}
