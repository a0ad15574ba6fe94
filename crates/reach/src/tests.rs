//! Hand-made traps, and random clusters against an enumeration of everything that may pass.

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn snapshot(text: &str) -> Snapshot {
    let mut builder = snapshot::Builder::new("default");
    let (documents, faults) = yaml::read(text.as_bytes(), &yaml::Caps::default());
    assert!(faults.is_empty(), "{faults:?}");
    for document in documents {
        assert!(builder.add(document.value, model::Origin::Builtin), "{text}");
    }
    builder.build()
}

struct World {
    reach: Reach,
    pods: Vec<Endpoint>,
}

fn world(text: &str) -> World {
    let snapshot = snapshot(text);
    let pods = snapshot.workloads().map(|workload| Endpoint::of(&workload.parse())).collect();
    World { reach: Reach::new(&snapshot), pods }
}

impl World {
    fn pod(&self, name: &str) -> &Endpoint {
        self.pods.iter().find(|pod| &*pod.workload.name == name).unwrap()
    }

    fn end(&self, name: &str) -> End<'_> {
        match name.parse() {
            Ok(address) => End::Address(address),
            Err(_) => End::Pod(self.pod(name)),
        }
    }

    fn allows(&self, from: &str, to: &str, number: u16) -> Allowed {
        self.reach.allows(self.end(from), self.end(to), Port::tcp(number))
    }
}

/// Namespaces `shop` (team: a) and `lab` (team: b); pods `web`, `db` in shop, `guest` in lab, `node` on the node's
/// network.
const BASE: &str = "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: a}}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: lab, labels: {team: b}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}}, spec: {containers: [{name: a}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: db, namespace: shop, labels: {app: db}}, spec: {containers: [{name: a, ports: [{name: sql, containerPort: 5432}, {name: dns, containerPort: 53, protocol: UDP}]}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: guest, namespace: lab, labels: {app: web}}, spec: {containers: [{name: a}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: node, namespace: shop, labels: {app: db}}, spec: {hostNetwork: true, containers: [{name: a}]}}
";

fn with(spec: &str) -> World {
    world(&format!(
        "{BASE}---\n{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: p, namespace: shop}}, spec: {spec}}}"
    ))
}

