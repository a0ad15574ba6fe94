//! Where an identity token comes from: the command line, the environment, or the CI that runs us.
//!
//! Semantics: `SIGSTORE_ID_TOKEN` as Sigstore's clients and GitLab's `id_tokens` use it; GitHub's
//! `ACTIONS_ID_TOKEN_REQUEST_URL` and `ACTIONS_ID_TOKEN_REQUEST_TOKEN`, which a workflow has with `id-token: write`.

use super::keys;
use crate::exit;
use sources::registry::{Client, Question};

/// Whom the tokens are for.
const AUDIENCE: &str = "sigstore";
/// Bytes of the issuer's answer that are read.
const ANSWER: u64 = 256 << 10;

/// A token and where it is from. `given` is a token, or a file with one.
pub(super) async fn token(given: Option<&str>, client: &Client) -> anyhow::Result<(String, &'static str)> {
    let of = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if let Some(given) = given {
        if !std::path::Path::new(given).is_file() {
            return Ok((given.to_owned(), "--identity-token"));
        }
        let bytes = keys::small_file(given)?;
        return Ok((String::from_utf8_lossy(&bytes).into_owned(), "--identity-token"));
    }
    if let Some(token) = of("SIGSTORE_ID_TOKEN") {
        return Ok((token, "SIGSTORE_ID_TOKEN"));
    }
    let github = (of("ACTIONS_ID_TOKEN_REQUEST_URL"), of("ACTIONS_ID_TOKEN_REQUEST_TOKEN"));
    if let (Some(url), Some(request)) = github {
        return Ok((of_github(client, &url, &request).await?, "GitHub"));
    }
    Err(exit::usage(
        "who signs? pass --identity-token TOKEN, set SIGSTORE_ID_TOKEN (GitLab: `id_tokens`), or give the workflow `permissions: id-token: write` (GitHub)",
    ))
}

async fn of_github(client: &Client, url: &str, request: &str) -> anyhow::Result<String> {
    let mark = if url.contains('?') { '&' } else { '?' };
    let address = format!("{url}{mark}audience={AUDIENCE}");
    let question = Question {
        address: &address,
        accept: "application/json",
        bearer: Some(request),
        ..Question::default()
    };
    let told = client.ask(&question, ANSWER).await.map_err(|error| exit::unreadable(error.to_string()))?;
    let answer = serde_json::from_slice::<serde_json::Value>(&told.body).ok();
    let token = answer.as_ref().and_then(|answer| answer.get("value")?.as_str());
    token.map(str::to_owned).ok_or_else(|| exit::unreadable("GitHub's answer holds no token".to_owned()))
}
