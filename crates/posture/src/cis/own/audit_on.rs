//! Whether there is an audit policy that something is written by.

use super::{Judge, Own, Seen, Topic, fail, pass, unsure};

pub(super) static TOPIC: Topic = Topic {
    key: "logging/audit-on",
    group: &["logging"],
    words: &[&["minimal audit policy is created"]],
    judge: Judge::Code(judge),
    upstream: "upstream asks for a policy's name; without a place to write to nothing is written",
    script: None,
};

/// An API server does not start with a policy that has no rules (`apiserver/pkg/audit/policy/reader.go`), so that one
/// which runs with the flag has a policy. What it writes down is another control's.
fn judge(seen: &Seen<'_>) -> Own {
    let mut last = unsure("no kube-apiserver was seen");
    for server in seen.of("kube-apiserver") {
        let has = |flag: &str| server.arguments.get(flag).is_some_and(|value| !value.is_empty());
        last = match (has("audit-policy-file"), has("audit-log-path") || has("audit-webhook-config-file")) {
            (false, _) => return fail("--audit-policy-file is not set"),
            (true, false) => {
                return fail("neither --audit-log-path nor a webhook is set: nothing is written");
            }
            (true, true) => pass("a policy is in force, and there is a place to write to"),
        };
    }
    last
}
