//! How registries are asked: patience, caps, credentials, plain HTTP.

use super::{DockerConfig, Secret};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Patience and sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caps {
    /// To connect, TLS included. Default 10 s.
    pub connect: Duration,
    /// Between two pieces of an answer. Default 20 s.
    pub idle: Duration,
    /// For one operation (a manifest, a small blob, a list) with its tokens, redirects and repetitions. Default 60 s.
    pub total: Duration,
    /// Slowest pace of a long body in bytes per second, after the first [`Caps::idle`]. Default 8 KiB/s.
    pub pace: u64,
    /// Requests under way at once. Default 16.
    pub parallel: usize,
    /// Repetitions after 429, 5xx or a broken connection. Default 3.
    pub retries: u32,
    /// Longest wait that an answer may ask for; longer is "throttled" at once. Default 20 s.
    pub wait: Duration,
    /// Redirects of one request. Default 5.
    pub redirects: usize,
    /// Pages of one list. Default 64; referrers 16.
    pub pages: usize,
    /// Bytes of a token's answer, of an error's text, of the headers. Default 64 KiB.
    pub talk: u64,
    /// A credential helper. Default 15 s.
    pub helper: Duration,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(20),
            total: Duration::from_secs(60),
            pace: 8 << 10,
            parallel: 16,
            retries: 3,
            wait: Duration::from_secs(20),
            redirects: 5,
            pages: 64,
            talk: 64 << 10,
            helper: Duration::from_secs(15),
        }
    }
}

/// Which registries are spoken to without TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PlainHttp {
    /// Those on this machine: `localhost`, 127.0.0.0/8, `::1`.
    #[default]
    Loopback,
    /// Those, and these hosts (with port, as in a reference).
    Hosts(Vec<String>),
    /// All.
    All,
}

/// Who asks.
#[derive(Clone, Debug, Default)]
pub enum Login {
    /// Nobody.
    #[default]
    Anonymous,
    /// What Docker's configuration says of each registry.
    Docker(DockerConfig),
    /// This, whatever the registry.
    Fixed(Secret),
}

/// Whether TLS connections go through a proxy. Plain ones never do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Proxy {
    /// Through that of `HTTPS_PROXY` or `ALL_PROXY`, except to the hosts of `NO_PROXY`.
    #[default]
    OfEnvironment,
    /// Through this one, an address.
    At(String),
}

/// How registries are asked.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Patience and sizes.
    pub caps: Caps,
    /// Who asks.
    pub login: Login,
    /// Plain HTTP.
    pub plain: PlainHttp,
    /// Whether any certificate will do.
    pub any_certificate: bool,
    /// Further certificates to trust, PEM.
    pub ca_file: Option<PathBuf>,
    /// Registries that are asked at another host: name in references → host (mirrors, tests).
    pub mirrors: BTreeMap<String, String>,
    /// Proxy.
    pub proxy: Proxy,
    /// Hosts besides the registry's own that credentials may be sent to when it names them as realm.
    pub realms: Vec<String>,
}

impl Options {
    /// The host that is asked for a registry.
    pub(super) fn host<'a>(&'a self, registry: &'a str) -> &'a str {
        match self.mirrors.get(registry) {
            Some(mirror) => mirror,
            None if registry == "docker.io" => "registry-1.docker.io",
            None => registry,
        }
    }

    /// Whether a host (with port) is spoken to without TLS.
    pub(super) fn is_plain(&self, host: &str) -> bool {
        match &self.plain {
            PlainHttp::All => true,
            PlainHttp::Hosts(hosts) if hosts.iter().any(|plain| plain == host) => true,
            _ => super::address::names_loopback(host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        let mut options = Options::default();
        assert_eq!(options.host("docker.io"), "registry-1.docker.io");
        assert_eq!(options.host("registry.test"), "registry.test");
        assert!(
            options.is_plain("127.0.0.1:5000")
                && options.is_plain("localhost")
                && options.is_plain("[::1]:5")
        );
        assert!(!options.is_plain("registry.test") && !options.is_plain("localhost.test"));
        options.mirrors.insert("registry.test".into(), "127.0.0.1:5000".into());
        assert_eq!(options.host("registry.test"), "127.0.0.1:5000");
        options.plain = PlainHttp::Hosts(vec!["registry.test:80".into()]);
        assert!(options.is_plain("registry.test:80") && !options.is_plain("registry.test"));
        options.plain = PlainHttp::All;
        assert!(options.is_plain("registry.test"));
    }
}
