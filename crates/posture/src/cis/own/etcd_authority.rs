//! Whether etcd believes the same authority as the API server's clients.

use super::{Judge, Own, Seen, Topic, fail, pass, unsure};

pub(super) static TOPIC: Topic = Topic {
    key: "etcd/authority",
    group: &["etcd"],
    words: &[&["unique certificate authority"]],
    judge: Judge::Code(judge),
    upstream: "upstream asks whether etcd has an authority, not whether it is its own",
    script: None,
};

fn judge(seen: &Seen<'_>) -> Own {
    let mut found = None;
    for etcd in seen.of("etcd") {
        let Some(own) = etcd.arguments.get("trusted-ca-file").filter(|path| !path.is_empty()) else {
            return fail("--trusted-ca-file is not set");
        };
        found = Some(own.to_owned());
        for server in seen.of("kube-apiserver") {
            if server.arguments.get("client-ca-file") == Some(own) {
                return fail(format!("{own} is what the API server's clients are believed by too"));
            }
        }
    }
    let Some(own) = found else { return unsure("no etcd was seen") };
    let Some(theirs) = seen.of("kube-apiserver").find_map(|server| server.arguments.get("client-ca-file"))
    else {
        return unsure(format!("{own}; whether the API server's clients have another was not seen"));
    };
    // Two paths can hold one certificate; where both were read, that tells.
    match (seen.node.content(&own), seen.node.content(theirs)) {
        (Ok(Some(a)), Ok(Some(b))) if a.trim() == b.trim() => {
            fail(format!("{own} and {theirs} hold the same certificate"))
        }
        _ => pass(format!("{own}, and {theirs} for the API server's clients")),
    }
}
