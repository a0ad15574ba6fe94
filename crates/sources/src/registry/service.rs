//! Services that are no registries: transparency logs, certificate and timestamp authorities, issuers of tokens.

use super::address::{Url, names_loopback};
use super::client::Client;
use super::error::said;
use super::send::backoff;
use super::{Error, body};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION, USER_AGENT};
use http::{HeaderValue, Method, StatusCode};
use http_body_util::Full;

/// What a service is asked. No redirect is followed, and nothing is sent along but what is here.
#[derive(Clone, Default)]
pub struct Question<'a> {
    /// The whole address. Plain HTTP needs to be written in it.
    pub address: &'a str,
    /// The media type of what is sent, and that; without it something is fetched.
    pub send: Option<(&'a str, Bytes)>,
    /// The media type that is wanted.
    pub accept: &'a str,
    /// A token for the `Authorization` header.
    pub bearer: Option<&'a str>,
    /// Whether what is sent is a secret, too: then it goes over TLS, or to this machine, or nowhere.
    pub secret: bool,
}

/// What a service answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// 200, 201, or 409: it has that already.
    pub status: u16,
    /// The address it names, if it is one of its own.
    pub location: Option<String>,
    /// The body.
    pub body: Bytes,
}

impl Client {
    /// Asks a service, and reads at most `cap` bytes of its answer.
    ///
    /// # Errors
    /// When the address is none, a secret would go over the net in the clear, or another status comes back.
    pub async fn ask(&self, question: &Question<'_>, cap: u64) -> Result<Told, Error> {
        let malformed =
            |why: String| Error::Malformed { url: model::escape(question.address).into_owned(), why };
        let url = Url::parse(question.address).ok_or_else(|| malformed("it is no address".to_owned()))?;
        let is_secret = question.secret || question.bearer.is_some();
        if is_secret && !url.tls && !names_loopback(&url.host) {
            let why = "it would be sent a token without TLS".to_owned();
            return Err(Error::Blocked { url: url.shown(), why });
        }
        let mut attempt = 0_u32;
        loop {
            let request = request(question, &url)?;
            match self.0.timed(&url, self.answer(&url, request, cap)).await {
                // They did not take it, so it may be asked again.
                Err(Error::Status { status: 429 | 502..=504, .. })
                    if attempt < self.0.options.caps.retries =>
                {
                    tokio::time::sleep(backoff(attempt)).await;
                    attempt = attempt.saturating_add(1);
                }
                answer => return answer,
            }
        }
    }

    async fn answer(&self, url: &Url, request: http::Request<Full<Bytes>>, cap: u64) -> Result<Told, Error> {
        let response = self.0.exchange(url, url, request).await?;
        let (parts, body) = response.into_parts();
        match parts.status {
            StatusCode::OK | StatusCode::CREATED | StatusCode::CONFLICT => {
                let location = parts.headers.get(LOCATION).and_then(|value| value.to_str().ok());
                let own = location.and_then(|to| url.join(to)).filter(|to| to.origin() == url.origin());
                let body = body::whole(body, url, cap, self.0.options.caps.idle).await?;
                Ok(Told { status: parts.status.as_u16(), location: own.map(|own| own.text()), body })
            }
            status => {
                let why = said(&body::words(body, url, self.0.options.caps.talk).await);
                Err(Error::Status { url: url.shown(), status: status.as_u16(), why })
            }
        }
    }
}

/// The question as a request.
fn request(question: &Question<'_>, url: &Url) -> Result<http::Request<Full<Bytes>>, Error> {
    let malformed = |why: String| Error::Malformed { url: url.shown(), why };
    let mut request = http::Request::builder()
        .method(if question.send.is_some() { Method::POST } else { Method::GET })
        .uri(url.text())
        .header(USER_AGENT, concat!("ringwall/", env!("CARGO_PKG_VERSION")))
        .header(ACCEPT, question.accept);
    if let Some((kind, _)) = &question.send {
        request = request.header(CONTENT_TYPE, *kind);
    }
    if let Some(token) = question.bearer {
        let value = HeaderValue::from_str(&format!("bearer {token}"));
        let mut value = value.map_err(|_| malformed("a token that no header can hold".to_owned()))?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    let body = question.send.as_ref().map(|(_, bytes)| bytes.clone()).unwrap_or_default();
    request.body(Full::new(body)).map_err(|error| malformed(error.to_string()))
}
