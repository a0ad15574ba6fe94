//! A real API server on loopback, with its etcd, from the binaries that `xtask peers` installs.
//!
//! Only what suites need: start, wait, ask as the administrator, stop. Both processes end with the value.

use p256::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the server may take to be ready.
const PATIENCE: Duration = Duration::from_secs(90);
/// The administrator's token; the server listens on loopback and lives for one run.
const TOKEN: &str = "administrator";

/// A running API server.
pub struct ApiServer {
    /// Minor version of the binary.
    pub minor: u32,
    port: u16,
    tls: Arc<ClientConfig>,
    processes: Vec<Child>,
    // Removed when everything is stopped.
    _folder: tempfile::TempDir,
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        for process in self.processes.iter_mut().rev() {
            process.kill().ok();
            process.wait().ok();
        }
    }
}

/// Where the peers' binaries lie; `Err` says which is missing and how it is had.
pub fn peers() -> Result<(PathBuf, PathBuf), String> {
    let cache = std::env::var_os("RINGWALL_CACHE")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/ringwall")))
        .ok_or("neither RINGWALL_CACHE nor HOME is set")?;
    let find = |name: &str| {
        let folder = cache.join("peers").join(name);
        let mut versions: Vec<PathBuf> = std::fs::read_dir(&folder)
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path().join(name)))
            .filter(|path| path.is_file())
            .collect();
        versions.sort();
        versions.pop().ok_or_else(|| format!("no {name}; `cargo xtask peers` installs it"))
    };
    Ok((find("etcd")?, find("kube-apiserver")?))
}

/// A free port. Somebody else may take it before it is used; then the start fails and says so.
fn port() -> Result<u16, String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|e| e.to_string())?;
    listener.local_addr().map(|address| address.port()).map_err(|e| e.to_string())
}

impl ApiServer {
    /// Starts etcd and the API server and waits until it is ready.
    ///
    /// # Errors
    /// Says which step failed, with the end of the server's log.
    pub fn start() -> Result<Self, String> {
        let (etcd, apiserver) = peers()?;
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let (client, peer, secure) = (port()?, port()?, port()?);
        let minor = apiserver.parent().and_then(version).ok_or("the binary's folder names its version")?;
        let processes = vec![
            start_etcd(&etcd, folder.path(), client, peer)?,
            start_apiserver(&apiserver, folder.path(), client, secure)?,
        ];
        let deadline = Instant::now() + PATIENCE;
        let certificate = folder.path().join("certificates/apiserver.crt");
        let mut server = Self { minor, port: secure, tls: trusting(&[])?, processes, _folder: folder };
        loop {
            if let Ok(Some(status)) = server.processes[1].try_wait() {
                return Err(format!("kube-apiserver ended with {status}: {}", server.log()));
            }
            if let Ok(pem) = std::fs::read(&certificate) {
                server.tls = trusting(&pem)?;
                if server.connect().and_then(|mut c| c.get("/readyz")).is_ok_and(|(status, _)| status == 200)
                {
                    return Ok(server);
                }
            }
            if Instant::now() > deadline {
                return Err(format!("kube-apiserver is not ready after {PATIENCE:?}: {}", server.log()));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn log(&self) -> String {
        let text = std::fs::read_to_string(self._folder.path().join("apiserver.log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(8)..].join("\n")
    }

    /// Writes a kubeconfig of the administrator into the server's folder.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn kubeconfig(&self) -> Result<PathBuf, String> {
        let folder = self._folder.path();
        let path = folder.join("kubeconfig");
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: real\nclusters:\n- name: real\n  cluster:\n    server: \
             https://127.0.0.1:{}\n    certificate-authority: {}\nusers:\n- name: admin\n  user: {{token: \
             {TOKEN}}}\ncontexts:\n- name: real\n  context: {{cluster: real, user: admin}}\n",
            self.port,
            folder.join("certificates/apiserver.crt").display()
        );
        std::fs::write(&path, text).map(|()| path).map_err(|e| e.to_string())
    }

    /// A connection that stays open for many requests.
    ///
    /// # Errors
    /// When nobody listens or the certificate is another one.
    pub fn connect(&self) -> Result<Connection, String> {
        let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).map_err(|e| e.to_string())?;
        socket.set_nodelay(true).ok();
        socket.set_read_timeout(Some(Duration::from_secs(30))).ok();
        let name = ServerName::try_from("127.0.0.1").map_err(|e| e.to_string())?;
        let session = ClientConnection::new(self.tls.clone(), name).map_err(|e| e.to_string())?;
        Ok(Connection { stream: BufReader::new(StreamOwned::new(session, socket)) })
    }
}

fn version(folder: &Path) -> Option<u32> {
    folder.file_name()?.to_str()?.strip_prefix("v1.")?.split('.').next()?.parse().ok()
}

fn log(folder: &Path, name: &str) -> Result<Stdio, String> {
    let file = std::fs::File::create(folder.join(name)).map_err(|e| e.to_string())?;
    Ok(Stdio::from(file))
}

