//! Two workloads as a live list, and the three documents that speak of one of them.

use serde_json::{Value, json};
use std::path::Path;

/// How each source names things. A `@X` is replaced by the digest of that name.
pub(super) struct Row {
    /// The image in the workload's template.
    pub(super) written: &'static str,
    /// What the pod's status says.
    pub(super) runs: Runs,
    pub(super) scan: Scan,
    pub(super) facts: Facts,
    pub(super) alert: Alert,
}

/// What runs.
pub(super) enum Runs {
    /// No pod is in the list: a manifest.
    Nothing,
    /// `image` and `imageID` of a container's status.
    As(&'static str, &'static str),
}

/// What a scan report calls its image; empty is absent.
pub(super) struct Scan {
    pub(super) name: &'static str,
    pub(super) repo: &'static str,
    pub(super) config: &'static str,
}

/// What the signature verdict calls it.
pub(super) struct Facts {
    pub(super) image: &'static str,
    pub(super) digest: &'static str,
}

/// What the alert names.
pub(super) enum Alert {
    /// A pod of namespace shop.
    Pod(&'static str),
    /// A pod of namespace elsewhere.
    Elsewhere(&'static str),
    /// A container.
    Container(&'static str),
    /// A pod's uid.
    Uid(&'static str),
    /// Neither.
    Nothing,
}

const CONTAINER: &str = "3f1c9a77be02aa54d0bd5b6e5d4ef5e0e6a4f59ee7f8c3f1a7f6f0c1e2d3b4a5";
const UID: &str = "0d1f6c1e-5b0a-4f6e-9a53-7d2c1b0e8f11";

/// The vulnerability is exploited in the wild, so that the likeliest way in is through it.
const KNOWN_EXPLOITED: &str = r#"{"title": "Exploited", "catalogVersion": "2026.11.20", "dateReleased": "2026-11-20T10:00:00.0000Z",
    "count": 1, "vulnerabilities": [{"cveID": "CVE-2026-7", "dateAdded": "2026-11-18", "dueDate": "2026-12-09"}]}"#;

/// A text with its digests written out.
fn digests(text: &str) -> String {
    ["I", "M", "C", "N"].iter().zip(["1a", "2b", "3c", "4d"]).fold(text.to_owned(), |text, (name, byte)| {
        let digest = format!("sha256:{}", byte.repeat(32));
        let whole = text.strip_suffix(&format!("@{name}")).map(str::to_owned);
        match whole {
            Some(rest) if rest.is_empty() => digest,
            Some(rest) => format!("{rest}@{digest}"),
            None => text,
        }
    })
}

impl Row {
    /// Writes the list and the documents.
    pub(super) fn write(&self, folder: &Path) -> Result<(), String> {
        let put = |name: &str, text: String| {
            std::fs::write(folder.join(name), text).map_err(|e| format!("{name}: {e}"))
        };
        put("list.json", json!({"apiVersion": "v1", "kind": "List", "items": self.items()}).to_string())?;
        put("scan.json", self.report().to_string())?;
        put("kev.json", KNOWN_EXPLOITED.to_owned())?;
        put("facts.json", self.verdict().to_string())?;
        put("alerts.jsonl", format!("{}\n", self.alert()))
    }

    fn items(&self) -> Vec<Value> {
        let mut items = Vec::new();
        for (name, image) in
            [("web", digests(self.written)), ("cart", "registry.test/shop/cart:7".to_owned())]
        {
            items.push(json!({"apiVersion": "v1", "kind": "Service",
                "metadata": {"name": name, "namespace": "shop"},
                "spec": {"type": "NodePort", "selector": {"app": name}, "ports": [{"port": 80, "nodePort": 30080}]}}));
            items.push(json!({"apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": name, "namespace": "shop", "uid": format!("{name}-deployment")},
                "spec": {"selector": {"matchLabels": {"app": name}}, "template": {
                    "metadata": {"labels": {"app": name}},
                    "spec": {"automountServiceAccountToken": false, "containers": [
                        {"name": name, "image": image, "securityContext": {"privileged": true}}]}}}}));
        }
        let Runs::As(image, id) = self.runs else { return items };
        let owner = |kind: &str, name: &str| json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": format!("{name}-{}", kind.to_lowercase()), "controller": true}]);
        items.push(json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {"name": "web-6c8d9f7b5", "namespace": "shop", "uid": "web-6c8d9f7b5-replicaset", "ownerReferences": owner("Deployment", "web")},
            "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": digests(self.written)}]}}}}));
        items.push(json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "web-6c8d9f7b5-x2kqp", "namespace": "shop", "uid": UID, "labels": {"app": "web"},
                "ownerReferences": owner("ReplicaSet", "web-6c8d9f7b5")},
            "spec": {"nodeName": "node-1", "containers": [{"name": "web", "image": digests(self.written), "securityContext": {"privileged": true}}]},
            "status": {"phase": "Running", "podIP": "10.0.0.7", "containerStatuses": [{"name": "web", "image": digests(image),
                "imageID": digests(id), "containerID": format!("containerd://{CONTAINER}"), "ready": true}]}}));
        items
    }

    fn report(&self) -> Value {
        let Scan { name, repo, config } = self.scan;
        let list = if repo.is_empty() { Vec::new() } else { vec![digests(repo)] };
        json!({"SchemaVersion": 2, "CreatedAt": "2026-11-24T09:12:00Z", "ArtifactName": digests(name), "ArtifactType": "container_image",
            "Metadata": {"OS": {"Family": "alpine", "Name": "3.21.3"}, "ImageID": digests(config), "RepoDigests": list},
            "Results": [{"Target": "web (alpine 3.21.3)", "Class": "os-pkgs", "Type": "alpine", "Vulnerabilities": [
                {"VulnerabilityID": "CVE-2026-7", "PkgName": "libfoo", "InstalledVersion": "2.1", "FixedVersion": "2.2",
                 "Severity": "HIGH", "CVSS": {"nvd": {"V3Vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}}]}]})
    }

    fn verdict(&self) -> Value {
        let Facts { image, digest } = self.facts;
        let mut entry = json!({"observedAt": "2026-11-24T09:30:00Z", "signature": {"state": "unsigned"}});
        for (key, value) in [("image", image), ("digest", digest)] {
            if !value.is_empty() {
                entry[key] = digests(value).into();
            }
        }
        json!({"ringwall": "image-facts/v1", "images": [entry]})
    }

    fn alert(&self) -> Value {
        let fields = match self.alert {
            Alert::Pod(name) => json!({"k8s.ns.name": "shop", "k8s.pod.name": name}),
            Alert::Elsewhere(name) => json!({"k8s.ns.name": "elsewhere", "k8s.pod.name": name}),
            Alert::Container(id) => json!({"container.id": id, "k8s.ns.name": null, "k8s.pod.name": null}),
            Alert::Uid(uid) => json!({"k8s.pod.uid": uid}),
            Alert::Nothing => json!({"proc.name": "sh"}),
        };
        json!({"output": "a shell", "priority": "Notice", "rule": "Terminal shell in container", "source": "syscall",
            "tags": ["T1059", "mitre_execution"], "time": "2026-11-24T09:41:07.123456789Z", "output_fields": fields})
    }
}
