//! One request: authorised where it may be, led where it may be led, repeated with patience.

use super::address::{Place, Url};
use super::client::Inner;
use super::connect::{self, Http, OutOfBounds};
use super::error::said;
use super::{Error, Repository, body};
use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, LOCATION, RANGE, RETRY_AFTER,
    USER_AGENT,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;

/// What is asked.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) at: &'a Repository,
    /// Whether the right to push is needed.
    pub(super) push: bool,
    pub(super) accept: Option<&'static str>,
    pub(super) content_type: Option<String>,
    /// First byte wanted.
    pub(super) from: u64,
    pub(super) body: Bytes,
}

impl<'a> Call<'a> {
    /// To read something.
    pub(super) fn get(at: &'a Repository, url: Url) -> Self {
        let (accept, content_type) = (None, None);
        Self { method: Method::GET, url, at, push: false, accept, content_type, from: 0, body: Bytes::new() }
    }
}

/// What came.
pub(super) struct Reply {
    /// Where it came from in the end.
    pub(super) url: Url,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Incoming,
}

impl Inner {
    /// Asks until there is an answer that is neither a challenge nor transient.
    pub(super) async fn send(&self, call: &Call<'_>) -> Result<Reply, Error> {
        let home = self.home(&call.at.registry)?;
        let mut authorization = self.known(call, &home).await?;
        let (mut challenged, mut attempt) = (false, 0_u32);
        loop {
            self.calm(&home).await;
            let wait = match self.follow(call, &home, authorization.as_ref()).await {
                Ok(reply) if reply.status == StatusCode::UNAUTHORIZED && !challenged => {
                    challenged = true;
                    match self.authorize(call, &home, &reply.headers).await? {
                        Some(fresh) => authorization = Some(fresh),
                        None => return Err(self.refused(call, reply).await),
                    }
                    continue;
                }
                Ok(reply) if matches!(reply.status.as_u16(), 401 | 403) => {
                    return Err(self.refused(call, reply).await);
                }
                Ok(reply) if is_transient(reply.status) => {
                    let asked = retry_after(&reply.headers);
                    let wait = asked.unwrap_or_else(|| backoff(attempt));
                    if attempt >= self.options.caps.retries || wait > self.options.caps.wait {
                        return Err(self.transient(reply, asked).await);
                    }
                    self.hold(&home, wait);
                    wait
                }
                Ok(reply) => return Ok(reply),
                Err(error @ Error::Network { .. }) => {
                    if attempt >= self.options.caps.retries {
                        return Err(error);
                    }
                    backoff(attempt)
                }
                Err(error) => return Err(error),
            };
            attempt = attempt.saturating_add(1);
            tokio::time::sleep(wait).await;
        }
    }

    /// One request and what it is redirected to. Credentials go to the registry's own origin only.
    async fn follow(
        &self,
        call: &Call<'_>,
        home: &Url,
        authorization: Option<&HeaderValue>,
    ) -> Result<Reply, Error> {
        let mut url = call.url.clone();
        let may_lead = matches!(call.method, Method::GET | Method::HEAD);
        for _ in 0..=self.options.caps.redirects {
            let at_home = url.origin() == home.origin();
            let mut request = self.request(call, &url)?;
            if let Some(value) = authorization.filter(|_| at_home) {
                request.headers_mut().insert(AUTHORIZATION, value.clone());
            }
            let response = self.exchange(&url, home, request).await?;
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            let led = location.filter(|_| may_lead && is_redirect(response.status()));
            let Some(led) = led else {
                let (parts, body) = response.into_parts();
                return Ok(Reply { url, status: parts.status, headers: parts.headers, body });
            };
            let next = url.join(led).ok_or_else(|| Error::Malformed {
                url: url.shown(),
                why: "it redirects to what is no address".to_owned(),
            })?;
            next.guard(&url)?;
            url = next;
        }
        Err(Error::Blocked { url: url.shown(), why: "too many redirects".to_owned() })
    }

    fn request(&self, call: &Call<'_>, url: &Url) -> Result<http::Request<Full<Bytes>>, Error> {
        let mut request = http::Request::builder()
            .method(call.method.clone())
            .uri(url.text())
            .header(USER_AGENT, concat!("ringwall/", env!("CARGO_PKG_VERSION")))
            // A digest is of the bytes as they are; nothing is to be compressed on the way.
            .header(ACCEPT_ENCODING, "identity");
        if let Some(accept) = call.accept {
            request = request.header(ACCEPT, accept);
        }
        if let Some(kind) = &call.content_type {
            request = request.header(CONTENT_TYPE, kind);
        }
        if call.from > 0 {
            request = request.header(RANGE, format!("bytes={}-", call.from));
        }
        let malformed = |error: http::Error| Error::Malformed { url: url.shown(), why: error.to_string() };
        request.body(Full::new(call.body.clone())).map_err(malformed)
    }

