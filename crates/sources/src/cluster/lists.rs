//! Lists page by page into the builder: restarted when they expire, cut smaller when they are too large.

use super::fetch::{Answer, Fetch};
use super::kinds::{How, Kind};
use super::kubelets::Kubelet;
use crate::list::each_item;
use model::Origin;
use serde_json::{Map, Value};
use snapshot::Builder;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

const FULL: &str = "application/json";
/// No plain form beside it: a server that does not know it must answer 406 rather than send the values.
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
/// How often a list that expires while it is read is begun anew.
const RESTARTS: u32 = 3;

/// How reading a kind ended.
#[derive(Debug)]
pub(super) enum End {
    /// Everything was read.
    Whole,
    /// The server does not have the kind.
    Absent,
    /// The right is missing.
    Denied(String),
    /// Something broke after so many objects.
    Broken {
        /// Objects read before.
        seen: u64,
        /// Why.
        why: String,
    },
    /// The time is over after so many objects.
    OutOfTime {
        /// Objects read before.
        seen: u64,
    },
}

/// Puts objects where they belong.
pub(super) struct Sink<'b> {
    pub(super) builder: &'b mut Builder,
    pub(super) context: Arc<str>,
    /// Objects that may still come.
    pub(super) room: usize,
    /// Nodes read, with where their kubelets are.
    pub(super) nodes: Vec<Kubelet>,
    /// Bytes of kubelets' configurations that are kept.
    pub(super) kubelet_bytes: usize,
}

impl Sink<'_> {
    /// Adds an object of a list, whose items do not repeat kind and version.
    fn add(&mut self, kind: &Kind, version: &str, mut item: Value) {
        if kind.how == How::MetadataOnly {
            let metadata = item.get_mut("metadata").map(Value::take).unwrap_or_default();
            item = Value::Object(Map::from_iter([("metadata".to_owned(), metadata)]));
        }
        if kind.kind == "Node" {
            self.nodes.extend(Kubelet::of(&item));
        }
        let Some(object) = item.as_object_mut() else { return };
        let api_version =
            if kind.group.is_empty() { version.to_owned() } else { format!("{}/{version}", kind.group) };
        object.insert("apiVersion".into(), Value::String(api_version));
        object.insert("kind".into(), Value::String(kind.kind.to_owned()));
        if self.builder.add(item, Origin::Cluster { context: self.context.clone(), owner: None }) {
            self.room = self.room.saturating_sub(1);
        }
    }
}

/// Reads every object of a kind, of one namespace or of all.
pub(super) async fn list(
    fetch: &Fetch,
    kind: &Kind,
    version: &str,
    namespace: Option<&str>,
    sink: &mut Sink<'_>,
) -> End {
    let root = path(kind, version, namespace);
    let accept = if kind.how == How::MetadataOnly { METADATA } else { FULL };
    let mut paging = Paging { limit: fetch.caps.page.max(1), ..Paging::default() };
    loop {
        let seen = paging.seen;
        match fetch.get(&paging.url(&root), accept).await {
            Answer::Body(body) => match paging.page(kind, version, &body, sink) {
                Ok(true) if sink.room == 0 => {
                    return End::Broken {
                        seen: paging.seen,
                        why: "there are more objects than we keep".into(),
                    };
                }
                Ok(true) => {}
                Ok(false) => return End::Whole,
                Err(error) => {
                    return End::Broken { seen: paging.seen, why: format!("the page is not JSON: {error}") };
                }
            },
            Answer::Gone if paging.restart() => {}
            Answer::Gone => {
                return End::Broken {
                    seen,
                    why: format!("the list expired {} times", RESTARTS.saturating_add(1)),
                };
            }
            Answer::TooLarge if paging.limit > 1 => paging.limit = (paging.limit / 4).max(1),
            Answer::TooLarge => {
                return End::Broken { seen, why: "a single object is larger than a page may be".into() };
            }
            Answer::Absent => return End::Absent,
            Answer::Denied(why) if seen == 0 => return End::Denied(why),
            Answer::OutOfTime => return End::OutOfTime { seen },
            Answer::Denied(why)
            | Answer::Unauthorized(why)
            | Answer::Unreachable(why)
            | Answer::Failed(why) => return End::Broken { seen, why },
        }
    }
}

