//! Every bundled minor's own objects are told as unchanged, and a changed one is not.

use super::{MINORS, table};
use crate::{Rbac, ServerVersion};
use model::Origin;
use serde_json::{Map, Value, json};
use snapshot::{Builder, Snapshot};

/// A live cluster of a minor that holds its defaults, each changed by `change`.
fn live(minor: u32, change: impl Fn(&str, &mut Map<String, Value>)) -> Snapshot {
    let mut builder = Builder::new("default");
    builder.taken(model::Timestamp::UNIX_EPOCH, Some(format!("v1.{minor}.1")));
    for default in table().filter(|default| default.minors.contains(&minor)) {
        let mut object = default.object();
        let object = object.as_object_mut().expect("an object");
        change(&default.reference.name, object);
        assert!(builder.add(Value::Object(object.clone()), Origin::Builtin));
    }
    builder.build()
}

#[test]
fn each_minors_own_objects_are_unchanged() {
    for minor in MINORS {
        for judged_as in MINORS {
            let rbac = Rbac::new(&live(minor, |_, _| {}), ServerVersion(judged_as));
            assert!(rbac.roles().len() > 60 && rbac.bindings().len() > 50, "{minor}");
            for role in rbac.roles() {
                assert!(role.default, "{} of 1.{minor} judged as 1.{judged_as}", role.reference);
            }
            assert!(rbac.bindings().iter().all(|binding| binding.default), "{minor}");
            assert!(rbac.facts().is_empty(), "{minor}");
        }
    }
}

#[test]
fn one_more_verb_is_a_changed_default() {
    let snapshot = live(36, |name, object| {
        if name == "system:public-info-viewer" && object["kind"] == "ClusterRole" {
            object["rules"][0]["verbs"] = json!(["get", "post"]);
        }
    });
    let rbac = Rbac::new(&snapshot, ServerVersion(36));
    let changed: Vec<_> =
        rbac.roles().iter().filter(|r| !r.default).map(|r| r.reference.to_string()).collect();
    assert_eq!(changed, ["ClusterRole system:public-info-viewer"]);
}

#[test]
fn one_more_subject_is_a_changed_default() {
    let snapshot = live(36, |name, object| {
        if name == "cluster-admin" && object["kind"] == "ClusterRoleBinding" {
            object["subjects"].as_array_mut().unwrap().push(json!({"kind": "Group", "name": "devs"}));
        }
    });
    let rbac = Rbac::new(&snapshot, ServerVersion(36));
    let changed: Vec<_> =
        rbac.bindings().iter().filter(|b| !b.default).map(|b| b.reference.to_string()).collect();
    assert_eq!(changed, ["ClusterRoleBinding cluster-admin"]);
    assert!(!rbac.facts().is_empty());
}

#[test]
fn a_name_alone_is_no_default() {
    let set = "
kind: ClusterRole
metadata: {name: 'system:nodes-extra'}
rules: [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]
---
kind: ClusterRoleBinding
metadata: {name: 'system:nodes-extra'}
roleRef: {kind: ClusterRole, name: 'system:nodes-extra'}
subjects: [{kind: Group, name: 'system:nodes'}]
";
    assert_eq!(crate::testing::rbac(set).grants().len(), 1);
}

#[test]
fn the_nearest_minor() {
    for (version, want) in [(28, 34), (34, 34), (36, 36), (40, 37)] {
        assert_eq!(super::nearest(ServerVersion(version)), want);
    }
}
