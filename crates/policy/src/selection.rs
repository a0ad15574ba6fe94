//! Which requests a rule is about: kinds, names, labels, operations, users.
//!
//! Semantics: Kyverno `pkg/engine/utils/match.go` and `pkg/utils/match`.

use crate::go::glob;
use crate::request::Request;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Filters of which one, or each, must fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    Any(Vec<Filter>),
    All(Vec<Filter>),
}

/// Everything given must fit; of a list one item must.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) operations: Vec<String>,
    pub(crate) kinds: Vec<KindSelector>,
    /// Each of these lists must fit (`name` is a list of one).
    pub(crate) names: Vec<Vec<String>>,
    pub(crate) namespaces: Vec<String>,
    pub(crate) annotations: Vec<(String, String)>,
    pub(crate) selector: Option<LabelSelector>,
    pub(crate) namespace_selector: Option<LabelSelector>,
    pub(crate) users: Users,
}

/// The part of a filter about who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Users {
    pub(crate) roles: Vec<String>,
    pub(crate) cluster_roles: Vec<String>,
    pub(crate) subjects: Vec<Subject>,
}

/// A subject as RBAC names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
}

/// `group/version/Kind/subresource`, each part a wildcard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KindSelector {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    /// Empty: whatever the subresource.
    pub(crate) subresource: String,
}

/// A label selector as Kubernetes has it, with wildcards in keys and values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LabelSelector {
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) expressions: Vec<Requirement>,
}

/// One `matchExpressions` entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Requirement {
    pub(crate) key: String,
    pub(crate) operator: LabelOperator,
    pub(crate) values: Vec<String>,
}

/// Operators of `matchExpressions`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LabelOperator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

impl KindSelector {
    /// Reads `Pod`, `v1/Pod`, `apps/v1/Deployment`, `Pod/exec`, `Pod.exec`, `*/*`, …
    pub(crate) fn parse(text: &str) -> Self {
        let mut parts: Vec<&str> = text.split('/').collect();
        if let Some(last) = parts.pop() {
            parts.extend(last.split('.'));
        }
        let of = |group: &str, version: &str, kind: &str, subresource: &str| Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
            subresource: subresource.to_owned(),
        };
        match parts.as_slice() {
            ["*", "*"] => of("*", "*", "*", "*"),
            ["*", sub] if sub.to_lowercase() == *sub => of("*", "*", "*", sub),
            [version, kind] if is_version(version) => of("*", version, kind, ""),
            [kind, sub] => of("*", "*", kind, sub),
            [version, kind, sub] if is_version(version) => of("*", version, kind, sub),
            [group, version, kind] if is_version(version) => of(group, version, kind, ""),
            [group, version, kind, sub] => of(group, version, kind, sub),
            [kind] => of("*", "*", kind, ""),
            // Anything else matches nothing.
            _ => of("", "", "", ""),
        }
    }

    fn fits(&self, request: &Request) -> bool {
        let [group, version, kind] = &request.kind;
        let named = glob::matches(&self.group, group)
            && glob::matches(&self.version, version)
            && glob::matches(&self.kind, kind);
        let pod = group.is_empty() && version == "v1" && kind == "Pod";
        let ephemeral = pod && request.subresource == "ephemeralcontainers";
        named
            && (self.subresource.is_empty()
                || glob::matches(&self.subresource, &request.subresource)
                || ephemeral)
    }
}

