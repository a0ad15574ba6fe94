//! One GET with patience: retries what is worth retrying, within the caps, and says in words what came of it.

use super::words::chain;
use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde_json::Value;
use std::cell::Cell;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout_at};

/// How long and how much a cluster may keep us.
#[derive(Clone, Copy, Debug)]
pub struct ClusterCaps {
    /// Objects asked for at once (default 500, as kubectl).
    pub page: u32,
    /// Bytes of one page (default 256 MiB); a larger one is asked for again in smaller pieces.
    pub page_bytes: usize,
    /// Objects taken in all (default 5,000,000).
    pub objects: usize,
    /// Tries of one request (default 4).
    pub attempts: u32,
    /// First wait between tries when the server names none; it doubles (default 500 ms).
    pub pause: Duration,
    /// Longest wait a server's `Retry-After` may impose (default 30 s).
    pub longest_pause: Duration,
    /// Time for one request (default 60 s).
    pub request: Duration,
    /// Time for everything (default 5 minutes).
    pub deadline: Duration,
    /// What each kubelet may keep us.
    pub kubelets: KubeletCaps,
}

/// How long and how much kubelets may keep us, who are asked beside the API server's own objects.
#[derive(Clone, Copy, Debug)]
pub struct KubeletCaps {
    /// Kubelets asked at once (default 16).
    pub at_once: usize,
    /// Bytes of one answer (default 1 MiB; real ones are 5 KiB).
    pub bytes: usize,
    /// Bytes of all answers (default 64 MiB).
    pub all_bytes: usize,
    /// Time for one (default 5 s).
    pub request: Duration,
    /// Time for all (default 30 s).
    pub deadline: Duration,
}

impl Default for KubeletCaps {
    fn default() -> Self {
        let (request, deadline) = (Duration::from_secs(5), Duration::from_secs(30));
        Self { at_once: 16, bytes: 1 << 20, all_bytes: 64 << 20, request, deadline }
    }
}

impl Default for ClusterCaps {
    fn default() -> Self {
        Self {
            page: 500,
            page_bytes: 256 << 20,
            objects: 5_000_000,
            attempts: 4,
            pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
            request: Duration::from_secs(60),
            deadline: Duration::from_secs(300),
            kubelets: KubeletCaps::default(),
        }
    }
}

/// What came of a request.
#[derive(Debug)]
pub(super) enum Answer {
    /// 200 or 201, and the whole body.
    Body(Vec<u8>),
    /// 401.
    Unauthorized(String),
    /// 403, with the server's words.
    Denied(String),
    /// 404 or 405: the server does not have it.
    Absent,
    /// 410: the place in the list is too old.
    Gone,
    /// The body is larger than the cap.
    TooLarge,
    /// The time for everything is over.
    OutOfTime,
    /// No answer came at all.
    Unreachable(String),
    /// Anything else, in words.
    Failed(String),
}

/// A client with its patience.
pub(super) struct Fetch {
    client: Client,
    pub(super) caps: ClusterCaps,
    end: Instant,
    /// Whether the server ever answered: until then, trying again only delays the advice.
    reached: Cell<bool>,
}

/// One request.
struct Ask<'a> {
    path: &'a str,
    accept: &'static str,
    body: Option<String>,
}

/// What a single try says about the next one.
enum Try {
    Done(Answer),
    Again { why: String, after: Option<Duration> },
}

impl Fetch {
    /// The clock starts here.
    pub(super) fn new(client: Client, caps: ClusterCaps) -> Self {
        let now = Instant::now();
        let end = now.checked_add(caps.deadline).unwrap_or(now);
        Self { client, caps, end, reached: Cell::new(false) }
    }

    /// What is left of the time for everything.
    pub(super) fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// Asks for `path` in the form `accept`.
    pub(super) async fn get(&self, path: &str, accept: &'static str) -> Answer {
        self.ask(&Ask { path, accept, body: None }).await
    }

    /// Sends a question, which the server answers and does not keep: a review.
    pub(super) async fn review(&self, path: &str, question: &Value) -> Answer {
        self.ask(&Ask { path, accept: "application/json", body: Some(question.to_string()) }).await
    }

    async fn ask(&self, ask: &Ask<'_>) -> Answer {
        let mut pause = self.caps.pause;
        let mut attempt = 1;
        loop {
            let (why, after) = match self.once(ask).await {
                Try::Done(answer) => return answer,
                Try::Again { why, after } => (why, after),
            };
            if attempt >= self.caps.attempts.max(1) {
                return Answer::Failed(if attempt == 1 { why } else { format!("{why} ({attempt} tries)") });
            }
            attempt = attempt.saturating_add(1);
            let wait = after.unwrap_or(pause).min(self.caps.longest_pause);
            pause = pause.saturating_mul(2);
            let until = Instant::now().checked_add(wait).unwrap_or(self.end);
            if until >= self.end {
                return Answer::Failed(format!("{why}, and there is no time left to try again"));
            }
            sleep_until(until).await;
        }
    }

