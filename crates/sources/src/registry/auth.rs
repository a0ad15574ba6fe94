//! Tokens: Docker's flow, with credentials going to nobody but the registry and its own realm.
//!
//! Semantics: the Docker registry's token authentication (`docs/spec/auth/token.md` and `oauth.md` of distribution).

use super::address::{Url, may_know};
use super::challenge::Challenge;
use super::client::Inner;
use super::error::said;
use super::send::Call;
use super::{Error, Login, Secret, body};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, USER_AGENT, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method};
use http_body_util::Full;
use serde::Deserialize;
use std::fmt::Write as _;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::time::Instant;

/// Registry, repository, and whether to push.
pub(super) type Scope = (String, String, bool);

/// A token and when it ends.
#[derive(Clone)]
pub(super) struct Token {
    value: HeaderValue,
    until: Instant,
}

#[derive(Deserialize)]
struct Granted {
    #[serde(default)]
    token: String,
    #[serde(default)]
    access_token: String,
    expires_in: Option<u64>,
}

impl Inner {
    /// What is known to be wanted of us: a token that still holds, or one fetched because the registry wants them.
    pub(super) async fn known(&self, call: &Call<'_>, home: &Url) -> Result<Option<HeaderValue>, Error> {
        if let Some(value) = self.cached(&scope(call)) {
            return Ok(Some(value));
        }
        let challenge = {
            let challenges = self.challenges.lock().unwrap_or_else(PoisonError::into_inner);
            challenges.get(&*call.at.registry).cloned()
        };
        match challenge {
            Some(challenge) => self.answer(call, home, &challenge).await,
            None => Ok(None),
        }
    }

    fn cached(&self, scope: &Scope) -> Option<HeaderValue> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let push = (scope.0.clone(), scope.1.clone(), true);
        let token = tokens.get(scope).or_else(|| tokens.get(&push))?;
        (token.until > Instant::now()).then(|| token.value.clone())
    }

    /// Answers the challenge of a 401; `None`: there is nothing to answer with.
    pub(super) async fn authorize(
        &self,
        call: &Call<'_>,
        home: &Url,
        headers: &HeaderMap,
    ) -> Result<Option<HeaderValue>, Error> {
        let mut values =
            headers.get_all(WWW_AUTHENTICATE).into_iter().filter_map(|value| value.to_str().ok());
        let challenge = values
            .by_ref()
            .take(8)
            .filter_map(Challenge::parse)
            .max_by_key(|challenge| matches!(challenge, Challenge::Bearer { .. }));
        let Some(challenge) = challenge else { return Ok(None) };
        // A token that was refused is not tried again.
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).remove(&scope(call));
        let registry = call.at.registry.to_string();
        self.challenges.lock().unwrap_or_else(PoisonError::into_inner).insert(registry, challenge.clone());
        self.answer(call, home, &challenge).await
    }

    async fn answer(
        &self,
        call: &Call<'_>,
        home: &Url,
        challenge: &Challenge,
    ) -> Result<Option<HeaderValue>, Error> {
        let secret = self.secret(&call.at.registry).await?;
        let (realm, service) = match (challenge, &secret) {
            (_, Some(Secret::Bearer(token))) => return secret_value(&format!("Bearer {token}")).map(Some),
            (Challenge::Basic, Some(Secret::Basic { user, password })) => {
                return secret_value(&basic(user, password)).map(Some);
            }
            (Challenge::Basic, _) => return Ok(None),
            (Challenge::Bearer { realm, service }, _) => (realm, service.as_deref()),
        };
        let key = scope(call);
        self.grants
            .share(key.clone(), async || {
                if let Some(value) = self.cached(&key) {
                    return Ok(Some(value));
                }
                let token = self.grant(call, home, realm, service, secret.as_ref()).await?;
                let value = token.value.clone();
                self.tokens.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), token);
                Ok(Some(value))
            })
            .await
    }

    /// Asks the realm for a token.
    async fn grant(
        &self,
        call: &Call<'_>,
        home: &Url,
        realm: &str,
        service: Option<&str>,
        secret: Option<&Secret>,
    ) -> Result<Token, Error> {
        let realm = home.join(realm).ok_or_else(|| Error::Malformed {
            url: home.shown(),
            why: "the realm it names is no address".to_owned(),
        })?;
        realm.guard(home)?;
        let trusted = may_know(home, &realm, &self.options.realms);
        if secret.is_some() && !trusted {
            let mut withheld = self.withheld.lock().unwrap_or_else(PoisonError::into_inner);
            withheld.insert(call.at.registry.to_string(), realm.host.clone());
        }
        let secret = secret.filter(|_| trusted);
        let request = token_request(call, &realm, service, secret)?;
        let response = self.exchange(&realm, home, request).await?;
        let (parts, answer) = response.into_parts();
        let status = parts.status.as_u16();
        if status != 200 {
            let why = said(&body::words(answer, &realm, self.options.caps.talk).await);
            return Err(match status {
                429 => Error::Throttled { url: realm.shown(), after: None },
                300..=499 => Error::Refused { url: realm.shown(), status, why },
                _ => Error::Status { url: realm.shown(), status, why },
            });
        }
        let bytes = body::whole(answer, &realm, self.options.caps.talk, self.options.caps.idle).await?;
        let bad = || Error::Malformed { url: realm.shown(), why: "its answer holds no token".to_owned() };
        let granted: Granted = serde_json::from_slice(&bytes).map_err(|_| bad())?;
        let token = if granted.token.is_empty() { granted.access_token } else { granted.token };
        if token.is_empty() {
            return Err(bad());
        }
        let seconds = granted.expires_in.unwrap_or(60).clamp(20, 3600).saturating_sub(10);
        let until = Instant::now().checked_add(Duration::from_secs(seconds)).ok_or_else(bad)?;
        Ok(Token { value: secret_value(&format!("Bearer {token}"))?, until })
    }

    /// What proves who asks at a registry; helpers are asked once.
    async fn secret(&self, registry: &str) -> Result<Option<Secret>, Error> {
        match &self.options.login {
            Login::Anonymous => Ok(None),
            Login::Fixed(secret) => Ok(Some(secret.clone())),
            Login::Docker(config) => {
                let mut secrets = self.secrets.lock().await;
                if let Some(known) = secrets.get(registry) {
                    return Ok(known.clone());
                }
                let secret = config.secret(registry, self.options.caps.helper).await?;
                secrets.insert(registry.to_owned(), secret.clone());
                Ok(secret)
            }
        }
    }

    /// The realm that was not told the credentials of a registry.
    pub(super) fn withheld(&self, registry: &str) -> Option<String> {
        self.withheld.lock().unwrap_or_else(PoisonError::into_inner).get(registry).cloned()
    }
}

