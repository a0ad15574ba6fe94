//! Registries and logs that the suites of signatures start, and images put into them.

use integration::demand;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// Starts a program of our own that says where it listens in its first line; it ends when its standard input does.
pub(crate) fn serve(program: &Path, words: &[&str]) -> Result<(String, Child), String> {
    let mut child = Command::new(program)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| format!("{}: {e}", program.display()))?;
    let mut line = String::new();
    let stdout = child.stdout.take().ok_or("no stdout")?;
    BufReader::new(stdout).read_line(&mut line).map_err(|e| e.to_string())?;
    Ok((line.trim().to_owned(), child))
}

/// A Rekor 2 on a folder. It ends with this.
pub(crate) struct Rekor {
    pub(crate) address: String,
    server: Child,
}

impl Rekor {
    /// Starts one that signs with a new key: `log.pub` in the folder.
    pub(crate) fn start(folder: &Path) -> Result<Self, String> {
        let rekor = peers::installed("rekor")?;
        let port = || -> Result<String, String> {
            let socket = std::net::TcpListener::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
            socket.local_addr().map(|at| at.port().to_string()).map_err(|e| e.to_string())
        };
        let ports = [port()?, port()?, port()?];
        std::fs::create_dir_all(folder.join("log")).map_err(|e| e.to_string())?;
        // The log signs with a key of its own: PKCS #8, made by openssl.
        let pem = |arguments: &[&str]| {
            let made =
                Command::new("openssl").args(arguments).current_dir(folder).stderr(Stdio::null()).status();
            made.map_err(|e| format!("openssl: {e}")).map(drop)
        };
        pem(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "log.pem"])?;
        pem(&["pkey", "-in", "log.pem", "-pubout", "-out", "log.pub"])?;
        let server = Command::new(rekor)
            .args(["serve", "--hostname", "127.0.0.1", "--signer-filepath", "log.pem"])
            .args(["--storage-dir", "log", "--checkpoint-interval", "100ms", "--batch-max-age", "50ms"])
            .args(["--http-port", &ports[0], "--grpc-port", &ports[1], "--http-metrics-port", &ports[2]])
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("rekor: {e}"))?;
        let rekor = Self { address: format!("http://127.0.0.1:{}", ports[0]), server };
        let at = format!("127.0.0.1:{}", ports[0]);
        for _ in 0..200 {
            if std::net::TcpStream::connect(&at).is_ok() {
                return Ok(rekor);
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        Err("the log does not start".to_owned())
    }
}

impl Drop for Rekor {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}

/// Debian's registry on a folder. It ends with this.
pub(crate) struct Docker {
    pub(crate) host: String,
    server: Child,
}

impl Docker {
    /// Starts one that keeps its images in `name` below the folder.
    pub(crate) fn start(folder: &Path, name: &str) -> Result<Self, String> {
        let registry = peers::installed("docker-registry")?;
        let socket = std::net::TcpListener::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
        let host = socket.local_addr().map_err(|e| e.to_string())?.to_string();
        drop(socket);
        let config = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: \"{host}\"}}\n",
            folder.join(name).display()
        );
        std::fs::write(folder.join(format!("{name}.yml")), config).map_err(|e| e.to_string())?;
        let server = Command::new(registry)
            .args(["serve", &format!("{name}.yml")])
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("docker-registry: {e}"))?;
        let docker = Self { host, server };
        for _ in 0..100 {
            if std::net::TcpStream::connect(&docker.host).is_ok() {
                return Ok(docker);
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        Err("Debian's registry does not start".to_owned())
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}

/// Puts an image of one manifest, and returns its name with the digest.
pub(crate) fn image(host: &str, repository: &str) -> Result<String, String> {
    static LOCK: Mutex<()> = Mutex::new(());
    let _one = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let empty = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"{kind}","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{empty}","size":2}},"layers":[],"annotations":{{"name":"{repository}"}}}}"#
    );
    let octets = "application/octet-stream";
    let begun = put(host, "POST", &format!("/v2/{repository}/blobs/uploads/"), octets, "")?;
    let location =
        begun.lines().find_map(|line| line.strip_prefix("Location: ")).ok_or("no place to upload to")?;
    let path = location.trim().trim_start_matches("http://").trim_start_matches(host);
    let mark = if path.contains('?') { '&' } else { '?' };
    put(host, "PUT", &format!("{path}{mark}digest={empty}"), octets, "{}")?;
    put(host, "PUT", &format!("/v2/{repository}/manifests/v1"), kind, &manifest)?;
    use sha2::Digest as _;
    let digest: String =
        sha2::Sha256::digest(manifest.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    Ok(format!("{host}/{repository}@sha256:{digest}"))
}

/// Sends something and returns the whole answer.
fn put(host: &str, method: &str, path: &str, kind: &str, body: &str) -> Result<String, String> {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(host).map_err(|e| format!("{host}: {e}"))?;
    let length = body.len();
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}")
        .map_err(|e| e.to_string())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(|e| e.to_string())?;
    demand!(answer.starts_with("HTTP/1.1 20"), "{method} {path}: {answer}");
    Ok(answer)
}
