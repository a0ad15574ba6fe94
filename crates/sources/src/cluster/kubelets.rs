//! What each kubelet runs with (`/configz`): asked through the API server, or where that is refused at the kubelet
//! itself, which from 1.33 on lets in whoever may `get nodes/configz`.
//!
//! A kubelet may lie: its answer is bounded in bytes and time, and one that is no configuration is a diagnostic and a
//! gap. Nothing is asked of a kubelet that cannot show a certificate of the cluster's authority.

use super::connect::Connection;
use super::fetch::{Answer, ClusterCaps, Fetch};
use super::gaps::{Gaps, subject};
use super::lists::{Sink, encode};
use futures_util::StreamExt as _;
use futures_util::stream;
use model::{Diagnostic, Origin, Ring};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What gaps about kubelets begin with.
const WHAT: &str = "kubelet configuration";
/// The code of an answer that is no configuration.
const ODD: &str = "nodes/kubelet-config";
const REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
/// Nodes named in a gap; the others are counted.
const NAMED: usize = 3;

/// A node, as far as its kubelet is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kubelet {
    node: String,
    address: Option<IpAddr>,
    port: u16,
}

impl Kubelet {
    /// Out of a Node.
    pub(super) fn of(node: &Value) -> Option<Self> {
        let name = node.pointer("/metadata/name")?.as_str()?.to_owned();
        let addresses = node.pointer("/status/addresses").and_then(Value::as_array);
        let internal = addresses.into_iter().flatten().find(|address| address["type"] == "InternalIP");
        let address = internal.and_then(|address| address["address"].as_str()?.parse().ok());
        let port = node.pointer("/status/daemonEndpoints/kubeletEndpoint/Port").and_then(Value::as_u64);
        let port = port.and_then(|port| u16::try_from(port).ok()).unwrap_or(10250);
        Some(Self { node: name, address, port })
    }
}

/// Why a kubelet's configuration is not known.
enum Unknown {
    /// The API server lets us ask no kubelet.
    Denied(String),
    /// The answer is no configuration.
    Odd(String),
    /// No answer, or none we may have.
    Silent(String),
}

/// Reads every node's.
pub(super) async fn read(
    fetch: &Fetch,
    connection: &Connection,
    version: Option<&str>,
    sink: &mut Sink<'_>,
    gaps: &mut Gaps,
) {
    let mut nodes = std::mem::take(&mut sink.nodes);
    nodes.sort_by(|a, b| a.node.cmp(&b.node));
    let Some((first, rest)) = nodes.split_first() else { return };
    let proxied = Fetch::new(connection.client.clone(), caps(fetch));
    let mut seen = Seen::default();
    match through_server(&proxied, first).await {
        Err(Unknown::Denied(why)) => {
            return directly(fetch, connection, &nodes, &why, version, sink, gaps).await;
        }
        answer => seen.take(sink, first, answer),
    }
    let ask = |node| {
        let proxied = &proxied;
        async move { (node, through_server(proxied, node).await) }
    };
    let at_once = fetch.caps.kubelets.at_once.max(1);
    let mut answers = stream::iter(rest.iter().map(ask)).buffered(at_once);
    while let Some((node, answer)) = answers.next().await {
        seen.take(sink, node, answer);
    }
    seen.finish(sink, gaps);
}

/// Patience with kubelets: each is asked once.
fn caps(fetch: &Fetch) -> ClusterCaps {
    let own = fetch.caps.kubelets;
    ClusterCaps {
        page_bytes: own.bytes,
        attempts: 1,
        request: own.request,
        deadline: own.deadline.min(fetch.left()),
        ..fetch.caps
    }
}

async fn through_server(fetch: &Fetch, kubelet: &Kubelet) -> Result<Map<String, Value>, Unknown> {
    let path = format!("/api/v1/nodes/{}/proxy/configz", encode(&kubelet.node));
    answer(fetch, &path).await
}

async fn answer(fetch: &Fetch, path: &str) -> Result<Map<String, Value>, Unknown> {
    Err(match fetch.get(path, "application/json").await {
        Answer::Body(body) => return configuration(&body).map_err(Unknown::Odd),
        Answer::Denied(why) => Unknown::Denied(why),
        Answer::TooLarge => {
            Unknown::Odd(format!("its answer is larger than {} bytes", fetch.caps.page_bytes))
        }
        Answer::OutOfTime => {
            Unknown::Silent(format!("no answer within {} s for all nodes", fetch.caps.deadline.as_secs()))
        }
        Answer::Absent | Answer::Gone => {
            Unknown::Silent("it does not tell (its debugging handlers may be switched off)".to_owned())
        }
        Answer::Unauthorized(why) | Answer::Unreachable(why) | Answer::Failed(why) => Unknown::Silent(why),
    })
}

