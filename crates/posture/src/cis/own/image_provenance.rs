//! Whether somebody asks where images come from before they run.

use super::{Judge, Own, Seen, Topic, fail, pass, unsure};

pub(super) static TOPIC: Topic = Topic {
    key: "admission/image-provenance",
    group: &["extensible admission control"],
    words: &[&["image provenance using imagepolicywebhook"]],
    judge: Judge::Code(judge),
    upstream: "upstream leaves it to a person",
    script: None,
};

/// Kinds of policies about images.
const KINDS: &[(&str, &str)] =
    &[("policy.sigstore.dev", "ClusterImagePolicy"), ("policies.kyverno.io", "ImageValidatingPolicy")];

fn judge(seen: &Seen<'_>) -> Own {
    if let Some(server) = seen.of("kube-apiserver").next()
        && server.arguments.list("enable-admission-plugins").any(|plugin| plugin == "ImagePolicyWebhook")
    {
        return pass("ImagePolicyWebhook is on");
    }
    let whole = seen.cluster(&[])?;
    if let Some(first) = KINDS.iter().find_map(|(group, kind)| whole.snapshot.of(group, kind).first()) {
        return pass(first.reference.to_string());
    }
    let of_kyverno = whole.snapshot.of("kyverno.io", "ClusterPolicy");
    if let Some(first) = of_kyverno.iter().find(|policy| policy.text().contains("\"verifyImages\"")) {
        return pass(first.reference.to_string());
    }
    if seen.of("kube-apiserver").next().is_none() {
        return unsure("no kube-apiserver was seen, so its plugins are not known");
    }
    fail("ImagePolicyWebhook is off, and no policy verifies images")
}
