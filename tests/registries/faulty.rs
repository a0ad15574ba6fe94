//! A registry of our own for tests: in memory, with a log of what it was asked, and with faults to order.
//!
//! HTTP/1.1 by hand over plain sockets, a thread a connection. It knows what the distribution specification knows and
//! can be told to be slow, to lie, to flood, to demand tokens, and to do without the referrers API.

use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// One request as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub authorization: Option<String>,
    pub range: Option<String>,
}

/// What to do instead of answering.
#[derive(Clone, Debug)]
pub enum Act {
    /// This status, with these headers and this body.
    Status(u16, Vec<(&'static str, String)>, String),
    /// The right answer, later.
    Delay(Duration),
    /// The right head, this many bytes of the body, and the end of the connection.
    BreakAfter(usize),
    /// The right body, one byte at a time with this pause between.
    Drip(Duration),
    /// Chunks without end.
    Endless,
    /// 200 with other bytes.
    Bytes(Vec<u8>),
    /// The right answer with one more header.
    Header(&'static str, String),
    /// No answer at all.
    Hang,
}

/// A fault: for requests whose `METHOD path` contains `of`, for the next `times` of them.
#[derive(Clone, Debug)]
pub struct Fault {
    pub of: String,
    pub times: usize,
    pub act: Act,
}

/// What is demanded of whoever asks.
#[derive(Clone, Debug)]
pub struct Demand {
    /// The whole value of `WWW-Authenticate`.
    pub challenge: String,
    /// The `Authorization` that is let in.
    pub admitted: String,
}

#[derive(Default)]
pub struct State {
    pub manifests: BTreeMap<(String, String), (String, Vec<u8>)>,
    pub tags: BTreeMap<(String, String), String>,
    pub blobs: BTreeMap<(String, String), Vec<u8>>,
    pub no_referrers: bool,
    pub log: Vec<Asked>,
    pub faults: Vec<Fault>,
    pub demand: Option<Demand>,
    /// What `/token` gives.
    pub token: String,
    /// Entries of one page of a list; 0: all.
    pub page: usize,
}

/// The registry. It lives as long as the process.
pub struct Faulty {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Faulty {
    /// Starts one on a free port of the loopback address.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = shared.clone();
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        Self { address, state }
    }

    /// What is kept, to be looked at or changed.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a blob and returns its digest.
    pub fn blob(&self, repository: &str, bytes: &[u8]) -> String {
        let digest = digest(bytes);
        self.state().blobs.insert((repository.into(), digest.clone()), bytes.to_vec());
        digest
    }

    /// Puts a manifest, tagged if a tag is given, and returns its digest.
    pub fn manifest(&self, repository: &str, tag: Option<&str>, media_type: &str, bytes: &[u8]) -> String {
        let digest = digest(bytes);
        let mut state = self.state();
        state.manifests.insert((repository.into(), digest.clone()), (media_type.into(), bytes.to_vec()));
        if let Some(tag) = tag {
            state.tags.insert((repository.into(), tag.into()), digest.clone());
        }
        digest
    }

    /// Orders a fault.
    pub fn fault(&self, of: &str, times: usize, act: Act) {
        self.state().faults.push(Fault { of: of.into(), times, act });
    }

    /// What was asked since the last call, `METHOD path`.
    pub fn asked(&self) -> Vec<String> {
        let log = std::mem::take(&mut self.state().log);
        log.into_iter().map(|asked| format!("{} {}", asked.method, asked.path)).collect()
    }
}

/// The SHA-256 digest of bytes, as registries write it.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold("sha256:".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn serve(stream: TcpStream, state: &Mutex<State>) {
    let Ok(mut writer) = stream.try_clone() else { return };
    let mut reader = BufReader::new(stream);
    while let Some((asked, body)) = request(&mut reader) {
        let (answer, act) = {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.log.push(asked.clone());
            let line = format!("{} {}", asked.method, asked.path);
            let fault = state.faults.iter_mut().find(|fault| fault.times > 0 && line.contains(&fault.of));
            let act = fault.map(|fault| {
                fault.times -= 1;
                fault.act.clone()
            });
            (state.answer(&asked, body), act)
        };
        let head_only = asked.method == "HEAD";
        if write_out(&mut writer, answer, act, head_only).is_err() {
            return;
        }
    }
}

fn request(reader: &mut BufReader<TcpStream>) -> Option<(Asked, Vec<u8>)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut asked = Asked { method, path, authorization: None, range: None };
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "authorization" => asked.authorization = Some(value.to_owned()),
            "range" => asked.range = Some(value.to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((asked, body))
}

fn write_out(
    writer: &mut TcpStream,
    mut answer: Answer,
    act: Option<Act>,
    head_only: bool,
) -> std::io::Result<()> {
    let closed = || std::io::Error::from(std::io::ErrorKind::ConnectionAborted);
    let mut pieces = None;
    match act {
        None => {}
        Some(Act::Status(status, headers, body)) => {
            answer = Answer { status, headers, body: body.into_bytes() };
        }
        Some(Act::Delay(pause)) => std::thread::sleep(pause),
        Some(Act::Bytes(bytes)) => (answer.status, answer.body) = (200, bytes),
        Some(Act::Header(name, value)) => answer.headers.push((name, value)),
        Some(Act::Hang) => {
            std::thread::sleep(Duration::from_secs(3600));
            return Err(closed());
        }
        Some(Act::Endless) => return endless(writer),
        Some(Act::BreakAfter(count)) => pieces = Some((count, Duration::ZERO, true)),
        Some(Act::Drip(pause)) => pieces = Some((1, pause, false)),
    }
    let mut head = format!("HTTP/1.1 {} x\r\nContent-Length: {}\r\n", answer.status, answer.body.len());
    for (name, value) in &answer.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    writer.write_all(format!("{head}\r\n").as_bytes())?;
    match pieces {
        _ if head_only => Ok(()),
        None => writer.write_all(&answer.body),
        Some((count, _, true)) => {
            writer.write_all(&answer.body[..count.min(answer.body.len())])?;
            writer.flush()?;
            // The reader sees the end of the stream, not silence.
            writer.shutdown(std::net::Shutdown::Both)?;
            Err(closed())
        }
        Some((count, pause, false)) => answer.body.chunks(count).try_for_each(|piece| {
            std::thread::sleep(pause);
            writer.write_all(piece)
        }),
    }
}

fn endless(writer: &mut TcpStream) -> std::io::Result<()> {
    writer.write_all(b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n")?;
    loop {
        writer.write_all(b"1000\r\n")?;
        writer.write_all(&[b' '; 0x1000])?;
        writer.write_all(b"\r\n")?;
    }
}

impl State {
    fn answer(&mut self, asked: &Asked, body: Vec<u8>) -> Answer {
        let (path, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
        if path == "/token" {
            let body = format!(r#"{{"token":"{}","expires_in":300}}"#, self.token).into_bytes();
            return Answer { status: 200, headers: Vec::new(), body };
        }
        if let Some(demand) = &self.demand
            && asked.authorization.as_deref() != Some(&demand.admitted)
        {
            let headers = vec![("WWW-Authenticate", demand.challenge.clone())];
            return Answer {
                status: 401,
                headers,
                body: br#"{"errors":[{"code":"UNAUTHORIZED"}]}"#.to_vec(),
            };
        }
        let Some(rest) = path.strip_prefix("/v2/") else { return nothing() };
        for part in ["/manifests/", "/blobs/uploads/", "/blobs/", "/referrers/", "/tags/list"] {
            if let Some((repository, name)) = rest.split_once(part) {
                return self.dispatch(asked, repository.to_owned(), part, name, query, body);
            }
        }
        Answer { status: 200, headers: Vec::new(), body: b"{}".to_vec() }
    }

    fn dispatch(
        &mut self,
        asked: &Asked,
        repository: String,
        part: &str,
        name: &str,
        query: &str,
        body: Vec<u8>,
    ) -> Answer {
        match (part, asked.method.as_str()) {
            ("/manifests/", "PUT") => self.put_manifest(repository, name, body),
            ("/manifests/", _) => self.get_manifest(repository, name),
            ("/blobs/uploads/", "POST") => {
                let location = format!("/v2/{repository}/blobs/uploads/1?state=x");
                Answer { status: 202, headers: vec![("Location", location)], body: Vec::new() }
            }
            ("/blobs/uploads/", "PUT") => {
                let wanted =
                    query.split('&').find_map(|pair| pair.strip_prefix("digest=")).unwrap_or_default();
                if digest(&body) != wanted {
                    return Answer { status: 400, headers: Vec::new(), body: Vec::new() };
                }
                self.blobs.insert((repository, wanted.to_owned()), body);
                Answer { status: 201, headers: Vec::new(), body: Vec::new() }
            }
            ("/blobs/", _) => self.get_blob(asked, repository, name),
            ("/referrers/", _) if self.no_referrers => nothing(),
            ("/referrers/", _) => self.get_referrers(&repository, name, query),
            _ => self.get_tags(&repository, query),
        }
    }

    fn put_manifest(&mut self, repository: String, name: &str, body: Vec<u8>) -> Answer {
        let digest = digest(&body);
        let document: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let media_type = document["mediaType"].as_str().unwrap_or_default().to_owned();
        let subject = document["subject"]["digest"].as_str().map(str::to_owned);
        if !name.contains(':') {
            self.tags.insert((repository.clone(), name.to_owned()), digest.clone());
        }
        self.manifests.insert((repository, digest), (media_type, body));
        let headers = match subject {
            Some(subject) if !self.no_referrers => vec![("OCI-Subject", subject)],
            _ => Vec::new(),
        };
        Answer { status: 201, headers, body: Vec::new() }
    }

    fn get_manifest(&self, repository: String, name: &str) -> Answer {
        let digest = match name.contains(':') {
            true => Some(name.to_owned()),
            false => self.tags.get(&(repository.clone(), name.to_owned())).cloned(),
        };
        let found =
            digest.and_then(|digest| Some((self.manifests.get(&(repository, digest.clone()))?, digest)));
        let Some(((media_type, bytes), digest)) = found else { return nothing() };
        let headers = vec![("Content-Type", media_type.clone()), ("Docker-Content-Digest", digest)];
        Answer { status: 200, headers, body: bytes.clone() }
    }

    fn get_blob(&self, asked: &Asked, repository: String, name: &str) -> Answer {
        let Some(bytes) = self.blobs.get(&(repository, name.to_owned())) else { return nothing() };
        let from = asked.range.as_deref().and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
        match from.and_then(|from| from.parse::<usize>().ok()) {
            Some(from) if from < bytes.len() => {
                let range = format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len());
                Answer { status: 206, headers: vec![("Content-Range", range)], body: bytes[from..].to_vec() }
            }
            _ => Answer { status: 200, headers: Vec::new(), body: bytes.clone() },
        }
    }

    fn get_referrers(&self, repository: &str, subject: &str, query: &str) -> Answer {
        let entries = self.manifests.iter().filter(|((at, _), _)| at == repository);
        let entries: Vec<_> = entries
            .filter_map(|((_, digest), (media_type, bytes))| {
                let document: serde_json::Value = serde_json::from_slice(bytes).ok()?;
                (document["subject"]["digest"] == *subject).then(|| {
                    serde_json::json!({
                        "mediaType": media_type, "digest": digest, "size": bytes.len(),
                        "artifactType": document["artifactType"], "annotations": document["annotations"],
                    })
                })
            })
            .collect();
        let (shown, next) = self.paged(&entries, query);
        let kind = "application/vnd.oci.image.index.v1+json";
        let body = serde_json::json!({"schemaVersion": 2, "mediaType": kind, "manifests": shown});
        let mut headers = vec![("Content-Type", kind.to_owned())];
        if let Some(from) = next {
            headers
                .push(("Link", format!("</v2/{repository}/referrers/{subject}?from={from}>; rel=\"next\"")));
        }
        Answer { status: 200, headers, body: body.to_string().into_bytes() }
    }

    fn get_tags(&self, repository: &str, query: &str) -> Answer {
        let tags: Vec<_> = self.tags.keys().filter(|(at, _)| at == repository).map(|(_, tag)| tag).collect();
        if tags.is_empty() {
            return nothing();
        }
        let (shown, next) = self.paged(&tags, query);
        let body = serde_json::json!({"name": repository, "tags": shown}).to_string().into_bytes();
        let link =
            next.map(|from| ("Link", format!("</v2/{repository}/tags/list?from={from}>; rel=\"next\"")));
        Answer { status: 200, headers: link.into_iter().collect(), body }
    }

    /// One page of a list, and where the next begins.
    fn paged<T: Clone>(&self, all: &[T], query: &str) -> (Vec<T>, Option<usize>) {
        let from: usize =
            query.split('&').find_map(|pair| pair.strip_prefix("from=")?.parse().ok()).unwrap_or(0);
        let length = if self.page == 0 { all.len() } else { self.page };
        let end = (from + length).min(all.len());
        (all[from.min(end)..end].to_vec(), (end < all.len()).then_some(end))
    }
}

fn nothing() -> Answer {
    Answer { status: 404, headers: Vec::new(), body: br#"{"errors":[{"code":"NOT_FOUND"}]}"#.to_vec() }
}