/// `v1`, `v2beta1`, or `*`.
fn is_version(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('v') else { return text == "*" };
    let tail = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    if tail.len() == rest.len() {
        return false;
    }
    let stage = tail.strip_prefix("alpha").or_else(|| tail.strip_prefix("beta"));
    tail.is_empty() || stage.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

impl LabelSelector {
    /// Whether labels fit. A wildcard is first replaced by the label it matches, as Kyverno does.
    pub(crate) fn fits<'l>(&self, get: &dyn Fn(&str) -> Option<&'l str>, all: &[(&'l str, &'l str)]) -> bool {
        let label = |(key, value): &(String, String)| {
            if glob::is_wild(key) || glob::is_wild(value) {
                return all.iter().any(|(k, v)| glob::matches(key, k) && glob::matches(value, v));
            }
            get(key) == Some(value)
        };
        let requirement = |r: &Requirement| {
            let have = get(&r.key);
            let among = have.is_some_and(|have| r.values.iter().any(|value| value == have));
            match r.operator {
                LabelOperator::In => among,
                LabelOperator::NotIn => !among,
                LabelOperator::Exists => have.is_some(),
                LabelOperator::DoesNotExist => have.is_none(),
            }
        };
        self.labels.iter().all(label) && self.expressions.iter().all(requirement)
    }

    fn fits_object(&self, labels: Option<&Map<String, Value>>) -> bool {
        let get = |key: &str| labels?.get(key)?.as_str();
        let all: Vec<(&str, &str)> = labels
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
            .collect();
        self.fits(&get, &all)
    }

    /// Whether plain labels fit.
    pub(crate) fn fits_map(&self, labels: &BTreeMap<String, String>) -> bool {
        let all: Vec<(&str, &str)> = labels.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        self.fits(&|key| labels.get(key).map(String::as_str), &all)
    }
}

impl Users {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn fits(&self, request: &Request) -> bool {
        if self.is_empty() {
            return true;
        }
        let Some(user) = &request.user else { return false };
        let among =
            |want: &[String], have: &[String]| want.is_empty() || have.iter().any(|h| want.contains(h));
        among(&self.roles, &user.roles)
            && among(&self.cluster_roles, &user.cluster_roles)
            && (self.subjects.is_empty() || self.subjects.iter().any(|s| s.is(user)))
    }
}

impl Subject {
    fn is(&self, user: &crate::request::User) -> bool {
        match self.kind.as_str() {
            "ServiceAccount" => {
                let name = format!("system:serviceaccount:{}:{}", self.namespace, self.name);
                glob::matches(&name, &user.name)
            }
            "Group" => user.groups.iter().any(|group| glob::matches(&self.name, group)),
            "User" => glob::matches(&self.name, &user.name),
            _ => false,
        }
    }
}

impl Filter {
    /// Whether nothing about the object is asked.
    fn is_blank(&self) -> bool {
        let blank = Self { users: self.users.clone(), ..Self::default() };
        *self == blank
    }

    fn fits_object(&self, request: &Request) -> bool {
        let one = |list: &[String], text: &str| list.iter().any(|item| glob::matches(item, text));
        let name = match request.text("/metadata/name") {
            "" => request.text("/metadata/generateName"),
            name => name,
        };
        let is_namespace = request.text("/kind") == "Namespace";
        let namespace = if is_namespace { name } else { request.text("/metadata/namespace") };
        let operation = request.operation.word();
        (self.operations.is_empty() || self.operations.iter().any(|op| op == operation))
            && (self.kinds.is_empty() || self.kinds.iter().any(|kind| kind.fits(request)))
            && self.names.iter().all(|names| one(names, name))
            && (self.namespaces.is_empty() || one(&self.namespaces, namespace))
            && self.fits_metadata(request, is_namespace)
    }

    fn fits_metadata(&self, request: &Request, is_namespace: bool) -> bool {
        let map = |pointer: &str| request.object().pointer(pointer).and_then(Value::as_object);
        let annotations = map("/metadata/annotations");
        let annotated = |(key, value): &(String, String)| {
            annotations
                .into_iter()
                .flatten()
                .any(|(k, v)| glob::matches(key, k) && v.as_str().is_some_and(|v| glob::matches(value, v)))
        };
        self.annotations.iter().all(annotated)
            && self.selector.as_ref().is_none_or(|s| s.fits_object(map("/metadata/labels")))
            && self
                .namespace_selector
                .as_ref()
                .is_none_or(|s| !is_namespace && s.fits_map(&request.namespace_labels))
    }
}

impl Selection {
    /// Whether a `match` takes the request. Without a user, what it says of users is left out.
    pub(crate) fn takes(&self, request: &Request) -> bool {
        let fits = |filter: &Filter| {
            let users = request.user.is_some() && !filter.users.is_empty();
            (users || !filter.is_blank())
                && filter.fits_object(request)
                && (request.user.is_none() || filter.users.fits(request))
        };
        match self {
            Self::Any(filters) => filters.iter().any(fits),
            Self::All(filters) => !filters.is_empty() && filters.iter().all(fits),
        }
    }

