//! Sinks on this machine: each gets its alerts in its shape, and none that hangs holds anything up for ever.

use super::{Check, Place};
use integration::demand;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

pub(super) static CHECKS: &[(&str, Check)] = &[
    ("outputs-several-at-once", several),
    ("outputs-http-as-falcosidekick", falcosidekick),
    ("outputs-otlp", otlp),
    ("outputs-syslog", syslog),
    ("outputs-that-hang-or-fail", hanging),
    ("outputs-metrics", metrics),
    ("outputs-words-that-are-wrong", wrong),
];

const PATIENCE: Duration = Duration::from_secs(10);

/// A server that answers every POST with `status` and hands on head and body.
pub(super) fn server(status: &'static str) -> Result<(u16, Receiver<(String, String)>), String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
    let port = listener.local_addr().map_err(|e| e.to_string())?.port();
    let (sender, bodies) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let sender = sender.clone();
            std::thread::spawn(move || {
                let mut reader = BufReader::new(&stream);
                loop {
                    let (mut head, mut length) = (String::new(), 0);
                    loop {
                        let mut line = String::new();
                        if reader.read_line(&mut line).unwrap_or(0) == 0 {
                            return;
                        }
                        if let Some(n) = line.to_lowercase().strip_prefix("content-length:") {
                            length = n.trim().parse().unwrap_or(0);
                        }
                        head.push_str(&line);
                        if line == "\r\n" {
                            break;
                        }
                    }
                    let mut body = vec![0; length];
                    if reader.read_exact(&mut body).is_err() {
                        return;
                    }
                    let _ = sender.send((head, String::from_utf8_lossy(&body).into_owned()));
                    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\n{{}}");
                    if (&stream).write_all(answer.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    Ok((port, bodies))
}

const REPLAY: [&str; 7] = ["detect", "replay", "node.scap", "-r", "rules.yaml", "--fold", "0"];

fn run(place: &Place, more: &[&str]) -> Result<integration::Answer, String> {
    place.ringwall.run(&[&REPLAY[..], more].concat())
}

fn several(place: &Place) -> Result<(), String> {
    let answer = run(place, &["--to", "-", "--to", "alerts.txt", "--to", "| cat > piped.txt"])?;
    answer.exits(0)?;
    demand!(answer.stdout.lines().count() == 3, "{}", answer.stdout);
    for name in ["alerts.txt", "piped.txt"] {
        demand!(place.read(name)? == answer.stdout, "{name} differs:\n{}", place.read(name)?);
    }
    // A file grows.
    run(place, &["--to", "alerts.txt"])?.exits(0)?;
    demand!(place.read("alerts.txt")?.lines().count() == 6, "{}", place.read("alerts.txt")?);
    Ok(())
}

fn falcosidekick(place: &Place) -> Result<(), String> {
    let (port, bodies) = server("200 OK")?;
    run(place, &["--to", &format!("http://127.0.0.1:{port}/")])?.exits(0)?;
    let all: Vec<(String, String)> = bodies.try_iter().collect();
    demand!(all.len() == 3, "{} requests", all.len());
    for (head, body) in &all {
        demand!(head.to_lowercase().contains("content-type: application/json"), "{head}");
        let alert: serde_json::Value = serde_json::from_str(body).map_err(|e| format!("{body}: {e}"))?;
        for key in ["output", "priority", "rule", "time", "output_fields", "source", "tags", "hostname"] {
            demand!(!alert[key].is_null(), "no {key} in {alert}");
        }
    }
    Ok(())
}

fn otlp(place: &Place) -> Result<(), String> {
    let (port, bodies) = server("200 OK")?;
    run(place, &["--to", &format!("otlp+http://127.0.0.1:{port}")])?.exits(0)?;
    let mut records = 0;
    for (head, body) in bodies.try_iter() {
        demand!(head.starts_with("POST /v1/logs "), "{head}");
        let body: serde_json::Value = serde_json::from_str(&body).map_err(|e| e.to_string())?;
        let logs = body.pointer("/resourceLogs/0/scopeLogs/0/logRecords").and_then(|l| l.as_array());
        records += logs.map_or(0, Vec::len);
        demand!(logs.is_some_and(|all| all.iter().all(|r| r["severityText"].is_string())), "{body:#}");
    }
    demand!(records == 3, "{records} records");
    Ok(())
}

fn syslog(place: &Place) -> Result<(), String> {
    let path = place.path("log");
    let socket = UnixDatagram::bind(&path).map_err(|e| e.to_string())?;
    let udp = UdpSocket::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
    let tcp = TcpListener::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
    let port = |at: std::io::Result<std::net::SocketAddr>| at.map(|at| at.port()).map_err(|e| e.to_string());
    let (udp_port, tcp_port) = (port(udp.local_addr())?, port(tcp.local_addr())?);
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        if let Ok((mut stream, _)) = tcp.accept() {
            let _ = stream.read_to_string(&mut text);
        }
        text
    });
    run(
        place,
        &[
            "--to",
            &format!("syslog:{}", path.display()),
            "--to",
            &format!("syslog+udp://127.0.0.1:{udp_port}"),
            "--to",
            &format!("syslog+tcp://127.0.0.1:{tcp_port}"),
            "--hostname",
            "node-1",
        ],
    )?
    .exits(0)?;
    let mut buffer = [0; 4096];
    socket.set_read_timeout(Some(PATIENCE)).map_err(|e| e.to_string())?;
    udp.set_read_timeout(Some(PATIENCE)).map_err(|e| e.to_string())?;
    let n = socket.recv(&mut buffer).map_err(|e| e.to_string())?;
    let local = String::from_utf8_lossy(&buffer[..n]).into_owned();
    demand!(local.starts_with("<12>ringwall[") && local.contains("a shell (user=root"), "{local}");
    let n = udp.recv(&mut buffer).map_err(|e| e.to_string())?;
    let sent = String::from_utf8_lossy(&buffer[..n]).into_owned();
    demand!(sent.starts_with("<12>1 2026-03-01T10:00:01.000000Z node-1 ringwall "), "{sent}");
    let stream = reader.join().map_err(|_| "the reader fell over")?;
    let (length, rest) = stream.split_once(' ').ok_or("nothing over TCP")?;
    let length: usize = length.parse().map_err(|_| format!("no length before {rest}"))?;
    demand!(rest.get(..length).is_some_and(|first| first.ends_with("tty=34816)")), "{stream}");
    Ok(())
}

fn hanging(place: &Place) -> Result<(), String> {
    // One that takes connections and never answers.
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
    let port = listener.local_addr().map_err(|e| e.to_string())?.port();
    let start = Instant::now();
    let answer = run(place, &["--to", "-", "--to", &format!("http://127.0.0.1:{port}/")])?;
    demand!(answer.stdout.lines().count() == 3, "{}", answer.stdout);
    answer.exits(3)?.talks_of(&["alerts lost"])?;
    demand!(start.elapsed() < Duration::from_secs(40), "it took {:?}", start.elapsed());
    drop(listener);
    let (port, _bodies) = server("500 Internal Server Error")?;
    run(place, &["--to", &format!("http://127.0.0.1:{port}/")])?
        .exits(3)?
        .talks_of(&["3 alerts lost (not taken)"])?;
    run(place, &["--to", "syslog:/nowhere/at/all"])?.exits(3)?.talks_of(&["alerts lost"])?;
    run(place, &["--to", "no/such/folder/alerts"])?.exits(3)?.talks_of(&["no/such/folder/alerts"])?;
    // The disk is full.
    run(place, &["--to", "/dev/full"])?.exits(3)?.talks_of(&["/dev/full: 3 alerts lost"])?;
    Ok(())
}

fn metrics(place: &Place) -> Result<(), String> {
    run(place, &["--metrics", "metrics.prom"])?.exits(0)?;
    let page = place.read("metrics.prom")?;
    for line in [
        "ringwall_detect_events_total{source=\"syscall\",outcome=\"matched\"} 3",
        "ringwall_detect_events_total{source=\"syscall\",outcome=\"unmatched\"} 2",
        "ringwall_detect_alerts_total{source=\"syscall\",rule=\"Secret file read\",priority=\"Error\"} 2",
        "ringwall_detect_sink_alerts_total{sink=\"stdout\",outcome=\"sent\"} 3",
        "ringwall_detect_rules{source=\"syscall\"} 2",
    ] {
        demand!(page.lines().any(|l| l == line), "no `{line}` in\n{page}");
    }
    Ok(())
}

fn wrong(place: &Place) -> Result<(), String> {
    run(place, &["--to", "ftp://x"])?.exits(2)?.talks_of(&["ftp://x"])?;
    run(place, &["--to", "syslog+udp://x"])?.exits(2)?.talks_of(&["HOST:PORT"])?;
    run(place, &["--rate", "0"])?.exits(2)?;
    run(place, &["-o", "xml"])?.exits(2)?.talks_of(&["text, json"])?;
    Ok(())
}
