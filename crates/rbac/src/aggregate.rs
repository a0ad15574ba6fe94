//! What the aggregation controller would write into `.rules`, for manifests it has not seen.
//!
//! Semantics: `pkg/controller/clusterroleaggregation`: the union over all selectors, parts by name, the role
//! itself left out; inline rules stay where no part brings any.

use crate::load::Role;
use crate::rule::RbacRule;
use rustc_hash::{FxHashMap, FxHashSet};
use snapshot::Json;

/// Labels and selectors of one ClusterRole.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selected {
    /// The role, by index.
    pub(crate) role: u32,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) selectors: Vec<Selector>,
}

/// A label selector.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selector {
    equal: Vec<(String, String)>,
    expressions: Vec<(String, String, Vec<String>)>,
}

impl Selected {
    /// Reads a ClusterRole.
    pub(crate) fn read(role: u32, json: &Json<'_>) -> Self {
        Self::from_labels(role, json.at(&["metadata", "labels"]), json)
    }

    /// Reads a line of the table of defaults.
    pub(crate) fn read_default(role: u32, json: &Json<'_>) -> Self {
        Self::from_labels(role, json.get("labels"), json)
    }

    fn from_labels(role: u32, labels: &Json<'_>, json: &Json<'_>) -> Self {
        let pairs = |json: &Json<'_>| {
            let fields = json.fields().iter();
            fields.map(|(k, v)| (k.to_string(), v.text().to_owned())).collect::<Vec<_>>()
        };
        let labels = pairs(labels);
        let selectors = json.at(&["aggregationRule", "clusterRoleSelectors"]).items().iter();
        let selectors = selectors.map(|selector| Selector {
            equal: pairs(selector.get("matchLabels")),
            expressions: selector
                .get("matchExpressions")
                .items()
                .iter()
                .map(|e| {
                    let values = e.get("values").strings().map(str::to_owned).collect();
                    (e.get("key").text().to_owned(), e.get("operator").text().to_owned(), values)
                })
                .collect(),
        });
        Self { role, labels, selectors: selectors.collect() }
    }
}

impl Selector {
    fn matches(&self, labels: &[(String, String)]) -> bool {
        let value = |key: &str| labels.iter().find(|(k, _)| k == key).map(|(_, v)| v);
        self.equal.iter().all(|(key, want)| value(key) == Some(want))
            && self.expressions.iter().all(|(key, operator, values)| match (operator.as_str(), value(key)) {
                ("In", Some(have)) => values.contains(have),
                ("NotIn", Some(have)) => !values.contains(have),
                ("NotIn", None) | ("Exists", Some(_)) | ("DoesNotExist", None) => true,
                _ => false,
            })
    }
}

/// Rounds after which a chain of aggregates is left as it is; each round settles at least one link.
const ROUNDS: usize = 64;

/// Fills the rules of aggregating roles. `candidates` are ClusterRoles by name.
pub(crate) fn materialise(roles: &mut [Role], rules: &[RbacRule], candidates: &[Selected]) {
    let parts: Vec<(u32, Vec<u32>)> = candidates
        .iter()
        .filter(|candidate| !candidate.selectors.is_empty())
        .map(|aggregate| (aggregate.role, parts_of(aggregate, candidates)))
        .collect();
    let mut sizes: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
    for _ in 0..ROUNDS {
        let mut changed = false;
        for (target, parts) in &parts {
            let union = union(roles, rules, parts);
            if union.is_empty() || sizes.get(target) == Some(&union) {
                continue;
            }
            if let Some(role) = roles.get_mut(*target as usize)
                && role.rules != union
            {
                role.rules = union.clone();
                changed = true;
            }
            sizes.insert(*target, union);
        }
        if !changed {
            break;
        }
    }
}

fn parts_of(aggregate: &Selected, candidates: &[Selected]) -> Vec<u32> {
    let chosen = candidates.iter().filter(|part| {
        part.role != aggregate.role && aggregate.selectors.iter().any(|s| s.matches(&part.labels))
    });
    chosen.map(|part| part.role).collect()
}

fn union(roles: &[Role], rules: &[RbacRule], parts: &[u32]) -> Vec<u32> {
    let mut seen: FxHashSet<&RbacRule> = FxHashSet::default();
    let mut union = Vec::new();
    for id in parts.iter().filter_map(|part| roles.get(*part as usize)).flat_map(|role| &role.rules) {
        if rules.get(*id as usize).is_some_and(|rule| seen.insert(rule)) {
            union.push(*id);
        }
    }
    union
}
