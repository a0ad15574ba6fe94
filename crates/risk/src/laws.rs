//! What must hold for any cluster: more power is no less risk, fixes do what they promise, names and order mean nothing.

use crate::graph::{FixId, Graph, State, StateId};
use crate::testing::{fact, vulnerability};
use crate::world::World;
use crate::{Assessment, Options, Ranking, Rehearsals, assess, rank};
use model::{Escape, Fact, Identity, Origin, Predicate, ResourceRef, Target, Usage, Vulnerability};
use proptest::prelude::*;
use rustc_hash::FxHashSet;
use serde_json::{Value, json};
use snapshot::{Builder, Snapshot, Template};

const RBAC: &str = "rbac.authorization.k8s.io";

/// One workload and what is wrong with it.
#[derive(Clone, Debug)]
struct Pod {
    namespace: usize,
    account: usize,
    open: bool,
    privileged: bool,
    host_pid: bool,
    automount: Option<bool>,
    pinned: bool,
    vulnerable: bool,
    node: Option<usize>,
}

/// One binding: to an account, or to everyone.
#[derive(Clone, Debug)]
struct Bound {
    account: Option<(usize, usize)>,
    rule: usize,
    wide: bool,
}

#[derive(Clone, Debug)]
struct Cluster {
    /// Its NetworkPolicy and whether it is guarded by Pod Security.
    namespaces: Vec<(usize, bool)>,
    pods: Vec<Pod>,
    bindings: Vec<Bound>,
    /// Never-ending tokens.
    tokens: Vec<(usize, usize)>,
    /// Accounts that were seen to read a Secret, and whether that is a token.
    reads: Vec<((usize, usize), bool)>,
}

const NAMESPACES: usize = 3;
const ACCOUNTS: usize = 2;

fn some_account() -> impl Strategy<Value = (usize, usize)> {
    (0..NAMESPACES, 0..ACCOUNTS)
}

fn some_pod() -> impl Strategy<Value = Pod> {
    let place = (some_account(), prop::option::of(0..3usize));
    let flags = (any::<bool>(), prop::bool::weighted(0.3), prop::bool::weighted(0.2));
    let more = (prop::option::of(any::<bool>()), any::<bool>(), prop::bool::weighted(0.4));
    (place, flags, more).prop_map(|(place, flags, more)| {
        let (((namespace, account), node), (open, privileged, host_pid), (automount, pinned, vulnerable)) =
            (place, flags, more);
        Pod { namespace, account, open, privileged, host_pid, automount, pinned, vulnerable, node }
    })
}

fn some_binding() -> impl Strategy<Value = Bound> {
    let account = prop::option::weighted(0.9, some_account());
    (account, 0..RULES.len(), any::<bool>()).prop_map(|(account, rule, wide)| Bound { account, rule, wide })
}

fn some_cluster() -> impl Strategy<Value = Cluster> {
    use prop::collection::vec as of;
    let namespaces = of((0..4usize, prop::bool::weighted(0.3)), NAMESPACES);
    let rest = (
        of(some_pod(), 1..7),
        of(some_binding(), 0..6),
        of(some_account(), 0..3),
        of((some_account(), any::<bool>()), 0..3),
    );
    (namespaces, rest).prop_map(|(namespaces, (pods, bindings, tokens, reads))| Cluster {
        namespaces,
        pods,
        bindings,
        tokens,
        reads,
    })
}

/// Group, resources and verbs of roles that attackers like, and of one that they do not.
const RULES: &[(&str, &[&str], &[&str])] = &[
    ("*", &["*"], &["*"]),
    ("", &["secrets"], &["get", "list"]),
    ("", &["secrets"], &["get"]),
    ("", &["pods"], &["create"]),
    ("", &["pods/exec"], &["create", "get"]),
    ("apps", &["deployments"], &["patch"]),
    ("", &["serviceaccounts/token"], &["create"]),
    (
        RBAC,
        &["clusterroles", "rolebindings", "clusterrolebindings"],
        &["bind", "escalate", "create", "update"],
    ),
    ("", &["users", "groups", "serviceaccounts"], &["impersonate"]),
    ("", &["configmaps"], &["get"]),
];

