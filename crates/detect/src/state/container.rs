//! What is known of a container.

use serde_json::Value;

/// A container, as a runtime describes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Container {
    /// The first 12 digits of its id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Image as written.
    pub image: String,
    /// Image without tag and digest.
    pub repository: String,
    /// Tag.
    pub tag: String,
    /// Id of the image.
    pub image_id: String,
    /// Whether it is privileged; `None` when the runtime does not say.
    pub privileged: Option<bool>,
    /// Mounts: source, destination, mode, whether writable, propagation.
    pub mounts: Vec<Mount>,
    /// Namespace of its pod.
    pub pod_namespace: String,
    /// Name of its pod.
    pub pod_name: String,
    /// When it was made, in nanoseconds since 1970.
    pub started: Option<u64>,
}

/// A mount of a container.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Mount {
    pub source: String,
    pub destination: String,
    pub mode: String,
    pub writable: bool,
    pub propagation: String,
}

impl Container {
    /// Reads the description a capture's container event carries. `None` when it is no such thing.
    pub fn from_json(text: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(event::syscall::text(text)).ok()?;
        let of = value.get("container").unwrap_or(&value);
        let text = |key: &str| of.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
        let label = |key: &str| {
            let value = of.get("labels").and_then(|labels| labels.get(key));
            value.and_then(Value::as_str).unwrap_or("").to_owned()
        };
        let id = text("id");
        let mounts = of.get("Mounts").and_then(Value::as_array).into_iter().flatten();
        let mount = |value: &Value| {
            let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
            Mount {
                source: text("Source"),
                destination: text("Destination"),
                mode: text("Mode"),
                writable: value.get("RW").and_then(Value::as_bool).unwrap_or(false),
                propagation: text("Propagation"),
            }
        };
        let seconds = of.get("created_time").and_then(Value::as_u64).filter(|n| *n > 0);
        (!id.is_empty()).then(|| Self {
            id: id.chars().take(12).collect(),
            name: text("name"),
            image: text("image"),
            repository: text("imagerepo"),
            tag: text("imagetag"),
            image_id: text("imageid"),
            privileged: of.get("privileged").and_then(Value::as_bool),
            mounts: mounts.map(mount).collect(),
            pod_namespace: label("io.kubernetes.pod.namespace"),
            pod_name: label("io.kubernetes.pod.name"),
            started: seconds.and_then(|s| s.checked_mul(1_000_000_000)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions() {
        let text = br#"{"container":{"id":"3ad7b26ded6d8e","name":"web","image":"registry.test/web:1","imagerepo":"registry.test/web","imagetag":"1","privileged":true,"Mounts":[{"Source":"/","Destination":"/host","RW":true,"Mode":"","Propagation":"rprivate"}],"labels":{"io.kubernetes.pod.name":"web-1","io.kubernetes.pod.namespace":"shop"}}}"#;
        let container = Container::from_json(text).unwrap();
        assert_eq!((container.id.as_str(), container.pod_name.as_str()), ("3ad7b26ded6d", "web-1"));
        assert_eq!((container.privileged, container.mounts[0].writable), (Some(true), true));
        assert!(Container::from_json(b"{}").is_none() && Container::from_json(b"[").is_none());
    }
}
