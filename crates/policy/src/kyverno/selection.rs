//! `match` and `exclude` blocks.

use super::{Lowered, Unsupported, only};
use crate::selection::{
    Filter, KindSelector, LabelOperator, LabelSelector, Requirement, Selection, Subject, Users,
};
use serde_json::Value;

const BLOCK_KEYS: [&str; 6] = ["any", "all", "resources", "roles", "clusterRoles", "subjects"];
const RESOURCE_KEYS: [&str; 8] =
    ["kinds", "name", "names", "namespaces", "annotations", "selector", "namespaceSelector", "operations"];

/// Lowers a block: `any`, else `all`, else the block itself is the one filter.
pub(super) fn lower(block: &Value) -> Lowered<Selection> {
    only(block, &BLOCK_KEYS, "match")?;
    let list = |key: &str| block.get(key).and_then(Value::as_array).filter(|list| !list.is_empty());
    if let Some(filters) = list("any") {
        return filters.iter().map(filter).collect::<Lowered<_>>().map(Selection::Any);
    }
    if let Some(filters) = list("all") {
        return filters.iter().map(filter).collect::<Lowered<_>>().map(Selection::All);
    }
    Ok(Selection::Any(vec![filter(block)?]))
}

/// Strings of an array; anything else is left out.
pub(super) fn texts(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn pairs(value: Option<&Value>) -> Vec<(String, String)> {
    let fields = value.and_then(Value::as_object).into_iter().flatten();
    fields.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

fn filter(block: &Value) -> Lowered<Filter> {
    only(block, &BLOCK_KEYS, "match")?;
    let users = Users {
        roles: texts(block.get("roles")),
        cluster_roles: texts(block.get("clusterRoles")),
        subjects: subjects(block.get("subjects")),
    };
    let Some(resources) = block.get("resources") else { return Ok(Filter { users, ..Filter::default() }) };
    only(resources, &RESOURCE_KEYS, "match.resources")?;
    let mut names = Vec::new();
    if let Some(name) = resources.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()) {
        names.push(vec![name.to_owned()]);
    }
    if resources.get("names").and_then(Value::as_array).is_some_and(|list| !list.is_empty()) {
        names.push(texts(resources.get("names")));
    }
    Ok(Filter {
        operations: texts(resources.get("operations")),
        kinds: texts(resources.get("kinds")).iter().map(|kind| KindSelector::parse(kind)).collect(),
        names,
        namespaces: texts(resources.get("namespaces")),
        annotations: pairs(resources.get("annotations")),
        selector: resources.get("selector").map(labels).transpose()?,
        namespace_selector: resources.get("namespaceSelector").map(labels).transpose()?,
        users,
    })
}

fn subjects(value: Option<&Value>) -> Vec<Subject> {
    let text =
        |subject: &Value, key: &str| subject.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let list = value.and_then(Value::as_array).into_iter().flatten();
    list.map(|s| Subject { kind: text(s, "kind"), name: text(s, "name"), namespace: text(s, "namespace") })
        .collect()
}

/// Lowers a label selector.
pub(super) fn labels(value: &Value) -> Lowered<LabelSelector> {
    only(value, &["matchLabels", "matchExpressions"], "selector")?;
    let list = value.get("matchExpressions").and_then(Value::as_array).into_iter().flatten();
    let requirement = |entry: &Value| {
        let operator = match entry.get("operator").and_then(Value::as_str).unwrap_or_default() {
            "In" => LabelOperator::In,
            "NotIn" => LabelOperator::NotIn,
            "Exists" => LabelOperator::Exists,
            "DoesNotExist" => LabelOperator::DoesNotExist,
            other => return Err(Unsupported(format!("operator {other:?} of a label selector"))),
        };
        let key = entry.get("key").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Requirement { key, operator, values: texts(entry.get("values")) })
    };
    Ok(LabelSelector {
        labels: pairs(value.get("matchLabels")),
        expressions: list.map(requirement).collect::<Lowered<_>>()?,
    })
}
