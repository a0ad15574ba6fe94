//! `kind: List` and typed lists, flattened as kubectl does.

use crate::stream::Document;
use serde_json::Value;

/// A resource of a document: the document itself, or one item of the list it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The resource.
    pub value: Value,
    /// Index in the list; `None` when the document is no list.
    pub index: Option<u32>,
}

/// The resources of a document: the elements of `items` when its kind ends in `List` and `items` is a sequence
/// (or null, which is an empty one), else the document itself.
///
/// Items of a typed list (`PodList`) that say neither `kind` nor `apiVersion` get the list's, as
/// `unstructured.UnstructuredList` does. A list within a list is an item like any other.
pub fn items(document: Document) -> Vec<Item> {
    match document.value {
        Value::Object(mut object) if is_list(&object) => {
            let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let (kind, version) = (text("kind"), text("apiVersion"));
            let kind = kind.strip_suffix("List").unwrap_or_default();
            let items = match object.remove("items") {
                Some(Value::Array(items)) => items,
                _ => Vec::new(),
            };
            let typed = |(index, value)| Item { value: named(value, kind, &version), index: Some(index) };
            (0..).zip(items).map(typed).collect()
        }
        value => vec![Item { value, index: None }],
    }
}

fn is_list(object: &serde_json::Map<String, Value>) -> bool {
    object.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"))
        && matches!(object.get("items"), Some(Value::Array(_) | Value::Null))
}

fn named(mut value: Value, kind: &str, version: &str) -> Value {
    if let Value::Object(object) = &mut value
        && !kind.is_empty()
        && !object.contains_key("kind")
        && !object.contains_key("apiVersion")
    {
        object.insert("kind".into(), kind.into());
        object.insert("apiVersion".into(), version.into());
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn flat(value: Value) -> Vec<(Value, Option<u32>)> {
        items(Document { value, offset: 0, source: None }).into_iter().map(|i| (i.value, i.index)).collect()
    }

    #[test]
    fn lists_are_flattened() {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": [{"kind": "Pod"}, 7]});
        assert_eq!(flat(list), [(json!({"kind": "Pod"}), Some(0)), (json!(7), Some(1))]);
        let typed =
            json!({"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": {}}, {"kind": "X"}]});
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {}});
        assert_eq!(flat(typed), [(pod, Some(0)), (json!({"kind": "X"}), Some(1))]);
        assert_eq!(flat(json!({"kind": "List", "items": null})), []);
    }

    #[test]
    fn others_are_themselves() {
        for value in [
            json!({"kind": "Pod", "items": []}),
            json!({"kind": "AllowList", "items": {}}),
            json!({"kind": "AllowList"}),
            json!([1]),
            json!("List"),
        ] {
            assert_eq!(flat(value.clone()), [(value, None)]);
        }
    }
}
