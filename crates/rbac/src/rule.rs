//! One RbacRule, and when it allows a request.
//!
//! Semantics: `pkg/apis/rbac/v1/evaluation_helpers.go` and `RuleAllows` in
//! `plugin/pkg/auth/authorizer/rbac/rbac.go` of Kubernetes.

use crate::names::{Names, Sym};
use crate::request::Query;

/// One rule of a role, in numbers. Equality leaves out where it stands.
#[derive(Clone, Debug)]
pub(crate) struct RbacRule {
    pub(crate) verbs: Box<[Sym]>,
    pub(crate) groups: Box<[Sym]>,
    pub(crate) resources: Box<[Sym]>,
    pub(crate) names: Box<[Sym]>,
    pub(crate) urls: Box<[Sym]>,
    /// The role it is written in, by index.
    pub(crate) role: u32,
    /// Its place there.
    pub(crate) place: u32,
}

/// The words of a rule, for those who print or compare it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Words<'a> {
    /// API groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub api_groups: Vec<&'a str>,
    /// Resources with subresources.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<&'a str>,
    /// Names it is limited to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource_names: Vec<&'a str>,
    /// Paths.
    #[serde(rename = "nonResourceURLs", skip_serializing_if = "Vec::is_empty")]
    pub non_resource_urls: Vec<&'a str>,
    /// Verbs.
    pub verbs: Vec<&'a str>,
}

/// Whether a list has a word or `*`.
pub(crate) fn any(list: &[Sym], wanted: Option<Sym>) -> bool {
    list.iter().any(|sym| *sym == Sym::STAR || Some(*sym) == wanted)
}

impl RbacRule {
    pub(crate) fn words<'a>(&'a self, names: &'a Names) -> Words<'a> {
        Words {
            api_groups: names.texts(&self.groups).collect(),
            resources: names.texts(&self.resources).collect(),
            resource_names: names.texts(&self.names).collect(),
            non_resource_urls: names.texts(&self.urls).collect(),
            verbs: names.texts(&self.verbs).collect(),
        }
    }

    /// Whether this one rule allows the request.
    pub(crate) fn allows(&self, query: &Query<'_>, names: &Names) -> bool {
        match query {
            Query::Resource { verb, name, .. } => {
                any(&self.verbs, *verb)
                    && self.covers_resource(query)
                    && (self.names.is_empty() || self.names.iter().any(|n| Some(*n) == *name))
            }
            Query::Path { verb, path } => {
                any(&self.verbs, *verb)
                    && self.urls.iter().any(|url| {
                        *url == Sym::STAR || {
                            let url = &**names.text(*url);
                            url == *path
                                || (url.ends_with('*') && path.starts_with(url.trim_end_matches('*')))
                        }
                    })
            }
        }
    }

    /// Whether it speaks of the resource, whatever verb and name. `res/*` is no wildcard here.
    pub(crate) fn covers_resource(&self, query: &Query<'_>) -> bool {
        let Query::Resource { group, combined, any_with_sub, .. } = query else { return false };
        any(&self.groups, *group) && self.speaks_of(*combined, *any_with_sub)
    }

    /// The same, whatever group.
    pub(crate) fn speaks_of(&self, combined: Option<Sym>, any_with_sub: Option<Sym>) -> bool {
        self.resources.iter().any(|resource| {
            *resource == Sym::STAR
                || Some(*resource) == combined
                || (any_with_sub.is_some() && Some(*resource) == any_with_sub)
        })
    }

    fn parts(&self) -> [&[Sym]; 5] {
        [&self.verbs, &self.groups, &self.resources, &self.names, &self.urls]
    }
}

impl PartialEq for RbacRule {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}
impl Eq for RbacRule {}
impl std::hash::Hash for RbacRule {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}
