//! What is asked: who, and which request.

use crate::names::{Names, Sym};
use model::Identity;
use serde::{Deserialize, Serialize};

/// A request as the authorizer sees it. The fields mean what they mean in a SubjectAccessReview.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// User name.
    pub user: String,
    /// Groups, as given: none is added. [`Request::by`] adds those an identity is in anyway.
    #[serde(default)]
    pub groups: Vec<String>,
    /// What is asked for.
    pub attributes: Attributes,
}

/// The request without the asker.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Attributes {
    /// A request for an API object.
    Resource {
        /// `get`, `list`, `create`, …
        verb: String,
        /// API group, empty for core.
        #[serde(default)]
        group: String,
        /// Plural resource without subresource.
        resource: String,
        /// Subresource, or empty.
        #[serde(default)]
        subresource: String,
        /// Namespace; empty for cluster scope and for all namespaces.
        #[serde(default)]
        namespace: String,
        /// Name, empty where the request carries none (POST create, plain list, deletecollection).
        #[serde(default)]
        name: String,
    },
    /// A request for a path of the server.
    NonResource {
        /// HTTP method in lower case.
        verb: String,
        /// Path without query.
        path: String,
    },
}

impl Attributes {
    /// A request for a resource; `resource` may carry `/subresource`.
    pub fn resource(verb: &str, group: &str, resource: &str, namespace: &str, name: &str) -> Self {
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        Self::Resource {
            verb: verb.to_owned(),
            group: group.to_owned(),
            resource: resource.to_owned(),
            subresource: subresource.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// A request for a path.
    pub fn path(verb: &str, path: &str) -> Self {
        Self::NonResource { verb: verb.to_owned(), path: path.to_owned() }
    }

    /// The namespace it is asked in; empty for none.
    pub fn namespace(&self) -> &str {
        match self {
            Self::Resource { namespace, .. } => namespace,
            Self::NonResource { .. } => "",
        }
    }

    pub(crate) fn compile<'a>(&'a self, names: &Names) -> Query<'a> {
        match self {
            Self::Resource { verb, group, resource, subresource, name, .. } => {
                let (combined, any_with_sub) = if subresource.is_empty() {
                    (names.find(resource), None)
                } else {
                    (
                        names.find(&format!("{resource}/{subresource}")),
                        names.find(&format!("*/{subresource}")),
                    )
                };
                Query::Resource {
                    verb: names.find(verb),
                    group: names.find(group),
                    combined,
                    any_with_sub,
                    name: names.find(name),
                }
            }
            Self::NonResource { verb, path } => Query::Path { verb: names.find(verb), path },
        }
    }
}

/// A request in numbers; `None` is a word no rule uses.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Query<'a> {
    Resource {
        verb: Option<Sym>,
        group: Option<Sym>,
        /// `resource` or `resource/subresource`.
        combined: Option<Sym>,
        /// `*/subresource`.
        any_with_sub: Option<Sym>,
        name: Option<Sym>,
    },
    Path {
        verb: Option<Sym>,
        path: &'a str,
    },
}

impl Request {
    /// A request by an identity, with the groups it is in without anyone naming them.
    ///
    /// A group asks as a nameless member of it.
    pub fn by(who: &Identity, attributes: Attributes) -> Self {
        let groups = who.implicit_groups().iter().map(|g| g.to_string()).collect();
        Self { user: who.username().unwrap_or_default(), groups, attributes }
    }

    /// The same, in further groups.
    #[must_use]
    pub fn in_groups<'a>(mut self, groups: impl IntoIterator<Item = &'a str>) -> Self {
        self.groups.extend(groups.into_iter().map(str::to_owned));
        self
    }
}
