//! The client: what it keeps between requests, and the operations of the distribution specification that read.

use super::address::{Place, Url};
use super::auth::{Scope, Token};
use super::challenge::Challenge;
use super::connect::{self, Http};
use super::flight::Flights;
use super::hash::{matches, sha256};
use super::send::{Call, Reply};
use super::stream::BlobStream;
use super::{Error, Manifest, Options, Pushed, Registry, Repository, Secret, Which, body};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use model::Digest;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Media types of manifests and indexes, in the order we would have them.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json";

/// A client of registries. Clones share connections, tokens and limits.
#[derive(Clone)]
pub struct Client(pub(super) Arc<Inner>);

type Fetched<T> = Result<Option<T>, Error>;
type Key = (Repository, String, u64);

pub(super) struct Inner {
    pub(super) options: Options,
    tls: OnceLock<Result<Arc<rustls::ClientConfig>, Error>>,
    https: Mutex<HashMap<(Option<Place>, bool), Http>>,
    pub(super) permits: Semaphore,
    pub(super) requests: AtomicU64,
    /// Registries that want to be left alone, and until when.
    pub(super) held: Mutex<BTreeMap<String, Instant>>,
    pub(super) challenges: Mutex<BTreeMap<String, Challenge>>,
    pub(super) tokens: Mutex<BTreeMap<Scope, Token>>,
    pub(super) grants: Flights<Scope, Result<Option<HeaderValue>, Error>>,
    pub(super) secrets: tokio::sync::Mutex<BTreeMap<String, Option<Secret>>>,
    pub(super) withheld: Mutex<BTreeMap<String, String>>,
    manifests: Flights<Key, Fetched<Manifest>>,
    blobs: Flights<Key, Fetched<Bytes>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("options", &self.0.options).finish_non_exhaustive()
    }
}

impl Client {
    /// A client. No request is made and no certificate is read before the first one.
    pub fn new(options: Options) -> Self {
        let permits = Semaphore::new(options.caps.parallel.clamp(1, 1024));
        Self(Arc::new(Inner {
            options,
            tls: OnceLock::new(),
            https: Mutex::default(),
            permits,
            requests: AtomicU64::new(0),
            held: Mutex::default(),
            challenges: Mutex::default(),
            tokens: Mutex::default(),
            grants: Flights::default(),
            secrets: tokio::sync::Mutex::default(),
            withheld: Mutex::default(),
            manifests: Flights::default(),
            blobs: Flights::default(),
        }))
    }
}

impl Inner {
    /// The root of a registry's API.
    pub(super) fn home(&self, registry: &str) -> Result<Url, Error> {
        let host = self.options.host(registry);
        let tls = !self.options.is_plain(host);
        let malformed =
            || Error::Malformed { url: model::escape(host).into_owned(), why: "no host".to_owned() };
        Url::of(tls, host, "/v2/").ok_or_else(malformed)
    }

    /// The address of something of a repository.
    pub(super) fn url(&self, at: &Repository, rest: &str) -> Result<Url, Error> {
        let home = self.home(&at.registry)?;
        Ok(Url { path: format!("/v2/{}/{rest}", at.path), ..home })
    }

    /// The HTTP client for where one may be led to from `home`.
    pub(super) fn client(&self, home: Option<Place>, tls: bool) -> Result<Http, Error> {
        let config = match tls {
            true => self.tls.get_or_init(|| connect::tls(&self.options)).clone()?,
            // Plain connections need no certificates, and reading those takes its time.
            false => connect::no_certificates()?,
        };
        let mut https = self.https.lock().unwrap_or_else(PoisonError::into_inner);
        let http = https.entry((home, tls)).or_insert_with(|| connect::http(&config, home, &self.options));
        Ok(http.clone())
    }

