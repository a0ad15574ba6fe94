//! A snapshot with changes made to it: what the cluster would be after a fix.

use crate::{Builder, Snapshot};
use model::{Edit, Origin, ResourceRef};
use serde_json::{Map, Value};

impl Snapshot {
    /// The same resources with edits applied; pods stay as they run. Returns what could not be applied, in words.
    ///
    /// An edit of a resource that is not there is not applied: a patch for something unseen proves nothing.
    pub fn with(&self, edits: &[Edit]) -> (Snapshot, Vec<String>) {
        let mut failed = Vec::new();
        let changed: Vec<&ResourceRef> = edits
            .iter()
            .filter_map(|edit| match edit {
                Edit::Set { resource, .. } | Edit::Remove { resource, .. } | Edit::Delete { resource } => {
                    Some(resource)
                }
                Edit::Create { .. } => None,
            })
            .collect();
        for resource in &changed {
            if self.get(resource).is_none() {
                failed.push(format!("{resource} is not in the snapshot"));
            }
        }
        // Resources that stay are moved over as they are; the edited ones go through the builder again.
        let mut after = self.clone();
        after.resources.retain(|resource| !changed.contains(&&resource.reference));
        let mut builder = Builder::new("default");
        for resource in self.resources().iter().filter(|resource| changed.contains(&&resource.reference)) {
            let mut value: Option<Value> = serde_json::from_str(resource.text()).ok();
            for edit in in_order(edits) {
                match edit {
                    Edit::Set { resource: of, pointer, value: new } if *of == resource.reference => {
                        let done = value.as_mut().is_some_and(|value| set(value, pointer, new.clone()));
                        if !done {
                            failed.push(format!("{of} has no place for {pointer}"));
                        }
                    }
                    Edit::Remove { resource: of, pointer } if *of == resource.reference => {
                        if let Some(value) = value.as_mut() {
                            remove(value, pointer);
                        }
                    }
                    Edit::Delete { resource: of } if *of == resource.reference => value = None,
                    _ => {}
                }
            }
            if let Some(mut value) = value {
                // A namespace that was implied stays what it was.
                if !resource.reference.namespace.is_empty() {
                    set(&mut value, "/metadata/namespace", (*resource.reference.namespace).into());
                }
                // The text has no uid, see `slim`.
                if let Some(uid) = &resource.reference.uid {
                    set(&mut value, "/metadata/uid", (**uid).into());
                }
                builder.add(value, resource.origin.clone());
            }
        }
        for edit in edits {
            if let Edit::Create { value } = edit
                && !builder.add(value.clone(), Origin::Builtin)
            {
                failed.push("a resource to create is no Kubernetes object".into());
            }
        }
        after.resources.extend(builder.build().resources);
        after.resources.sort_by(|a, b| order(&a.reference).cmp(&order(&b.reference)));
        after.resources.dedup_by(|b, a| order(&a.reference) == order(&b.reference));
        (after, failed)
    }
}

/// Edits in an order in which every pointer means what it meant when the edits were made: what is set first, then what
/// is removed, items of a list from its end. What lies within a value that is set is not removed as well.
pub fn in_order(edits: &[Edit]) -> Vec<&Edit> {
    let removes = |edit: &&Edit| matches!(edit, Edit::Remove { .. });
    let place = |pointer: &str| -> Vec<(Option<u64>, String)> {
        pointer.split('/').map(|part| (part.parse().ok(), part.to_owned())).collect()
    };
    let within_a_set = |edit: &&Edit| {
        let Edit::Remove { resource, pointer } = edit else { return false };
        edits.iter().any(|other| match other {
            Edit::Set { resource: of, pointer: at, .. } => {
                of == resource && pointer.strip_prefix(at.as_str()).is_some_and(|rest| rest.starts_with('/'))
            }
            _ => false,
        })
    };
    let mut removed: Vec<&Edit> = edits.iter().filter(removes).filter(|edit| !within_a_set(edit)).collect();
    removed.sort_by_key(|edit| match edit {
        Edit::Remove { pointer, .. } => std::cmp::Reverse(place(pointer)),
        _ => std::cmp::Reverse(Vec::new()),
    });
    removed.dedup();
    let (last, first): (Vec<&Edit>, Vec<&Edit>) = edits
        .iter()
        .filter(|edit| !removes(edit))
        .partition(|edit| matches!(edit, Edit::Delete { .. } | Edit::Create { .. }));
    first.into_iter().chain(removed).chain(last).collect()
}

