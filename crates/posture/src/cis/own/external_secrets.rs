//! Whether secrets come from a store outside the cluster.

use super::{Judge, Own, Seen, Topic, fail, of_cluster, pass};

pub(super) static TOPIC: Topic = Topic {
    key: "secrets/external",
    group: &["secrets management"],
    words: &[&["external secret storage"]],
    judge: Judge::Code(judge),
    upstream: "upstream leaves it to a person",
    script: None,
};

/// Kinds by which they come.
const KINDS: &[(&str, &str)] = &[
    ("secrets-store.csi.x-k8s.io", "SecretProviderClass"),
    ("external-secrets.io", "ExternalSecret"),
    ("secrets.hashicorp.com", "VaultStaticSecret"),
    ("secrets.hashicorp.com", "VaultDynamicSecret"),
];

fn judge(seen: &Seen<'_>) -> Own {
    let whole = seen.cluster(&["secrets"])?;
    let found = KINDS.iter().find_map(|(group, kind)| whole.snapshot.of(group, kind).first());
    if let Some(first) = found {
        return pass(first.reference.to_string());
    }
    let own = |secret: &&snapshot::Resource| !of_cluster(&secret.reference.namespace);
    match whole.snapshot.of("", "Secret").iter().filter(own).count() {
        0 => pass("no namespace of workloads holds a Secret"),
        1 => fail("1 Secret, and nothing that fetches it from a store outside"),
        count => fail(format!("{count} Secrets, and nothing that fetches them from a store outside")),
    }
}
