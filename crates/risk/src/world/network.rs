//! Who can send packets to a workload, as far as NetworkPolicies say.
//!
//! Semantics: <https://kubernetes.io/docs/concepts/services-networking/network-policies/>. A workload no policy
//! selects takes packets from everywhere; policies add up; ports are not looked at yet.

use super::World;
use crate::graph::Index;
use snapshot::{Json, Resource};

/// From where a workload takes packets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// Some policy selects it for ingress.
    pub(crate) limited: bool,
    /// From outside the cluster.
    pub(crate) internet: bool,
    /// From any pod.
    pub(crate) cluster: bool,
    /// From pods of these namespaces.
    pub(crate) namespaces: Vec<Index>,
    /// From these workloads.
    pub(crate) workloads: Vec<Index>,
    /// Its own packets go nowhere.
    pub(crate) silent: bool,
}

impl Reach {
    /// Whether anything inside the cluster can send it packets.
    pub(crate) fn inside(&self) -> bool {
        self.cluster || !self.namespaces.is_empty() || !self.workloads.is_empty()
    }
}

/// Works out every workload's reach.
pub(crate) fn judge(world: &mut World<'_>) {
    let mut policies: Vec<(Index, Json<'_>)> = Vec::new();
    for policy in world.snapshot.of("networking.k8s.io", "NetworkPolicy") {
        let scope = world.scopes.index(policy.reference.namespace.clone());
        policies.push((scope, policy.json()));
    }
    policies.sort_by_key(|(scope, _)| *scope);
    let mut reaches = Vec::with_capacity(world.workloads.len());
    for workload in &world.workloads {
        let start = policies.partition_point(|(scope, _)| *scope < workload.scope);
        let local =
            policies.get(start..).unwrap_or(&[]).iter().take_while(|(scope, _)| *scope == workload.scope);
        let selecting: Vec<&Json<'_>> = local
            .map(|(_, policy)| policy.get("spec"))
            .filter(|spec| !workload.host_network && selects(spec.get("podSelector"), &workload.labels))
            .collect();
        reaches.push(reach(world, workload.scope, &selecting));
    }
    for (workload, reach) in world.workloads.iter_mut().zip(reaches) {
        workload.reach = reach;
    }
}

fn reach(world: &World<'_>, scope: Index, specs: &[&Json<'_>]) -> Reach {
    let governs = |spec: &Json<'_>, direction: &str, field: &str| {
        let types = spec.get("policyTypes");
        if types.is_null() {
            direction == "Ingress" || !spec.get(field).is_null()
        } else {
            types.strings().any(|t| t == direction)
        }
    };
    let ingress: Vec<_> = specs.iter().filter(|spec| governs(spec, "Ingress", "ingress")).collect();
    let mut egress = specs.iter().filter(|spec| governs(spec, "Egress", "egress")).peekable();
    let mut reach = Reach { limited: !ingress.is_empty(), ..Reach::default() };
    reach.silent = egress.peek().is_some() && egress.all(|spec| spec.get("egress").items().is_empty());
    if !reach.limited {
        reach.internet = true;
        reach.cluster = true;
        return reach;
    }
    for rule in ingress.iter().flat_map(|spec| spec.get("ingress").items()) {
        let peers = rule.get("from").items();
        if peers.is_empty() {
            reach.internet = true;
            reach.cluster = true;
        }
        peers.iter().for_each(|peer| add_peer(world, scope, peer, &mut reach));
    }
    reach.namespaces.sort_unstable();
    reach.namespaces.dedup();
    reach.workloads.sort_unstable();
    reach.workloads.dedup();
    reach
}

fn add_peer(world: &World<'_>, scope: Index, peer: &Json<'_>, reach: &mut Reach) {
    if let Some(cidr) = peer.at(&["ipBlock", "cidr"]).str() {
        match cidr {
            "0.0.0.0/0" | "::/0" => {
                reach.internet = true;
                reach.cluster = true;
            }
            _ if private(cidr) => reach.cluster = true,
            // Some addresses of the outside: who sits there is not known.
            _ => {}
        }
        return;
    }
    let (namespaces, pods) = (peer.get("namespaceSelector"), peer.get("podSelector"));
    let scopes: Vec<Index> = if namespaces.is_null() {
        vec![scope]
    } else if empty(namespaces) && (pods.is_null() || empty(pods)) {
        reach.cluster = true;
        return;
    } else {
        let all = world.scopes.iter().filter(|(at, _)| *at != 0);
        all.filter(|(_, name)| selects(namespaces, &namespace_labels(world, name)))
            .map(|(at, _)| at)
            .collect()
    };
    if pods.is_null() || empty(pods) {
        reach.namespaces.extend(scopes);
    } else {
        let chosen = world.workloads.iter().enumerate();
        let chosen = chosen.filter(|(_, w)| scopes.contains(&w.scope) && selects(pods, &w.labels));
        reach.workloads.extend(chosen.map(|(at, _)| at as Index));
    }
}

/// Addresses that pods and nodes have.
fn private(cidr: &str) -> bool {
    let second = || cidr.split('.').nth(1).and_then(|part| part.parse::<u8>().ok()).unwrap_or(0);
    cidr.starts_with("10.")
        || cidr.starts_with("192.168.")
        || (cidr.starts_with("172.") && (16..32).contains(&second()))
        || (cidr.starts_with("100.") && (64..128).contains(&second()))
        || cidr.to_ascii_lowercase().starts_with("fd")
}

fn empty(selector: &Json<'_>) -> bool {
    selector.get("matchLabels").fields().is_empty() && selector.get("matchExpressions").items().is_empty()
}

fn namespace_labels(world: &World<'_>, name: &str) -> Vec<(Box<str>, Box<str>)> {
    let resource: Option<&Resource> = world.snapshot.find("", "Namespace", "", name);
    let json = resource.map(|r| r.json()).unwrap_or_default();
    let mut labels: Vec<(Box<str>, Box<str>)> = json
        .at(&["metadata", "labels"])
        .fields()
        .iter()
        .map(|(key, value)| (key.as_ref().into(), value.text().into()))
        .collect();
    // The API server sets it on every namespace.
    if !labels.iter().any(|(key, _)| &**key == "kubernetes.io/metadata.name") {
        labels.push(("kubernetes.io/metadata.name".into(), name.into()));
    }
    labels
}

/// Whether a label selector selects; an absent one selects nothing said, that is everything here.
fn selects(selector: &Json<'_>, labels: &[(Box<str>, Box<str>)]) -> bool {
    let value = |key: &str| labels.iter().find(|(k, _)| &**k == key).map(|(_, v)| &**v);
    let equal = selector.get("matchLabels").fields().iter().all(|(key, want)| value(key) == want.str());
    equal
        && selector.get("matchExpressions").items().iter().all(|expression| {
            let have = value(expression.get("key").text());
            let listed = || have.is_some_and(|have| expression.get("values").strings().any(|v| v == have));
            match expression.get("operator").text() {
                "In" => listed(),
                "NotIn" => !listed(),
                "Exists" => have.is_some(),
                "DoesNotExist" => have.is_none(),
                _ => false,
            }
        })
}