fn order(r: &ResourceRef) -> (&str, &str, &str, &str) {
    (&r.group, &r.kind, &r.namespace, &r.name)
}

fn unescape(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

/// Sets the value at a JSON pointer, making missing objects on the way; `false` when something else is in the way.
pub fn set(value: &mut Value, pointer: &str, new: Value) -> bool {
    let Some(path) = pointer.strip_prefix('/') else {
        *value = new;
        return pointer.is_empty();
    };
    let mut at = value;
    for part in path.split('/').map(unescape) {
        at = match at {
            Value::Array(items) => match part.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
                Some(item) => item,
                None => return false,
            },
            Value::Null => {
                *at = Value::Object(Map::new());
                match at {
                    Value::Object(fields) => fields.entry(part).or_insert(Value::Null),
                    _ => return false,
                }
            }
            Value::Object(fields) => fields.entry(part).or_insert(Value::Null),
            _ => return false,
        };
    }
    *at = new;
    true
}

fn remove(value: &mut Value, pointer: &str) {
    let Some((parent, last)) = pointer.rsplit_once('/') else { return };
    match value.pointer_mut(parent) {
        Some(Value::Object(fields)) => {
            fields.remove(&unescape(last));
        }
        Some(Value::Array(items)) => {
            if let Some(index) = last.parse::<usize>().ok().filter(|index| *index < items.len()) {
                items.remove(index);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn snapshot() -> Snapshot {
        let mut builder = Builder::new("default");
        builder.add(
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "a"}}),
            Origin::Builtin,
        );
        builder
            .add(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}), Origin::Builtin);
        builder.build()
    }

    #[test]
    fn fields_are_set_and_resources_made_and_deleted() {
        let account = ResourceRef::new("", "ServiceAccount", "default", "a");
        let edits = [
            Edit::Set { resource: account.clone(), pointer: "/a~1b/c".into(), value: json!(1) },
            Edit::Delete { resource: ResourceRef::new("", "Secret", "default", "s") },
            Edit::Create {
                value: json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}),
            },
        ];
        let (after, failed) = snapshot().with(&edits);
        assert!(failed.is_empty(), "{failed:?}");
        assert_eq!(after.get(&account).unwrap().json().at(&["a/b", "c"]).int(), Some(1));
        assert!(after.of("", "Secret").is_empty());
        assert!(after.find("", "Namespace", "", "n").is_some());
    }

    #[test]
    fn items_are_removed_by_the_places_they_had() {
        let mut builder = Builder::new("default");
        let value = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "list": (0..12).collect::<Vec<_>>()});
        builder.add(value, Origin::Builtin);
        let resource = || ResourceRef::new("", "ConfigMap", "default", "c");
        let edits = ["/list/2", "/list/10", "/list/2"]
            .map(|pointer| Edit::Remove { resource: resource(), pointer: pointer.into() });
        let set = Edit::Set { resource: resource(), pointer: "/list/11".into(), value: json!("x") };
        let (after, _) = builder.build().with(&[&edits[..], &[set]].concat());
        assert!(after.get(&resource()).unwrap().text().contains(r#"[0,1,3,4,5,6,7,8,9,"x"]"#));
    }

    #[test]
    fn an_edit_of_what_is_not_there_fails() {
        let resource = ResourceRef::new("", "ServiceAccount", "default", "b");
        let (after, failed) = snapshot().with(&[Edit::Remove { resource, pointer: "/x".into() }]);
        assert_eq!((after.len(), failed.len()), (2, 1));
    }
}
