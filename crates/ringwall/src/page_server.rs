//! A small web server for a run that lasts: whether it lives, its metrics, and audit events that are sent to it.
//!
//! HTTP/1.1 with Content-Length, one request a connection; bounded in every direction.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A page others may read, kept up to date by the run.
pub(crate) type Page = Arc<Mutex<String>>;

/// What is done with a body that is posted.
pub(crate) type Post = Box<dyn Fn(Vec<u8>) -> bool + Send + Sync>;

/// What is served where.
#[derive(Default)]
pub(crate) struct Pages {
    /// Paths that answer with a page's text.
    pub(crate) pages: Vec<(String, Page)>,
    /// A path that takes bodies.
    pub(crate) post: Option<(String, Post)>,
}

/// Longest head of a request, and longest body: what the API server sends at once.
const HEAD: u64 = 16 << 10;
const BODY: u64 = 32 << 20;
/// Connections at once, and how long each may take.
const AT_ONCE: usize = 32;
const PATIENCE: Duration = Duration::from_secs(10);

/// An address as people write it: `:9000` is every address of this machine.
pub(crate) fn address(text: &str) -> Option<SocketAddr> {
    match text.strip_prefix(':') {
        Some(port) => Some(SocketAddr::from(([0, 0, 0, 0], port.parse().ok()?))),
        None => text.parse().ok(),
    }
}

/// Listens and answers until the process ends; says where.
pub(crate) fn serve(at: SocketAddr, pages: Pages) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(at)?;
    let at = listener.local_addr()?;
    let (pages, busy) = (Arc::new(pages), Arc::new(AtomicUsize::new(0)));
    std::thread::Builder::new().name("pages".into()).spawn(move || {
        for stream in listener.incoming().flatten() {
            if busy.load(Ordering::Relaxed) >= AT_ONCE {
                continue;
            }
            busy.fetch_add(1, Ordering::Relaxed);
            let (pages, mine) = (pages.clone(), busy.clone());
            let spawned = std::thread::Builder::new().name("page".into()).spawn(move || {
                let _ = answer(stream, &pages);
                mine.fetch_sub(1, Ordering::Relaxed);
            });
            if spawned.is_err() {
                busy.fetch_sub(1, Ordering::Relaxed);
            }
        }
    })?;
    Ok(at)
}

fn answer(stream: TcpStream, pages: &Pages) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(&stream);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let room = HEAD.saturating_sub(head.len() as u64);
        if reader.by_ref().take(room).read_until(b'\n', &mut head)? == 0 {
            return reply(&stream, "400 Bad Request", "text/plain", "not a request\n");
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut words = head.split_whitespace();
    let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let path = target.split('?').next().unwrap_or("");
    if method == "POST"
        && let Some((_, post)) = pages.post.as_ref().filter(|(at, _)| at == path)
    {
        let Some(length) = length(&head) else {
            return reply(&stream, "411 Length Required", "text/plain", "Content-Length is missing\n");
        };
        if length > BODY {
            return reply(&stream, "413 Content Too Large", "text/plain", "too large\n");
        }
        if expects(&head) {
            (&stream).write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let mut body = Vec::new();
        reader.take(length).read_to_end(&mut body)?;
        let whole = body.len() as u64 == length;
        return match whole && post(body) {
            true => reply(&stream, "200 OK", "text/plain", ""),
            // The API server sends again what was not taken.
            false => reply(&stream, "503 Service Unavailable", "text/plain", "busy\n"),
        };
    }
    match pages.pages.iter().find(|(at, _)| at == path) {
        Some((_, page)) if method == "GET" => {
            let text = page.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let kind = if text.starts_with('{') { "application/json" } else { "text/plain; version=0.0.4" };
            reply(&stream, "200 OK", kind, &text)
        }
        Some(_) => reply(&stream, "405 Method Not Allowed", "text/plain", "only GET\n"),
        None => reply(&stream, "404 Not Found", "text/plain", "no such page\n"),
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().skip(1).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn length(head: &str) -> Option<u64> {
    header(head, "content-length")?.parse().ok()
}

fn expects(head: &str) -> bool {
    header(head, "expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue"))
}

fn reply(mut stream: &TcpStream, status: &str, kind: &str, text: &str) -> std::io::Result<()> {
    let length = text.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{text}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(at: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(at).expect("connects");
        stream.write_all(request.as_bytes()).expect("written");
        let mut text = String::new();
        let _ = stream.read_to_string(&mut text);
        text
    }

    #[test]
    fn pages_and_posts() {
        let taken = Arc::new(Mutex::new(Vec::new()));
        let into = taken.clone();
        let post: Post = Box::new(move |body| into.lock().map(|mut all| all.push(body.len())).is_ok());
        let page: Page = Arc::new(Mutex::new("up 1\n".to_owned()));
        let pages = Pages { pages: vec![("/metrics".into(), page)], post: Some(("/audit".into(), post)) };
        let at = serve(SocketAddr::from(([127, 0, 0, 1], 0)), pages).expect("listens");
        for (request, status) in [
            ("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "200"),
            ("GET /metrics?x=1 HTTP/1.1\r\n\r\n", "200"),
            ("GET /none HTTP/1.1\r\n\r\n", "404"),
            ("DELETE /metrics HTTP/1.1\r\n\r\n", "405"),
            ("POST /audit HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc", "200"),
            ("POST /audit HTTP/1.1\r\n\r\nabc", "411"),
            ("POST /audit HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", "413"),
        ] {
            let answer = ask(at, request);
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request}: {answer}");
        }
        assert!(ask(at, "GET /metrics HTTP/1.1\r\n\r\n").ends_with("up 1\n"));
        assert_eq!(taken.lock().expect("lock").as_slice(), [3]);
    }

    #[test]
    fn addresses() {
        assert_eq!(address(":9000").map(|a| a.to_string()).as_deref(), Some("0.0.0.0:9000"));
        assert_eq!(address("127.0.0.1:1").map(|a| a.port()), Some(1));
        assert!(address("metrics.prom").is_none() && address(":x").is_none());
    }
}