    async fn once(&self, ask: &Ask<'_>) -> Try {
        let now = Instant::now();
        if now >= self.end {
            return Try::Done(Answer::OutOfTime);
        }
        let end = now.checked_add(self.caps.request).map_or(self.end, |end| end.min(self.end));
        match timeout_at(end, self.exchange(ask)).await {
            Ok(result) => result,
            Err(_) if end == self.end => Try::Done(Answer::OutOfTime),
            Err(_) if !self.reached.get() => Try::Done(Answer::Unreachable("it does not answer".to_owned())),
            Err(_) => {
                Try::Again { why: format!("no answer within {} s", self.caps.request.as_secs()), after: None }
            }
        }
    }

    async fn exchange(&self, ask: &Ask<'_>) -> Try {
        let request = match &ask.body {
            None => Request::get(ask.path).header(ACCEPT, ask.accept).body(Body::empty()),
            Some(body) => Request::post(ask.path)
                .header(ACCEPT, ask.accept)
                .header(CONTENT_TYPE, "application/json")
                .body(Body::from(body.clone().into_bytes())),
        };
        let request = match request {
            Ok(request) => request,
            Err(error) => return Try::Done(Answer::Failed(error.to_string())),
        };
        let response = match self.client.send(request).await {
            Ok(response) => response,
            Err(error) if self.reached.get() => return Try::Again { why: chain(&error), after: None },
            Err(error) => return Try::Done(Answer::Unreachable(chain(&error))),
        };
        self.reached.set(true);
        let status = response.status();
        let after = retry_after(response.headers());
        let body = match collect(response.into_body(), self.caps.page_bytes).await {
            Ok(Some(body)) => body,
            Ok(None) => return Try::Done(Answer::TooLarge),
            Err(why) => return Try::Again { why, after: None },
        };
        let told = || told(status, &body);
        Try::Done(match status {
            StatusCode::OK | StatusCode::CREATED => Answer::Body(body),
            StatusCode::UNAUTHORIZED => Answer::Unauthorized(told()),
            StatusCode::FORBIDDEN => Answer::Denied(told()),
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Answer::Absent,
            StatusCode::GONE => Answer::Gone,
            StatusCode::TOO_MANY_REQUESTS => return Try::Again { why: told(), after },
            status if status.is_server_error() => return Try::Again { why: told(), after },
            _ => Answer::Failed(told()),
        })
    }
}

/// The whole body; `None` when it is larger than `cap`.
async fn collect(mut body: Body, cap: usize) -> Result<Option<Vec<u8>>, String> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            format!("the connection broke after {} bytes: {}", bytes.len(), chain(&error))
        })?;
        if let Some(data) = frame.data_ref() {
            if bytes.len().saturating_add(data.len()) > cap {
                return Ok(None);
            }
            bytes.extend_from_slice(data);
        }
    }
    Ok(Some(bytes))
}

/// Seconds of a `Retry-After`; a date in it is not honoured.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// The status and the `message` of a Status object, cut and safe to print.
fn told(status: StatusCode, body: &[u8]) -> String {
    let parsed: Option<Value> = serde_json::from_slice(body).ok();
    let message = parsed.as_ref().and_then(|v| v.get("message")).and_then(Value::as_str).unwrap_or_default();
    let short: String = message.chars().take(300).collect();
    match short.as_str() {
        "" => format!("the server answered {status}"),
        short => format!("the server answered {}: {}", status.as_u16(), model::escape(short)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_told_in_the_servers_words() {
        let body = br#"{"kind":"Status","message":"pods is forbidden\u001b[2J"}"#;
        assert_eq!(told(StatusCode::FORBIDDEN, body), "the server answered 403: pods is forbidden\\u{1b}[2J");
        assert_eq!(told(StatusCode::BAD_GATEWAY, b"<html>"), "the server answered 502 Bad Gateway");
    }

    #[test]
    fn only_seconds_are_honoured() {
        let of = |value: &'static str| {
            retry_after(&HeaderMap::from_iter([(RETRY_AFTER, http::HeaderValue::from_static(value))]))
        };
        assert_eq!(of("7"), Some(Duration::from_secs(7)));
        assert_eq!(of("Wed, 21 Oct 2015 07:28:00 GMT"), None);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