fn scope(call: &Call<'_>) -> Scope {
    (call.at.registry.to_string(), call.at.path.to_string(), call.push)
}

fn token_request(
    call: &Call<'_>,
    realm: &Url,
    service: Option<&str>,
    secret: Option<&Secret>,
) -> Result<http::Request<Full<Bytes>>, Error> {
    let actions = if call.push { "pull,push" } else { "pull" };
    let mut query = format!("scope={}", encoded(&format!("repository:{}:{actions}", call.at.path)));
    if let Some(service) = service {
        query = format!("service={}&{query}", encoded(service));
    }
    let request = http::Request::builder()
        .header(USER_AGENT, concat!("ringwall/", env!("CARGO_PKG_VERSION")))
        .header(ACCEPT_ENCODING, "identity");
    let request = match secret {
        Some(Secret::Identity(token)) => {
            let form = format!(
                "grant_type=refresh_token&client_id=ringwall&{query}&refresh_token={}",
                encoded(token)
            );
            request
                .method(Method::POST)
                .uri(realm.text())
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Full::new(Bytes::from(form)))
        }
        Some(Secret::Basic { user, password }) => request
            .uri(realm.with_query(&query).text())
            .header(AUTHORIZATION, secret_value(&basic(user, password))?)
            .body(Full::new(Bytes::new())),
        _ => request.uri(realm.with_query(&query).text()).body(Full::new(Bytes::new())),
    };
    request.map_err(|error| Error::Malformed { url: realm.shown(), why: error.to_string() })
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// A header's value that is kept out of logs.
fn secret_value(text: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| Error::Setup("a credential holds what no header may hold".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Percent-encoded for a query or a form.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        assert_eq!(encoded("repository:a/b:pull,push"), "repository%3Aa%2Fb%3Apull%2Cpush");
        assert_eq!(basic("u", "p"), "Basic dTpw");
        assert!(secret_value("Bearer a\nb").is_err());
        assert!(!format!("{:?}", secret_value("Bearer abc").unwrap()).contains("abc"));
    }
}