/// How things are called: laws about names put others there.
struct Names(&'static str);

impl Names {
    fn namespace(&self, at: usize) -> String {
        format!("{}team-{at}", self.0)
    }
    fn account(&self, at: usize) -> String {
        format!("{}app-{at}", self.0)
    }
}

const NAMES: Names = Names("");

impl Cluster {
    fn objects(&self, names: &Names) -> Vec<Value> {
        let mut all = Vec::new();
        for (at, (policy, guarded)) in self.namespaces.iter().enumerate() {
            let namespace = names.namespace(at);
            let level = if *guarded { "baseline" } else { "privileged" };
            all.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace,
                "labels": {"pod-security.kubernetes.io/enforce": level}}}));
            let ingress = match policy {
                0 => None,
                1 => Some(json!([])),
                2 => Some(json!([{}])),
                _ => Some(json!([{"from": [{"podSelector": {"matchLabels": {"open": "yes"}}}]}])),
            };
            all.extend(ingress.map(|ingress| {
                json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                    "metadata": {"name": "some", "namespace": namespace},
                    "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": ingress}})
            }));
            all.extend((0..ACCOUNTS).map(|account| {
                json!({"apiVersion": "v1", "kind": "ServiceAccount",
                    "metadata": {"name": names.account(account), "namespace": namespace}})
            }));
        }
        all.extend(self.pods.iter().enumerate().flat_map(|(at, pod)| pod.objects(at, names)));
        all.extend(self.bindings.iter().enumerate().flat_map(|(at, binding)| binding.objects(at, names)));
        all.extend(self.tokens.iter().map(|(namespace, account)| {
            json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token",
                "metadata": {"name": format!("token-{account}"), "namespace": names.namespace(*namespace),
                    "annotations": {"kubernetes.io/service-account.name": names.account(*account)}}})
        }));
        all
    }

    fn snapshot(&self, names: &Names) -> Snapshot {
        build(self.objects(names))
    }

    /// What scans and audit logs say: it stays whatever is changed in the cluster.
    fn seen(&self, names: &Names) -> Vec<Fact> {
        let image = |at: usize, predicate| fact(Target::Image(image(at)), predicate);
        let vulnerable = self.pods.iter().enumerate().filter(|(_, pod)| pod.vulnerable);
        let exploited = || Vulnerability { known_exploited: true, ..vulnerability() };
        let mut all: Vec<Fact> =
            vulnerable.map(|(at, _)| image(at, Predicate::Vulnerable(exploited()))).collect();
        all.extend((0..self.pods.len()).map(|at| image(at, Predicate::Scanned)));
        all.extend(self.reads.iter().map(|((namespace, account), token)| {
            let (namespace, account) = (names.namespace(*namespace), names.account(*account));
            let usage = Usage {
                verb: "get".into(),
                group: String::new(),
                resource: "secrets".into(),
                namespace: namespace.clone(),
                name: if *token { "token-0" } else { "web-tls" }.into(),
                count: 1,
                allowed: true,
            };
            fact(Target::Identity(Identity::account(&namespace, &account)), Predicate::Used(usage))
        }));
        all
    }
}

fn build(objects: Vec<Value>) -> Snapshot {
    let mut builder = Builder::new("default");
    for object in objects {
        assert!(builder.add(object, Origin::Builtin));
    }
    builder.build()
}

fn image(at: usize) -> model::ImageId {
    let digest = format!("registry.test/image-{at}:1@sha256:{at:064x}");
    model::ImageId::from_reference(digest.parse().unwrap())
}