fn start_etcd(binary: &Path, folder: &Path, client: u16, peer: u16) -> Result<Child, String> {
    let at = |port: u16| format!("http://127.0.0.1:{port}");
    Command::new(binary)
        .arg("--data-dir")
        .arg(folder.join("etcd"))
        .args(["--listen-client-urls", &at(client), "--advertise-client-urls", &at(client)])
        .args(["--listen-peer-urls", &at(peer), "--initial-advertise-peer-urls", &at(peer)])
        .args([
            "--initial-cluster",
            &format!("default={}", at(peer)),
            "--unsafe-no-fsync",
            "--log-level",
            "error",
        ])
        .stdout(Stdio::null())
        .stderr(log(folder, "etcd.log")?)
        .spawn()
        .map_err(|e| format!("{}: {e}", binary.display()))
}

fn start_apiserver(binary: &Path, folder: &Path, etcd: u16, secure: u16) -> Result<Child, String> {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).map(|()| path).map_err(|e| e.to_string())
    };
    let key = p256::SecretKey::from_slice(&[7; 32]).map_err(|e| e.to_string())?;
    let end = p256::pkcs8::LineEnding::LF;
    let signing = key.to_pkcs8_pem(end).map_err(|e| e.to_string())?;
    let signing = write("accounts.key", &signing)?;
    let public = key.public_key().to_public_key_pem(end).map_err(|e| e.to_string())?;
    let public = write("accounts.pub", &public)?;
    let tokens = write("tokens.csv", &format!("{TOKEN},admin,1,\"system:masters\"\n"))?;
    Command::new(binary)
        .args(["--etcd-servers", &format!("http://127.0.0.1:{etcd}"), "--bind-address", "127.0.0.1"])
        .args(["--secure-port", &secure.to_string(), "--authorization-mode", "Node,RBAC"])
        .args(["--service-cluster-ip-range", "10.0.0.0/24", "--disable-admission-plugins", "ServiceAccount"])
        .args(["--service-account-issuer", "https://issuer.test"])
        .arg("--cert-dir")
        .arg(folder.join("certificates"))
        .arg("--service-account-key-file")
        .arg(&public)
        .arg("--service-account-signing-key-file")
        .arg(&signing)
        .arg("--token-auth-file")
        .arg(&tokens)
        .stdout(Stdio::null())
        .stderr(log(folder, "apiserver.log")?)
        .spawn()
        .map_err(|e| format!("{}: {e}", binary.display()))
}

/// Trusts exactly the certificates the server made for itself.
fn trusting(pem: &[u8]) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        // The leaf is no authority and is passed over.
        roots.add(certificate.map_err(|e| e.to_string())?).ok();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// One HTTP/1.1 connection with the administrator's token.
pub struct Connection {
    stream: BufReader<StreamOwned<ClientConnection, TcpStream>>,
}

impl Connection {
    /// GET; the status and the body.
    ///
    /// # Errors
    /// When the connection breaks.
    pub fn get(&mut self, path: &str) -> Result<(u16, Vec<u8>), String> {
        self.send("GET", path, &[])
    }

    /// POST of JSON; the answer as JSON. A status above 299 is an error with the server's words.
    ///
    /// # Errors
    /// When the connection breaks or the server refuses.
    pub fn post(&mut self, path: &str, body: &Value) -> Result<Value, String> {
        let (status, answer) = self.send("POST", path, body.to_string().as_bytes())?;
        if status > 299 {
            return Err(format!("POST {path}: {status}: {}", String::from_utf8_lossy(&answer)));
        }
        serde_json::from_slice(&answer).map_err(|e| format!("POST {path}: {e}"))
    }

    /// DELETE.
    ///
    /// # Errors
    /// When the connection breaks or the server refuses.
    pub fn delete(&mut self, path: &str) -> Result<(), String> {
        match self.send("DELETE", path, &[])? {
            (200..=299, _) => Ok(()),
            (status, answer) => Err(format!("DELETE {path}: {status}: {}", String::from_utf8_lossy(&answer))),
        }
    }

    fn send(&mut self, method: &str, path: &str, body: &[u8]) -> Result<(u16, Vec<u8>), String> {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: \
             application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let stream = self.stream.get_mut();
        let sent = stream.write_all(&[head.as_bytes(), body].concat()).and_then(|()| stream.flush());
        sent.map_err(|e| e.to_string())?;
        self.receive()
    }

    fn line(&mut self) -> Result<String, String> {
        let mut line = String::new();
        self.stream.read_line(&mut line).map_err(|e| e.to_string())?;
        Ok(line.trim_end().to_owned())
    }

    fn receive(&mut self) -> Result<(u16, Vec<u8>), String> {
        let first = self.line()?;
        let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| format!("no HTTP answer: {first}"))?;
        let (mut length, mut chunked) = (0, false);
        loop {
            let line = self.line()?.to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(text) = line.strip_prefix("content-length:") {
                length = text.trim().parse().map_err(|e| format!("{line}: {e}"))?;
            }
            chunked |= line.starts_with("transfer-encoding:") && line.contains("chunked");
        }
        let mut body = Vec::new();
        if !chunked {
            body.resize(length, 0);
            self.stream.read_exact(&mut body).map_err(|e| e.to_string())?;
            return Ok((status, body));
        }
        loop {
            let size = usize::from_str_radix(&self.line()?, 16).map_err(|e| e.to_string())?;
            let start = body.len();
            body.resize(start + size, 0);
            self.stream.read_exact(&mut body[start..]).map_err(|e| e.to_string())?;
            self.line()?;
            if size == 0 {
                return Ok((status, body));
            }
        }
    }
}
