//! Rules of roles as checks look at them, and how corrected ones are written.

use crate::Whole;
use ::rbac::{Role, Words};
use model::{Edit, Evidence, Finding, Fix, Grain, Identity, Rule, Target};
use serde_json::{Value, json};

/// One rule of a role that is no unchanged default.
pub(crate) struct OneRule<'a> {
    pub(crate) role: &'a Role,
    /// Its place in the role.
    pub(crate) place: usize,
    pub(crate) words: Words<'a>,
}

/// Every rule of every role that is no unchanged default.
pub(crate) fn each<'a>(whole: &Whole<'a>) -> impl Iterator<Item = OneRule<'a>> + use<'a> {
    let rbac = whole.rbac;
    rbac.roles()
        .iter()
        .filter(|role| !role.default)
        .flat_map(move |role| rbac.own_rules(role).map(move |(place, words)| OneRule { role, place, words }))
}

impl OneRule<'_> {
    /// A finding at a field of the rule. What it is about is told by words of the rule, not by its place.
    pub(crate) fn finding(&self, rule: &'static Rule, field: &str, message: impl Into<String>) -> Finding {
        let evidence =
            Evidence::field(&self.role.reference, &self.role.origin, format!("/rules/{}{field}", self.place));
        let target = Target::Resource(self.role.reference.clone());
        let mut finding = Finding::new(rule, target, evidence, message);
        let words = [&self.words.api_groups, &self.words.resources, &self.words.resource_names];
        let words: Vec<String> = words.iter().map(|list| list.join(",")).collect();
        finding.instance = Some(words.join("/"));
        finding
    }

    /// A fix that writes another rule in its place.
    pub(crate) fn replace(&self, value: Value, title: impl Into<String>) -> Fix {
        crate::report::set(&self.role.reference, format!("/rules/{}", self.place), value, title)
    }

    /// A fix that takes the rule away and creates resources instead.
    pub(crate) fn move_to(&self, created: Vec<Value>, rest: Vec<Value>, title: impl Into<String>) -> Fix {
        let set = Edit::Set {
            resource: self.role.reference.clone(),
            pointer: "/rules".to_owned(),
            value: Value::Array(rest),
        };
        Fix {
            key: format!("{}/rules/{}", self.role.reference, self.words.resources.join(",")),
            title: title.into(),
            grain: Grain::Object,
            effort: 2,
            breaks: Vec::new(),
            edits: std::iter::once(set)
                .chain(created.into_iter().map(|value| Edit::Create { value }))
                .collect(),
        }
    }

    /// Verbs of the rule that are among these.
    pub(crate) fn verbs_among<'w>(&'w self, wanted: &[&str]) -> Vec<&'w str> {
        self.words.verbs.iter().copied().filter(|verb| wanted.contains(verb)).collect()
    }

    /// Whether it speaks of objects of the API, not of paths.
    pub(crate) fn of_resources(&self) -> bool {
        !self.words.resources.is_empty()
    }
}

/// A rule as a manifest writes it.
pub(crate) fn manifest(words: &Words<'_>) -> Value {
    let (groups, resources, verbs) = (&words.api_groups, &words.resources, &words.verbs);
    match (words.non_resource_urls.as_slice(), words.resource_names.as_slice()) {
        ([], []) => json!({"apiGroups": groups, "resources": resources, "verbs": verbs}),
        ([], names) => {
            json!({"apiGroups": groups, "resources": resources, "resourceNames": names, "verbs": verbs})
        }
        (urls, _) => json!({"nonResourceURLs": urls, "verbs": verbs}),
    }
}

/// A rule with other verbs.
pub(crate) fn with_verbs(words: &Words<'_>, verbs: &[&str]) -> Value {
    manifest(&Words { verbs: verbs.to_vec(), ..words.clone() })
}

/// `a, b and c`, safe to print.
pub(crate) fn and(names: &[&str]) -> String {
    let all: Vec<_> = names.iter().map(|name| model::escape(name)).collect();
    match all.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((only, _)) => only.to_string(),
        None => String::new(),
    }
}

/// An identity by the name requests carry; a group says that it is one.
pub(crate) fn who(identity: &Identity) -> String {
    match identity {
        Identity::Group(name) => format!("group {}", model::escape(name)),
        other => other.username().map_or_else(|| other.to_string(), |name| model::escape(&name).into_owned()),
    }
}

/// Everyone a binding names: three by name and a count.
pub(crate) fn everyone(whole: &Whole<'_>, binding: &::rbac::Binding) -> String {
    let all: Vec<String> = whole.rbac.subjects_of(binding).map(|identity| who(&identity)).collect();
    super::secret_readers::listed(&all)
}