/// The configuration in an answer of `/configz`.
fn configuration(body: &[u8]) -> Result<Map<String, Value>, String> {
    let value: Value =
        serde_json::from_slice(body).map_err(|error| format!("its answer is no JSON: {error}"))?;
    match value {
        Value::Object(mut fields) => match fields.remove("kubeletconfig") {
            Some(Value::Object(config)) if !config.is_empty() => Ok(config),
            Some(_) => Err("its `kubeletconfig` is no configuration".to_owned()),
            None => Err("its answer has no `kubeletconfig`".to_owned()),
        },
        _ => Err("its answer is no object".to_owned()),
    }
}

/// What came of it, over all nodes.
#[derive(Default)]
struct Seen {
    bytes: usize,
    nodes: u64,
    known: u64,
    /// By reason: the nodes.
    unknown: BTreeMap<String, Vec<String>>,
}

impl Seen {
    fn take(&mut self, sink: &mut Sink<'_>, kubelet: &Kubelet, answer: Result<Map<String, Value>, Unknown>) {
        self.nodes = self.nodes.saturating_add(1);
        let why = match answer {
            Ok(config) => match self.keep(sink, kubelet, config) {
                Ok(()) => return,
                Err(why) => why,
            },
            Err(Unknown::Odd(why)) => {
                let document = format!("/configz of node {}", model::escape(&kubelet.node));
                sink.builder.diagnose(Diagnostic::error(ODD, why.clone()).in_document(document));
                why
            }
            Err(Unknown::Denied(why) | Unknown::Silent(why)) => why,
        };
        self.unknown.entry(why).or_default().push(kubelet.node.clone());
    }

    /// Keeps a configuration as a resource of the node's name, marked as what runs and not what was written.
    fn keep(
        &mut self,
        sink: &mut Sink<'_>,
        kubelet: &Kubelet,
        config: Map<String, Value>,
    ) -> Result<(), String> {
        let mut object = config;
        object.insert("apiVersion".into(), "kubelet.config.k8s.io/v1beta1".into());
        object.insert("kind".into(), "KubeletConfiguration".into());
        let metadata = json!({"name": kubelet.node, "annotations": {"ringwall.dev/read-from": "configz"}});
        object.insert("metadata".into(), metadata);
        let object = Value::Object(object);
        self.bytes = self.bytes.saturating_add(object.to_string().len());
        if self.bytes > sink.kubelet_bytes {
            return Err(format!("the answers of all nodes are larger than {} bytes", sink.kubelet_bytes));
        }
        let origin = Origin::Cluster { context: sink.context.clone(), owner: Some("kubelet".into()) };
        if !sink.builder.add(object, origin) {
            return Err("its answer is nested too deep".to_owned());
        }
        self.known = self.known.saturating_add(1);
        Ok(())
    }

    fn finish(self, sink: &mut Sink<'_>, gaps: &mut Gaps) {
        sink.builder.coverage().count(Ring::Nodes, self.known, self.nodes);
        for (why, nodes) in self.unknown {
            let what = format!("{WHAT} of {}", names(&nodes));
            gaps.other(Ring::Nodes, what, why, false, Some(BY_FILE.to_owned()));
        }
    }
}

/// What always helps.
const BY_FILE: &str = "on the node, its configuration file: check --configz NODE=FILE";

