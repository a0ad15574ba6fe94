//! Versions of node components that are at their end or known to be vulnerable.

use super::components::components;
use super::tables::{Known, Tables};
use crate::{Check, Report, Run, Sandbox, Whole, report};
use model::{
    Confidence, Escape, Evidence, Fact, Finding, Grain, Lifetime, NodeName, Predicate, ResourceRef, Rule, Severity, Source, Target,
};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "nodes/old-version",
        title: "Component is at its end of life or known to be vulnerable",
        severity: Severity::High,
        controls: &["NSA upgrade", "T1190", "T1611"],
        explain: "The kubelet, the container runtime and the kernel stand between a container and its node. A line \
                  past its end of life gets no more fixes; a version with a known hole is one download away from \
                  root on the node. The tables carry a date: what came later is not in them. Distributions patch \
                  without raising the version; where a name says so, this is a guess.",
    },
    run: Run::Whole(run),
};

/// The nodes that have a version, and where the first of them says so.
type Places = (Vec<Option<NodeName>>, Evidence);

fn run(whole: &Whole<'_>, report: &mut Report) {
    let tables = &whole.options.tables;
    let today = today(whole, tables);
    // One finding a component and version: the nodes that have it are counted.
    let mut groups: BTreeMap<(String, String), Places> = BTreeMap::new();
    let mut holes: BTreeMap<NodeName, Vec<Hole>> = BTreeMap::new();
    for component in components(whole.snapshot).found {
        let Some(version) = component.version else { continue };
        if let Some(node) = &component.node
            && let Some(hole) = Hole::worst(tables, &component.name, &version, &component.source)
        {
            holes.entry(node.clone()).or_default().push(hole);
        }
        let first = || (Vec::new(), component.source.clone());
        groups.entry((component.name, version)).or_insert_with(first).0.push(component.node);
    }
    open(whole, &holes, report);
    for ((name, version), (nodes, evidence)) in groups {
        let in_table = match name.as_str() {
            "kubelet" | "kube-apiserver" | "kube-controller-manager" | "kube-scheduler" | "kube-proxy" => "kubernetes",
            other => other,
        };
        let ended = tables.ended(in_table, &version, &today);
        let mut known = tables.known(&name, &version);
        known.sort_by_key(|known| std::cmp::Reverse((known.exploited, known.severity)));
        if ended.is_some() || !known.is_empty() {
            tell(tables, (&name, &version), &nodes, evidence, (ended, &known), report);
        }
    }
}

/// A known way from a container to root on its node, past a component that should keep it in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Hole {
    escape: Escape,
    evidence: Evidence,
    confidence: Confidence,
}

impl Hole {
    /// The worst one of a component of a node: known to be used before others.
    fn worst(tables: &Tables, component: &str, version: &str, evidence: &Evidence) -> Option<Self> {
        let known = tables.known(component, version).into_iter().filter(|known| known.escape);
        let worst = known.max_by_key(|known| (known.exploited, known.severity))?;
        // What a pod or an image must bring along is a way for whoever may bring one; a distribution's kernel may
        // have been mended.
        let patched = component == "kernel" && patched_elsewhere(version);
        if patched && !worst.exploited {
            return None;
        }
        let sure = component == "kernel" && !patched;
        Some(Self {
            escape: Escape::VulnerableNode {
                component: component.to_owned(),
                version: version.to_owned(),
                id: worst.id.clone(),
                exploited: worst.exploited,
            },
            evidence: evidence.clone(),
            confidence: if sure { Confidence::Confirmed } else { Confidence::Assumed },
        })
    }
}

/// Gives every workload the holes of the nodes its pods run on; one without pods may come to run on any.
fn open(whole: &Whole<'_>, holes: &BTreeMap<NodeName, Vec<Hole>>, report: &mut Report) {
    if holes.is_empty() {
        return;
    }
    let snapshot = whole.snapshot;
    let mut placed: BTreeMap<&ResourceRef, BTreeSet<&Hole>> = BTreeMap::new();
    for pod in snapshot.pods() {
        let (Some(workload), Some(node)) = (snapshot.workload_of(pod), snapshot.node_of(pod)) else { continue };
        let of_node = holes.get(&NodeName(node.clone())).into_iter().flatten();
        placed.entry(workload).or_default().extend(of_node);
    }
    let anywhere: BTreeSet<&Hole> = holes.values().flatten().collect();
    for workload in snapshot.workloads() {
        // A pod that is written down may name its node.
        let named = workload.resource.json().at(&["spec", "nodeName"]).text().to_owned();
        let written: BTreeSet<&Hole> = holes.get(&NodeName(named.as_str().into())).into_iter().flatten().collect();
        let (of_pods, guess) = match placed.get(workload.reference()) {
            Some(holes) => (holes, false),
            None if !named.is_empty() => (&written, false),
            None => (&anywhere, true),
        };
        if of_pods.is_empty() || sandboxed(whole, &workload) {
            continue;
        }
        let mut told: Vec<&Escape> = Vec::new();
        for hole in of_pods {
            // One component and version has the same hole on every node.
            if told.contains(&&hole.escape) {
                continue;
            }
            told.push(&hole.escape);
            report.fact(Fact {
                target: Target::Workload(workload.reference().clone()),
                predicate: Predicate::Escapes(hole.escape.clone()),
                source: Source::Cluster,
                observed_at: snapshot.taken_at,
                lifetime: Lifetime::Snapshot,
                confidence: if guess { Confidence::Assumed } else { hole.confidence },
                evidence: hole.evidence.clone(),
            });
        }
    }
}