/// A name, a policy, and connections with whether they may be.
type Trap = (&'static str, &'static str, &'static [(&'static str, &'static str, u16, Allowed)]);

const TRAPS: &[Trap] = &[
    ("no policy", "", &[("guest", "db", 1, Allowed::Yes), ("1.2.3.4", "db", 1, Allowed::Yes)]),
    (
        "an empty podSelector selects every pod, and no rule lets anyone in",
        "{podSelector: {}}",
        &[("web", "db", 1, Allowed::No), ("guest", "web", 1, Allowed::No), ("web", "guest", 1, Allowed::Yes)],
    ),
    (
        "one empty rule lets everyone in",
        "{podSelector: {}, ingress: [{}]}",
        &[("guest", "db", 1, Allowed::Yes), ("1.2.3.4", "db", 1, Allowed::Yes)],
    ),
    (
        "selectors in one item must both hold",
        "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: b}}, podSelector: {matchLabels: {app: db}}}]}]}",
        &[("guest", "db", 1, Allowed::No), ("web", "db", 1, Allowed::No)],
    ),
    (
        "selectors in two items are alternatives",
        "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: b}}}, {podSelector: {matchLabels: {app: web}}}]}]}",
        &[("guest", "db", 1, Allowed::Yes), ("web", "db", 1, Allowed::Yes), ("db", "web", 1, Allowed::No)],
    ),
    (
        "a podSelector alone means this namespace",
        "{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}",
        &[("web", "db", 1, Allowed::Yes), ("guest", "db", 1, Allowed::No), ("1.2.3.4", "db", 1, Allowed::No)],
    ),
    (
        "an empty namespaceSelector means every namespace and no address",
        "{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]}",
        &[
            ("guest", "db", 1, Allowed::Yes),
            ("1.2.3.4", "db", 1, Allowed::No),
            ("node", "web", 1, Allowed::No),
        ],
    ),
    (
        "a block less its exceptions; for pods nobody knows",
        "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [169.254.169.254/32, 10.0.0.0/8]}}]}]}",
        &[
            ("web", "1.2.3.4", 80, Allowed::Yes),
            ("web", "169.254.169.254", 80, Allowed::No),
            ("web", "10.1.2.3", 80, Allowed::No),
            ("web", "fd00::1", 80, Allowed::No),
            ("web", "db", 80, Allowed::Unknown),
        ],
    ),
    (
        "a name is the receiver's, with its protocol",
        "{podSelector: {}, ingress: [{ports: [{port: sql}, {port: dns}]}]}",
        &[
            ("web", "db", 5432, Allowed::Yes),
            ("web", "db", 53, Allowed::No),
            ("web", "web", 5432, Allowed::No),
        ],
    ),
    (
        "from port to endPort, both in",
        "{podSelector: {}, ingress: [{ports: [{port: 8000, endPort: 8002}]}]}",
        &[
            ("web", "db", 7999, Allowed::No),
            ("web", "db", 8000, Allowed::Yes),
            ("web", "db", 8002, Allowed::Yes),
            ("web", "db", 8003, Allowed::No),
        ],
    ),
    (
        "egress without rules and without types limits nothing",
        "{podSelector: {}, ingress: [{}], egress: []}",
        &[("web", "1.2.3.4", 1, Allowed::Yes)],
    ),
    (
        "ingress rules of an egress policy do not limit",
        "{podSelector: {}, policyTypes: [Egress], ingress: [{from: [{podSelector: {}}]}]}",
        &[("guest", "web", 1, Allowed::Yes), ("web", "guest", 1, Allowed::No)],
    ),
    (
        "both ends are asked",
        "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 5432}]}]}",
        &[("web", "db", 5432, Allowed::Yes), ("web", "db", 80, Allowed::No), ("db", "web", 1, Allowed::Yes)],
    ),
    (
        "policies do not hold on the node's network",
        "{podSelector: {matchLabels: {app: db}}}",
        &[("web", "node", 1, Allowed::Yes), ("web", "db", 1, Allowed::No)],
    ),
    (
        "who does not bear a label bears none of its values",
        "{podSelector: {matchExpressions: [{key: tier, operator: NotIn, values: [front]}]}}",
        &[("web", "db", 1, Allowed::No)],
    ),
    (
        "a namespace has its name as a label",
        "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: lab}}}]}]}",
        &[("guest", "db", 1, Allowed::Yes), ("web", "db", 1, Allowed::No)],
    ),
];

#[test]
fn traps() {
    for (name, spec, asked) in TRAPS {
        let world = if spec.is_empty() { world(BASE) } else { with(spec) };
        assert!(world.reach.diagnostics.is_empty(), "{name}: {:?}", world.reach.diagnostics);
        for (from, to, port, want) in *asked {
            assert_eq!(world.allows(from, to, *port), *want, "{name}: {from} to {to}:{port}");
        }
    }
}

#[test]
fn what_the_server_would_refuse_limits_nobody_and_is_told() {
    for spec in [
        "{podSelector: {matchExpressions: [{key: a, operator: Near}]}}",
        "{podSelector: {}, ingress: [{from: [{}]}]}",
        "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: nonsense}}]}]}",
        "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/33}}]}]}",
        "{podSelector: {}, ingress: [{ports: [{port: sql, endPort: 9}]}]}",
        "{podSelector: {}, ingress: [{ports: [{port: 9, endPort: 8}]}]}",
        "{podSelector: {}, ingress: [{ports: [{port: 9, protocol: ICMP}]}]}",
        "{podSelector: {}, ingress: [{ports: [{port: 65536}]}]}",
    ] {
        let world = with(spec);
        assert_eq!(world.reach.diagnostics.len(), 1, "{spec}");
        assert_eq!(world.allows("guest", "db", 1), Allowed::Yes, "{spec}");
    }
}

#[test]
fn ten_thousand_peers_are_read() {
    let peers: Vec<Value> = (0..10_000)
        .map(|i| json!({"ipBlock": {"cidr": format!("10.{}.{}.0/24", i / 256, i % 256)}}))
        .collect();
    let world = with(&json!({"podSelector": {}, "ingress": [{"from": peers}]}).to_string());
    assert_eq!(world.allows("10.39.15.9", "db", 1), Allowed::Yes);
    assert_eq!(world.allows("11.0.0.1", "db", 1), Allowed::No);
}

#[test]
fn wide_blocks_and_blocks_with_pods() {
    for (block, wide, pods) in [
        ("{cidr: 0.0.0.0/0}", true, true),
        ("{cidr: '::/0'}", true, true),
        ("{cidr: 0.0.0.0/1}", true, true),
        ("{cidr: 0.0.0.0/0, except: [10.0.0.0/8]}", true, true),
        (
            "{cidr: 0.0.0.0/0, except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10]}",
            true,
            false,
        ),
        ("{cidr: 0.0.0.0/0, except: [0.0.0.0/1, 128.0.0.0/1]}", false, false),
        ("{cidr: 10.0.0.0/8}", false, true),
        ("{cidr: 10.3.0.0/16, except: [10.3.0.0/16]}", false, false),
        ("{cidr: 192.0.2.0/24}", false, false),
        ("{cidr: 'fd00::/8'}", false, true),
    ] {
        let world = with(&format!("{{podSelector: {{}}, ingress: [{{from: [{{ipBlock: {block}}}]}}]}}"));
        let policy = world.reach.all().next().unwrap();
        let Some([Rule { peers: Some(peers), .. }]) = policy.rules(Direction::Ingress) else {
            panic!("{block}")
        };
        let [Peer::Block(read)] = &peers[..] else { panic!("{block}") };
        assert_eq!((read.is_wide(), read.may_hold_pods()), (wide, pods), "{block}");
    }
}

#[test]
fn blocks() {
    for (cidr, address, want) in [
        ("10.0.0.0/8", "10.255.0.1", true),
        ("10.0.0.0/8", "11.0.0.1", false),
        ("0.0.0.0/0", "1.1.1.1", true),
        ("1.2.3.4/32", "1.2.3.4", true),
        ("1.2.3.4/32", "1.2.3.5", false),
        ("::/0", "1.1.1.1", false),
        ("fd00::/8", "fd12::1", true),
        ("::1/128", "::2", false),
    ] {
        let policy =
            with(&format!("{{podSelector: {{}}, ingress: [{{from: [{{ipBlock: {{cidr: '{cidr}'}}}}]}}]}}"));
        assert_eq!(policy.allows(address, "db", 1) == Allowed::Yes, want, "{cidr} {address}");
    }
}

// The reference: sets of everything that each policy lets through, made by enumeration over the plain objects.

const NAMES: [&str; 2] = ["one", "two"];
const NUMBERS: [u16; 4] = [80, 81, 443, 5432];

fn any_selector() -> impl Strategy<Value = Value> {
    let key = || prop::sample::select(vec!["a", "b"]);
    let value = || prop::sample::select(vec!["x", "y"]);
    let expression = (key(), value(), prop::sample::select(vec!["In", "NotIn", "Exists", "DoesNotExist"]))
        .prop_map(|(key, value, operator)| match operator {
            "In" | "NotIn" => json!({"key": key, "operator": operator, "values": [value]}),
            _ => json!({"key": key, "operator": operator}),
        });
    prop_oneof![
        2 => Just(json!({})),
        3 => (key(), value()).prop_map(|(key, value)| json!({"matchLabels": {key: value}})),
        2 => prop::collection::vec(expression, 1..3).prop_map(|all| json!({"matchExpressions": all})),
    ]
}

fn any_peer() -> impl Strategy<Value = Value> {
    prop_oneof![
        any_selector().prop_map(|pods| json!({"podSelector": pods})),
        any_selector().prop_map(|namespaces| json!({"namespaceSelector": namespaces})),
        (any_selector(), any_selector()).prop_map(|(n, p)| json!({"namespaceSelector": n, "podSelector": p})),
        Just(json!({"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}})),
    ]
}

fn any_port() -> impl Strategy<Value = Value> {
    let protocol = || prop::sample::select(vec!["TCP", "UDP"]);
    prop_oneof![
        protocol().prop_map(|protocol| json!({"protocol": protocol})),
        (protocol(), prop::sample::select(NUMBERS.to_vec()))
            .prop_map(|(p, n)| json!({"protocol": p, "port": n})),
        protocol().prop_map(|protocol| json!({"protocol": protocol, "port": 80, "endPort": 443})),
        protocol().prop_map(|protocol| json!({"protocol": protocol, "port": "sql"})),
        Just(json!({"port": 443})),
    ]
}

fn any_rules(peers: &'static str) -> impl Strategy<Value = Value> {
    let rule = (prop::collection::vec(any_peer(), 0..3), prop::collection::vec(any_port(), 0..3)).prop_map(
        move |(from, ports)| {
            let mut rule = json!({});
            if !from.is_empty() {
                rule[peers] = json!(from);
            }
            if !ports.is_empty() {
                rule["ports"] = json!(ports);
            }
            rule
        },
    );
    prop::collection::vec(rule, 0..3).prop_map(|rules| json!(rules))
}

fn any_policy() -> impl Strategy<Value = Value> {
    let types = prop::sample::select(vec![
        json!(null),
        json!(["Ingress"]),
        json!(["Egress"]),
        json!(["Ingress", "Egress"]),
    ]);
    let namespace = prop::sample::select(NAMES.to_vec());
    (namespace, any_selector(), types, prop::option::of(any_rules("from")), prop::option::of(any_rules("to"))).prop_map(
        |(namespace, pods, types, ingress, egress)| {
            let mut spec = json!({"podSelector": pods});
            for (field, value) in [("policyTypes", Some(types).filter(|t| !t.is_null())), ("ingress", ingress), ("egress", egress)] {
                if let Some(value) = value {
                    spec[field] = value;
                }
            }
            json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"namespace": namespace}, "spec": spec})
        },
    )
}

fn any_labels() -> impl Strategy<Value = Value> {
    let value = || prop::option::of(prop::sample::select(vec!["x", "y"]));
    (value(), value()).prop_map(|(a, b)| {
        let all =
            [("a", a), ("b", b)].into_iter().filter_map(|(key, value)| Some((key.to_owned(), json!(value?))));
        Value::Object(all.collect())
    })
}

fn any_pod() -> impl Strategy<Value = Value> {
    (prop::sample::select(NAMES.to_vec()), any_labels(), any::<bool>(), prop::bool::weighted(0.1)).prop_map(
        |(namespace, labels, named, host)| {
            let ports = if named { json!([{"name": "sql", "containerPort": 5432}]) } else { json!([]) };
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": namespace, "labels": labels},
                "spec": {"hostNetwork": host, "containers": [{"name": "a", "ports": ports}]}})
        },
    )
}