fn names(nodes: &[String]) -> String {
    let named: Vec<_> = nodes.iter().take(NAMED).map(|name| model::escape(name)).collect();
    match nodes.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// Asks the kubelets themselves, where the API server says that we may.
async fn directly(
    fetch: &Fetch,
    connection: &Connection,
    nodes: &[Kubelet],
    denied: &str,
    version: Option<&str>,
    sink: &mut Sink<'_>,
    gaps: &mut Gaps,
) {
    let count = nodes.len() as u64;
    if !(fine_grained(version) && may(fetch, "configz").await) {
        sink.builder.coverage().count(Ring::Nodes, 0, count);
        let what = format!("{WHAT} (right to get nodes/configz)");
        return gaps.other(Ring::Nodes, what, denied.to_owned(), false, Some(grant(version, denied)));
    }
    let mut seen = Seen::default();
    for kubelet in nodes {
        // Where the first three do not answer, the nodes are out of reach from here.
        let out_of_reach = seen.known == 0 && seen.nodes >= NAMED as u64;
        let answer = match kubelet.address.filter(|_| !out_of_reach) {
            None if out_of_reach => {
                Err(Unknown::Silent("not asked: other kubelets were out of reach".to_owned()))
            }
            None => Err(Unknown::Silent("the node tells no address".to_owned())),
            Some(address) => itself(fetch, connection, kubelet, address).await,
        };
        seen.take(sink, kubelet, answer);
    }
    seen.finish(sink, gaps);
}

async fn itself(
    fetch: &Fetch,
    connection: &Connection,
    kubelet: &Kubelet,
    address: IpAddr,
) -> Result<Map<String, Value>, Unknown> {
    let client = connection.kubelet(address, kubelet.port).map_err(Unknown::Silent)?;
    let place = std::net::SocketAddr::new(address, kubelet.port);
    answer(&Fetch::new(client, caps(fetch)), "/configz").await.map_err(|unknown| match unknown {
        Unknown::Denied(why) | Unknown::Silent(why) => {
            Unknown::Silent(format!("{place}, asked directly: {why}"))
        }
        odd @ Unknown::Odd(_) => odd,
    })
}

/// Whether kubelets of this version know the right `nodes/configz`; from 1.33 on.
fn fine_grained(version: Option<&str>) -> bool {
    let mut parts = version.unwrap_or_default().trim_start_matches('v').split('.');
    let mut number = || parts.next().and_then(|part| part.parse::<u32>().ok());
    number().zip(number()).is_none_or(|version| version >= (1, 33))
}

/// Whether we may get this of nodes, in the API server's own words.
async fn may(fetch: &Fetch, subresource: &str) -> bool {
    let attributes = json!({"verb": "get", "resource": "nodes", "subresource": subresource});
    let question = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    });
    match fetch.review(REVIEWS, &question).await {
        Answer::Body(body) => serde_json::from_slice::<Value>(&body)
            .ok()
            .and_then(|answer| answer.pointer("/status/allowed")?.as_bool())
            .unwrap_or(false),
        _ => false,
    }
}

/// The command that grants the smallest right that helps.
fn grant(version: Option<&str>, denied: &str) -> String {
    let create = |resource: &str| {
        format!(
            "kubectl create clusterrole ringwall-kubelets --verb=get --resource={resource} && \
             kubectl create clusterrolebinding ringwall-kubelets --clusterrole=ringwall-kubelets {}",
            subject(denied)
        )
    };
    if fine_grained(version) {
        return format!(
            "{}, and run where port 10250 of the nodes is reached (nodes/proxy would do anywhere, but whoever has \
             it runs code in every pod)",
            create("nodes/configz")
        );
    }
    format!("{}; it also runs code in every pod, so take it back afterwards", create("nodes/proxy"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_lying_kubelets_are_no_configurations() {
        assert!(configuration(br#"{"kubeletconfig":{"readOnlyPort":10255}}"#).is_ok());
        for odd in [
            "",
            "[]",
            "{}",
            "{\"kubeletconfig\":[]}",
            "{\"kubeletconfig\":{}}",
            "<html>",
            "{\"kubeletconfig\":3}",
        ] {
            assert!(configuration(odd.as_bytes()).is_err(), "{odd}");
        }
        let deep = format!("{{\"kubeletconfig\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(configuration(deep.as_bytes()).is_err());
    }

    #[test]
    fn where_a_kubelet_is() {
        let node = json!({
            "metadata": {"name": "n"},
            "status": {
                "addresses": [{"type": "Hostname", "address": "n"}, {"type": "InternalIP", "address": "10.0.0.7"}],
                "daemonEndpoints": {"kubeletEndpoint": {"Port": 10260}},
            },
        });
        let kubelet = Kubelet::of(&node).unwrap();
        assert_eq!((kubelet.address, kubelet.port), ("10.0.0.7".parse().ok(), 10260));
        let bare = Kubelet::of(&json!({"metadata": {"name": "n"}})).unwrap();
        assert_eq!((bare.address, bare.port), (None, 10250));
        assert_eq!(Kubelet::of(&json!({"metadata": {}})), None);
    }

    #[test]
    fn the_right_depends_on_the_version() {
        assert!(fine_grained(Some("v1.33.0")) && fine_grained(Some("v1.36.3")) && fine_grained(None));
        assert!(!fine_grained(Some("v1.32.9-gke.1")));
        let denied = "the server answered 403: User \"jane\" cannot get it";
        assert!(grant(Some("v1.36.3"), denied).contains("--resource=nodes/configz && "));
        assert!(grant(Some("v1.30.0"), denied).contains("--resource=nodes/proxy && "));
        assert!(grant(None, denied).contains("--user=jane, and run"));
    }

    #[test]
    fn many_nodes_are_counted() {
        let nodes: Vec<String> = (0..5).map(|n| format!("n{n}")).collect();
        assert_eq!(names(&nodes), "n0, n1, n2 and 2 more");
        assert_eq!(names(&nodes[..1]), "n0");
    }
}
