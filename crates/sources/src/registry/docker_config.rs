//! Docker's (and Podman's) file of credentials, and credential helpers.
//!
//! Semantics: `config.json` of the Docker CLI: `credHelpers` before `credsStore` before `auths`. Helpers are run with
//! a deadline and speak the protocol of docker-credential-helpers.

use super::Error;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

/// What proves who asks. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// User name and password.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
    /// A token to be changed for another at the registry's realm (OAuth 2).
    Identity(String),
    /// A token for the registry itself.
    Bearer(String),
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic { .. } => "Basic(..)",
            Self::Identity(_) => "Identity(..)",
            Self::Bearer(_) => "Bearer(..)",
        })
    }
}

/// Docker's configuration, as far as it is about registries.
#[derive(Clone, Default)]
pub struct DockerConfig {
    auths: BTreeMap<String, Secret>,
    helpers: BTreeMap<String, String>,
    store: Option<String>,
}

impl fmt::Debug for DockerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DockerConfig").field("registries", &self.auths.keys()).finish_non_exhaustive()
    }
}

#[derive(Default, Deserialize)]
struct File {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
    #[serde(default, rename = "credHelpers")]
    helpers: BTreeMap<String, String>,
    #[serde(default, rename = "credsStore")]
    store: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    auth: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    identitytoken: String,
    #[serde(default)]
    registrytoken: String,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "Username")]
    user: String,
    #[serde(rename = "Secret")]
    secret: String,
}

/// Bytes of a configuration and of a helper's answer that are read.
const CAP: u64 = 1 << 20;

impl DockerConfig {
    /// The user's own: `DOCKER_CONFIG/config.json`, else `~/.docker/config.json`, and what `REGISTRY_AUTH_FILE` or
    /// Podman's runtime file add. Nothing there is nothing known.
    ///
    /// # Errors
    /// When a file is there and cannot be read.
    pub fn of_user() -> Result<Self, Error> {
        let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let docker = var("DOCKER_CONFIG").or_else(|| var("HOME").map(|home| home.join(".docker")));
        let podman = var("REGISTRY_AUTH_FILE")
            .or_else(|| var("XDG_RUNTIME_DIR").map(|folder| folder.join("containers/auth.json")));
        let mut all = Self::default();
        for path in [podman, docker.map(|folder| folder.join("config.json"))].into_iter().flatten() {
            if path.exists() {
                let Self { auths, helpers, store } = Self::read(&path)?;
                all.auths.extend(auths);
                all.helpers.extend(helpers);
                all.store = store.or(all.store);
            }
        }
        Ok(all)
    }

    /// Reads one file.
    ///
    /// # Errors
    /// When it cannot be read or is no such configuration.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bad =
            |why: String| Error::Setup(format!("{}: {why}", model::escape(&path.display().to_string())));
        let size = std::fs::metadata(path).map_err(|error| bad(error.to_string()))?.len();
        if size > CAP {
            return Err(bad(format!("{size} bytes are too many for a configuration of Docker")));
        }
        let bytes = std::fs::read(path).map_err(|error| bad(error.to_string()))?;
        // The message of a JSON error may quote the text, which is secret: only its place is told.
        Self::parse(&bytes).map_err(bad)
    }

    /// Reads the text of a configuration (a pull secret holds the same).
    ///
    /// # Errors
    /// What is wrong, without quoting the text.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let file: File = serde_json::from_slice(bytes).map_err(|error| {
            format!("not a configuration of Docker (line {}, column {})", error.line(), error.column())
        })?;
        let mut auths = BTreeMap::new();
        for (name, entry) in file.auths {
            if let Some(secret) = entry.secret(&name)? {
                auths.insert(host(&name).to_owned(), secret);
            }
        }
        let helpers =
            file.helpers.into_iter().map(|(name, helper)| (host(&name).to_owned(), helper)).collect();
        Ok(Self { auths, helpers, store: file.store.filter(|store| !store.is_empty()) })
    }

    /// What is known for a registry; `None`: ask as nobody.
    pub(super) async fn secret(&self, registry: &str, patience: Duration) -> Result<Option<Secret>, Error> {
        let names = names(registry);
        let helper = names.iter().find_map(|name| self.helpers.get(host(name)));
        if let Some(helper) = helper {
            return ask(helper, names.first().map_or(registry, String::as_str), registry, patience).await;
        }
        if let Some(store) = &self.store {
            for name in &names {
                if let Some(secret) = ask(store, name, registry, patience).await? {
                    return Ok(Some(secret));
                }
            }
        }
        Ok(names.iter().find_map(|name| self.auths.get(host(name))).cloned())
    }
}

impl Entry {
    fn secret(self, name: &str) -> Result<Option<Secret>, String> {
        if !self.registrytoken.is_empty() {
            return Ok(Some(Secret::Bearer(self.registrytoken)));
        }
        if !self.identitytoken.is_empty() {
            return Ok(Some(Secret::Identity(self.identitytoken)));
        }
        if !self.auth.is_empty() {
            let bytes = STANDARD.decode(&self.auth).or_else(|_| STANDARD_NO_PAD.decode(&self.auth));
            let text = bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let pair = text.as_deref().and_then(|text| text.trim_end_matches('\0').split_once(':'));
            let bad = || format!("the `auth` of {} is not base64 of user:password", model::escape(name));
            let (user, password) = pair.ok_or_else(bad)?;
            return Ok(Some(Secret::Basic { user: user.to_owned(), password: password.to_owned() }));
        }
        let named = !self.username.is_empty();
        Ok(named.then_some(Secret::Basic { user: self.username, password: self.password }))
    }
}

