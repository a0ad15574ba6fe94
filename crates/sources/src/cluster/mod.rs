//! A live cluster, read through its API: the kinds of one table, page by page, into a snapshot's builder.
//!
//! Nothing is written and nothing is watched. Values of Secrets and ConfigMaps are not asked for; the one exception
//! is the ConfigMap `kube-system/aws-auth`, which says who people are. Beside the API server's objects, each kubelet is
//! asked how it is set.

mod connect;
mod discovery;
mod fetch;
mod gaps;
mod kinds;
mod kubelets;
mod lists;
mod words;

pub(crate) use words::chain;

pub use connect::{ClusterOptions, Error};
pub use fetch::{ClusterCaps, KubeletCaps};
pub(crate) use kinds::cluster_scoped_customs;

use crate::Progress;
use connect::{Connection, connect};
use discovery::{Served, discover};
use fetch::{Answer, Fetch};
use gaps::Gaps;
use kinds::{How, KINDS, Kind, Need};
use lists::{End, Sink};
use model::{Ring, Timestamp};
use serde_json::Value;
use snapshot::Builder;

/// What was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterSeen {
    /// Context of the kubeconfig, or `in-cluster`.
    pub context: String,
    /// The server's address.
    pub url: String,
    /// The server's version, where it told.
    pub server_version: Option<String>,
    /// Kinds read whole.
    pub kinds: u64,
    /// Objects read.
    pub objects: u64,
}

/// Reads a cluster into `builder`; returns when everything is read, refused or out of time.
///
/// What could not be read is in the builder's coverage, with the right or the command that would help. An error
/// means that nothing at all could be looked at.
pub fn read_cluster(
    options: &ClusterOptions,
    now: Timestamp,
    builder: &mut Builder,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<ClusterSeen, Error> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Runtime)?;
    runtime.block_on(read(options, now, builder, progress))
}

async fn read(
    options: &ClusterOptions,
    now: Timestamp,
    builder: &mut Builder,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<ClusterSeen, Error> {
    let connection = connect(options).await?;
    let fetch = Fetch::new(connection.client.clone(), options.caps);
    let server_version = version(&fetch, &connection).await?;
    let served = match discover(&fetch).await {
        Ok(served) => served,
        Err(answer) => return Err(refused(&connection, answer)),
    };
    builder.taken(now, server_version.clone());
    for (group, kind) in cluster_scoped_customs() {
        builder.scope(group, kind, false);
    }
    let mut gaps = Gaps::new(options.namespace.as_deref());
    for (group, why) in &served.unknown {
        let what = if group.is_empty() {
            "the list of served kinds".to_owned()
        } else {
            format!("what {group} serves")
        };
        gaps.other(Ring::Resources, what, why.clone(), false, None);
    }
    let room = options.caps.objects;
    builder.scope("kubelet.config.k8s.io", "KubeletConfiguration", false);
    let mut sink = Sink {
        builder,
        context: connection.context.as_str().into(),
        room,
        nodes: Vec::new(),
        kubelet_bytes: options.caps.kubelets.all_bytes,
    };
    let mut kinds: u64 = 0;
    for kind in KINDS {
        if let Some(whole) = read_kind(&fetch, options, kind, &served, &mut sink, &mut gaps).await {
            kinds = kinds.saturating_add(u64::from(whole));
            // Kinds are counted as kinds, whatever ring they matter to: the rings count what they are about.
            sink.builder.coverage().count(Ring::Resources, u64::from(whole), 1);
        }
        let objects = room.saturating_sub(sink.room) as u64;
        progress(Progress::Kind { resource: &kind.resource(), objects });
    }
    people(&fetch, &mut sink, &mut gaps).await;
    progress(Progress::Kind { resource: "kubelets", objects: room.saturating_sub(sink.room) as u64 });
    kubelets::read(&fetch, &connection, server_version.as_deref(), &mut sink, &mut gaps).await;
    let objects = room.saturating_sub(sink.room) as u64;
    gaps.finish(sink.builder.coverage());
    Ok(ClusterSeen { context: connection.context, url: connection.url, server_version, kinds, objects })
}

/// Reads one kind. Whether it was read whole; `None` where the server need not have it and does not.
async fn read_kind(
    fetch: &Fetch,
    options: &ClusterOptions,
    kind: &Kind,
    served: &Served,
    sink: &mut Sink<'_>,
    gaps: &mut Gaps,
) -> Option<bool> {
    let version = match served.version(kind) {
        Ok(Some(version)) | Err(version) => version,
        Ok(None) => {
            gaps.not_served(kind);
            return (kind.need != Need::Optional).then_some(false);
        }
    };
    let namespace = options.namespace.as_deref();
    let end = match namespace.filter(|_| kind.kind == "Namespace") {
        Some(name) => lists::get(fetch, kind, version, None, name, sink).await,
        None => lists::list(fetch, kind, version, namespace, sink).await,
    };
    match end {
        End::Whole => return Some(true),
        End::Absent => match namespace.filter(|_| kind.kind == "Namespace") {
            Some(name) => {
                let what = format!("namespace {}", model::escape(name));
                let help = Some("`kubectl get namespaces` lists what there is".to_owned());
                gaps.other(kind.ring, what, "there is none of this name".into(), true, help);
            }
            None => {
                gaps.not_served(kind);
                return (kind.need != Need::Optional).then_some(false);
            }
        },
        End::Denied(why) => gaps.denied(kind, why),
        End::Broken { seen, why } => gaps.broken(kind, seen, why),
        End::OutOfTime { seen } => gaps.out_of_time(kind, seen, fetch.caps.deadline.as_secs()),
    }
    Some(false)
}

/// `aws-auth`: which cloud principals are which users and groups, on the clusters that have it.
async fn people(fetch: &Fetch, sink: &mut Sink<'_>, gaps: &mut Gaps) {
    let Some(kind) = KINDS.iter().find(|kind| kind.kind == "ConfigMap") else { return };
    let whole = Kind { how: How::Full, ..*kind };
    let what = || "configmap kube-system/aws-auth (who people are, on EKS)".to_owned();
    match lists::get(fetch, &whole, "v1", Some("kube-system"), "aws-auth", sink).await {
        End::Whole | End::Absent => {}
        End::Denied(why) | End::Broken { why, .. } => gaps.other(Ring::Rbac, what(), why, false, None),
        End::OutOfTime { .. } => gaps.other(Ring::Rbac, what(), "the time was over".into(), false, None),
    }
}

/// The server's version; the first question, so it also tells whether there is a server.
async fn version(fetch: &Fetch, connection: &Connection) -> Result<Option<String>, Error> {
    match fetch.get("/version", "application/json").await {
        Answer::Body(body) => {
            let version: Option<Value> = serde_json::from_slice(&body).ok();
            let git = version.as_ref().and_then(|v| v.get("gitVersion")).and_then(Value::as_str);
            Ok(git.map(|git| model::escape(git).into_owned()))
        }
        answer @ (Answer::Unauthorized(_) | Answer::Unreachable(_) | Answer::OutOfTime) => {
            Err(refused(connection, answer))
        }
        _ => Ok(None),
    }
}

fn refused(connection: &Connection, answer: Answer) -> Error {
    let (url, context) = (connection.url.clone(), connection.context.clone());
    match answer {
        Answer::Unauthorized(why) => Error::Unauthorized { url, context, why },
        Answer::Unreachable(why) | Answer::Failed(why) | Answer::Denied(why) => {
            Error::Unreachable { url, context, why }
        }
        _ => Error::Unreachable { url, context, why: "it does not answer in time".into() },
    }
}