fn any_cluster() -> impl Strategy<Value = Vec<Value>> {
    let namespaces = prop::collection::vec(any_labels(), NAMES.len());
    (namespaces, prop::collection::vec(any_pod(), 1..5), prop::collection::vec(any_policy(), 0..4)).prop_map(
        |(namespaces, pods, policies)| {
            let mut all: Vec<Value> = NAMES
                .iter()
                .zip(namespaces)
                .map(|(name, labels)| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}))
                .collect();
            for (index, mut object) in pods.into_iter().chain(policies).enumerate() {
                object["metadata"]["name"] = json!(format!("o{index}"));
                all.push(object);
            }
            all
        },
    )
}

mod reference {
    //! Everything that may pass, enumerated.

    use serde_json::Value;
    use std::collections::{BTreeMap, BTreeSet};

    /// A pod's index, or an address.
    #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub(super) enum Who {
        Pod(usize),
        Outside(&'static str),
    }

    pub(super) const OUTSIDE: [&str; 3] = ["10.2.0.1", "10.1.0.1", "8.8.8.8"];

    fn satisfied(selector: &Value, labels: &Value) -> bool {
        let has = |key: &str| labels.get(key).and_then(Value::as_str);
        let mut good = true;
        if let Some(equal) = selector["matchLabels"].as_object() {
            for (key, value) in equal {
                good &= has(key) == value.as_str();
            }
        }
        if let Some(expressions) = selector["matchExpressions"].as_array() {
            for expression in expressions {
                let have = has(expression["key"].as_str().unwrap());
                let values: Vec<&str> = expression["values"]
                    .as_array()
                    .map(|v| v.iter().map(|v| v.as_str().unwrap()).collect())
                    .unwrap_or_default();
                good &= match expression["operator"].as_str().unwrap() {
                    "Exists" => have.is_some(),
                    "DoesNotExist" => have.is_none(),
                    "In" => have.is_some() && values.contains(&have.unwrap()),
                    _ => have.is_none() || !values.contains(&have.unwrap()),
                };
            }
        }
        good
    }

