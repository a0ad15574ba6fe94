//! The kubelet's effective configuration: which value holds, by where it is written and what absence means there.
//!
//! Semantics: `k8s.io/kubelet/config/v1beta1` and `cmd/kubelet/app`: flags win over the file; without a file absent
//! flags mean the legacy defaults (anonymous access, AlwaysAllow, read-only port 10255); with one, the hardened ones.
//! `/configz` shows what holds, and leaves out what is zero.

use model::{Diagnostic, Evidence, NodeName, Origin, ResourceRef, Source};
use serde_json::Value;
use snapshot::{Resource, Snapshot};
use std::sync::Arc;

/// What a configuration document may weigh, in bytes.
pub const MAX_BYTES: usize = 4 << 20;

/// Group and kind of a configuration.
pub(crate) const GROUP: &str = "kubelet.config.k8s.io";
pub(crate) const KIND: &str = "KubeletConfiguration";
/// The annotation of one that was read from a running kubelet.
const READ_FROM: &str = "ringwall.dev/read-from";

/// Fields that decide about security and are worth showing.
const DECIDING: &[&[&str]] = &[
    &["authentication", "anonymous", "enabled"],
    &["authorization", "mode"],
    &["readOnlyPort"],
    &["rotateCertificates"],
    &["seccompDefault"],
    &["protectKernelDefaults"],
];

/// What the values were read from, and so what absence means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The running kubelet's `/configz`.
    Configz,
    /// A `KubeletConfiguration` file.
    File,
    /// Flags alone.
    Flags,
}

/// A kubelet's settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Kubelet {
    /// The node, where one is named; else every node that uses the document.
    pub node: Option<NodeName>,
    /// Where the values come from.
    pub kind: Kind,
    /// The configuration; `null` with flags alone.
    pub config: Value,
    /// Flags, which win over the configuration (not over `/configz`, which knows them).
    pub flags: Vec<(String, String)>,
    /// Where to look.
    pub evidence: Evidence,
}

/// A field of the configuration and what decides about it.
#[derive(Debug)]
pub struct Field {
    /// Path in the configuration.
    pub path: &'static [&'static str],
    /// Its flag, without dashes; empty where it has none.
    pub flag: &'static str,
    /// What absence means in a file, as JSON.
    pub in_file: &'static str,
    /// What absence means with flags alone, as JSON.
    pub in_flags: &'static str,
    /// What absence means in `/configz`: the zero value, as JSON.
    pub zero: &'static str,
    /// Whether a value is safe; `None` when it cannot be judged.
    pub safe: fn(&Value) -> Option<bool>,
    /// What to write instead.
    pub write: &'static str,
    /// What is wrong with a value that is not safe.
    pub says: &'static str,
}

/// A value that holds, and whether it was written or is what absence means.
#[derive(Clone, Debug, PartialEq)]
pub struct Effective {
    /// The value.
    pub value: Value,
    /// Whether it stands there.
    pub written: bool,
}

impl Kubelet {
    /// Reads `/configz` (`{"kubeletconfig": {…}}`) or a `KubeletConfiguration`, as JSON. The node is where it came from.
    pub fn parse(text: &[u8], name: &str, node: Option<NodeName>) -> Result<Self, Diagnostic> {
        let bad = |why: String| Diagnostic::error("nodes/kubelet-config", why).in_document(name);
        if text.len() > MAX_BYTES {
            return Err(bad(format!("more than {MAX_BYTES} bytes, which no kubelet needs")));
        }
        let value: Value = serde_json::from_slice(text).map_err(|error| bad(format!("no JSON: {error}")))?;
        let configz = value.get("kubeletconfig").filter(|config| config.is_object());
        let (kind, config) = match configz {
            Some(config) => (Kind::Configz, config.clone()),
            None if value.get("kind").and_then(Value::as_str) == Some("KubeletConfiguration") => {
                (Kind::File, value)
            }
            None => return Err(bad("neither configz nor a KubeletConfiguration".to_owned())),
        };
        let evidence =
            Evidence::Document { source: Source::Node, name: Arc::from(name), line: None, at: None };
        Ok(Self { node, kind, config, flags: Vec::new(), evidence })
    }

    /// Every configuration in a snapshot: those that were read from running kubelets, and files among the manifests;
    /// where no kubelet was read, the one that kubeadm keeps for them.
    pub fn all(snapshot: &Snapshot) -> Vec<Self> {
        let mut all: Vec<Self> = snapshot.of(GROUP, KIND).iter().map(Self::of_resource).collect();
        if !all.iter().any(|kubelet| kubelet.kind == Kind::Configz) {
            all.extend(Self::of_kubeadm(snapshot));
        }
        all
    }

    fn of_resource(resource: &Resource) -> Self {
        let name = &resource.reference.name;
        let node = Some(NodeName(name.clone())).filter(|_| !name.is_empty());
        let running = resource.json().at(&["metadata", "annotations"]).get(READ_FROM).text() == "configz";
        Self {
            node,
            kind: if running { Kind::Configz } else { Kind::File },
            config: serde_json::from_str(resource.text()).unwrap_or_default(),
            flags: Vec::new(),
            evidence: resource.evidence(""),
        }
    }

    /// Those values that decide about security, as written.
    pub fn deciding(&self) -> Vec<String> {
        let value = |path: &&[&str]| {
            let value = path.iter().try_fold(&self.config, |at, part| at.get(part))?;
            let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            Some(format!("{}={}", path.join("."), shown.chars().take(80).collect::<String>()))
        };
        DECIDING.iter().filter_map(value).collect()
    }

