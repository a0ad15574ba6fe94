//! Options about registries that several verbs share.

use crate::exit;
use clap::Args;
use sources::registry::{Client, DockerConfig, Login, Options, PlainHttp, Secret};
use std::path::PathBuf;

/// How registries are asked. Credentials come from Docker's configuration and its helpers.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Registry")]
pub(crate) struct RegistryArgs {
    /// Speak plain HTTP with this registry (`host:port`); registries on this machine always get it
    #[arg(long, value_name = "HOST")]
    pub(crate) insecure_registry: Vec<String>,

    /// Take any TLS certificate
    #[arg(long)]
    pub(crate) insecure_skip_tls_verify: bool,

    /// Further certificates to trust, PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) registry_ca: Option<PathBuf>,

    /// Ask another host for a registry: `docker.io=mirror.test:5000`
    #[arg(long, value_name = "REGISTRY=HOST")]
    pub(crate) registry_mirror: Vec<String>,

    /// User name, instead of Docker's configuration
    #[arg(long, value_name = "NAME", requires = "registry_password")]
    pub(crate) registry_username: Option<String>,

    /// Password for that user
    #[arg(
        long,
        value_name = "PASSWORD",
        requires = "registry_username",
        env = "RINGWALL_REGISTRY_PASSWORD",
        hide_env_values = true
    )]
    pub(crate) registry_password: Option<String>,

    /// Token for the registry itself
    #[arg(
        long,
        value_name = "TOKEN",
        conflicts_with = "registry_username",
        env = "RINGWALL_REGISTRY_TOKEN",
        hide_env_values = true
    )]
    pub(crate) registry_token: Option<String>,

    /// Another host that may be sent credentials when a registry names it as its realm
    #[arg(long, value_name = "HOST")]
    pub(crate) registry_realm: Vec<String>,
}

impl RegistryArgs {
    /// A client; no request is made yet.
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        let mut options = Options {
            login: self.login()?,
            plain: match self.insecure_registry.as_slice() {
                [] => PlainHttp::Loopback,
                hosts => PlainHttp::Hosts(hosts.to_vec()),
            },
            any_certificate: self.insecure_skip_tls_verify,
            ca_file: self.registry_ca.clone(),
            realms: self.registry_realm.clone(),
            ..Options::default()
        };
        for pair in &self.registry_mirror {
            let Some((registry, host)) = pair.split_once('=').filter(|(a, b)| !a.is_empty() && !b.is_empty())
            else {
                return Err(exit::usage(format!("--registry-mirror {pair}: REGISTRY=HOST is wanted")));
            };
            options.mirrors.insert(registry.to_owned(), host.to_owned());
        }
        Ok(Client::new(options))
    }

    fn login(&self) -> anyhow::Result<Login> {
        Ok(match (&self.registry_username, &self.registry_password, &self.registry_token) {
            (Some(user), Some(password), _) => {
                Login::Fixed(Secret::Basic { user: user.clone(), password: password.clone() })
            }
            (_, _, Some(token)) => Login::Fixed(Secret::Bearer(token.clone())),
            _ => Login::Docker(DockerConfig::of_user().map_err(|error| exit::unreadable(error.to_string()))?),
        })
    }
}