    /// Whether an `exclude` drops the request. Without a user, no filter about users fits.
    pub(crate) fn drops(&self, request: &Request) -> bool {
        let fits = |filter: &Filter| {
            (!filter.is_blank() || !filter.users.is_empty())
                && filter.fits_object(request)
                && filter.users.fits(request)
        };
        match self {
            Self::Any(filters) => filters.iter().any(fits),
            Self::All(filters) => !filters.is_empty() && filters.iter().all(fits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Operation, User};
    use serde_json::json;

    fn pod() -> Request {
        Request::create(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-1",
            "namespace": "shop", "labels": {"app": "web", "tier.x/y": "front"}, "annotations": {"a/b": "c"}}}))
    }

    fn kinds(text: &str) -> Filter {
        Filter { kinds: vec![KindSelector::parse(text)], ..Filter::default() }
    }

    fn takes(filter: Filter, request: &Request) -> bool {
        Selection::Any(vec![filter]).takes(request)
    }

    #[test]
    fn kind_selectors() {
        for (text, want) in [
            ("Pod", true),
            ("v1/Pod", true),
            ("*", true),
            ("*/*", true),
            ("*/Pod", true),
            ("P*", true),
            ("apps/v1/Pod", false),
            ("v2/Pod", false),
            ("Pod/exec", false),
            ("Deployment", false),
            ("a/b/c/d/e", false),
        ] {
            assert_eq!(takes(kinds(text), &pod()), want, "{text}");
        }
        let exec = pod().subresource("", "v1", "Pod", "exec");
        assert!(
            takes(kinds("Pod/exec"), &exec)
                && takes(kinds("Pod.exec"), &exec)
                && takes(kinds("*/exec"), &exec)
        );
        assert!(!takes(kinds("Pod/log"), &exec));
    }

    #[test]
    fn everything_given_must_fit() {
        let names = |text: &str| Filter { names: vec![vec![text.to_owned()]], ..kinds("Pod") };
        assert!(takes(names("web-*"), &pod()));
        assert!(!takes(names("db-*"), &pod()));
        let namespaces = Filter { namespaces: vec!["sh*".to_owned()], ..Filter::default() };
        assert!(takes(namespaces, &pod()));
        let annotations =
            Filter { annotations: vec![("a/*".to_owned(), "?".to_owned())], ..Filter::default() };
        assert!(takes(annotations, &pod()));
        let operations = Filter { operations: vec!["DELETE".to_owned()], ..kinds("Pod") };
        assert!(!takes(operations.clone(), &pod()));
        assert!(takes(operations, &pod().operation(Operation::Delete)));
        assert!(!takes(Filter::default(), &pod()));
    }

    #[test]
    fn labels_and_wildcards() {
        let labels = |k: &str, v: &str| Filter {
            selector: Some(LabelSelector {
                labels: vec![(k.to_owned(), v.to_owned())],
                expressions: Vec::new(),
            }),
            ..kinds("Pod")
        };
        assert!(takes(labels("app", "web"), &pod()) && takes(labels("tier.*/y", "f*"), &pod()));
        assert!(!takes(labels("app", "db"), &pod()) && !takes(labels("none*", "*"), &pod()));
        let absent =
            Requirement { key: "gone".to_owned(), operator: LabelOperator::DoesNotExist, values: Vec::new() };
        let selector = LabelSelector { labels: Vec::new(), expressions: vec![absent] };
        assert!(takes(Filter { selector: Some(selector), ..Filter::default() }, &pod()));
    }

    #[test]
    fn users_count_in_match_only_when_known_and_always_in_exclude() {
        let users = Users { cluster_roles: vec!["cluster-admin".to_owned()], ..Users::default() };
        let filter = Filter { users, ..kinds("Pod") };
        let admin = User { cluster_roles: vec!["cluster-admin".to_owned()], ..User::default() };
        assert!(takes(filter.clone(), &pod()));
        assert!(!takes(filter.clone(), &pod().user(User::default())));
        assert!(takes(filter.clone(), &pod().user(admin.clone())));
        let exclude = Selection::Any(vec![filter]);
        assert!(!exclude.drops(&pod()));
        assert!(exclude.drops(&pod().user(admin)));
    }
}
