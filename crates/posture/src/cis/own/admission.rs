//! What may be admitted: what runs already, and what namespaces would let in tomorrow.

use super::Judge::Admission;
use super::{Own, Seen, Topic, fail, of_cluster, pass, some, unsure};
use crate::Workload;
use pss::Level;
use std::collections::BTreeSet;

const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

pub(super) fn judge(ids: &[&str], level: Level, seen: &Seen<'_>) -> Own {
    let whole = seen.cluster(&["pods", "namespaces"])?;
    let mut namespaces: BTreeSet<&str> = BTreeSet::new();
    let mut breaking: Vec<String> = Vec::new();
    for workload in whole.snapshot.workloads() {
        let namespace = &*workload.reference().namespace;
        if of_cluster(namespace) {
            continue;
        }
        namespaces.insert(namespace);
        let template = workload.parse();
        if !crate::workloads::broken(&Workload::new(&template, whole), ids).is_empty() {
            breaking.push(workload.reference().to_string());
        }
    }
    if !breaking.is_empty() {
        return fail(format!("it runs already: {}", some(&breaking)));
    }
    let enforced = |namespace: &&str| {
        let found = whole.snapshot.find("", "Namespace", "", namespace);
        let label = found.map(|found| found.json()).unwrap_or_default();
        Level::parse(label.at(&["metadata", "labels", ENFORCE]).text())
            .is_some_and(|enforced| enforced >= level)
    };
    let open: Vec<String> =
        namespaces.into_iter().filter(|name| !enforced(name)).map(str::to_owned).collect();
    if open.is_empty() {
        return pass(format!("every namespace with workloads enforces {}", level.as_str()));
    }
    let policies = super::policy_control::others(whole.snapshot);
    if let Some(first) = policies.first() {
        return unsure(format!(
            "nothing that runs does it; whether {first} refuses it in {} is not judged here",
            some(&open)
        ));
    }
    fail(format!("nothing that runs does it, and nothing refuses it in {}", some(&open)))
}

const GROUP: &[&str] = &["pod security standards", "pod security policies"];
const RUNS: &str =
    "upstream looks at what runs, not at what would be admitted, and counts the cluster's own parts";

const fn row(
    key: &'static str,
    words: &'static [&'static [&'static str]],
    ids: &'static [&'static str],
    level: Level,
    script: Option<super::Script>,
) -> Topic {
    Topic { key, group: GROUP, words, judge: Admission(ids, level), upstream: RUNS, script }
}

pub(super) static TOPICS: &[Topic] = &[
    row(
        "admission/privileged",
        &[&["admission of privileged containers"]],
        &["privileged"],
        Level::Baseline,
        Some(("is_container_privileged", super::scripts::privileged)),
    ),
    row(
        "admission/host-pid",
        &[&["host process id namespace"]],
        &["hostNamespaces"],
        Level::Baseline,
        Some(("is_pod_hostpid", |seen| super::scripts::host(seen, "hostPID"))),
    ),
    row(
        "admission/host-ipc",
        &[&["host ipc namespace"]],
        &["hostNamespaces"],
        Level::Baseline,
        Some(("is_pod_hostipc", |seen| super::scripts::host(seen, "hostIPC"))),
    ),
    row(
        "admission/host-network",
        &[&["host network namespace"]],
        &["hostNamespaces"],
        Level::Baseline,
        Some(("is_pod_hostnetwork", |seen| super::scripts::host(seen, "hostNetwork"))),
    ),
    row(
        "admission/escalation",
        &[&["allowprivilegeescalation"]],
        &["allowPrivilegeEscalation"],
        Level::Restricted,
        Some(("is_container_allowprivesc", super::scripts::escalation)),
    ),
    row(
        "admission/root",
        &[&["admission of root containers"]],
        &["runAsNonRoot", "runAsUser"],
        Level::Restricted,
        None,
    ),
    row(
        "admission/net-raw",
        &[&["net_raw capability"]],
        &["capabilities_restricted"],
        Level::Restricted,
        None,
    ),
    row(
        "admission/added-capabilities",
        &[&["containers with added capabilities"]],
        &["capabilities_baseline"],
        Level::Baseline,
        None,
    ),
    row(
        "admission/capabilities",
        &[&["capabilities assigned"]],
        &["capabilities_restricted"],
        Level::Restricted,
        None,
    ),
    row(
        "admission/host-process",
        &[&["windows hostprocess"]],
        &["windowsHostProcess"],
        Level::Baseline,
        None,
    ),
    row("admission/host-path", &[&["hostpath volumes"]], &["hostPathVolumes"], Level::Baseline, None),
    row("admission/host-port", &[&["use hostports"]], &["hostPorts"], Level::Baseline, None),
];
