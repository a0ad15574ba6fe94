//! Small worlds for tests: inline YAML and a few facts in, the instances of one step out, in words.

use crate::graph::{Graph, State};
use crate::steps;
use crate::world::World;
use model::{
    Alert, AlertClass, Capability, Confidence, Escape, Evidence, Fact, Grant, Identity, ImageId, Lifetime,
    Loaded, Origin, Predicate, ResourceRef, Scope, Severity, Source, Target, Vulnerability,
};
use snapshot::{Builder, Snapshot};

/// A snapshot of a YAML stream.
pub(crate) fn snapshot(text: &str) -> Snapshot {
    let mut builder = Builder::new("default");
    let (documents, diagnostics) = yaml::read(text.as_bytes(), &yaml::Caps::default());
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    for document in documents {
        let origin =
            Origin::File { path: "t.yaml".into(), offset: document.offset, item: None, template: None };
        assert!(builder.add(document.value, origin), "no resource in {text}");
    }
    builder.build()
}

/// A pod `name` in namespace `ns`, with more lines of its spec (indented by two).
pub(crate) fn pod(ns: &str, name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {ns}, labels: {{app: {name}}}}}\n\
         spec:\n  containers:\n  - {{name: main, image: 'registry.test/{name}:1'}}\n{spec}"
    )
}

/// A fact about a target.
pub(crate) fn fact(target: Target, predicate: Predicate) -> Fact {
    let confidence = Confidence::Confirmed;
    let evidence = Evidence::Assumption("test".into());
    Fact {
        target,
        predicate,
        source: Source::Scan,
        observed_at: None,
        lifetime: Lifetime::Snapshot,
        confidence,
        evidence,
    }
}

/// An account of namespace `ns` holds a capability; through binding `b` and role `r`.
pub(crate) fn holds(who: Identity, capability: Capability, scope: Scope) -> Fact {
    let group = "rbac.authorization.k8s.io";
    let grant = Grant {
        capability,
        scope,
        binding: ResourceRef::new(group, "ClusterRoleBinding", "", "b"),
        role: ResourceRef::new(group, "ClusterRole", "", "r"),
        rule: None,
        through: who.clone(),
    };
    fact(Target::Identity(who), Predicate::Holds(grant))
}

/// A way out of the pod `ns/name`.
pub(crate) fn escapes(ns: &str, name: &str, escape: Escape) -> Fact {
    fact(Target::Workload(ResourceRef::new("", "Pod", ns, name)), Predicate::Escapes(escape))
}

/// What is known of the image `registry.test/name:1`.
pub(crate) fn image(name: &str, predicate: Predicate) -> Fact {
    let reference = format!("registry.test/{name}:1").parse().unwrap();
    fact(Target::Image(ImageId::from_reference(reference)), predicate)
}

/// A vulnerability that the network reaches and a new version mends.
pub(crate) fn vulnerability() -> Vulnerability {
    Vulnerability {
        id: "CVE-1".into(),
        package: "libfoo".into(),
        installed: "1".into(),
        fixed: "2".into(),
        severity: Severity::High,
        network: Some(true),
        known_exploited: false,
        epss: None,
        loaded: Loaded::Unknown,
    }
}

/// An alert about the pod `ns/name`.
pub(crate) fn alert(ns: &str, name: &str, class: AlertClass) -> Fact {
    let alert =
        Alert { rule: "A rule".into(), priority: "Notice".into(), class, output: String::new(), at: None };
    let target = Target::PodName { namespace: ns.into(), name: name.into() };
    fact(target, Predicate::Alerted(alert))
}

/// The instances of one step, each as `from + from -> to ease`, sorted; a guess ends in `?`, a seen one in `!`.
pub(crate) fn edges(step: &str, yaml: &str, facts: &[Fact]) -> Vec<String> {
    let snapshot = snapshot(yaml);
    let world = World::new(&snapshot, facts);
    let graph = steps::graph(&world);
    let of_step = graph.edges.iter().filter(|edge| steps::of(edge).id == step);
    let mut out: Vec<String> = of_step
        .map(|edge| {
            let line = steps::describe(&world, &graph, edge);
            assert!(!line.text.is_empty(), "{step} has no words");
            let from: Vec<String> = edge.body().iter().map(|s| show(&world, graph.what(*s))).collect();
            let mark = if edge.guessed {
                "?"
            } else if edge.observed {
                "!"
            } else {
                ""
            };
            format!("{} -> {} {:.2}{mark}", from.join(" + "), show(&world, graph.what(edge.head)), edge.ease)
        })
        .collect();
    out.sort();
    out.dedup();
    out
}

/// The words of the first instance of a step.
pub(crate) fn words(step: &str, yaml: &str, facts: &[Fact]) -> String {
    let snapshot = snapshot(yaml);
    let world = World::new(&snapshot, facts);
    let graph: Graph = steps::graph(&world);
    let edge = graph.edges.iter().find(|edge| steps::of(edge).id == step);
    edge.map(|edge| steps::describe(&world, &graph, edge).text).unwrap_or_default()
}

fn show(world: &World<'_>, state: State) -> String {
    let scope = |at| if at == 0 { "*".to_owned() } else { world.namespace(at).to_owned() };
    match state {
        State::Net(at) => format!("net {}", world.name(at)),
        State::Exec(at) => format!("exec {}", world.name(at)),
        State::Acts(at) => world.identities.get(at).map(ToString::to_string).unwrap_or_default(),
        State::Node(at) => format!("node {}", world.nodes.get(at as usize).map_or("", |node| &node.name)),
        State::Zone(at) => {
            format!("zone of {}", world.zones.get(at as usize).map_or_else(String::new, |z| scope(z.scope)))
        }
        State::NamespaceNetwork(at) => format!("network of {}", scope(at)),
        State::Secrets(at) => format!("secrets of {}", scope(at)),
        State::ExecIn(at) => format!("exec in {}", scope(at)),
        State::CreatePods(at) => format!("pods in {}", scope(at)),
        State::AccountsOf(at) => format!("accounts of {}", scope(at)),
        State::NamespaceAdmin(at) => format!("admin of {}", scope(at)),
        other => format!("{other:?}"),
    }
}
