//! Bodies of answers: whole, under a cap, with patience between the pieces.

use super::Error;
use super::address::Url;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use std::time::Duration;

/// The next piece of a body; `None` at its end.
pub(super) async fn piece(body: &mut Incoming, url: &Url, idle: Duration) -> Result<Option<Bytes>, Error> {
    loop {
        let next = tokio::time::timeout(idle, body.frame()).await;
        let slow = |_| Error::TimedOut { url: url.shown(), what: "waiting for more of the answer" };
        match next.map_err(slow)? {
            None => return Ok(None),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) if data.is_empty() => {}
                Ok(data) => return Ok(Some(data)),
                // Trailers say nothing that is used.
                Err(_) => {}
            },
            Some(Err(error)) => {
                return Err(Error::Network {
                    url: url.shown(),
                    why: format!("the answer broke off: {}", crate::cluster::chain(&error)),
                });
            }
        }
    }
}

/// A whole body, at most `cap` bytes of it.
pub(super) async fn whole(body: Incoming, url: &Url, cap: u64, idle: Duration) -> Result<Bytes, Error> {
    let too_large = || Error::TooLarge { url: url.shown(), cap };
    let mut body = body;
    if hyper::body::Body::size_hint(&body).lower() > cap {
        return Err(too_large());
    }
    let mut all = BytesMut::new();
    while let Some(piece) = piece(&mut body, url, idle).await? {
        let length = all.len().saturating_add(piece.len());
        if u64::try_from(length).unwrap_or(u64::MAX) > cap {
            return Err(too_large());
        }
        all.extend_from_slice(&piece);
    }
    Ok(all.freeze())
}

/// The start of an error's body, for a message: at most `cap` bytes and two seconds.
pub(super) async fn words(mut body: Incoming, url: &Url, cap: u64) -> String {
    let mut all = Vec::new();
    let patience = Duration::from_secs(2);
    let read = async {
        while let Ok(Some(piece)) = piece(&mut body, url, patience).await {
            all.extend_from_slice(&piece);
            if u64::try_from(all.len()).unwrap_or(u64::MAX) > cap {
                break;
            }
        }
    };
    // What came until then is enough.
    let _ = tokio::time::timeout(patience, read).await;
    message(&all)
}

/// The messages of a registry's error document, or the text itself.
fn message(bytes: &[u8]) -> String {
    let document: Option<serde_json::Value> = serde_json::from_slice(bytes).ok();
    let errors =
        document.as_ref().and_then(|document| document.get("errors")).and_then(|errors| errors.as_array());
    let text = |error: &serde_json::Value| {
        let message =
            error.get("message").and_then(|message| message.as_str()).filter(|text| !text.is_empty());
        message.or_else(|| error.get("code").and_then(|code| code.as_str())).map(str::to_owned)
    };
    match errors {
        Some(errors) => errors.iter().take(3).filter_map(text).collect::<Vec<_>>().join("; "),
        None if document.is_some() || bytes.starts_with(b"<") => String::new(),
        None => String::from_utf8_lossy(bytes).lines().next().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages() {
        for (text, want) in [
            (r#"{"errors":[{"code":"DENIED","message":"no"},{"code":"X"}]}"#, "no; X"),
            ("too many\nrequests", "too many"),
            ("<html>", ""),
            ("{}", ""),
            ("", ""),
        ] {
            assert_eq!(message(text.as_bytes()), want);
        }
    }
}