    /// For each selected pod: which others, with which certainty, may pass, per (protocol, number, receiver).
    pub(super) fn passes(
        objects: &[Value],
        pods: &[&Value],
        ingress: bool,
        pod: usize,
        other: &Who,
        receiver: &Who,
        port: (&str, u16),
    ) -> (bool, bool) {
        let mut sure = BTreeSet::new();
        let mut perhaps = BTreeSet::new();
        let namespaces: BTreeMap<&str, &Value> = objects
            .iter()
            .filter(|o| o["kind"] == "Namespace")
            .map(|o| (o["metadata"]["name"].as_str().unwrap(), &o["metadata"]["labels"]))
            .collect();
        let own = pods[pod];
        let mut isolated = false;
        if own["spec"]["hostNetwork"] == true {
            return (true, true);
        }
        for policy in objects.iter().filter(|o| o["kind"] == "NetworkPolicy") {
            let spec = &policy["spec"];
            let home = &policy["metadata"]["namespace"];
            if *home != own["metadata"]["namespace"]
                || !satisfied(&spec["podSelector"], &own["metadata"]["labels"])
            {
                continue;
            }
            let (word, field, side) =
                if ingress { ("Ingress", "ingress", "from") } else { ("Egress", "egress", "to") };
            let counts = match spec["policyTypes"].as_array() {
                Some(types) => types.iter().any(|t| t == word),
                None => ingress || spec["egress"].as_array().is_some_and(|rules| !rules.is_empty()),
            };
            if !counts {
                continue;
            }
            isolated = true;
            for rule in spec[field].as_array().unwrap_or(&Vec::new()) {
                if !port_fits(rule, pods, receiver, port) {
                    continue;
                }
                let everyone = (0..pods.len()).map(Who::Pod).chain(OUTSIDE.map(Who::Outside));
                let Some(peers) = rule[side].as_array() else {
                    sure.extend(everyone);
                    continue;
                };
                for peer in peers {
                    if peer.get("ipBlock").is_some() {
                        sure.insert(Who::Outside("10.2.0.1"));
                        perhaps.extend((0..pods.len()).map(Who::Pod));
                        continue;
                    }
                    for (index, candidate) in pods.iter().enumerate() {
                        let place = &candidate["metadata"]["namespace"];
                        let there = match peer.get("namespaceSelector") {
                            Some(selector) => satisfied(selector, namespaces[place.as_str().unwrap()]),
                            None => place == home,
                        };
                        let named = peer
                            .get("podSelector")
                            .is_none_or(|s| satisfied(s, &candidate["metadata"]["labels"]));
                        if there && named && candidate["spec"]["hostNetwork"] == false {
                            sure.insert(Who::Pod(index));
                        }
                    }
                }
            }
        }
        let yes = !isolated || sure.contains(other);
        (yes, yes || perhaps.contains(other))
    }

