//! From flags and kubeconfig to a client, with advice where that fails.

use super::words::chain;
use http::HeaderValue;
use http::header::USER_AGENT;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Which cluster to read, in kubectl's words.
#[derive(Clone, Debug, Default)]
pub struct ClusterOptions {
    /// `--kubeconfig`; else `$KUBECONFIG`, else `~/.kube/config`, else the pod's own account.
    pub kubeconfig: Option<PathBuf>,
    /// `--context`; else the current one.
    pub context: Option<String>,
    /// `-n`: namespaced kinds of this namespace only; `None` for all (`-A`).
    pub namespace: Option<String>,
    /// Time and sizes.
    pub caps: super::ClusterCaps,
}

/// Why a cluster could not be looked at at all.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No kubeconfig and not in a pod.
    #[error(
        "no cluster to read: {path} is not there and this is no pod; pass --kubeconfig FILE, or manifests instead"
    )]
    NoConfig {
        /// Where a kubeconfig was looked for.
        path: String,
    },
    /// The kubeconfig cannot be read.
    #[error("cannot read the kubeconfig {path}: {why}; look at it with `kubectl config view`")]
    Config {
        /// The file.
        path: String,
        /// Why, without the file's content.
        why: String,
    },
    /// There is no such context.
    #[error("the kubeconfig has no context `{context}`; it has: {known}")]
    Context {
        /// What was asked for.
        context: String,
        /// What there is.
        known: String,
    },
    /// The context cannot be used.
    #[error("cannot use context `{context}`: {why}; try `kubectl --context {context} version`")]
    Client {
        /// The context.
        context: String,
        /// Why.
        why: String,
    },
    /// The server does not answer.
    #[error("cannot reach {url} (context `{context}`): {why}; try `kubectl --context {context} version`")]
    Unreachable {
        /// The server.
        url: String,
        /// The context.
        context: String,
        /// Why.
        why: String,
    },
    /// The server does not know who asks.
    #[error(
        "{url} does not accept the credentials of context `{context}`: {why}; log in again, then try `kubectl auth whoami`"
    )]
    Unauthorized {
        /// The server.
        url: String,
        /// The context.
        context: String,
        /// Why.
        why: String,
    },
    /// The runtime could not be started.
    #[error("cannot start the network: {0}")]
    Runtime(#[source] std::io::Error),
}

/// A client, and the words to speak of it.
pub(super) struct Connection {
    pub(super) client: Client,
    config: Config,
    pub(super) context: String,
    pub(super) url: String,
}

const IN_CLUSTER: &str = "in-cluster";

/// Reads the configuration and makes a client; no request is made, but a credential plugin may run.
pub(super) async fn connect(options: &ClusterOptions) -> Result<Connection, Error> {
    let (mut config, context) = config(options).await?;
    // Patience is ours (`fetch`): it honours the deadline and counts.
    config.default_retry = false;
    // Who reads a cluster's audit log should see who read the cluster.
    config
        .headers
        .push((USER_AGENT, HeaderValue::from_static(concat!("ringwall/", env!("CARGO_PKG_VERSION")))));
    let url = server(&config.cluster_url);
    let plugin = config.auth_info.exec.as_ref().map(|exec| {
        (exec.command.clone().unwrap_or_default(), exec.install_hint.clone().unwrap_or_default())
    });
    let client = Client::try_from(config.clone()).map_err(|error| {
        let mut why = chain(&error);
        if let Some((command, hint)) = plugin {
            why = format!("{why} (plugin `{}`)", model::escape(&command));
            if let Some(hint) = hint.lines().find(|line| !line.trim().is_empty()) {
                why = format!("{why}; {}", model::escape(hint.trim()));
            }
        }
        Error::Client { context: context.clone(), why }
    })?;
    Ok(Connection { client, config, context, url })
}