/// The host of a name in the file, which may be a URL.
fn host(name: &str) -> &str {
    let bare = name.strip_prefix("https://").or_else(|| name.strip_prefix("http://")).unwrap_or(name);
    let host = bare.split('/').next().unwrap_or(bare);
    match host {
        "index.docker.io" | "registry-1.docker.io" => "docker.io",
        _ => host,
    }
}

/// The names a registry is kept under.
fn names(registry: &str) -> Vec<String> {
    match registry {
        "docker.io" => vec!["https://index.docker.io/v1/".to_owned(), "docker.io".to_owned()],
        _ => vec![registry.to_owned(), format!("https://{registry}")],
    }
}

/// Asks `docker-credential-NAME get`.
async fn ask(helper: &str, name: &str, registry: &str, patience: Duration) -> Result<Option<Secret>, Error> {
    let bad = |why: String| Error::Credentials { registry: registry.to_owned(), why };
    if helper.is_empty() || !helper.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) {
        return Err(bad(format!("`{}` is no name of a credential helper", model::escape(helper))));
    }
    let program = format!("docker-credential-{helper}");
    let child = Command::new(&program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| bad(format!("{program}: {error}")))?;
    let answer = tokio::time::timeout(patience, speak(child, name)).await;
    let answer = answer.map_err(|_| bad(format!("{program}: no answer in {} s", patience.as_secs())))?;
    let (success, output) = answer.map_err(|error| bad(format!("{program}: {error}")))?;
    if !success {
        // What helpers say of an unknown server, word for word; anything else is an error.
        let text = String::from_utf8_lossy(&output);
        return match text.trim().starts_with("credentials not found") {
            true => Ok(None),
            false => Err(bad(format!("{program} failed"))),
        };
    }
    let answer: Answer = serde_json::from_slice(&output)
        .map_err(|_| bad(format!("{program}: its answer is no credentials")))?;
    Ok(Some(match answer.user.as_str() {
        "<token>" => Secret::Identity(answer.secret),
        _ => Secret::Basic { user: answer.user, password: answer.secret },
    }))
}

async fn speak(mut child: Child, name: &str) -> std::io::Result<(bool, Vec<u8>)> {
    if let Some(mut stdin) = child.stdin.take() {
        // A helper that does not read its input has its reasons; its answer counts.
        let _ = stdin.write_all(name.as_bytes()).await;
    }
    let mut output = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(CAP).read_to_end(&mut output).await?;
    }
    Ok((child.wait().await?.success(), output))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(user: &str, password: &str) -> Option<Secret> {
        Some(Secret::Basic { user: user.into(), password: password.into() })
    }

    async fn secret(config: &DockerConfig, registry: &str) -> Option<Secret> {
        config.secret(registry, Duration::from_secs(5)).await.unwrap()
    }

    #[tokio::test]
    async fn entries() {
        let text = r#"{"auths": {
            "https://index.docker.io/v1/": {"auth": "dTpw"},
            "registry.test:5000": {"username": "a", "password": "b:c"},
            "https://other.test/v2/": {"identitytoken": "t"},
            "token.test": {"registrytoken": "r"},
            "empty.test": {}}, "HttpHeaders": {}}"#;
        let config = DockerConfig::parse(text.as_bytes()).unwrap();
        assert_eq!(secret(&config, "docker.io").await, basic("u", "p"));
        assert_eq!(secret(&config, "registry.test:5000").await, basic("a", "b:c"));
        assert_eq!(secret(&config, "registry.test").await, None);
        assert_eq!(secret(&config, "other.test").await, Some(Secret::Identity("t".into())));
        assert_eq!(secret(&config, "token.test").await, Some(Secret::Bearer("r".into())));
        assert_eq!(secret(&config, "empty.test").await, None);
        assert!(!format!("{config:?}").contains("dTpw"));
        assert_eq!(format!("{:?}", basic("u", "p").unwrap()), "Basic(..)");
    }

    #[test]
    fn broken_files_are_errors_that_quote_nothing() {
        for text in ["", "{", r#"{"auths": {"a.test": {"auth": "hunter2!"}}}"#, r#"{"auths": "hunter2"}"#] {
            let error = DockerConfig::parse(text.as_bytes()).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[tokio::test]
    async fn helpers_with_odd_names_are_not_run() {
        for helper in ["../x", "a b", "", "a/b"] {
            let config = DockerConfig {
                helpers: BTreeMap::from([("r.test".to_owned(), helper.to_owned())]),
                ..DockerConfig::default()
            };
            let error = config.secret("r.test", Duration::from_secs(1)).await.unwrap_err();
            assert_eq!(error.code(), "credentials", "{helper}");
        }
        let config = DockerConfig { store: Some("not-installed-here".into()), ..DockerConfig::default() };
        assert!(config.secret("r.test", Duration::from_secs(1)).await.is_err());
    }
}
