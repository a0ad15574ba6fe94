//! What runs the cluster: each component, its version, where that is written, and what cannot be seen.

use crate::control_plane::processes;
use model::{Evidence, Gap, NodeName, Ring};
use snapshot::{Json, Resource, Snapshot};

/// A component on a node, or of the control plane.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Component {
    /// `kubelet`, `containerd`, `kube-apiserver`.
    pub name: String,
    /// Its version as written; `None` when nobody says.
    pub version: Option<String>,
    /// The node it runs on, where one is named.
    pub node: Option<NodeName>,
    /// Where it was seen.
    pub source: Evidence,
    /// How it is set: flags that decide about security, as written.
    pub settings: Vec<String>,
}

/// Components found, and what could not be seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Components {
    /// By name, version and node.
    pub found: Vec<Component>,
    /// What only someone else can show.
    pub gaps: Vec<Gap>,
}

/// Clouds whose control plane cannot be seen from inside: prefix of `providerID`, name, and what shows it.
const MANAGED: &[(&str, &str, &str)] = &[
    ("aws://", "EKS", "aws eks describe-cluster --name NAME"),
    ("gce://", "GKE", "gcloud container clusters describe NAME"),
    ("azure://", "AKS", "az aks show --resource-group GROUP --name NAME"),
];

/// Everything that a snapshot names.
pub fn components(snapshot: &Snapshot) -> Components {
    let mut all = Components::default();
    for node in snapshot.of("", "Node") {
        of_node(node, &mut all.found);
    }
    for process in processes(snapshot) {
        all.found.push(Component {
            name: process.component.to_owned(),
            version: process.version.clone(),
            node: process.node.clone(),
            source: process.evidence("/command"),
            settings: process.arguments.deciding(),
        });
    }
    all.found.sort();
    all.found.dedup();
    let seen = |name: &str| all.found.iter().any(|component| component.name == name);
    if seen("kubelet") {
        all.gaps.push(gap(
            "runc",
            "its version is unknown: the node's status does not say",
            "runc --version on the node",
        ));
        all.gaps.push(gap(
            "kubelet configuration",
            "it was not read",
            "kubectl get --raw /api/v1/nodes/NODE/proxy/configz > FILE, then check --configz FILE",
        ));
    }
    if !seen("kube-apiserver") && !snapshot.of("", "Node").is_empty() {
        all.gaps.push(control_plane_gap(snapshot));
    }
    all
}

fn of_node(node: &Resource, found: &mut Vec<Component>) {
    let json = node.json();
    let info = json.at(&["status", "nodeInfo"]);
    let mut add = |name: &str, field: &str, version: &str| {
        found.push(Component {
            name: name.to_owned(),
            version: Some(version.to_owned()).filter(|version| !version.is_empty()),
            node: Some(NodeName(node.reference.name.clone())),
            source: node.evidence(format!("/status/nodeInfo/{field}")),
            settings: Vec::new(),
        });
    };
    if info.is_null() {
        return;
    }
    add("kubelet", "kubeletVersion", info.get("kubeletVersion").text());
    if let Some((name, version)) = runtime(info) {
        add(name, "containerRuntimeVersion", version);
    }
    add("kernel", "kernelVersion", info.get("kernelVersion").text());
    // Since 1.31 the field is no longer filled.
    let proxy = info.get("kubeProxyVersion").text();
    if !proxy.is_empty() {
        add("kube-proxy", "kubeProxyVersion", proxy);
    }
}

/// Name and version of a node's runtime, out of `containerd://1.6.4`.
pub(crate) fn runtime<'j>(info: &'j Json<'_>) -> Option<(&'j str, &'j str)> {
    info.get("containerRuntimeVersion").str()?.split_once("://")
}

fn control_plane_gap(snapshot: &Snapshot) -> Gap {
    let provider = snapshot.of("", "Node").iter().find_map(|node| {
        let json = node.json();
        let id = json.at(&["spec", "providerID"]).text();
        MANAGED.iter().find(|(prefix, ..)| id.starts_with(prefix))
    });
    match provider {
        Some((_, name, command)) => gap(
            "control plane",
            &format!("if it is {name}'s, only the provider shows how it is set"),
            command,
        ),
        None => gap(
            "control plane",
            "no pod of it was seen",
            "give the static pod manifests (/etc/kubernetes/manifests) as paths",
        ),
    }
}

fn gap(what: &str, why: &str, help: &str) -> Gap {
    Gap {
        ring: Ring::Nodes,
        what: what.to_owned(),
        why: why.to_owned(),
        asked: false,
        help: Some(help.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::snapshot;

    const NODE: &str = "{apiVersion: v1, kind: Node, metadata: {name: n1}, spec: {providerID: 'aws:///a/i-0'}, status: {nodeInfo: \
                        {kubeletVersion: v1.36.1, containerRuntimeVersion: 'containerd://2.2.1', kernelVersion: 6.12.0}}}";

    #[test]
    fn each_is_named_and_so_is_what_cannot_be_seen() {
        let all = components(&snapshot(NODE));
        let names: Vec<_> =
            all.found.iter().map(|c| (c.name.as_str(), c.version.as_deref().unwrap())).collect();
        assert_eq!(names, [("containerd", "2.2.1"), ("kernel", "6.12.0"), ("kubelet", "v1.36.1")]);
        let gaps: Vec<_> = all.gaps.iter().map(|gap| gap.what.as_str()).collect();
        assert_eq!(gaps, ["runc", "kubelet configuration", "control plane"]);
        assert!(all.gaps[2].why.contains("EKS"));
    }

    #[test]
    fn the_control_plane_by_its_pods() {
        let pod = "{apiVersion: v1, kind: Pod, metadata: {name: kube-apiserver-n, namespace: kube-system}, spec: {nodeName: n, containers: \
                   [{name: kube-apiserver, image: 'registry.test/kube-apiserver:v1.36.3', command: [kube-apiserver, --anonymous-auth=false]}]}}";
        let all = components(&snapshot(&format!("{NODE}\n---\n{pod}")));
        let server = all.found.iter().find(|c| c.name == "kube-apiserver").unwrap();
        assert_eq!(server.version.as_deref(), Some("v1.36.3"));
        assert_eq!(server.settings, ["--anonymous-auth=false"]);
        assert!(all.gaps.iter().all(|gap| gap.what != "control plane"));
    }

    #[test]
    fn nothing_is_found_in_nothing() {
        assert_eq!(
            components(&snapshot("{apiVersion: v1, kind: Namespace, metadata: {name: a}}")),
            Components::default()
        );
    }
}
