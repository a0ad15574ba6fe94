//! What a document is: a Kubernetes object, something else with an `apiVersion`, or no object at all.

use serde_json::Value;

/// Groups whose documents configure programs and are never sent to a cluster.
const CONFIGURATION: &[&str] = &[
    "audit.k8s.io",
    "client.authentication.k8s.io",
    "kubeadm.k8s.io",
    "kind.x-k8s.io",
    "k3d.io",
    "skaffold",
    "tilt.dev",
];

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// It has kind, version and metadata: it is meant for a cluster.
    Object,
    /// It is meant for a cluster, but bears no name.
    Nameless,
    /// Anything else: values, a chart, a kustomization, a program's configuration.
    Foreign,
}

/// Tells what a document is.
pub(super) fn shape(value: &Value) -> Shape {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
    let configures = CONFIGURATION.contains(&group) || group.ends_with(".config.k8s.io");
    if api_version.is_empty() || kind.is_empty() || configures {
        return Shape::Foreign;
    }
    let Some(metadata) = value.get("metadata").and_then(Value::as_object) else { return Shape::Foreign };
    let named = ["name", "generateName"].iter().any(|key| metadata.get(*key).is_some_and(Value::is_string));
    if named { Shape::Object } else { Shape::Nameless }
}

/// The file a kustomization took an object from (`config.kubernetes.io/origin`), if it says so.
pub(super) fn kustomize_origin(value: &Value) -> Option<&str> {
    let annotation =
        value.get("metadata")?.get("annotations")?.get("config.kubernetes.io/origin")?.as_str()?;
    annotation
        .lines()
        .find_map(|line| line.strip_prefix("path:"))
        .map(str::trim)
        .filter(|path| !path.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn documents_are_told_apart() {
        let meta = json!({"name": "a"});
        for (value, want) in [
            (json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta}), Shape::Object),
            (json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "a-"}}), Shape::Object),
            (json!({"apiVersion": "v1", "kind": "Pod", "metadata": {}}), Shape::Nameless),
            (json!({"apiVersion": "v1", "kind": "Config", "users": []}), Shape::Foreign),
            (json!({"apiVersion": "v2", "name": "chart"}), Shape::Foreign),
            (json!({"replicas": 1}), Shape::Foreign),
            (json!([1]), Shape::Foreign),
            (
                json!({"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "metadata": meta}),
                Shape::Foreign,
            ),
            (json!({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "metadata": meta}), Shape::Foreign),
            (
                json!({"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": meta}),
                Shape::Object,
            ),
        ] {
            assert_eq!(shape(&value), want, "{value}");
        }
    }

    #[test]
    fn kustomize_says_where_it_took_it_from() {
        let origin = "path: base/web.yaml\nrepo: https://git.test/x\n";
        let value = json!({"metadata": {"annotations": {"config.kubernetes.io/origin": origin}}});
        assert_eq!(kustomize_origin(&value), Some("base/web.yaml"));
        assert_eq!(kustomize_origin(&json!({"metadata": {}})), None);
    }
}