impl Connection {
    /// A client with the same credentials for a kubelet, which must have a certificate of the cluster's authority for
    /// this address: whoever else answers there gets nothing.
    ///
    /// # Errors
    /// Why there can be none, in words.
    pub(super) fn kubelet(&self, address: IpAddr, port: u16) -> Result<Client, String> {
        if self.config.accept_invalid_certs || self.config.root_cert.is_none() {
            return Err("the kubeconfig names no authority that a kubelet could be known by".to_owned());
        }
        if self.config.auth_info.exec.is_some() {
            return Err("credentials of a plugin are for the API server only".to_owned());
        }
        let url = SocketAddr::new(address, port);
        let cluster_url =
            http::Uri::try_from(format!("https://{url}/")).map_err(|error| error.to_string())?;
        let mut config = self.config.clone();
        config.cluster_url = cluster_url;
        config.proxy_url = None;
        config.tls_server_name = None;
        config.connect_timeout = Some(Duration::from_secs(2));
        Client::try_from(config).map_err(|error| chain(&error))
    }
}

/// Scheme, host and path of a server, without the credentials a URL may hold.
fn server(url: &http::Uri) -> String {
    let host = url.host().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{host}{port}", url.scheme_str().unwrap_or("https"))
}

async fn config(options: &ClusterOptions) -> Result<(Config, String), Error> {
    let Some((kubeconfig, path)) = kubeconfig(options)? else {
        return in_cluster();
    };
    let context = options.context.clone().or_else(|| kubeconfig.current_context.clone()).unwrap_or_default();
    let names: Vec<&str> = kubeconfig.contexts.iter().map(|context| context.name.as_str()).collect();
    if !names.contains(&context.as_str()) {
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let known = model::escape(&known).into_owned();
        return Err(match (options.context.is_some(), names.is_empty(), in_cluster()) {
            // An empty kubeconfig in a pod is no reason not to look at the pod's own cluster.
            (false, true, Ok(found)) => return Ok(found),
            _ => Error::Context { context: model::escape(&context).into_owned(), known },
        });
    }
    let wanted = KubeConfigOptions { context: Some(context.clone()), ..KubeConfigOptions::default() };
    let config = Config::from_custom_kubeconfig(kubeconfig, &wanted)
        .await
        .map_err(|error| Error::Config { path, why: chain(&error) })?;
    Ok((config, context))
}

/// The merged kubeconfig and the name it is spoken of by; `None` when there is none and none was asked for.
fn kubeconfig(options: &ClusterOptions) -> Result<Option<(Kubeconfig, String)>, Error> {
    if let Some(path) = &options.kubeconfig {
        let shown = model::escape(&path.display().to_string()).into_owned();
        return match Kubeconfig::read_from(path) {
            Ok(config) => Ok(Some((config, shown))),
            Err(error) => Err(Error::Config { path: shown, why: chain(&error) }),
        };
    }
    let shown = std::env::var("KUBECONFIG").ok().filter(|value| !value.is_empty());
    let shown = shown.unwrap_or_else(|| "~/.kube/config".to_owned());
    match Kubeconfig::read() {
        Ok(config) => Ok(Some((config, shown))),
        Err(KubeconfigError::FindPath) => Ok(None),
        Err(KubeconfigError::ReadConfig(error, _)) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok(None)
        }
        Err(error) => Err(Error::Config { path: shown, why: chain(&error) }),
    }
}

fn in_cluster() -> Result<(Config, String), Error> {
    let token = Path::new("/var/run/secrets/kubernetes.io/serviceaccount/token");
    let no_config = || Error::NoConfig {
        path: std::env::var("KUBECONFIG").unwrap_or_else(|_| "~/.kube/config".to_owned()),
    };
    if !token.exists() {
        return Err(no_config());
    }
    match Config::incluster() {
        Ok(config) => Ok((config, IN_CLUSTER.to_owned())),
        Err(_) => Err(no_config()),
    }
}