    /// Sends one request and waits for the head of the answer.
    pub(super) async fn exchange(
        &self,
        url: &Url,
        home: &Url,
        request: http::Request<Full<Bytes>>,
    ) -> Result<http::Response<Incoming>, Error> {
        let http = self.http(url, home).await?;
        let closed = |_| Error::Setup("the client is closed".to_owned());
        let _permit = self.permits.acquire().await.map_err(closed)?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let patience = self.options.caps.connect.saturating_add(self.options.caps.idle);
        let response = tokio::time::timeout(patience, http.request(request)).await;
        let slow = |_| Error::TimedOut { url: url.shown(), what: "waiting for an answer" };
        let response = response.map_err(slow)?.map_err(|error| broken(url, &error))?;
        let coding = response.headers().get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
        match coding {
            None | Some("" | "identity") => Ok(response),
            Some(_) => Err(Error::Malformed {
                url: url.shown(),
                why: "the answer is compressed, which was not asked for".to_owned(),
            }),
        }
    }

    /// The client for an address: the registry itself may be anywhere, what it leads to may not.
    async fn http(&self, url: &Url, home: &Url) -> Result<Http, Error> {
        if url.origin() == home.origin() {
            return self.client(None, url.tls);
        }
        let place = match self.place(home).await {
            Ok(place) => place,
            Err(error) => {
                return Err(Error::Network { url: home.shown(), why: crate::cluster::chain(&error) });
            }
        };
        self.client(Some(place), url.tls)
    }

    /// Where a registry lives: the nearest of its addresses.
    async fn place(&self, home: &Url) -> std::io::Result<Place> {
        let found = connect::resolve(&home.host, home.port).await?;
        let places: Vec<_> = found.iter().map(|address| Place::of(address.ip())).collect();
        let near = [Place::Link, Place::Loopback, Place::Private];
        Ok(near.into_iter().find(|place| places.contains(place)).unwrap_or(Place::Public))
    }

    /// Waits while the registry wants to be left alone.
    async fn calm(&self, home: &Url) {
        let until = {
            let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.get(&home.origin()).copied()
        };
        if let Some(until) = until {
            tokio::time::sleep_until(until).await;
        }
    }

    /// From now on leaves the registry alone for a while, whoever asks.
    fn hold(&self, home: &Url, wait: Duration) {
        let Some(until) = Instant::now().checked_add(wait) else { return };
        self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(home.origin(), until);
    }

    async fn refused(&self, call: &Call<'_>, reply: Reply) -> Error {
        let status = reply.status.as_u16();
        let mut why = said(&body::words(reply.body, &reply.url, self.options.caps.talk).await);
        if let Some(realm) = self.withheld(&call.at.registry) {
            why = format!("{why}; credentials were not sent to {realm}, which is not the registry's own");
        }
        Error::Refused { url: reply.url.shown(), status, why }
    }

    async fn transient(&self, reply: Reply, after: Option<Duration>) -> Error {
        match reply.status {
            StatusCode::TOO_MANY_REQUESTS => Error::Throttled { url: reply.url.shown(), after },
            _ => self.status(reply).await,
        }
    }

    /// A status nobody can use.
    pub(super) async fn status(&self, reply: Reply) -> Error {
        let status = reply.status.as_u16();
        let why = said(&body::words(reply.body, &reply.url, self.options.caps.talk).await);
        Error::Status { url: reply.url.shown(), status, why }
    }
}

fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Seconds of `Retry-After`; a date is as good as nothing said.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    Some(Duration::from_secs(text.trim().parse().ok()?))
}

pub(super) fn backoff(attempt: u32) -> Duration {
    Duration::from_millis(200_u64.saturating_mul(1 << attempt.min(6)))
}

/// A connection that failed, or one that leads out of bounds.
fn broken(url: &Url, error: &(dyn std::error::Error + 'static)) -> Error {
    let mut next = Some(error);
    while let Some(error) = next {
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(out) = inner.and_then(|inner| inner.downcast_ref::<OutOfBounds>()) {
            return Error::Blocked { url: url.shown(), why: model::escape(&out.to_string()).into_owned() };
        }
        next = error.source();
    }
    Error::Network { url: url.shown(), why: crate::cluster::chain(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience() {
        let mut headers = HeaderMap::new();
        assert_eq!(retry_after(&headers), None);
        headers.insert(RETRY_AFTER, HeaderValue::from_static("7"));
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(7)));
        headers.insert(RETRY_AFTER, HeaderValue::from_static("Wed, 21 Oct 2015 07:28:00 GMT"));
        assert_eq!(retry_after(&headers), None);
        assert_eq!(backoff(0), Duration::from_millis(200));
        assert!(backoff(u32::MAX) < Duration::from_secs(20));
    }
}
