//! What runs the cluster: each component, its version, where that is written, and what cannot be seen.

use super::kubelet::{Kind, Kubelet};
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

/// A cloud whose control plane cannot be seen from inside.
struct Managed {
    name: &'static str,
    /// What `providerID` of its machines begins with; machines alone may also hold a cluster of one's own.
    machines: &'static str,
    /// A part of its kubelets' versions; empty where they carry none.
    version: &'static str,
    /// Labels that only its nodes have, up to the end or a further part.
    labels: &'static [&'static str],
    /// What shows how it is set.
    command: &'static str,
}

const MANAGED: &[Managed] = &[
    Managed {
        name: "EKS",
        machines: "aws://",
        version: "-eks-",
        labels: &["eks.amazonaws.com/"],
        command: "aws eks describe-cluster --name NAME",
    },
    Managed {
        name: "GKE",
        machines: "gce://",
        version: "-gke.",
        labels: &["cloud.google.com/gke-"],
        command: "gcloud container clusters describe NAME",
    },
    Managed {
        name: "AKS",
        machines: "azure://",
        version: "",
        labels: &["kubernetes.azure.com/"],
        command: "az aks show --resource-group GROUP --name NAME",
    },
];

impl Managed {
    /// Whether a node is one of its, for certain; `None` when it is not, even possibly.
    fn certain(&self, node: &Resource) -> Option<bool> {
        let json = node.json();
        let labels = json.at(&["metadata", "labels"]);
        let labelled =
            labels.fields().iter().any(|(key, _)| self.labels.iter().any(|label| key.starts_with(label)));
        let version = json.at(&["status", "nodeInfo", "kubeletVersion"]).text();
        if labelled || (!self.version.is_empty() && version.contains(self.version)) {
            return Some(true);
        }
        json.at(&["spec", "providerID"]).text().starts_with(self.machines).then_some(false)
    }
}

/// Everything that a snapshot names.
pub fn components(snapshot: &Snapshot) -> Components {
    let mut all = Components::default();
    for node in snapshot.of("", "Node") {
        of_node(node, &mut all.found);
    }
    for kubelet in Kubelet::all(snapshot).iter().filter(|kubelet| kubelet.kind == Kind::Configz) {
        let same = |component: &&mut Component| component.name == "kubelet" && component.node == kubelet.node;
        if let Some(component) = all.found.iter_mut().find(same) {
            component.settings = kubelet.deciding();
        }
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
            "the node's status does not say its version",
            "runc --version on the node",
        ));
        all.gaps.extend(unread_kubelets(snapshot));
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

/// What the reader of the cluster could not see of kubelets; where nobody tried to, that.
fn unread_kubelets(snapshot: &Snapshot) -> Vec<Gap> {
    const WHAT: &str = "kubelet configuration";
    let told: Vec<Gap> =
        snapshot.coverage.gaps.iter().filter(|gap| gap.what.starts_with(WHAT)).cloned().collect();
    if !told.is_empty() || Kubelet::all(snapshot).iter().any(|kubelet| kubelet.kind == Kind::Configz) {
        return told;
    }
    let help = "kubectl get --raw /api/v1/nodes/NODE/proxy/configz > FILE, then check --configz FILE";
    vec![gap(WHAT, "it was not read", help)]
}

fn control_plane_gap(snapshot: &Snapshot) -> Gap {
    let nodes = snapshot.of("", "Node");
    let of =
        |wanted| MANAGED.iter().find(|cloud| nodes.iter().any(|node| cloud.certain(node) == Some(wanted)));
    let why = |what: &str| {
        format!(
            "{what}: only the provider shows its versions, flags, audit log, etcd and encryption, and upgrades them"
        )
    };
    match (of(true), of(false)) {
        (Some(cloud), _) => gap("control plane", &why(&format!("it is {}'s", cloud.name)), cloud.command),
        (None, Some(cloud)) => gap(
            "control plane",
            &why(&format!("no pod of it was seen; if it is {}'s", cloud.name)),
            cloud.command,
        ),
        (None, None) => gap(
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
        assert!(
            all.gaps[2].why.contains("if it is EKS's"),
            "machines of a cloud may hold a cluster of one's own"
        );
    }

    #[test]
    fn clouds_are_known_by_labels_and_versions() {
        let gap = |node: &str| {
            let text = format!("{{apiVersion: v1, kind: Node, {node}}}");
            let gaps = components(&snapshot(&text)).gaps;
            gaps.into_iter().find(|gap| gap.what == "control plane").map(|gap| gap.why).unwrap_or_default()
        };
        let gke = "metadata: {name: n1}, status: {nodeInfo: {kubeletVersion: v1.33.4-gke.1172000}}";
        assert!(gap(gke).starts_with("it is GKE's: only the provider shows"));
        let aks = "metadata: {name: n1, labels: {kubernetes.azure.com/cluster: MC_x}}";
        assert!(gap(aks).starts_with("it is AKS's"));
        let eks = "metadata: {name: n1}, status: {nodeInfo: {kubeletVersion: v1.33.4-eks-3025e55}}";
        assert!(gap(eks).starts_with("it is EKS's"));
        assert!(gap("metadata: {name: n1}").starts_with("no pod of it was seen"));
    }

    #[test]
    fn a_kubelet_that_was_asked() {
        let config = "{apiVersion: kubelet.config.k8s.io/v1beta1, kind: KubeletConfiguration, readOnlyPort: 10255, \
                      metadata: {name: n1, annotations: {ringwall.dev/read-from: configz}}}";
        let all = components(&snapshot(&format!("{NODE}\n---\n{config}")));
        let kubelet = all.found.iter().find(|c| c.name == "kubelet").unwrap();
        assert_eq!(kubelet.settings, ["readOnlyPort=10255"]);
        assert!(all.gaps.iter().all(|gap| gap.what != "kubelet configuration"));
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