impl Pod {
    fn objects(&self, at: usize, names: &Names) -> Vec<Value> {
        let (namespace, name) = (names.namespace(self.namespace), format!("pod-{at}"));
        let digest = if self.pinned { format!("@sha256:{at:064x}") } else { String::new() };
        let labels = json!({"app": name, "open": if self.open { "yes" } else { "no" }});
        let mut spec = json!({"serviceAccountName": names.account(self.account), "hostPID": self.host_pid,
            "containers": [{"name": "main", "image": format!("registry.test/image-{at}:1{digest}"),
                "securityContext": {"privileged": self.privileged}}]});
        if let Some(automount) = self.automount {
            spec["automountServiceAccountToken"] = automount.into();
        }
        let metadata = json!({"name": name, "namespace": namespace, "labels": labels});
        let mut all = vec![json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata,
            "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}}})];
        if self.open {
            all.push(json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata,
                "spec": {"type": "NodePort", "selector": labels, "ports": [{"port": 80}]}}));
        }
        if let Some(node) = self.node {
            let owner = json!([{"apiVersion": "apps/v1", "kind": "DaemonSet", "name": name, "uid": "1", "controller": true}]);
            let mut run = spec.clone();
            run["nodeName"] = format!("node-{node}").into();
            all.push(json!({"apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": format!("{name}-abcde"), "namespace": namespace, "uid": format!("pod-{at}"), "ownerReferences": owner},
                "spec": run, "status": {"phase": "Running"}}));
        }
        all
    }
}

impl Bound {
    fn objects(&self, at: usize, names: &Names) -> Vec<Value> {
        let (group, resources, verbs) = RULES[self.rule];
        let subject = match self.account {
            Some((namespace, account)) => json!({"kind": "ServiceAccount",
                "namespace": names.namespace(namespace), "name": names.account(account)}),
            None => json!({"apiGroup": RBAC, "kind": "Group", "name": "system:authenticated"}),
        };
        let (binding, namespace) = match self.wide {
            true => ("ClusterRoleBinding", Value::Null),
            false => ("RoleBinding", names.namespace(self.account.map_or(0, |(ns, _)| ns)).into()),
        };
        vec![
            json!({"apiVersion": format!("{RBAC}/v1"), "kind": "ClusterRole", "metadata": {"name": format!("role-{at}")},
                "rules": [{"apiGroups": [group], "resources": resources, "verbs": verbs}]}),
            json!({"apiVersion": format!("{RBAC}/v1"), "kind": binding,
                "metadata": {"name": format!("binding-{at}"), "namespace": namespace}, "subjects": [subject],
                "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": format!("role-{at}")}}),
        ]
    }
}

/// What the engines before would say of a snapshot: ways out of containers, and rights.
fn found(snapshot: &Snapshot) -> Vec<Fact> {
    let mut all = Vec::new();
    for workload in snapshot.workloads() {
        all.extend(ways_out(&workload.parse()));
    }
    all.extend(rbac::Rbac::new(snapshot, rbac::ServerVersion::LATEST).facts());
    all
}

fn ways_out(template: &Template<'_>) -> Vec<Fact> {
    let spec = template.spec();
    let mut ways = Vec::new();
    if spec.json.get("hostPID").is_true() {
        ways.push((Escape::HostPid, spec.evidence("/hostPID")));
    }
    let privileged = spec.containers().filter(|container| container.privileged());
    ways.extend(privileged.map(|c| (Escape::Privileged, c.evidence("/securityContext/privileged"))));
    let target = || Target::Workload(template.workload.reference().clone());
    let way = |(way, evidence)| Fact { evidence, ..fact(target(), Predicate::Escapes(way)) };
    ways.into_iter().map(way).collect()
}

fn known(cluster: &Cluster, names: &Names, snapshot: &Snapshot) -> Vec<Fact> {
    let mut facts = found(snapshot);
    facts.extend(cluster.seen(names));
    facts
}

fn judge(snapshot: &Snapshot, facts: &[Fact]) -> Assessment {
    assess(snapshot, facts, &Options { measured: usize::MAX })
}

fn risk_of(cluster: &Cluster) -> (Snapshot, Vec<Fact>, Assessment) {
    let snapshot = cluster.snapshot(&NAMES);
    let facts = known(cluster, &NAMES, &snapshot);
    let assessment = judge(&snapshot, &facts);
    (snapshot, facts, assessment)
}

/// What costs of f32 cannot tell apart.
const SLACK: f64 = 1e-3;

/// A power an attacker gains. An alert is none: it says which way was taken, and a likelier way found later takes its
/// place.
fn some_power() -> impl Strategy<Value = (usize, usize)> {
    (0..3usize, 0..64usize)
}

