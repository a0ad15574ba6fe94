//! Which pods can reach which, as far as NetworkPolicies say: both directions, ports, addresses.
//!
//! Semantics: `k8s.io/api/networking/v1` and its defaulting. A pod that no policy selects for a direction is not
//! limited in it; policies add up; a connection needs the sender's egress and the receiver's ingress. Needs a
//! snapshot and nothing else, so that it can be asked by whoever has one.

mod lower;
mod selector;

pub use lower::{Block, Peer, Policy, PortRange, Ports, Rule};
pub use selector::Selector;

use model::{Diagnostic, ResourceRef};
use snapshot::{Snapshot, Template};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// Labels, sorted by key.
pub type Labels = Vec<(Box<str>, Box<str>)>;

/// Yes, no, or what no reader of policies can know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Allowed {
    /// Refused.
    No,
    /// It depends on the network plugin: whether an `ipBlock` holds for pods, what the address of a node is.
    Unknown,
    /// Let through.
    Yes,
}

impl Allowed {
    fn of(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

/// A transport protocol of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// The default.
    Tcp,
    /// `UDP`.
    Udp,
    /// `SCTP`.
    Sctp,
}

impl Protocol {
    /// By the API's word; TCP where none is written.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "" | "TCP" => Some(Self::Tcp),
            "UDP" => Some(Self::Udp),
            "SCTP" => Some(Self::Sctp),
            _ => None,
        }
    }
}

/// One pod of a workload, as policies see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The workload.
    pub workload: ResourceRef,
    /// Labels of its pods.
    pub labels: Labels,
    /// Its named ports.
    pub ports: Vec<(Box<str>, Protocol, u16)>,
    /// On the node's network, where policies do not hold.
    pub host_network: bool,
}

impl Endpoint {
    /// What policies see of a workload's pods.
    pub fn of(template: &Template<'_>) -> Self {
        let spec = template.spec();
        let named =
            spec.containers().flat_map(|container| container.json.get("ports").items()).filter_map(|port| {
                let number = port.get("containerPort").int().and_then(|number| u16::try_from(number).ok())?;
                let name = port.get("name").str()?;
                Some((name.into(), Protocol::parse(port.get("protocol").text())?, number))
            });
        Self {
            workload: template.workload.reference().clone(),
            labels: selector::labels(template.labels()),
            ports: named.collect(),
            host_network: spec.json.get("hostNetwork").is_true(),
        }
    }
}

/// One end of a connection.
#[derive(Clone, Copy, Debug)]
pub enum End<'e> {
    /// A pod.
    Pod(&'e Endpoint),
    /// An address that is no pod's: of a node, of a service of the cloud, of the internet.
    Address(IpAddr),
}

/// A port of a connection's receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port {
    /// Protocol.
    pub protocol: Protocol,
    /// Number.
    pub number: u16,
}

impl Port {
    /// A TCP port.
    pub fn tcp(number: u16) -> Self {
        Self { protocol: Protocol::Tcp, number }
    }
}

/// Which way packets go, seen from the pod a policy selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the pod.
    Ingress,
    /// From the pod.
    Egress,
}

/// The policies of a snapshot, ready to be asked.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    policies: BTreeMap<Arc<str>, Vec<Policy>>,
    namespaces: BTreeMap<Arc<str>, Labels>,
    /// Policies of other kinds, which are not read: they may refuse more.
    pub foreign: Vec<ResourceRef>,
    /// What is wrong with policies; one that has an error is left out, so that its pods count as unlimited.
    pub diagnostics: Vec<Diagnostic>,
}

/// Kinds of network policies that are not read.
const FOREIGN: &[(&str, &str)] = &[
    ("cilium.io", "CiliumNetworkPolicy"),
    ("cilium.io", "CiliumClusterwideNetworkPolicy"),
    ("crd.projectcalico.org", "NetworkPolicy"),
    ("crd.projectcalico.org", "GlobalNetworkPolicy"),
    ("projectcalico.org", "NetworkPolicy"),
    ("projectcalico.org", "GlobalNetworkPolicy"),
    ("policy.networking.k8s.io", "AdminNetworkPolicy"),
    ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy"),
    ("policy.networking.k8s.io", "ClusterNetworkPolicy"),
    ("security.antrea.io", "NetworkPolicy"),
];

/// The label that the API server sets on every namespace.
const NAME: &str = "kubernetes.io/metadata.name";

