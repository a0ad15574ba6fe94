//! The few HTTP requests tests make themselves: JSON, one token, connections kept open.

use rustls::crypto::aws_lc_rs;
use serde_json::Value;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, http};

/// How many requests of [`Api::each`] are under way at once.
const AT_ONCE: usize = 4;

const JSON: &str = "application/json";

/// How often something is asked again that got no answer, and after how long.
const AGAIN: usize = 10;
const PAUSE: Duration = Duration::from_secs(2);

/// An API server and who asks.
#[derive(Clone, Debug)]
pub struct Api {
    agent: Agent,
    url: String,
    authorization: String,
}

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The HTTP status; 0 when no answer came.
    pub status: u16,
    /// The server's message.
    pub message: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.message)
    }
}

impl From<Refused> for String {
    fn from(refused: Refused) -> Self {
        refused.to_string()
    }
}

impl Api {
    pub(super) fn new(url: &str, ca: &str, token: &str) -> Result<Self, String> {
        let root = Certificate::from_pem(ca.as_bytes()).map_err(|e| format!("certificate: {e}"))?;
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(&[root]))
            .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .proxy(None)
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            .max_idle_connections_per_host(AT_ONCE)
            .build();
        let authorization = format!("Bearer {}", token.trim());
        Ok(Self { agent: config.into(), url: url.to_owned(), authorization })
    }

    /// The server's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What lies at a path.
    ///
    /// # Errors
    /// When the server does not answer with 2xx.
    pub fn get(&self, path: &str) -> Result<Value, Refused> {
        self.send("GET", path, JSON, "")
    }

    /// Posts an object.
    ///
    /// # Errors
    /// When the server does not answer with 2xx.
    pub fn post(&self, path: &str, object: &Value) -> Result<Value, Refused> {
        self.send("POST", path, JSON, &object.to_string())
    }

    /// Posts a text as it is, of a type the server decodes itself: `application/yaml`.
    ///
    /// # Errors
    /// When the server does not answer with 2xx.
    pub fn post_text(&self, path: &str, kind: &str, text: &str) -> Result<Value, Refused> {
        self.send("POST", path, kind, text)
    }

    /// Deletes what lies at a path: an object or a collection.
    ///
    /// # Errors
    /// When the server does not answer with 2xx.
    pub fn delete(&self, path: &str) -> Result<Value, Refused> {
        self.send("DELETE", path, JSON, "")
    }

    /// Does `ask` for each item, several at a time over as many connections; answers in the order of the items.
    ///
    /// # Errors
    /// The first one that occurs; the rest is not asked for.
    pub fn each<T: Sync, A: Send>(
        &self,
        items: &[T],
        ask: impl Fn(&Self, &T) -> Result<A, String> + Sync,
    ) -> Result<Vec<A>, String> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(item) = items.get(at) else { return Ok(done) };
                match ask(self, item) {
                    Ok(answer) => done.push((at, answer)),
                    Err(why) => {
                        next.store(items.len(), Ordering::Relaxed);
                        return Err(why);
                    }
                }
            }
        };
        let mut all = Vec::with_capacity(items.len());
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
            for worker in workers {
                all.extend(worker.join().map_err(|_| "a worker panicked".to_owned())??);
            }
            Ok::<(), String>(())
        })?;
        all.sort_unstable_by_key(|(at, _)| *at);
        Ok(all.into_iter().map(|(_, answer)| answer).collect())
    }

    /// A server that another case restarts drops connections: a change that got no answer is asked for again for a while.
    /// Who only looks asks again by himself.
    fn send(&self, method: &str, path: &str, kind: &str, body: &str) -> Result<Value, Refused> {
        let mut answer = self.once(method, path, kind, body);
        for _ in 0..if method == "GET" { 0 } else { AGAIN } {
            if !answer.as_ref().is_err_and(|refused| refused.status == 0) {
                break;
            }
            std::thread::sleep(PAUSE);
            answer = match self.once(method, path, kind, body) {
                // The first time it did arrive.
                Err(Refused { status: 409, .. }) if method == "POST" => self.once("GET", path, kind, ""),
                answer => answer,
            };
        }
        answer
    }

    fn once(&self, method: &str, path: &str, kind: &str, body: &str) -> Result<Value, Refused> {
        let lost = |message: String| Refused { status: 0, message };
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("authorization", &self.authorization)
            .header("accept", JSON)
            .header("content-type", kind)
            .body(body)
            .map_err(|e| lost(e.to_string()))?;
        let mut response = self.agent.run(request).map_err(|e| lost(e.to_string()))?;
        let status = response.status().as_u16();
        let text = response.body_mut().read_to_string().map_err(|e| lost(e.to_string()))?;
        let answer: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
        if (200..300).contains(&status) {
            return Ok(answer);
        }
        let message = answer["message"].as_str().map_or_else(|| answer.to_string(), str::to_owned);
        Err(Refused { status, message })
    }
}

/// The path objects of this one's kind are posted to. Right for kinds whose plural is the kind with an `s`.
pub(super) fn collection(object: &Value) -> Result<String, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (version, kind) = (text(&object["apiVersion"]), text(&object["kind"]));
    if version.is_empty() || kind.is_empty() {
        return Err(format!("no kind: {object}"));
    }
    let root = if version.contains('/') { "apis" } else { "api" };
    let namespace = match object["metadata"]["namespace"].as_str() {
        Some(namespace) => format!("namespaces/{namespace}/"),
        None => String::new(),
    };
    Ok(format!("/{root}/{version}/{namespace}{}s", kind.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn objects_go_to_their_collection() {
        let role = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"namespace": "a"},
        });
        assert_eq!(collection(&role).as_deref(), Ok("/apis/rbac.authorization.k8s.io/v1/namespaces/a/roles"));
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}});
        assert_eq!(collection(&namespace).as_deref(), Ok("/api/v1/namespaces"));
        assert!(collection(&json!({"kind": "Role"})).is_err());
    }

    #[test]
    fn answers_keep_the_order_and_errors_end_it() {
        let api = {
            let key = rcgen::KeyPair::generate().expect("a key");
            let ca = rcgen::CertificateParams::default().self_signed(&key).expect("a certificate");
            Api::new("https://127.0.0.1:1", &ca.pem(), "x").expect("a client")
        };
        let items: Vec<u32> = (0..1000).collect();
        assert_eq!(api.each(&items, |_, n| Ok(n * 2)), Ok(items.iter().map(|n| n * 2).collect()));
        let wrong = api.each(&items, |_, n| if *n == 7 { Err("seven".to_owned()) } else { Ok(()) });
        assert_eq!(wrong, Err("seven".to_owned()));
        assert_eq!(api.get("/readyz").map_err(|refused| refused.status), Err(0));
    }
}
