//! Whether people use tokens of accounts: a lasting one, of an account that no workload runs as.

use super::{Judge, Own, Seen, Topic, fail, some, unsure};

pub(super) static TOPIC: Topic = Topic {
    key: "authentication/account-tokens",
    group: &["authentication and authorization"],
    words: &[&["service account token authentication should not be used"]],
    judge: Judge::Code(judge),
    upstream: "upstream leaves it to a person",
    script: None,
};

/// The checks it rests on.
pub(super) static CHECKS: &[&str] = &["rbac/legacy-token"];

fn judge(seen: &Seen<'_>) -> Own {
    let whole = seen.cluster(&["secrets", "pods"])?;
    let used = |namespace: &str, name: &str| {
        whole.snapshot.workloads().any(|workload| {
            &*workload.reference().namespace == namespace && workload.parse().spec().account_name() == name
        })
    };
    let mut found = Vec::new();
    for secret in whole.snapshot.of("", "Secret") {
        let lasting = super::checks::findings(seen, CHECKS)
            .any(|finding| finding.target.to_string() == secret.reference.to_string());
        let json = secret.json();
        let account = json.at(&["metadata", "annotations", "kubernetes.io/service-account.name"]).text();
        if lasting && !account.is_empty() && !used(&secret.reference.namespace, account) {
            found.push(format!("{}/{account}", secret.reference.namespace));
        }
    }
    if found.is_empty() {
        return unsure("no lasting token lies there; who asks for short ones is in the audit log only");
    }
    fail(format!("lasting tokens of accounts that no workload runs as: {}", some(&found)))
}
