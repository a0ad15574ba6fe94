//! Where kube-proxy serves its metrics.

use super::{Judge, Own, Seen, Topic, fail, pass, unsure};

pub(super) static TOPIC: Topic = Topic {
    key: "proxy/metrics",
    group: &["kube-proxy"],
    words: &[&["metrics service is bound to localhost"]],
    judge: Judge::Code(judge),
    upstream: "upstream reads kube-proxy's credential for its configuration",
    script: None,
};

fn judge(seen: &Seen<'_>) -> Own {
    let map = super::scripts::in_map(seen, "kube-proxy", "config.conf");
    if let Some(config) = &map {
        return match config.get("metricsBindAddress").map(serde_json::Value::as_str) {
            None | Some(Some("")) => pass("metricsBindAddress is not set, which means 127.0.0.1:10249"),
            Some(Some(address)) => of(address),
            Some(None) => unsure("metricsBindAddress has a value of another type"),
        };
    }
    let mut proxies = seen.of("kube-proxy").peekable();
    if proxies.peek().is_none() {
        return unsure("no kube-proxy was seen");
    }
    let mut last = pass("--metrics-bind-address is not set, which means 127.0.0.1:10249");
    for process in proxies {
        if process.arguments.has("config") {
            return unsure("its configuration file was not read");
        }
        if let Some(address) = process.arguments.get("metrics-bind-address") {
            last = of(address);
            if !last.as_ref().is_ok_and(|said| said.holds) {
                break;
            }
        }
    }
    last
}

fn of(address: &str) -> Own {
    let said = format!("metrics are served on {address}");
    if super::flags::loopback(address) { pass(said) } else { fail(said) }
}
