//! The `images` variable: the image references of a resource, taken apart.
//!
//! Semantics: Kyverno `pkg/utils/image` and `pkg/utils/api`: `images.<list>.<container>.{registry, path, name, tag,
//! digest, reference, referenceWithTag, jsonPointer}`, with `docker.io` and `latest` where nothing is written.

use serde_json::{Map, Value};

const LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// Where a kind keeps its pod spec.
fn pod_spec(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "Pod" => "/spec",
        "CronJob" => "/spec/jobTemplate/spec/template/spec",
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "ReplicationController" | "Job" => {
            "/spec/template/spec"
        }
        _ => return None,
    })
}

/// The variable for a resource; `None` when it has no images or one is no reference.
pub(crate) fn variable(object: &Value) -> Option<Value> {
    let spec = pod_spec(object.get("kind")?.as_str()?)?;
    let mut out = Map::new();
    for list in LISTS {
        let Some(containers) = object.pointer(&format!("{spec}/{list}")).and_then(Value::as_array) else {
            continue;
        };
        let mut images = Map::new();
        for (index, container) in containers.iter().enumerate() {
            let (Some(name), Some(image)) = (container.get("name"), container.get("image")) else { continue };
            let mut info = info(image.as_str()?)?;
            info.insert("jsonPointer".to_owned(), Value::from(format!("{spec}/{list}/{index}/image")));
            images.insert(name.as_str()?.to_owned(), Value::Object(info));
        }
        out.insert(list.to_owned(), Value::Object(images));
    }
    (!out.is_empty()).then_some(Value::Object(out))
}

fn info(image: &str) -> Option<Map<String, Value>> {
    let (rest, digest) = match image.split_once('@') {
        Some((rest, digest)) => (rest, digest),
        None => (image, ""),
    };
    let (path, tag) = match rest.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, tag),
        _ => (rest, ""),
    };
    let is_registry = |host: &str| host.contains(['.', ':']) || host == "localhost";
    let (registry, path) = match path.split_once('/') {
        Some((host, path)) if is_registry(host) => (host, path),
        _ => ("docker.io", path),
    };
    if path.is_empty() {
        return None;
    }
    let tag = if tag.is_empty() && digest.is_empty() { "latest" } else { tag };
    let tagged = format!("{registry}/{path}:{tag}");
    let reference = match digest {
        "" => tagged.clone(),
        digest => format!("{registry}/{path}@{digest}"),
    };
    let name = path.rsplit('/').next().unwrap_or(path);
    let fields = [
        ("registry", registry),
        ("path", path),
        ("name", name),
        ("tag", tag),
        ("digest", digest),
        ("reference", &reference),
        ("referenceWithTag", &tagged),
    ];
    let given = fields.into_iter().filter(|(_, value)| !value.is_empty());
    Some(given.map(|(key, value)| (key.to_owned(), Value::from(value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parts(image: &str) -> [String; 5] {
        let info = info(image).unwrap();
        ["registry", "path", "name", "tag", "digest"]
            .map(|key| info.get(key).and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    #[test]
    fn references() {
        assert_eq!(parts("nginx"), ["docker.io", "nginx", "nginx", "latest", ""]);
        assert_eq!(parts("a/b:1"), ["docker.io", "a/b", "b", "1", ""]);
        assert_eq!(parts("registry.test:5000/a/b"), ["registry.test:5000", "a/b", "b", "latest", ""]);
        assert_eq!(parts("registry.test/a@sha256:00"), ["registry.test", "a", "a", "", "sha256:00"]);
        assert_eq!(info(""), None);
    }

    #[test]
    fn resources() {
        let pod = json!({"kind": "Pod", "spec": {"containers": [{"name": "c", "image": "x:1"}]}});
        let images = variable(&pod).unwrap();
        assert_eq!(images.pointer("/containers/c/reference"), Some(&json!("docker.io/x:1")));
        assert_eq!(images.pointer("/containers/c/jsonPointer"), Some(&json!("/spec/containers/0/image")));
        assert_eq!(variable(&json!({"kind": "Service", "spec": {}})), None);
    }
}