    /// Runs one operation under its deadline.
    pub(super) async fn timed<T>(
        &self,
        url: &Url,
        operation: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, Error> {
        match tokio::time::timeout(self.options.caps.total, operation).await {
            Ok(result) => result,
            Err(_) => Err(Error::TimedOut { url: url.shown(), what: "the whole operation" }),
        }
    }

    /// A body of at most `cap` bytes; `None` where the registry says there is nothing.
    pub(super) async fn small(&self, call: &Call<'_>, cap: u64) -> Result<Option<(Head, Bytes)>, Error> {
        let reply = self.send(call).await?;
        match reply.status {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            _ => return Err(self.status(reply).await),
        }
        let Reply { url, headers, body, .. } = reply;
        let bytes = body::whole(body, &url, cap, self.options.caps.idle).await?;
        Ok(Some((Head { url, headers }, bytes)))
    }

    async fn fetch_manifest(&self, at: &Repository, which: &Which, cap: u64) -> Fetched<Manifest> {
        let url = self.url(at, &format!("manifests/{which}"))?;
        let call = Call { accept: Some(MANIFESTS), ..Call::get(at, url.clone()) };
        let found = self.timed(&url, self.small(&call, cap)).await?;
        let Some((reply, bytes)) = found else { return Ok(None) };
        let digest = match which {
            Which::Digest(digest) if matches(&bytes, digest) => digest.clone(),
            Which::Digest(digest) => {
                return Err(Error::WrongDigest { url: reply.url.shown(), want: digest.clone() });
            }
            // What the registry calls the digest of a tag is its claim; the bytes are what they are.
            Which::Tag(_) => sha256(&bytes)
                .ok_or_else(|| Error::Malformed { url: reply.url.shown(), why: "no digest".to_owned() })?,
        };
        let header = reply.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        Ok(Some(Manifest { digest, media_type: media_type(&bytes, header), bytes }))
    }

    async fn fetch_blob(&self, at: &Repository, digest: &Digest, cap: u64) -> Fetched<Bytes> {
        let url = self.url(at, &format!("blobs/{digest}"))?;
        let call = Call::get(at, url.clone());
        let found = self.timed(&url, self.small(&call, cap)).await?;
        match found {
            Some((reply, bytes)) if !matches(&bytes, digest) => {
                Err(Error::WrongDigest { url: reply.url.shown(), want: digest.clone() })
            }
            found => Ok(found.map(|(_, bytes)| bytes)),
        }
    }
}

/// Where a body came from and what was said of it.
pub(super) struct Head {
    pub(super) url: Url,
    pub(super) headers: http::HeaderMap,
}

/// The media type a document states, else the one the answer states.
fn media_type(bytes: &[u8], header: Option<&str>) -> String {
    #[derive(serde::Deserialize)]
    struct Stated {
        #[serde(rename = "mediaType")]
        media_type: Option<String>,
    }
    let stated = serde_json::from_slice::<Stated>(bytes).ok().and_then(|stated| stated.media_type);
    let header = header.and_then(|header| header.split(';').next()).map(|header| header.trim().to_owned());
    stated.filter(|stated| !stated.is_empty()).or(header).unwrap_or_default()
}

impl Registry for Client {
    async fn manifest(&self, at: &Repository, which: &Which, cap: u64) -> Fetched<Manifest> {
        match which {
            // A tag may move between two questions: each gets its own answer.
            Which::Tag(_) => self.0.fetch_manifest(at, which, cap).await,
            Which::Digest(digest) => {
                let key = (at.clone(), digest.to_string(), cap);
                self.0.manifests.share(key, || self.0.fetch_manifest(at, which, cap)).await
            }
        }
    }

    async fn blob(&self, at: &Repository, digest: &Digest, cap: u64) -> Fetched<Bytes> {
        let key = (at.clone(), digest.to_string(), cap);
        self.0.blobs.share(key, || self.0.fetch_blob(at, digest, cap)).await
    }

    async fn open(&self, at: &Repository, digest: &Digest, size: Option<u64>) -> Fetched<BlobStream> {
        BlobStream::open(self, at, digest, size).await
    }

    async fn referrers(&self, at: &Repository, digest: &Digest, cap: u64) -> Fetched<super::Referrers> {
        self.0.referrers(at, digest, cap).await
    }

    async fn tags(&self, at: &Repository) -> Fetched<Vec<String>> {
        self.0.tags(at).await
    }

    async fn push_blob(&self, at: &Repository, digest: &Digest, bytes: Bytes) -> Result<(), Error> {
        self.0.push_blob(at, digest, bytes).await
    }

    async fn push_manifest(
        &self,
        at: &Repository,
        which: &Which,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<Pushed, Error> {
        self.0.push_manifest(at, which, media_type, bytes).await
    }

    fn requests(&self) -> u64 {
        self.0.requests.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types() {
        let index = "application/vnd.oci.image.index.v1+json";
        for (body, header, want) in [
            (r#"{"mediaType":"application/vnd.oci.image.index.v1+json"}"#, Some("text/plain"), index),
            ("{}", Some("application/vnd.oci.image.index.v1+json; charset=utf-8"), index),
            ("{}", None, ""),
            ("<html>", Some("text/html"), "text/html"),
        ] {
            assert_eq!(media_type(body.as_bytes(), header), want);
        }
    }
}
