//! Whether something decides about pods before they run.

use super::{Judge, Own, Seen, Topic, fail, of_cluster, pass, some, unsure};
use pss::Level;
use snapshot::Snapshot;
use std::collections::BTreeSet;

pub(super) static TOPIC: Topic = Topic {
    key: "admission/policy-control",
    group: &["pod security"],
    words: &[&["at least one active policy control mechanism"]],
    judge: Judge::Code(judge),
    upstream: "upstream leaves it to a person",
    script: None,
};

/// Kinds of policies that decide about pods.
const POLICIES: &[(&str, &str)] = &[
    ("kyverno.io", "ClusterPolicy"),
    ("policies.kyverno.io", "ValidatingPolicy"),
    ("templates.gatekeeper.sh", "ConstraintTemplate"),
    ("policies.kubewarden.io", "ClusterAdmissionPolicy"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("policy", "PodSecurityPolicy"),
    ("security.openshift.io", "SecurityContextConstraints"),
];

/// Policies other than the namespaces' labels, by kind and name.
pub(super) fn others(snapshot: &Snapshot) -> Vec<String> {
    let of = |(group, kind): &(&str, &str)| {
        snapshot.of(group, kind).first().map(|first| first.reference.to_string())
    };
    POLICIES.iter().filter_map(of).collect()
}

fn judge(seen: &Seen<'_>) -> Own {
    let whole = seen.cluster(&["namespaces", "pods"])?;
    if let Some(first) = others(whole.snapshot).first() {
        return unsure(format!("{first} is there; what it refuses is not judged here"));
    }
    let namespaces: BTreeSet<String> = whole
        .snapshot
        .workloads()
        .map(|workload| workload.reference().namespace.to_string())
        .filter(|namespace| !of_cluster(namespace))
        .collect();
    let open: Vec<String> = namespaces
        .into_iter()
        .filter(|namespace| {
            let found = whole.snapshot.find("", "Namespace", "", namespace);
            let json = found.map(|found| found.json()).unwrap_or_default();
            let label = json.at(&["metadata", "labels", "pod-security.kubernetes.io/enforce"]).text();
            Level::parse(label).is_none_or(|level| level < Level::Baseline)
        })
        .collect();
    if open.is_empty() {
        pass("every namespace with workloads enforces a level")
    } else {
        fail(format!("nothing decides in {}", some(&open)))
    }
}