impl Reach {
    /// Reads the policies and namespaces of a snapshot.
    pub fn new(snapshot: &Snapshot) -> Self {
        let mut reach = Self::default();
        for resource in snapshot.of("networking.k8s.io", "NetworkPolicy") {
            match lower::policy(&resource.reference, &resource.json()) {
                Ok(policy) => {
                    reach.policies.entry(resource.reference.namespace.clone()).or_default().push(policy)
                }
                Err(why) => reach.diagnostics.push(
                    Diagnostic::error("network/policy", why).in_document(resource.reference.to_string()),
                ),
            }
        }
        for resource in snapshot.of("", "Namespace") {
            let labels = selector::labels(resource.json().at(&["metadata", "labels"]));
            let name = &resource.reference.name;
            reach.namespaces.insert(name.clone(), named(labels, name));
        }
        for (group, kind) in FOREIGN {
            reach.foreign.extend(snapshot.of(group, kind).iter().map(|resource| resource.reference.clone()));
        }
        reach
    }

    /// The policies of a namespace, by name.
    pub fn policies(&self, namespace: &str) -> &[Policy] {
        self.policies.get(namespace).map_or(&[], Vec::as_slice)
    }

    /// Every policy, by namespace and name.
    pub fn all(&self) -> impl Iterator<Item = &Policy> {
        self.policies.values().flatten()
    }

    /// Whether some policy limits a pod in a direction.
    pub fn limits(&self, pod: &Endpoint, direction: Direction) -> bool {
        self.limiting(pod, direction).next().is_some()
    }

    /// The rules of the policies that limit a pod in a direction.
    pub fn limiting<'p>(
        &'p self,
        pod: &'p Endpoint,
        direction: Direction,
    ) -> impl Iterator<Item = (&'p Policy, &'p [Rule])> {
        let own = self.policies(&pod.workload.namespace).iter();
        own.filter(|policy| !pod.host_network && policy.selects.matches(&pod.labels))
            .filter_map(move |policy| policy.rules(direction).map(|rules| (policy, rules)))
    }

    /// Whether packets may go from one end to the other's port.
    pub fn allows(&self, from: End<'_>, to: End<'_>, port: Port) -> Allowed {
        let leaves = match from {
            End::Pod(pod) => self.passes(pod, Direction::Egress, to, to, port),
            End::Address(_) => Allowed::Yes,
        };
        let enters = match to {
            End::Pod(pod) => self.passes(pod, Direction::Ingress, from, to, port),
            End::Address(_) => Allowed::Yes,
        };
        leaves.min(enters)
    }

    /// Whether a pod's own policies let packets pass between it and the other end. Ports are the receiver's.
    fn passes(
        &self,
        pod: &Endpoint,
        direction: Direction,
        other: End<'_>,
        receiver: End<'_>,
        port: Port,
    ) -> Allowed {
        let mut limited = false;
        let mut best = Allowed::No;
        for (policy, rules) in self.limiting(pod, direction) {
            limited = true;
            for rule in rules.iter().filter(|rule| rule.ports.allow(receiver, port)) {
                best = best.max(self.peers(policy, rule, other));
                if best == Allowed::Yes {
                    return best;
                }
            }
        }
        if limited { best } else { Allowed::Yes }
    }

    fn peers(&self, policy: &Policy, rule: &Rule, other: End<'_>) -> Allowed {
        let Some(peers) = &rule.peers else { return Allowed::Yes };
        let best = peers.iter().map(|peer| self.peer(policy, peer, other)).max();
        best.unwrap_or(Allowed::No)
    }

    fn peer(&self, policy: &Policy, peer: &Peer, other: End<'_>) -> Allowed {
        match (peer, other) {
            (Peer::Block(block), End::Address(address)) => Allowed::of(block.contains(address)),
            (Peer::Pods { .. }, End::Address(_)) => Allowed::No,
            // Whether a block holds for pods, and which address a pod of the node's network has, differs.
            (Peer::Block(_), End::Pod(_)) => Allowed::Unknown,
            (Peer::Pods { .. }, End::Pod(pod)) if pod.host_network => Allowed::No,
            (Peer::Pods { namespaces, pods }, End::Pod(pod)) => {
                let namespace = &pod.workload.namespace;
                let there = match namespaces {
                    Some(selector) => self.selects_namespace(selector, namespace),
                    None => *namespace == policy.reference.namespace,
                };
                Allowed::of(there && pods.as_ref().is_none_or(|selector| selector.matches(&pod.labels)))
            }
        }
    }

    /// Whether a namespace bears what a selector asks for.
    pub fn selects_namespace(&self, selector: &Selector, namespace: &str) -> bool {
        selector.matches(&self.labels_of(namespace))
    }

    /// Labels of a namespace, with the one that the API server sets.
    fn labels_of(&self, namespace: &str) -> Cow<'_, Labels> {
        match self.namespaces.get(namespace) {
            Some(labels) => Cow::Borrowed(labels),
            None => Cow::Owned(named(Labels::new(), namespace)),
        }
    }
}

fn named(mut labels: Labels, namespace: &str) -> Labels {
    if !labels.iter().any(|(key, _)| &**key == NAME) {
        labels.push((NAME.into(), namespace.into()));
    }
    labels
}

#[cfg(test)]
mod tests;
