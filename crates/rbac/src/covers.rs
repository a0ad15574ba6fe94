//! Whether one set of rules covers another: what escalation prevention asks before a role may be written.
//!
//! Semantics: `component-helpers/auth/rbac/validation/policy_comparator.go`: the new rules are broken into single
//! (group, resource, verb, name) or (path, verb) parts, and each part must be covered by *one* owned rule.

use crate::names::{Names, Sym};
use crate::rule::RbacRule;

/// Parts looked at before the answer is "not covered".
const PARTS: usize = 1_000_000;

/// One part of a rule that is not covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Resource { group: Sym, resource: Sym, verb: Sym, name: Option<Sym> },
    Url { url: Sym, verb: Sym },
}

/// The first part of `wanted` that no rule of `owned` covers.
pub(crate) fn first_uncovered(owned: &[&RbacRule], wanted: &[&RbacRule], names: &Names) -> Option<Part> {
    let parts = wanted.iter().flat_map(|rule| parts(rule));
    let mut left = PARTS;
    parts.into_iter().find(|part| {
        left = left.saturating_sub(1);
        left == 0 || !owned.iter().any(|rule| covers(rule, *part, names))
    })
}

fn parts(rule: &RbacRule) -> impl Iterator<Item = Part> + '_ {
    let resources = rule.groups.iter().flat_map(move |group| {
        rule.resources.iter().flat_map(move |resource| {
            rule.verbs.iter().flat_map(move |verb| {
                let unnamed = rule.names.is_empty().then_some(None);
                unnamed
                    .into_iter()
                    .chain(rule.names.iter().map(|name| Some(*name)))
                    .map(move |name| Part::Resource { group: *group, resource: *resource, verb: *verb, name })
            })
        })
    });
    let urls = rule
        .urls
        .iter()
        .flat_map(move |url| rule.verbs.iter().map(move |verb| Part::Url { url: *url, verb: *verb }));
    resources.chain(urls)
}

fn has(list: &[Sym], wanted: Sym) -> bool {
    list.iter().any(|sym| *sym == Sym::STAR || *sym == wanted)
}

fn covers(owner: &RbacRule, part: Part, names: &Names) -> bool {
    match part {
        Part::Resource { group, resource, verb, name } => {
            has(&owner.verbs, verb)
                && has(&owner.groups, group)
                && (has(&owner.resources, resource) || with_any_parent(owner, resource, names))
                && (owner.names.is_empty() || name.is_some_and(|name| owner.names.contains(&name)))
        }
        Part::Url { url, verb } => {
            has(&owner.verbs, verb)
                && owner.names.is_empty()
                && owner.urls.iter().any(|owned| url_covers(names.text(*owned), names.text(url)))
        }
    }
}

/// `*/sub` covers `res/sub`.
fn with_any_parent(owner: &RbacRule, resource: Sym, names: &Names) -> bool {
    let Some((_, sub)) = names.text(resource).split_once('/') else { return false };
    owner.resources.iter().any(|owned| names.text(*owned).strip_prefix("*/") == Some(sub))
}

fn url_covers(owned: &str, wanted: &str) -> bool {
    owned == wanted || (owned.ends_with('*') && wanted.starts_with(owned.trim_end_matches('*')))
}
