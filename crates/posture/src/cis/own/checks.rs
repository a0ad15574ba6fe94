//! Topics that a check of this crate answers: it looked, and found nothing.

use super::Judge::Checks;
use super::{Own, Seen, Topic, fail, of_cluster, pass, some, topics};
use model::{Finding, Severity, Target};
use std::collections::BTreeSet;

/// The checks that topics rest on.
pub(super) fn rest_on() -> BTreeSet<&'static str> {
    let ids = topics().filter_map(|topic| match topic.judge {
        Checks { ids, .. } => Some(ids),
        _ => None,
    });
    ids.flatten().copied().chain(super::token_users::CHECKS.iter().copied()).collect()
}

/// Findings of some checks outside the cluster's own namespaces.
pub(super) fn findings<'s>(seen: &'s Seen<'_>, ids: &'s [&str]) -> impl Iterator<Item = &'s Finding> {
    seen.posture
        .findings
        .iter()
        .filter(move |finding| ids.contains(&finding.rule.id) && !own(&finding.target))
}

fn own(target: &Target) -> bool {
    match target {
        Target::Workload(reference) | Target::Resource(reference) => of_cluster(&reference.namespace),
        _ => false,
    }
}

pub(super) fn judge(ids: &[&str], reads: &[&str], low: bool, seen: &Seen<'_>) -> Own {
    let whole = seen.cluster(reads)?;
    if ids.iter().any(|id| id.starts_with("rbac/") || id.ends_with("-token")) {
        seen.rights()?;
    }
    let counts = |finding: &&Finding| low || finding.severity > Severity::Low;
    let found: Vec<String> = findings(seen, ids)
        .filter(counts)
        .map(|finding| format!("{}: {}", finding.target, finding.message))
        .collect();
    if found.is_empty() {
        pass(format!("nothing found in {} objects", whole.snapshot.len()))
    } else {
        fail(some(&found))
    }
}

const RBAC: &[&str] = &["rbac and service accounts"];
const GENERAL: &[&str] = &["general policies"];

const fn row(
    key: &'static str,
    group: &'static [&'static str],
    words: &'static [&'static [&'static str]],
    judge: super::Judge,
    upstream: &'static str,
) -> Topic {
    Topic { key, group, words, judge, upstream, script: None }
}

pub(super) static TOPICS: &[Topic] = &[
    Topic {
        key: "rbac/cluster-admin",
        group: RBAC,
        words: &[&["cluster-admin role is only used where required"]],
        judge: Checks { ids: &["rbac/cluster-admin-bound"], reads: &[], low: false },
        upstream: "upstream looks at names of bindings; a role of another name can hold every right, and kubeadm's own way in holds it by design",
        script: Some(("role_binding:", super::scripts::cluster_admin)),
    },
    Topic {
        key: "rbac/wildcards",
        group: RBAC,
        words: &[&["minimize wildcard use"]],
        judge: Checks { ids: &["rbac/wildcards"], reads: &[], low: true },
        upstream: "upstream looks for exactly [\"*\"], so [\"*\", \"get\"] passes, and it counts the server's own roles",
        script: Some(("role_is_compliant", super::scripts::wildcards)),
    },
    Topic {
        key: "rbac/default-accounts",
        group: RBAC,
        words: &[&["default service accounts are not actively used"]],
        judge: Checks { ids: &["rbac/default-account-bound"], reads: &["serviceaccounts"], low: true },
        upstream: "upstream asks whether every default account switches its token off, used or not",
        script: Some(("automountServiceAccountToken:", super::scripts::default_accounts)),
    },
    Topic {
        key: "rbac/mounted-tokens",
        group: RBAC,
        words: &[&["service account tokens are only mounted where necessary"]],
        judge: Checks { ids: &["workloads/unneeded-token"], reads: &["serviceaccounts", "pods"], low: true },
        upstream: "upstream passes what both pod and account switch off, and fails tokens that are needed",
        script: Some(("svacc_is_automountserviceaccounttoken", super::scripts::mounted_tokens)),
    },
    row(
        "rbac/escalation",
        RBAC,
        &[&["bind, impersonate and escalate"]],
        Checks { ids: &["rbac/self-escalation"], reads: &[], low: true },
        "upstream leaves it to a person",
    ),
    row(
        "network/policies",
        &["network policies and cni", "cni plugin"],
        &[&["all namespaces have networkpolicies"], &["all namespaces have network policies"]],
        Checks { ids: &["network/no-policy"], reads: &["networkpolicies.networking.k8s.io"], low: true },
        "upstream counts policies by namespace, the cluster's own namespaces too",
    ),
    row(
        "secrets/environment",
        &["secrets management"],
        &[&["secrets as files over secrets as environment variables"]],
        Checks { ids: &["workloads/secret-in-env"], reads: &["pods"], low: true },
        "upstream searches for secretKeyRef alone, not for envFrom and not for values",
    ),
    row(
        "workloads/seccomp",
        GENERAL,
        &[&["seccomp profile is set to"]],
        Checks { ids: &["workloads/no-seccomp"], reads: &["pods"], low: true },
        "upstream leaves it to a person",
    ),
    row(
        "workloads/contexts",
        GENERAL,
        &[&["apply securitycontext"], &["apply security context"]],
        Checks {
            ids: &["workloads/run-as-root", "workloads/privilege-escalation", "workloads/capabilities-kept"],
            reads: &["pods"],
            low: true,
        },
        "upstream leaves it to a person",
    ),
    row(
        "workloads/namespaces",
        GENERAL,
        &[&["boundaries between resources using namespaces"]],
        Checks { ids: &["workloads/default-namespace"], reads: &["pods"], low: true },
        "upstream leaves it to a person",
    ),
    row(
        "workloads/default-namespace",
        GENERAL,
        &[&["default namespace should not be used"]],
        Checks { ids: &["workloads/default-namespace"], reads: &["pods"], low: true },
        "upstream counts every kind of object, the API server's own too",
    ),
];
