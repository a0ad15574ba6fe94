//! What of an object is kept, and what a live pod says of the template it was made from.

use crate::workload::WORKLOAD_KINDS;
use model::ResourceRef;
use serde_json::{Map, Value};

/// Nesting that is kept; Kubernetes' own kinds need about 20, and what cannot be read back must not be kept.
pub(crate) const MAX_DEPTH: usize = 100;

/// Whether a value is nested deeper than [`MAX_DEPTH`]; looks no deeper than that.
pub(crate) fn too_deep(value: &Value) -> bool {
    fn deeper(value: &Value, left: usize) -> bool {
        match value {
            Value::Array(items) => left == 0 || items.iter().any(|item| deeper(item, left - 1)),
            Value::Object(fields) => left == 0 || fields.values().any(|field| deeper(field, left - 1)),
            _ => false,
        }
    }
    deeper(value, MAX_DEPTH)
}

/// Annotations in which tools keep a second copy of the whole object, Secret values included.
const COPIES: &[&str] = &[
    "kubectl.kubernetes.io/last-applied-configuration",
    "banzaicloud.com/last-applied",
    "kapp.k14s.io/original",
    "kapp.k14s.io/original-diff",
    "objectset.rio.cattle.io/applied",
];

/// Takes away what no check reads and what must not be kept.
pub(crate) fn slim(value: &mut Value, reference: &ResourceRef) {
    let Some(object) = value.as_object_mut() else { return };
    let core = reference.group.is_empty();
    if !(core && matches!(&*reference.kind, "Node" | "Service")) {
        object.remove("status");
    }
    // Secret values are never kept, whoever gave them and however malformed.
    if core && &*reference.kind == "Secret" {
        for field in ["data", "stringData"] {
            match object.get_mut(field) {
                Some(Value::Object(values)) => values.values_mut().for_each(|v| *v = Value::Null),
                Some(other) => *other = Value::Null,
                None => {}
            }
        }
    }
    if WORKLOAD_KINDS.iter().any(|(group, kind, _)| *group == &*reference.group && *kind == &*reference.kind)
    {
        drop_null(object);
    }
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    // The uid is in the resource's reference.
    for field in ["managedFields", "resourceVersion", "generation", "selfLink", "uid"] {
        metadata.remove(field);
    }
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.retain(|key, _| !COPIES.contains(&key.as_str()));
    }
}

/// `creationTimestamp: null` and its like, which controllers write into templates.
fn drop_null(object: &mut Map<String, Value>) {
    object.retain(|_, value| !value.is_null());
    object.values_mut().filter_map(Value::as_object_mut).for_each(drop_null);
}

/// Labels that name one pod, one revision or one run, not the template.
const LABELS: &[&str] = &[
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index",
    "batch.kubernetes.io/job-name",
    "controller-revision-hash",
    "controller-uid",
    "job-name",
    "pod-template-generation",
    "pod-template-hash",
    "rollouts-pod-template-hash",
    "statefulset.kubernetes.io/pod-name",
];

/// The template of a controller (`{metadata, spec}`) or of a live pod (the pod itself), without what belongs to
/// one pod: node, token volume, default tolerations, status. Of the annotations only those that set a profile.
pub(crate) fn template(from: &mut Value) -> String {
    let mut spec = from.get_mut("spec").map(Value::take).unwrap_or_default();
    let name = from.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(spec) = spec.as_object_mut() {
        drop_null(spec);
        without_the_pod(spec, &name);
    }
    let mut metadata = Map::new();
    let mut kept = |field: &str, keep: fn(&str) -> bool| {
        let all = from.pointer_mut(&format!("/metadata/{field}")).map(Value::take);
        if let Some(Value::Object(mut all)) = all {
            all.retain(|key, value| keep(key) && value.is_string());
            if !all.is_empty() {
                metadata.insert(field.to_owned(), Value::Object(all));
            }
        }
    };
    kept("labels", |key| !LABELS.contains(&key));
    kept("annotations", |key| key.contains("apparmor.security") || key.contains("seccomp.security"));
    let parts = [("metadata".to_owned(), Value::Object(metadata)), ("spec".to_owned(), spec)];
    Value::Object(parts.into_iter().collect()).to_string()
}

fn without_the_pod(spec: &mut Map<String, Value>, name: &str) {
    for field in ["nodeName", "ephemeralContainers"] {
        spec.remove(field);
    }
    if spec.get("hostname").and_then(Value::as_str) == Some(name) {
        spec.remove("hostname");
    }
    // The DaemonSet controller pins each pod to its node through the affinity.
    let to_node = "/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/0";
    let pinned = spec.get("affinity").is_some_and(|affinity| {
        affinity
            .pointer(to_node.trim_start_matches("/affinity"))
            .is_some_and(|t| t.get("matchFields").is_some())
    });
    if pinned {
        spec.remove("affinity");
    }
    remove_items(spec, "tolerations", |toleration| {
        let text = |key: &str| toleration.get(key).and_then(Value::as_str).unwrap_or_default();
        text("key").starts_with("node.kubernetes.io/") && text("operator") == "Exists"
    });
    let mut tokens = Vec::new();
    remove_items(spec, "volumes", |volume| {
        let token = is_api_access(volume);
        tokens.extend(volume.get("name").and_then(Value::as_str).filter(|_| token).map(str::to_owned));
        token
    });
    for list in ["initContainers", "containers"] {
        let containers = spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
        for container in containers.filter_map(Value::as_object_mut) {
            remove_items(container, "volumeMounts", |mount| {
                mount.get("name").and_then(Value::as_str).is_some_and(|name| tokens.iter().any(|t| t == name))
            });
        }
    }
}