/// Reads one object by name.
pub(super) async fn get(
    fetch: &Fetch,
    kind: &Kind,
    version: &str,
    namespace: Option<&str>,
    name: &str,
    sink: &mut Sink<'_>,
) -> End {
    let url = format!("{}/{}", path(kind, version, namespace), encode(name));
    match fetch.get(&url, FULL).await {
        Answer::Body(body) => match serde_json::from_slice(&body) {
            Ok(object) => {
                let whole = Kind { how: How::Full, ..*kind };
                sink.add(&whole, version, object);
                End::Whole
            }
            Err(error) => End::Broken { seen: 0, why: format!("it is not JSON: {error}") },
        },
        Answer::Absent => End::Absent,
        Answer::Denied(why) => End::Denied(why),
        Answer::OutOfTime => End::OutOfTime { seen: 0 },
        Answer::Unauthorized(why) | Answer::Unreachable(why) | Answer::Failed(why) => {
            End::Broken { seen: 0, why }
        }
        Answer::Gone | Answer::TooLarge => End::Broken { seen: 0, why: "it could not be read".into() },
    }
}

/// Where in a list we are.
#[derive(Default)]
struct Paging {
    limit: u32,
    token: Option<String>,
    restarts: u32,
    seen: u64,
    /// Names read so far, hashed; consulted only after a restart.
    names: HashSet<u64>,
    hasher: RandomState,
}

impl Paging {
    fn url(&self, root: &str) -> String {
        let token = self.token.as_deref().map(|token| format!("&continue={}", encode(token)));
        format!("{root}?limit={}{}", self.limit, token.unwrap_or_default())
    }

    /// Takes a page in; whether another follows.
    fn page(
        &mut self,
        kind: &Kind,
        version: &str,
        body: &[u8],
        sink: &mut Sink<'_>,
    ) -> serde_json::Result<bool> {
        let envelope = each_item(body, |item| {
            let of = |field: &str| item.get("metadata").and_then(|m| m.get(field)).and_then(Value::as_str);
            let name = self.hasher.hash_one((of("namespace"), of("name")));
            let known = !self.names.insert(name);
            if sink.room > 0 && !(known && self.restarts > 0) {
                self.seen = self.seen.saturating_add(1);
                sink.add(kind, version, item);
            }
        })?;
        self.token = envelope.next;
        Ok(self.token.is_some())
    }

    /// Begins the list anew; `false` when that was done often enough.
    fn restart(&mut self) -> bool {
        self.restarts = self.restarts.saturating_add(1);
        self.token = None;
        self.restarts <= RESTARTS
    }
}

fn path(kind: &Kind, version: &str, namespace: Option<&str>) -> String {
    let root = match kind.group {
        "" => format!("/api/{version}"),
        group => format!("/apis/{group}/{version}"),
    };
    match namespace.filter(|_| kind.namespaced) {
        Some(namespace) => format!("{root}/namespaces/{}/{}", encode(namespace), kind.plural),
        None => format!("{root}/{}", kind.plural),
    }
}

/// Percent-encodes all that is not unreserved in a URL.
pub(super) fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::kinds::KINDS;
    use super::*;

    #[test]
    fn paths_are_those_of_the_api() {
        let of = |name: &str| KINDS.iter().find(|kind| kind.kind == name).unwrap();
        assert_eq!(path(of("Pod"), "v1", None), "/api/v1/pods");
        assert_eq!(path(of("Pod"), "v1", Some("a/b")), "/api/v1/namespaces/a%2Fb/pods");
        assert_eq!(path(of("Node"), "v1", Some("a")), "/api/v1/nodes");
        let role = "/apis/rbac.authorization.k8s.io/v1/namespaces/a/roles";
        assert_eq!(path(of("Role"), "v1", Some("a")), role);
        let paging = Paging { limit: 5, token: Some("a+b=".into()), ..Paging::default() };
        assert_eq!(paging.url("/x"), "/x?limit=5&continue=a%2Bb%3D");
    }
}