/// Whether a kernel of its own stands between a workload and its node.
fn sandboxed(whole: &Whole<'_>, workload: &snapshot::Workload<'_>) -> bool {
    // Parsing is dear, and hardly any names a class.
    workload.resource.text().contains("runtimeClassName")
        && Sandbox::of(workload.parse().spec(), whole.snapshot).is_some()
}

/// The day of the snapshot, or of the tables when that is later or nothing else is known.
fn today(whole: &Whole<'_>, tables: &Tables) -> String {
    let taken = whole.snapshot.taken_at.map(|at| at.to_string().chars().take(10).collect::<String>());
    taken.unwrap_or_default().max(tables.as_of.clone())
}

fn tell(
    tables: &Tables,
    (name, version): (&str, &str),
    nodes: &[Option<NodeName>],
    evidence: Evidence,
    (ended, known): (Option<&str>, &[&Known]),
    report: &mut Report,
) {
    let where_ = match nodes {
        [Some(node)] => format!(" on {}", model::escape(&node.0)),
        all => format!(" in {} places", all.len()),
    };
    let mut parts = Vec::new();
    if let Some(day) = ended {
        parts.push(format!("end of life since {day}"));
    }
    for vulnerability in known.iter().take(3) {
        parts.push(format!("{}: {}", vulnerability.id, vulnerability.what));
    }
    if let Some(more) = known.len().checked_sub(3).filter(|more| *more > 0) {
        parts.push(format!("and {more} more"));
    }
    let version = model::escape(version);
    let message = format!("{name} {version}{where_}: {} (as of {})", parts.join("; "), tables.as_of);
    let target = match nodes {
        [Some(node)] => Target::Node(node.clone()),
        _ => Target::Unresolved { what: format!("{name} {version}"), why: "several nodes".to_owned() },
    };
    let mut finding = Finding::new(&CHECK.rule, target, evidence, message);
    finding.instance = Some(format!("{name} {version}"));
    let worst = known.iter().map(|known| known.severity).max().unwrap_or(Severity::Unknown);
    finding.severity = worst.max(if ended.is_some() { Severity::Medium } else { Severity::Low });
    if name == "kernel" && patched_elsewhere(&version) {
        finding.confidence = Confidence::Assumed;
        finding.severity = finding.severity.min(Severity::Medium);
        finding.message.push_str("; a distribution's kernel, which may be patched without saying so");
    }
    let key = format!("{name} {version} upgrade");
    finding.fixes.push(report::by_hand(key, Grain::Object, 4, format!("upgrade {name} to a line that is maintained")));
    report.finding(finding);
}

/// Whether a kernel's version carries a distribution's own count, under which fixes are taken over.
fn patched_elsewhere(version: &str) -> bool {
    version.contains('-') || version.contains(".el") || version.contains(".amzn")
}

#[cfg(test)]
mod tests {
    use crate::testing::run;
    use model::{Confidence, Escape, Severity};

    fn node(name: &str, kubelet: &str, runtime: &str, kernel: &str) -> String {
        format!(
            "{{apiVersion: v1, kind: Node, metadata: {{name: {name}}}, status: {{nodeInfo: {{kubeletVersion: {kubelet}, \
             containerRuntimeVersion: '{runtime}', kernelVersion: {kernel}}}}}}}"
        )
    }

    fn found(text: &str) -> Vec<(String, Severity, Confidence)> {
        let findings = run("nodes/old-version", text).findings;
        findings.into_iter().map(|f| (f.message, f.severity, f.confidence)).collect()
    }

    #[test]
    fn ended_and_vulnerable() {
        let found = found(&node("n1", "v1.24.17", "containerd://1.6.4", "6.12.0"));
        assert_eq!(found.len(), 2);
        assert!(found.iter().any(|(m, ..)| m.starts_with("kubelet v1.24.17 on n1: end of life since 2023-07-28")));
        assert!(found.iter().any(|(m, s, _)| m.contains("containerd 1.6.4") && *s == Severity::High));
    }

    #[test]
    fn a_hole_is_a_way_out_of_what_runs_there_and_a_sandbox_stops_it() {
        let text = |pod: &str| {
            format!(
                "{}\n---\n{}\n---\n{{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {{name: g}}, handler: runsc}}\n---\n\
                 {{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{{pod}containers: []}}}}",
                node("old", "v1.36.1", "containerd://2.3.2", "5.8.0"),
                node("new", "v1.36.1", "containerd://2.3.2", "6.12.0"),
            )
        };
        let escapes = |pod: &str| crate::testing::escapes(&run("nodes/old-version", &text(pod)));
        assert!(matches!(&escapes("")[..], [Escape::VulnerableNode { id, exploited: true, .. }] if id == "CVE-2024-1086"));
        assert!(escapes("runtimeClassName: g, ").is_empty());
        let held = node("n1", "v1.36.1", "containerd://2.3.2", "5.8.0-7-generic").replace("5.8.0", "6.12.0");
        assert!(crate::testing::escapes(&run("nodes/old-version", &held)).is_empty());
    }

    #[test]
    fn maintained_is_silent() {
        assert!(found(&node("n1", "v1.36.1", "containerd://2.3.2", "6.12.0")).is_empty());
    }

    #[test]
    fn one_finding_for_many_nodes_and_a_guess_for_a_distributions_kernel() {
        let two = ["a", "b"].map(|n| node(n, "v1.36.1", "containerd://2.3.2", "5.15.0-25-generic")).join("\n---\n");
        let found = found(&two);
        assert_eq!(found.len(), 1);
        assert!(found[0].0.contains("in 2 places"));
        assert_eq!((found[0].1, found[0].2), (Severity::Medium, Confidence::Assumed));
    }
}