/// The volume the API server adds for the account's token. A name alone does not make it: the content does, or
/// anything could be hidden by calling it so.
fn is_api_access(volume: &Value) -> bool {
    let named = volume.get("name").and_then(Value::as_str).is_some_and(|n| n.starts_with("kube-api-access-"));
    let sources = volume.pointer("/projected/sources").and_then(Value::as_array);
    let harmless = |source: &Value| {
        let known =
            |key: &String| matches!(key.as_str(), "serviceAccountToken" | "configMap" | "downwardAPI");
        let foreign = source.pointer("/serviceAccountToken/audience").is_some();
        source.as_object().is_some_and(|fields| fields.keys().all(known)) && !foreign
    };
    named && sources.is_some_and(|sources| sources.iter().all(harmless))
}

/// Removes items of a list, and the list when nothing is left of it.
fn remove_items(object: &mut Map<String, Value>, field: &str, mut remove: impl FnMut(&Value) -> bool) {
    let Some(items) = object.get_mut(field).and_then(Value::as_array_mut) else { return };
    items.retain(|item| !remove(item));
    if items.is_empty() {
        object.remove(field);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn slimmed(mut value: Value, group: &str, kind: &str) -> Value {
        slim(&mut value, &ResourceRef::new(group, kind, "", "x"));
        value
    }

    #[test]
    fn secret_values_go_and_their_names_stay() {
        let secret = json!({
            "metadata": {"annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": "{hunter2}", "kapp.k14s.io/original": "hunter2", "a": "b",
            }},
            "data": {"password": "aHVudGVyMg=="}, "stringData": {"user": "hunter2"},
        });
        let want = json!({"metadata": {"annotations": {"a": "b"}}, "data": {"password": null}, "stringData": {"user": null}});
        assert_eq!(slimmed(secret, "", "Secret"), want);
        assert_eq!(slimmed(json!({"data": "aHVudGVyMg=="}), "", "Secret"), json!({"data": null}));
        assert_eq!(slimmed(json!({"data": ["hunter2"]}), "", "Secret"), json!({"data": null}));
        // A custom kind of the same name is not one.
        assert_eq!(
            slimmed(json!({"data": {"a": "b"}}), "example.org", "Secret"),
            json!({"data": {"a": "b"}})
        );
    }

    #[test]
    fn only_nodes_and_services_keep_their_status() {
        let object = || json!({"status": {"a": 1}});
        assert_eq!(slimmed(object(), "", "Node"), object());
        assert_eq!(slimmed(object(), "", "Service"), object());
        assert_eq!(slimmed(object(), "serving.knative.dev", "Service"), json!({}));
        assert_eq!(slimmed(object(), "apps", "Deployment"), json!({}));
    }

    #[test]
    fn nulls_go_from_workloads_alone() {
        let object = || json!({"spec": {"template": {"metadata": {"creationTimestamp": null}}}});
        assert_eq!(slimmed(object(), "apps", "Deployment"), json!({"spec": {"template": {"metadata": {}}}}));
        assert_eq!(slimmed(object(), "example.org", "Thing"), object());
    }

    #[test]
    fn a_template_has_nothing_of_its_pod() {
        let token = json!({"name": "kube-api-access-x7", "projected": {"sources": [
            {"serviceAccountToken": {"path": "token"}}, {"configMap": {"name": "kube-root-ca.crt"}}, {"downwardAPI": {}}]}});
        let hidden = json!({"name": "kube-api-access-evil", "hostPath": {"path": "/"}});
        let secret =
            json!({"name": "kube-api-access-s", "projected": {"sources": [{"secret": {"name": "admin"}}]}});
        let mount = |name: &str| json!({"name": name, "mountPath": "/x"});
        let mut pod = json!({
            "metadata": {"name": "web-0", "labels": {"app": "web", "pod-template-hash": "1"}, "annotations": {
                "cni.projectcalico.org/podIP": "10.0.0.1", "container.apparmor.security.beta.kubernetes.io/a": "unconfined"}},
            "spec": {
                "nodeName": "node-1", "hostname": "web-0", "ephemeralContainers": [{"name": "debug"}], "hostPID": true,
                "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
                    {"matchFields": [{"key": "metadata.name"}]}]}}},
                "tolerations": [
                    {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
                    {"key": "mine", "operator": "Exists"}],
                "volumes": [token, hidden, secret],
                "initContainers": [{"name": "i", "volumeMounts": [mount("kube-api-access-x7")]}],
                "containers": [{"name": "a", "volumeMounts": [mount("kube-api-access-x7"), mount("kube-api-access-evil")]}],
            },
            "status": {"phase": "Running"},
        });
        let want = json!({
            "metadata": {"labels": {"app": "web"}, "annotations": {"container.apparmor.security.beta.kubernetes.io/a": "unconfined"}},
            "spec": {
                "hostPID": true, "tolerations": [{"key": "mine", "operator": "Exists"}], "volumes": [hidden, secret],
                "initContainers": [{"name": "i"}],
                "containers": [{"name": "a", "volumeMounts": [mount("kube-api-access-evil")]}],
            },
        });
        assert_eq!(serde_json::from_str::<Value>(&template(&mut pod)).unwrap(), want);
    }

    #[test]
    fn depth_is_counted() {
        let nested = |depth: usize| (1..depth).fold(json!([]), |inner, _| json!([inner]));
        assert!(!too_deep(&nested(MAX_DEPTH)));
        assert!(too_deep(&nested(MAX_DEPTH + 1)));
        assert!(!too_deep(&json!({"a": [1, {"b": 2}]})));
        // What is kept can be read back.
        assert!(!crate::Json::parse(&nested(MAX_DEPTH).to_string()).is_null());
    }
}
