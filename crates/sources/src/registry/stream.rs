//! Blobs of any size: a piece at a time, resumed when the connection breaks, checked at the end.

use super::address::Url;
use super::client::Client;
use super::hash::Hasher;
use super::send::{Call, Reply};
use super::{Error, Repository, body};
use bytes::{Buf as _, Bytes};
use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE};
use hyper::body::Incoming;
use model::Digest;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A blob as it comes. Its digest is checked when the last piece was taken, so what was read before is a claim until
/// [`BlobStream::chunk`] has said `None`.
pub struct BlobStream {
    source: Source,
    url: Url,
    digest: Digest,
    size: Option<u64>,
    read: u64,
    hasher: Option<Hasher>,
    started: Instant,
    /// What went wrong, for whoever asks again.
    failed: Option<Error>,
}

enum Source {
    Http { client: Client, at: Repository, body: Incoming, resumed: u32 },
    Memory(Bytes),
}

impl std::fmt::Debug for BlobStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlobStream")
            .field("digest", &self.digest)
            .field("read", &self.read)
            .finish_non_exhaustive()
    }
}

impl BlobStream {
    pub(super) async fn open(
        client: &Client,
        at: &Repository,
        digest: &Digest,
        size: Option<u64>,
    ) -> Result<Option<Self>, Error> {
        let url = client.0.url(at, &format!("blobs/{digest}"))?;
        let call = Call::get(at, url.clone());
        let reply = client.0.timed(&url, client.0.send(&call)).await?;
        let reply = match reply.status {
            StatusCode::OK => reply,
            StatusCode::NOT_FOUND => return Ok(None),
            _ => return Err(client.0.status(reply).await),
        };
        let length = length(&reply);
        if let (Some(size), Some(length)) = (size, length)
            && size != length
        {
            let why = format!("it has {length} bytes, not {size} as its manifest says");
            return Err(Error::Malformed { url: reply.url.shown(), why });
        }
        Ok(Some(Self {
            source: Source::Http { client: client.clone(), at: at.clone(), body: reply.body, resumed: 0 },
            url: reply.url,
            digest: digest.clone(),
            size: size.or(length),
            read: 0,
            hasher: Some(Hasher::for_digest(digest)),
            started: Instant::now(),
            failed: None,
        }))
    }

    /// A blob that is there already.
    pub(super) fn of_bytes(digest: &Digest, bytes: Bytes, size: Option<u64>) -> Self {
        Self {
            source: Source::Memory(bytes),
            url: Url { tls: false, host: "memory".to_owned(), port: 80, path: format!("/{digest}") },
            digest: digest.clone(),
            size,
            read: 0,
            hasher: Some(Hasher::for_digest(digest)),
            started: Instant::now(),
            failed: None,
        }
    }

