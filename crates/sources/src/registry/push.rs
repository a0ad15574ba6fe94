//! Blobs and manifests out.

use super::address::Url;
use super::client::{Client, Inner};
use super::error::said;
use super::send::Call;
use super::{Error, Pushed, Repository, Which, body};
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, LOCATION, USER_AGENT};
use http::{Method, StatusCode};
use http_body_util::Full;
use model::Digest;

impl Client {
    /// Posts a document to a service that is no registry (a transparency log), and reads its answer, at most `cap` bytes.
    /// No credentials are sent and no redirect is followed; plain HTTP needs to be written in the address.
    ///
    /// # Errors
    /// When the address is none, or anything but 200 or 201 comes back.
    pub async fn post(&self, address: &str, kind: &str, body: Bytes, cap: u64) -> Result<Bytes, Error> {
        let malformed = |why: String| Error::Malformed { url: model::escape(address).into_owned(), why };
        let url = Url::parse(address).ok_or_else(|| malformed("it is no address".to_owned()))?;
        let request = http::Request::builder()
            .method(Method::POST)
            .uri(url.text())
            .header(USER_AGENT, concat!("ringwall/", env!("CARGO_PKG_VERSION")))
            .header(CONTENT_TYPE, kind)
            .header(ACCEPT, kind)
            .body(Full::new(body))
            .map_err(|error| malformed(error.to_string()))?;
        let ask = async {
            let response = self.0.exchange(&url, &url, request).await?;
            let (parts, body) = response.into_parts();
            match parts.status {
                StatusCode::OK | StatusCode::CREATED => {
                    body::whole(body, &url, cap, self.0.options.caps.idle).await
                }
                status => {
                    let why = said(&body::words(body, &url, self.0.options.caps.talk).await);
                    Err(Error::Status { url: url.shown(), status: status.as_u16(), why })
                }
            }
        };
        self.0.timed(&url, ask).await
    }
}

impl Inner {
    pub(super) async fn push_blob(
        &self,
        at: &Repository,
        digest: &Digest,
        bytes: Bytes,
    ) -> Result<(), Error> {
        let url = self.url(at, &format!("blobs/{digest}"))?;
        self.timed(&url, self.upload(at, digest, bytes)).await
    }

    async fn upload(&self, at: &Repository, digest: &Digest, bytes: Bytes) -> Result<(), Error> {
        let url = self.url(at, &format!("blobs/{digest}"))?;
        let there = Call { method: Method::HEAD, push: true, ..Call::get(at, url) };
        let reply = self.send(&there).await?;
        match reply.status {
            StatusCode::OK => return Ok(()),
            StatusCode::NOT_FOUND => {}
            _ => return Err(self.status(reply).await),
        }
        let url = self.url(at, "blobs/uploads/")?;
        let begin = Call { method: Method::POST, push: true, ..Call::get(at, url) };
        let reply = self.send(&begin).await?;
        if reply.status != StatusCode::ACCEPTED {
            return Err(self.status(reply).await);
        }
        let location = reply.headers.get(LOCATION).and_then(|value| value.to_str().ok());
        let place = location.and_then(|location| reply.url.join(location));
        let place = place.ok_or_else(|| Error::Malformed {
            url: reply.url.shown(),
            why: "it names no place to upload to".to_owned(),
        })?;
        place.guard(&reply.url)?;
        let put = Call {
            method: Method::PUT,
            push: true,
            content_type: Some("application/octet-stream".to_owned()),
            body: bytes,
            ..Call::get(at, place.with_query(&format!("digest={digest}")))
        };
        let reply = self.send(&put).await?;
        match reply.status {
            StatusCode::CREATED => Ok(()),
            _ => Err(self.status(reply).await),
        }
    }

    pub(super) async fn push_manifest(
        &self,
        at: &Repository,
        which: &Which,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<Pushed, Error> {
        let url = self.url(at, &format!("manifests/{which}"))?;
        let put = Call {
            method: Method::PUT,
            push: true,
            content_type: Some(media_type.to_owned()),
            body: bytes,
            ..Call::get(at, url.clone())
        };
        let reply = self.timed(&url, self.send(&put)).await?;
        match reply.status {
            StatusCode::CREATED => Ok(Pushed { listed: reply.headers.contains_key("oci-subject") }),
            _ => Err(self.status(reply).await),
        }
    }
}
