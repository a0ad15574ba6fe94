//! From one container to the ports of others.

use super::{Line, Step};
use crate::fixes;
use crate::graph::{Edge, FixKey, Graph, Index, NewEdge, State};
use crate::world::{Leaves, World, WorkloadFacts, Zone};
use model::Confidence;

pub(crate) static STEP: Step = Step {
    id: "pod-network",
    title: "Reach other workloads over the pod network",
    attack: "T1210",
    rights: false,
    explain: "Pods may talk to each other unless a NetworkPolicy says otherwise. From any container an attacker reaches \
              every workload that takes packets from it, if its own policies let them out. Ease 0.8. A default-deny policy \
              in the namespace removes it.",
    edges,
    describe,
};

const EASE: f64 = 0.8;

fn edges(world: &World<'_>, graph: &mut Graph) {
    let mut add = |from: State, to: State, ease: f64, args: [Index; 2], fixes: &[FixKey]| {
        graph.add(NewEdge { from: &[from], to, ease, confidence: Confidence::Inferred, args, fixes });
    };
    for (at, workload) in (0..).zip(&world.workloads) {
        match workload.reach.leaves {
            Leaves::Anywhere => {
                add(State::Exec(at), State::PodNetwork, 1.0, [at, at], &[]);
                add(State::Exec(at), State::NamespaceNetwork(workload.scope), 1.0, [at, at], &[]);
            }
            Leaves::Zone(zone) if world.zones.get(zone as usize).is_none_or(Zone::is_empty) => {}
            Leaves::Zone(zone) => add(State::Exec(at), State::Zone(zone), 1.0, [at, at], &[]),
        }
        if workload.reach.cluster {
            add(State::PodNetwork, State::Net(at), EASE, [at, at], denial(workload).as_slice());
        } else {
            for scope in &workload.reach.namespaces {
                add(State::NamespaceNetwork(*scope), State::Net(at), EASE, [at, at], &[]);
            }
            for peer in workload.reach.workloads.iter().filter(|peer| **peer != at && may_send(world, **peer, at)) {
                add(State::Exec(*peer), State::Net(at), EASE, [*peer, at], &[]);
            }
        }
    }
    for (zone, facts) in (0..).zip(&world.zones) {
        for at in &facts.receivers {
            let Some(workload) = world.workload_at(*at) else { continue };
            if workload.reach.cluster || workload.reach.namespaces.binary_search(&facts.scope).is_ok() {
                add(State::Zone(zone), State::Net(*at), EASE, [*at, *at], denial(workload).as_slice());
            }
        }
    }
}

/// What keeps packets from a workload that takes them from everywhere. Policies add up: where one lets everybody in,
/// another that denies changes nothing.
fn denial(workload: &WorkloadFacts<'_>) -> Option<FixKey> {
    (!workload.reach.limited).then(|| fixes::default_deny::key(workload.scope))
}

/// Whether a workload's own policies let its packets go to another.
fn may_send(world: &World<'_>, from: Index, to: Index) -> bool {
    match world.workload_at(from).map(|from| from.reach.leaves) {
        Some(Leaves::Zone(zone)) => {
            world.zones.get(zone as usize).is_some_and(|zone| zone.receivers.binary_search(&to).is_ok())
        }
        _ => true,
    }
}

fn describe(world: &World<'_>, graph: &Graph, edge: &Edge) -> Line {
    let to = edge.args[1];
    let text = match graph.what(edge.head) {
        State::Net(to) if world.workload_at(to).is_some_and(|w| w.reach.limited) => {
            format!("the NetworkPolicy of {} lets its packets in", world.name(to))
        }
        State::Net(to) => format!("no NetworkPolicy keeps its packets from {}", world.name(to)),
        _ => format!("{} is on the pod network", world.name(edge.args[0])),
    };
    Line { text, evidence: world.evidence(to, "") }
}

#[cfg(test)]
mod tests {
    use crate::testing::{edges, pod};

    fn policy(from: &str) -> String {
        format!(
            "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p, namespace: a}}\n\
             spec: {{podSelector: {{matchLabels: {{app: px}}}}, policyTypes: [Ingress], ingress: {from}}}\n"
        )
    }

    fn into_x(from: &str) -> Vec<String> {
        let yaml = pod("a", "px", "") + &pod("a", "py", "") + &pod("b", "pz", "") + &policy(from);
        edges("pod-network", &yaml, &[]).into_iter().filter(|edge| edge.contains("-> net a/px")).collect()
    }

    #[test]
    fn without_a_policy_everyone_reaches_everyone() {
        let all = edges("pod-network", &(pod("a", "px", "") + &pod("b", "pz", "")), &[]);
        assert!(all.contains(&"PodNetwork -> net a/px 0.80".to_owned()), "{all:?}");
        assert!(all.contains(&"exec b/pz -> PodNetwork 1.00".to_owned()), "{all:?}");
    }

    #[test]
    fn a_policy_lets_in_whom_it_names() {
        assert!(into_x("[]").is_empty());
        assert_eq!(into_x("[{from: [{podSelector: {}}]}]"), ["network of a -> net a/px 0.80"]);
        assert_eq!(into_x("[{from: [{podSelector: {matchLabels: {app: py}}}]}]"), ["exec a/py -> net a/px 0.80"]);
        let b = "[{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: b}}}]}]";
        assert_eq!(into_x(b), ["network of b -> net a/px 0.80"]);
        assert_eq!(into_x("[{from: [{namespaceSelector: {}}]}]"), ["PodNetwork -> net a/px 0.80"]);
        assert_eq!(into_x("[{}]"), ["PodNetwork -> net a/px 0.80"]);
        assert!(into_x("[{from: [{ipBlock: {cidr: 192.0.2.0/24}}]}]").is_empty());
    }

    #[test]
    fn a_silenced_workload_sends_nothing() {
        let silent = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: a}\n\
                      spec: {podSelector: {}, policyTypes: [Egress]}\n";
        let all = edges("pod-network", &(pod("a", "px", "") + silent), &[]);
        assert!(!all.iter().any(|edge| edge.starts_with("exec")), "{all:?}");
    }

    #[test]
    fn who_may_send_to_some_reaches_those_that_take_it() {
        let out = |to: &str| {
            format!(
                "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: q, namespace: b}}\n\
                 spec: {{podSelector: {{}}, policyTypes: [Egress], egress: [{{to: [{to}]}}]}}\n"
            )
        };
        let into_x = |to: &str, from: &str| -> Vec<String> {
            let policies = out(to) + &policy(from);
            let yaml = pod("a", "px", "") + &pod("a", "py", "") + &pod("b", "pz", "") + &policies;
            let all = edges("pod-network", &yaml, &[]);
            all.into_iter().filter(|edge| edge.contains("b") && edge.contains("-> net a/px")).collect()
        };
        let a = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: a}}}";
        let b = "[{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: b}}}]}]";
        let z = "[{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: pz}}}]}]";
        assert_eq!(into_x(a, "[{}]"), ["zone of b -> net a/px 0.80"]);
        assert_eq!(into_x(a, b), ["network of b -> net a/px 0.80", "zone of b -> net a/px 0.80"]);
        assert_eq!(into_x(a, z), ["exec b/pz -> net a/px 0.80"]);
        assert!(into_x("{podSelector: {}}", "[{}]").is_empty());
        assert!(into_x("{podSelector: {}}", z).is_empty());
        assert!(into_x("{ipBlock: {cidr: 192.0.2.0/24}}", "[{}]").is_empty());
    }
}