    fn port_fits(rule: &Value, pods: &[&Value], receiver: &Who, (protocol, number): (&str, u16)) -> bool {
        let Some(ports) = rule["ports"].as_array() else { return true };
        ports.iter().any(|entry| {
            if entry.get("protocol").and_then(Value::as_str).unwrap_or("TCP") != protocol {
                return false;
            }
            match (&entry["port"], &entry["endPort"]) {
                (Value::Null, _) => true,
                (Value::String(_), _) => match receiver {
                    Who::Pod(index) => {
                        let named =
                            !pods[*index]["spec"]["containers"][0]["ports"].as_array().unwrap().is_empty();
                        named && protocol == "TCP" && number == 5432
                    }
                    Who::Outside(_) => false,
                },
                (first, Value::Null) => first.as_u64() == Some(number.into()),
                (first, last) => (first.as_u64().unwrap()..=last.as_u64().unwrap()).contains(&number.into()),
            }
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_clusters_are_judged_as_by_enumeration(objects in any_cluster()) {
        use reference::{OUTSIDE, Who};
        let text: Vec<String> = objects.iter().map(Value::to_string).collect();
        let world = world(&text.join("\n---\n"));
        let pods: Vec<&Value> = objects.iter().filter(|o| o["kind"] == "Pod").collect();
        let everyone: Vec<Who> = (0..pods.len()).map(Who::Pod).chain(OUTSIDE.map(Who::Outside)).collect();
        let name = |who: &Who| match who {
            Who::Pod(index) => pods[*index]["metadata"]["name"].as_str().unwrap().to_owned(),
            Who::Outside(address) => (*address).to_owned(),
        };
        for from in &everyone {
            for to in &everyone {
                for (protocol, word) in [(Protocol::Tcp, "TCP"), (Protocol::Udp, "UDP")] {
                    for number in NUMBERS {
                        let mut want = (true, true);
                        if let Who::Pod(index) = from {
                            let (yes, perhaps) = reference::passes(&objects, &pods, false, *index, to, to, (word, number));
                            want = (want.0 && yes, want.1 && perhaps);
                        }
                        if let Who::Pod(index) = to {
                            let (yes, perhaps) = reference::passes(&objects, &pods, true, *index, from, to, (word, number));
                            want = (want.0 && yes, want.1 && perhaps);
                        }
                        let want = match want {
                            (true, _) => Allowed::Yes,
                            (false, true) => Allowed::Unknown,
                            (false, false) => Allowed::No,
                        };
                        let got = world.reach.allows(world.end(&name(from)), world.end(&name(to)), Port { protocol, number });
                        prop_assert_eq!(got, want, "{} to {}:{}/{} in {}", name(from), name(to), number, word, json!(objects));
                    }
                }
            }
        }
    }
}
