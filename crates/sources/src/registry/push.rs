//! Blobs and manifests out.

use super::client::Inner;
use super::send::Call;
use super::{Error, Pushed, Repository, Which};
use bytes::Bytes;
use http::header::LOCATION;
use http::{Method, StatusCode};
use model::Digest;

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