    /// The configuration that kubeadm keeps for its kubelets, where a snapshot has it.
    pub(crate) fn of_kubeadm(snapshot: &Snapshot) -> Option<Self> {
        let map = snapshot.of("", "ConfigMap").iter().find(|map| {
            let name = map.reference.name.as_ref();
            &*map.reference.namespace == "kube-system"
                && (name == "kubelet-config" || name.starts_with("kubelet-config-1."))
        })?;
        let json = map.json();
        let text = json.at(&["data", "kubelet"]).str()?;
        let (documents, _) = yaml::read(text.as_bytes(), &yaml::Caps::default());
        let config = documents.into_iter().flat_map(yaml::items).next()?.value;
        let reference: &ResourceRef = &map.reference;
        let origin: &Origin = &map.origin;
        let evidence = Evidence::field(reference, origin, "/data/kubelet");
        Some(Self { node: None, kind: Kind::File, config, flags: Vec::new(), evidence })
    }

    /// Where to look for a field.
    pub fn evidence_of(&self, field: &Field) -> Evidence {
        match &self.evidence {
            Evidence::Field { resource, origin, pointer } if pointer.is_empty() => {
                Evidence::field(resource, origin, format!("/{}", field.path.join("/")))
            }
            other => other.clone(),
        }
    }

    /// What holds for a field.
    pub fn effective(&self, field: &Field) -> Effective {
        let flag = self.flags.iter().rev().find(|(name, _)| !field.flag.is_empty() && name == field.flag);
        if let Some((_, text)) = flag.filter(|_| self.kind != Kind::Configz) {
            let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()));
            return Effective { value, written: true };
        }
        let mut at = &self.config;
        for part in field.path {
            // Where something else stands in place of an object, nobody knows what holds.
            if !(at.is_object() || at.is_null()) {
                return Effective { value: Value::Array(vec![at.clone()]), written: true };
            }
            at = at.get(part).unwrap_or(&Value::Null);
        }
        let written = Some(at).filter(|value| !value.is_null());
        // In a file a duration of zero is one that is not set.
        let unset =
            |value: &&Value| self.kind == Kind::File && value.as_str().is_some_and(|text| text == "0s");
        if let Some(value) = written.filter(|value| !unset(value)) {
            return Effective { value: value.clone(), written: true };
        }
        let absent = match self.kind {
            Kind::Configz => field.zero,
            Kind::File => field.in_file,
            Kind::Flags => field.in_flags,
        };
        Effective { value: serde_json::from_str(absent).unwrap_or_default(), written: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    static ANONYMOUS: Field = Field {
        path: &["authentication", "anonymous", "enabled"],
        flag: "anonymous-auth",
        in_file: "false",
        in_flags: "true",
        zero: "false",
        safe: |value| value.as_bool().map(|on| !on),
        write: "",
        says: "",
    };

    fn kubelet(kind: Kind, config: Value, flags: &[(&str, &str)]) -> Kubelet {
        let flags = flags.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Kubelet { node: None, kind, config, flags, evidence: Evidence::Assumption(String::new()) }
    }

    #[test]
    fn absence_means_two_things() {
        let value = |kind| kubelet(kind, json!({}), &[]).effective(&ANONYMOUS).value;
        assert_eq!(value(Kind::Flags), json!(true));
        assert_eq!(value(Kind::File), json!(false));
        assert_eq!(value(Kind::Configz), json!(false));
    }

    #[test]
    fn flags_win_over_the_file_and_not_over_what_runs() {
        let config = json!({"authentication": {"anonymous": {"enabled": false}}});
        let value =
            |kind| kubelet(kind, config.clone(), &[("anonymous-auth", "true")]).effective(&ANONYMOUS).value;
        assert_eq!(value(Kind::File), json!(true));
        assert_eq!(value(Kind::Configz), json!(false));
    }

    #[test]
    fn a_duration_of_zero_in_a_file_is_not_set() {
        static IDLE: Field = Field { path: &["idle"], flag: "idle", in_file: "\"4h\"", ..ANONYMOUS };
        let value = |kind| kubelet(kind, json!({"idle": "0s"}), &[]).effective(&IDLE).value;
        assert_eq!(value(Kind::File), json!("4h"));
        assert_eq!(value(Kind::Configz), json!("0s"));
    }

    #[test]
    fn something_else_in_place_of_an_object_is_unknown() {
        for lie in [json!("x"), json!(false), json!([])] {
            let value =
                kubelet(Kind::Configz, json!({"authentication": lie}), &[]).effective(&ANONYMOUS).value;
            assert_eq!((ANONYMOUS.safe)(&value), None);
        }
    }

    #[test]
    fn documents() {
        let configz = br#"{"kubeletconfig":{"readOnlyPort":10255}}"#;
        assert_eq!(Kubelet::parse(configz, "c", None).unwrap().kind, Kind::Configz);
        let file = br#"{"kind":"KubeletConfiguration"}"#;
        assert_eq!(Kubelet::parse(file, "c", None).unwrap().kind, Kind::File);
        for bad in [&b"{}"[..], b"[", b"{\"kubeletconfig\":[]}"] {
            assert!(Kubelet::parse(bad, "c", None).is_err());
        }
        assert!(Kubelet::parse(&vec![b' '; MAX_BYTES + 1], "c", None).is_err());
    }
}
