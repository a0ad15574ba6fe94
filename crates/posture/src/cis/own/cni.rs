//! Whether the network obeys NetworkPolicies.

use super::{Judge, Own, Seen, Topic, fail, pass, unsure};

pub(super) static TOPIC: Topic = Topic {
    key: "network/cni",
    group: &["cni"],
    words: &[
        &["cni in use supports networkpolicies"],
        &["cni in use supports network policies"],
        &["cni plugin supports network policies"],
    ],
    judge: Judge::Code(judge),
    upstream: "upstream leaves it to a person",
    script: None,
};

/// Networks that obey them, and such as do not, by words in the names of what runs on every node.
const OBEY: &[&str] = &[
    "calico",
    "cilium",
    "antrea",
    "weave",
    "kube-router",
    "canal",
    "ovn",
    "romana",
    "aws-network-policy",
    "azure-npm",
];
const IGNORE: &[&str] = &["flannel", "kindnet"];

fn judge(seen: &Seen<'_>) -> Own {
    let whole = seen.cluster(&["daemonsets.apps"])?;
    let sets = whole.snapshot.of("apps", "DaemonSet");
    let names = |words: &'static [&str]| {
        sets.iter()
            .find(|set| words.iter().any(|word| set.reference.name.contains(word)))
            .map(|set| set.reference.to_string())
    };
    if let Some(name) = names(OBEY) {
        return pass(name);
    }
    match names(IGNORE) {
        // Newer kindnet obeys them; its name does not tell.
        Some(name) if name.contains("kindnet") => {
            unsure(format!("{name}: whether it obeys them depends on its version"))
        }
        Some(name) => fail(format!("{name} does not obey them, and nothing else does")),
        None => unsure("no network that is known runs on the nodes"),
    }
}