fn power(cluster: &Cluster, (kind, at): (usize, usize)) -> Fact {
    let pod = at % cluster.pods.len();
    let namespace = NAMES.namespace(cluster.pods[pod].namespace);
    let workload =
        || Target::Workload(ResourceRef::new("apps", "DaemonSet", &namespace, &format!("pod-{pod}")));
    match kind {
        0 => fact(workload(), Predicate::Escapes(Escape::Privileged)),
        1 => fact(Target::Image(image(pod)), Predicate::Vulnerable(vulnerability())),
        _ => {
            let account = Some((cluster.pods[pod].namespace, cluster.pods[pod].account));
            // The last rule is of no use to an attacker and gives no fact.
            let binding = Bound { account, rule: at % (RULES.len() - 1), wide: true };
            let rights = rbac::Rbac::new(&build(binding.objects(99, &NAMES)), rbac::ServerVersion::LATEST);
            rights.facts().into_iter().next().expect("a right")
        }
    }
}

/// Whether a goal is in reach from outside, by applying steps until nothing new follows.
fn in_reach(searches: &rank::Searches<'_>, fixes: &[FixId]) -> bool {
    let graph: &Graph = &searches.graph;
    let open = |fixed: &[FixId]| !fixed.iter().any(|fix| fixes.contains(fix));
    let start = [State::Internet, State::PushAccess].into_iter().filter_map(|state| graph.find(state));
    let mut held: FxHashSet<StateId> = start.collect();
    loop {
        let before = held.len();
        for edge in graph.edges.iter().filter(|edge| open(graph.removers(edge))) {
            if edge.body().iter().all(|state| held.contains(state)) {
                held.insert(edge.head);
            }
        }
        if held.len() == before {
            return searches.goals.iter().flat_map(|goal| &goal.states).any(|state| held.contains(state));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_question_has_the_same_answer(cluster in some_cluster()) {
        let (snapshot, facts, first) = risk_of(&cluster);
        prop_assert_eq!(&first, &judge(&snapshot, &facts));
        let mut ranking = Ranking::new(&snapshot, &facts, &Options { measured: usize::MAX });
        ranking.proposals();
        prop_assert_eq!(&first, &ranking.assess(&Rehearsals::new()), "what was tried before does not matter");
        prop_assert_eq!(&first, &ranking.assess(&Rehearsals::new()));
        let ids: FxHashSet<&str> = first.items.iter().map(|item| item.id.as_str()).collect();
        prop_assert_eq!(ids.len(), first.items.len(), "an id names one item");
    }

    #[test]
    fn order_and_repetition_of_objects_mean_nothing(cluster in some_cluster(), turn in 0..40usize) {
        let (_, _, first) = risk_of(&cluster);
        let mut objects = cluster.objects(&NAMES);
        objects.reverse();
        let middle = turn % objects.len();
        objects.rotate_left(middle);
        objects.extend(cluster.objects(&NAMES));
        let snapshot = build(objects);
        let facts = known(&cluster, &NAMES, &snapshot);
        prop_assert_eq!(&first, &judge(&snapshot, &facts));
        let doubled: Vec<Fact> = facts.iter().rev().chain(&facts).cloned().collect();
        let again = judge(&snapshot, &doubled);
        prop_assert_eq!(&first.risk, &again.risk);
        prop_assert_eq!(&first.headline, &again.headline);
    }

    #[test]
    fn names_mean_nothing(cluster in some_cluster()) {
        let (_, _, first) = risk_of(&cluster);
        let names = Names("x-");
        let snapshot = cluster.snapshot(&names);
        let renamed = judge(&snapshot, &known(&cluster, &names, &snapshot));
        prop_assert_eq!(&first.risk, &renamed.risk);
        prop_assert_eq!(&first.headline, &renamed.headline);
        let shape = |all: &Assessment| -> Vec<_> {
            all.items.iter().map(|i| (i.tier, i.entry, i.goal.clone(), i.steps.len(), i.ease.to_bits(), i.workloads.len())).collect()
        };
        prop_assert_eq!(shape(&first), shape(&renamed));
    }

    #[test]
    fn a_namespace_that_reaches_nothing_changes_nothing(cluster in some_cluster()) {
        let (_, _, first) = risk_of(&cluster);
        let mut objects = cluster.objects(&NAMES);
        let pod = Pod { namespace: 9, account: 0, open: false, privileged: false, host_pid: false,
            automount: Some(false), pinned: true, vulnerable: false, node: None };
        objects.extend(pod.objects(9, &NAMES));
        objects.push(json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "nothing", "namespace": NAMES.namespace(9)},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}}));
        let snapshot = build(objects);
        let more = judge(&snapshot, &known(&cluster, &NAMES, &snapshot));
        prop_assert_eq!(&first.risk, &more.risk);
        let sorted = |all: &Assessment| {
            let mut items = all.items.clone();
            items.sort_by(|a, b| a.id.cmp(&b.id));
            items
        };
        // Rights over the whole cluster hold there, too.
        let untouched = |items: Vec<crate::Item>| -> Vec<_> {
            items.into_iter().filter(|i| !i.workloads.iter().any(|w| w.contains("team-9"))).map(|i| (i.id, i.tier, i.ease.to_bits())).collect::<Vec<_>>()
        };
        prop_assert_eq!(untouched(sorted(&first)), untouched(sorted(&more)));
    }

    #[test]
    fn more_power_is_no_less_risk(cluster in some_cluster(), powers in prop::collection::vec(some_power(), 1..4)) {
        let (snapshot, mut facts, first) = risk_of(&cluster);
        let mut last = first.risk.total;
        for extra in powers {
            facts.push(power(&cluster, extra));
            let now = judge(&snapshot, &facts).risk.total;
            prop_assert!(now >= last - SLACK, "{} after {}", now, last);
            last = now;
        }
    }

    #[test]
    fn fixes_leave_what_they_promise(cluster in some_cluster()) {
        let (snapshot, _, first) = risk_of(&cluster);
        for ranked in first.items.iter().flat_map(|item| &item.fixes).chain(&first.plan.steps) {
            prop_assert!(ranked.residual <= first.risk.total + SLACK, "{} raises", ranked.fix.title);
            prop_assert!(ranked.cuts <= ranked.of);
        }
        for ranked in first.items.iter().flat_map(|item| &item.fixes).filter(|r| !r.fix.edits.is_empty()) {
            let (after, failed) = snapshot.with(&ranked.fix.edits);
            prop_assert!(failed.is_empty(), "{}: {:?}", ranked.fix.title, failed);
            let left = judge(&after, &known(&cluster, &NAMES, &after)).risk.total;
            prop_assert!(
                left <= ranked.residual + SLACK,
                "{}: {} instead of {} (before {})", ranked.fix.title, left, ranked.residual, first.risk.total
            );
        }
    }

    #[test]
    fn a_plan_that_leaves_nothing_leaves_nothing(cluster in some_cluster()) {
        let (snapshot, facts, first) = risk_of(&cluster);
        let searches = rank::Searches::new(World::new(&snapshot, &facts));
        let fixes: Vec<FixId> = first.plan.steps.iter().map(|step| step.id).collect();
        prop_assert_eq!(first.plan.residual > 1e-9, in_reach(&searches, &fixes));
        prop_assert_eq!(first.risk.total > 1e-9, in_reach(&searches, &[]));
    }
}

/// A generator that makes only harmless clusters, or only hopeless ones, proves nothing.
#[test]
fn some_clusters_are_in_danger_and_some_are_not() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut danger, mut whole, mut edits) = (0, 0, 0);
    for _ in 0..200 {
        let cluster = some_cluster().new_tree(&mut runner).unwrap().current();
        let (_, _, first) = risk_of(&cluster);
        danger += u32::from(first.risk.total > 0.0);
        whole += u32::from(first.risk.total > 0.0 && first.plan.residual <= 1e-9);
        edits +=
            first.items.iter().flat_map(|item| &item.fixes).filter(|fix| !fix.fix.edits.is_empty()).count();
    }
    assert!((60..=190).contains(&danger) && whole > 30 && edits > 200, "{danger} {whole} {edits}");
}
