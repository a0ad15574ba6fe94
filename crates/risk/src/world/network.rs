//! Who can send packets to a workload, as far as NetworkPolicies say.
//!
//! Semantics: <https://kubernetes.io/docs/concepts/services-networking/network-policies/>. A workload no policy
//! selects takes packets from everywhere; policies add up; ports are not looked at yet.

use super::World;
use crate::graph::Index;
use rustc_hash::FxHashMap;
use snapshot::{Json, Resource};
use std::borrow::Cow;
use std::sync::Arc;

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

/// Works out every workload's reach. Workloads of a namespace that the same policies select have the same.
pub(crate) fn judge(world: &mut World<'_>) {
    let mut policies: Vec<(Index, Json<'_>)> = Vec::new();
    for policy in world.snapshot.of("networking.k8s.io", "NetworkPolicy") {
        let scope = world.scopes.index(policy.reference.namespace.clone());
        policies.push((scope, policy.json()));
    }
    policies.sort_by_key(|(scope, _)| *scope);
    let namespaces: Vec<(Index, Labels<'_>)> = match policies.is_empty() {
        true => Vec::new(),
        false => {
            (1..).zip(world.scopes.iter().skip(1)).map(|(at, (_, name))| (at, labels(world, name))).collect()
        }
    };
    let mut known: FxHashMap<(Index, Vec<usize>), Reach> = FxHashMap::default();
    let mut reaches = Vec::with_capacity(world.workloads.len());
    for workload in &world.workloads {
        let start = policies.partition_point(|(scope, _)| *scope < workload.scope);
        let local = policies.iter().enumerate().skip(start);
        let selecting: Vec<usize> = local
            .take_while(|(_, (scope, _))| *scope == workload.scope)
            .filter(|(_, (_, policy))| {
                let selector = policy.at(&["spec", "podSelector"]);
                !workload.host_network && selects(selector, &workload.labels)
            })
            .map(|(at, _)| at)
            .collect();
        let reach = known.entry((workload.scope, selecting)).or_insert_with_key(|(scope, selecting)| {
            let specs: Vec<&Json<'_>> = selecting.iter().map(|at| policies[*at].1.get("spec")).collect();
            reach(world, &namespaces, *scope, &specs)
        });
        reaches.push(reach.clone());
    }
    for (workload, reach) in world.workloads.iter_mut().zip(reaches) {
        workload.reach = reach;
    }
}

/// Labels of a pod or a namespace.
type Labels<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

fn reach(world: &World<'_>, namespaces: &[(Index, Labels<'_>)], scope: Index, specs: &[&Json<'_>]) -> Reach {
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
        peers.iter().for_each(|peer| add_peer(world, namespaces, scope, peer, &mut reach));
    }
    reach.namespaces.sort_unstable();
    reach.namespaces.dedup();
    reach.workloads.sort_unstable();
    reach.workloads.dedup();
    reach
}

fn add_peer(
    world: &World<'_>,
    all: &[(Index, Labels<'_>)],
    scope: Index,
    peer: &Json<'_>,
    reach: &mut Reach,
) {
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
        all.iter().filter(|(_, labels)| selects(namespaces, labels)).map(|(at, _)| *at).collect()
    };
    if pods.is_null() || empty(pods) {
        reach.namespaces.extend(scopes);
    } else {
        let labels = |at: Index| world.workload_at(at).map_or(&[][..], |w| &w.labels);
        let there = scopes.into_iter().flat_map(|scope| world.workloads_in(scope));
        reach.workloads.extend(there.filter(|at| selects(pods, labels(*at))));
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

/// Labels of a namespace.
fn labels<'a>(world: &World<'a>, name: &Arc<str>) -> Labels<'a> {
    let json = world.snapshot.find("", "Namespace", "", name).map(Resource::json).unwrap_or_default();
    let mut labels: Labels<'a> = super::labels(json.at(&["metadata", "labels"]));
    // The API server sets it on every namespace.
    if !labels.iter().any(|(key, _)| key == "kubernetes.io/metadata.name") {
        labels.push(("kubernetes.io/metadata.name".into(), name.to_string().into()));
    }
    labels
}

/// Whether a label selector selects; an absent one selects nothing said, that is everything here.
fn selects(selector: &Json<'_>, labels: &[(Cow<'_, str>, Cow<'_, str>)]) -> bool {
    let value = |key: &str| labels.iter().find(|(k, _)| k == key).map(|(_, v)| &**v);
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