    /// The declared size in bytes, if anyone declared one.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// The next piece; `None` after the last, when size and digest were right.
    ///
    /// # Errors
    /// When the blob cannot be read on, is longer or shorter than declared, too slow, or not the one of the digest.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let next = self.next().await;
        self.failed = next.as_ref().err().cloned();
        next
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let broken = match self.piece().await {
                Ok(Some(piece)) => return self.take(piece).map(Some),
                Ok(None) if self.size.is_none_or(|size| self.read >= size) => {
                    return self.end().map(|()| None);
                }
                Ok(None) => {
                    let why = format!("the answer ended after {} bytes", self.read);
                    Error::Network { url: self.url.shown(), why }
                }
                Err(error @ Error::Network { .. }) => error,
                Err(error) => return Err(error),
            };
            self.resume(broken).await?;
        }
    }

    async fn piece(&mut self) -> Result<Option<Bytes>, Error> {
        match &mut self.source {
            Source::Memory(bytes) => {
                let piece = bytes.split_to(bytes.len().min(64 << 10));
                Ok(Some(piece).filter(|piece| !piece.is_empty()))
            }
            Source::Http { client, body, .. } => {
                body::piece(body, &self.url, client.0.options.caps.idle).await
            }
        }
    }

    fn take(&mut self, piece: Bytes) -> Result<Bytes, Error> {
        self.read = self.read.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if let Some(size) = self.size.filter(|size| self.read > *size) {
            return Err(Error::TooLarge { url: self.url.shown(), cap: size });
        }
        if let Source::Http { client, .. } = &self.source {
            let caps = &client.0.options.caps;
            let counted = self.started.elapsed().saturating_sub(caps.idle);
            let due = caps.pace.saturating_mul(counted.as_secs());
            if self.read < due {
                return Err(Error::TimedOut { url: self.url.shown(), what: "the blob comes too slowly" });
            }
        }
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&piece);
        }
        Ok(piece)
    }

    /// The verdict on the whole; a second call says nothing new.
    fn end(&mut self) -> Result<(), Error> {
        match self.hasher.take().is_none_or(|hasher| hasher.is(&self.digest)) {
            true => Ok(()),
            false => Err(Error::WrongDigest { url: self.url.shown(), want: self.digest.clone() }),
        }
    }

    /// Goes on where the connection broke; the digest will tell whether it was the same blob.
    async fn resume(&mut self, broken: Error) -> Result<(), Error> {
        let Source::Http { client, at, body, resumed } = &mut self.source else { return Err(broken) };
        if *resumed >= client.0.options.caps.retries {
            return Err(broken);
        }
        *resumed = resumed.saturating_add(1);
        tokio::time::sleep(Duration::from_millis(200)).await;
        let url = client.0.url(at, &format!("blobs/{}", self.digest))?;
        let call = Call { from: self.read, ..Call::get(at, url.clone()) };
        let reply = client.0.timed(&url, client.0.send(&call)).await?;
        let expected = match reply.status {
            StatusCode::PARTIAL_CONTENT => starts_at(&reply) == Some(self.read),
            StatusCode::OK => self.read == 0,
            _ => false,
        };
        if !expected {
            return Err(broken);
        }
        *body = reply.body;
        self.url = reply.url;
        Ok(())
    }

    /// The same, for code that blocks. `runtime` drives the connection while the reader waits.
    pub fn reader(self, runtime: Arc<tokio::runtime::Runtime>) -> BlobReader {
        BlobReader { stream: self, runtime, rest: Bytes::new(), over: false }
    }
}

fn length(reply: &Reply) -> Option<u64> {
    reply.headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The first byte of `Content-Range: bytes 5-9/10`.
fn starts_at(reply: &Reply) -> Option<u64> {
    let text = reply.headers.get(CONTENT_RANGE)?.to_str().ok()?;
    text.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}

/// A blob for code that blocks. Errors are [`Error`]s inside [`io::Error`]; the end is reported only when the digest
/// was right.
#[derive(Debug)]
pub struct BlobReader {
    stream: BlobStream,
    runtime: Arc<tokio::runtime::Runtime>,
    rest: Bytes,
    over: bool,
}

impl BlobReader {
    /// Reads what is left and checks the digest, for readers that stop before the end (a tar archive has padding).
    ///
    /// # Errors
    /// As [`BlobStream::chunk`].
    pub fn finish(&mut self) -> io::Result<()> {
        self.rest.clear();
        while self.fill()? {
            self.rest.clear();
        }
        Ok(())
    }

    fn fill(&mut self) -> io::Result<bool> {
        while self.rest.is_empty() && !self.over {
            match self.runtime.block_on(self.stream.chunk()) {
                Ok(Some(piece)) => self.rest = piece,
                Ok(None) => self.over = true,
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(!self.rest.is_empty())
    }
}

impl io::Read for BlobReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.fill()? {
            return Ok(0);
        }
        let length = self.rest.len().min(buffer.len());
        if let Some(buffer) = buffer.get_mut(..length) {
            self.rest.copy_to_slice(buffer);
        }
        Ok(length)
    }
}
