//! Everything a cluster reads when it starts, written into its folder.

use super::certificates::{Authority, Pair, signing_key};
use super::{PEOPLE, Person};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as STANDARD;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::Path;

pub(super) const CA: &str = "ca.crt";
pub(super) const CA_KEY: &str = "ca.key";
pub(super) const SERVER: &str = "apiserver.crt";
pub(super) const SERVER_KEY: &str = "apiserver.key";
pub(super) const ACCOUNTS: &str = "accounts.pub";
pub(super) const ACCOUNTS_KEY: &str = "accounts.key";
pub(super) const TOKENS: &str = "tokens.csv";
pub(super) const ADMIN_TOKEN: &str = "admin.token";
pub(super) const CONTROLLERS: &str = "controllers.kubeconfig";
pub(super) const AUDIT_POLICY: &str = "audit-policy.yaml";
pub(super) const AUDIT_LOG: &str = "audit.log";
/// What services get their addresses from; nothing routes there.
pub(super) const SERVICES: &str = "10.99.0.0/24";
const SERVER_SERVICE: &str = "10.99.0.1";

/// Rights, Secrets and whoever enters a pod are worth a whole request; everything else one line. Events and leases are noise.
pub(super) const POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  resources:
  - {group: '', resources: [events]}
  - {group: events.k8s.io, resources: [events]}
  - {group: coordination.k8s.io, resources: [leases]}
- level: RequestResponse
  resources:
  - {group: rbac.authorization.k8s.io}
  - {group: '', resources: [secrets, pods/exec, pods/attach, pods/portforward, pods/ephemeralcontainers]}
- level: Metadata
";

/// What the processes and the client are told.
pub(super) struct Parts {
    pub(super) url: String,
    pub(super) ca: String,
    pub(super) admin_token: String,
    pub(super) ports: [u16; 3],
}

/// Writes the files of a new cluster; the data of one that was there is gone.
pub(super) fn write(folder: &Path) -> Result<Parts, String> {
    for old in ["etcd", "logs", AUDIT_LOG] {
        let path = folder.join(old);
        std::fs::remove_dir_all(&path).or_else(|_| std::fs::remove_file(&path)).ok();
    }
    for new in ["etcd", "logs"] {
        let path = folder.join(new);
        std::fs::create_dir_all(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    let ports = free_ports()?;
    let url = format!("https://127.0.0.1:{}", ports[0]);
    let authority = Authority::new("cluster-ca")?;
    let ca = authority.pair();
    let names = [
        "localhost",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "127.0.0.1",
        SERVER_SERVICE,
    ];
    let server = authority.server("kube-apiserver", &names)?;
    let (accounts, accounts_key) = signing_key()?;
    let put = |name: &str, text: &str| put(&folder.join(name), text);
    put(CA, &ca.certificate)?;
    put(CA_KEY, &ca.key)?;
    put(SERVER, &server.certificate)?;
    put(SERVER_KEY, &server.key)?;
    put(ACCOUNTS, &accounts)?;
    put(ACCOUNTS_KEY, &accounts_key)?;
    put(AUDIT_POLICY, POLICY)?;
    let People { tokens, admin_token } = people(folder, &url, &ca.certificate)?;
    put(TOKENS, &tokens)?;
    let controllers = "system:kube-controller-manager";
    let Pair { certificate, key } = authority.client(controllers, &[])?;
    put("controllers.crt", &certificate)?;
    put("controllers.key", &key)?;
    let user = json!({"client-certificate": "controllers.crt", "client-key": "controllers.key"});
    put(CONTROLLERS, &kubeconfig(&url, &ca.certificate, controllers, &user))?;
    Ok(Parts { url, ca: ca.certificate, admin_token, ports })
}

/// What the API server is told of [`PEOPLE`].
pub(super) struct People {
    /// The text of its token file.
    pub(super) tokens: String,
    /// The token of the first.
    pub(super) admin_token: String,
}

/// Makes everybody's token and writes their kubeconfigs.
pub(super) fn people(folder: &Path, url: &str, ca: &str) -> Result<People, String> {
    let token = |person: &Person| secret().map(|secret| format!("{}-{secret}", person.name));
    let all = PEOPLE.iter().map(token).collect::<Result<Vec<String>, String>>()?;
    let mut tokens = String::new();
    for (person, token) in PEOPLE.iter().zip(&all) {
        tokens += &format!("{token},{0},{0},\"{1}\"\n", person.name, person.groups.join(","));
        let config = kubeconfig(url, ca, person.name, &json!({"token": token}));
        put(&folder.join(format!("{}.kubeconfig", person.name)), &config)?;
    }
    let admin_token = all.into_iter().next().unwrap_or_default();
    put(&folder.join(ADMIN_TOKEN), &admin_token)?;
    Ok(People { tokens, admin_token })
}

/// Forty letters and digits that nobody guesses.
pub(super) fn secret() -> Result<String, String> {
    signing_key().map(|(_, key)| tail(&key))
}

/// A kubeconfig of one user; JSON is YAML.
pub(super) fn kubeconfig(url: &str, ca: &str, name: &str, user: &Value) -> String {
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": "loopback", "cluster": {
            "server": url, "certificate-authority-data": STANDARD.encode(ca),
        }}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": name, "context": {"cluster": "loopback", "user": name}}],
    });
    format!("{config:#}\n")
}

/// Letters and digits that nobody guesses, out of a fresh private key.
fn tail(key: &str) -> String {
    let body: String = key.lines().filter(|line| !line.starts_with('-')).collect();
    let body: Vec<char> = body.chars().filter(char::is_ascii_alphanumeric).collect();
    body.iter().rev().take(40).collect()
}

/// Ports nobody listens on now: API server, etcd for clients, etcd for peers.
fn free_ports() -> Result<[u16; 3], String> {
    let one = || TcpListener::bind("127.0.0.1:0").map_err(|e| format!("no free port: {e}"));
    // All are held until all are known, so that they differ.
    let held = [one()?, one()?, one()?];
    let mut ports = [0; 3];
    for (port, listener) in ports.iter_mut().zip(&held) {
        *port = listener.local_addr().map_err(|e| format!("no free port: {e}"))?.port();
    }
    Ok(ports)
}

pub(super) fn put(path: &Path, text: &str) -> Result<(), String> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    // Keys and tokens lie here: for their owner only.
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|e| format!("{}: {e}", path.display()))
}

pub(super) fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_long_and_differ() {
        let one = || tail(&signing_key().expect("a key").1);
        let (a, b) = (one(), one());
        assert_eq!(a.len(), 40);
        assert_ne!(a, b);
    }
}
