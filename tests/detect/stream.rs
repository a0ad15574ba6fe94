//! Audit events that come when they come: logs that grow, rules that change, a server that sends.

use super::{AUDIT_RULES, Check, Place, line};
use integration::demand;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

pub(super) static CHECKS: &[(&str, Check)] = &[
    ("audit-files-and-stdin", files),
    ("audit-lines-that-are-none", garbage),
    ("audit-a-log-that-grows", grows),
    ("audit-rules-that-change", reload),
    ("audit-as-the-server-sends-it", webhook),
];

const PATIENCE: Duration = Duration::from_secs(20);

fn files(place: &Place) -> Result<(), String> {
    let answer = place.ringwall.run(&["detect", "audit", "audit.log", "-r", "audit.yaml"])?;
    answer.exits(0)?.first_line("10:00:00.500000000: Error secret (user=ann secret=db)")?;
    answer.talks_of(&["2 events: 1 matched, 1 did not; 1 alert"])?;
    let input = line("bob", "list", "all");
    place
        .ringwall
        .run_with(&["detect", "audit", "-", "-r", "audit.yaml"], &input)?
        .exits(0)?
        .names(&["user=bob"])?;
    let list = format!(
        "{{\"kind\":\"EventList\",\"apiVersion\":\"audit.k8s.io/v1\",\"items\":[{}]}}",
        line("eve", "get", "x").trim()
    );
    place
        .ringwall
        .run_with(&["detect", "audit", "-", "-r", "audit.yaml"], &list)?
        .exits(0)?
        .names(&["user=eve"])?;
    // The same user and object again is a repeat, another object is not.
    let many: String =
        (0..9).map(|_| line("ann", "get", "db")).chain([line("ann", "get", "other")]).collect();
    let answer = place.ringwall.run_with(&["detect", "audit", "-", "-r", "audit.yaml"], &many)?;
    answer.exits(0)?.names(&["secret=other", "(8 times)"])?.talks_of(&["10 alerts, 8 of them repeats"])?;
    place
        .ringwall
        .run(&["detect", "audit", "audit.log", "-r", "audit.yaml", "--fail-on", "error"])?
        .exits(1)?;
    place
        .ringwall
        .run(&["detect", "audit", "none.log", "-r", "audit.yaml"])?
        .exits(3)?
        .talks_of(&["none.log"])?;
    place.ringwall.run(&["detect", "audit", "-r", "audit.yaml"])?.exits(2)?;
    Ok(())
}

fn garbage(place: &Place) -> Result<(), String> {
    let bad = [
        "{\"kind\":\"Event\",\"verb\":\"get\",\"responseStatus\":{\"code\":5E5555}}",
        "{\"kind\":0}",
        "not json",
        "\u{1b}[31m",
        "{\"kind\":\"Event\",\"verb\":",
    ];
    let mut log = bad.join("\n").into_bytes();
    log.extend([b'\n', 0xff, 0xfe, b'\n']);
    log.extend(line("ann", "get", "db\\n10:00:00.0: Emergency forged\\u001b[2J").bytes());
    // The last line is still being written.
    log.extend(line("bob", "get", "db").bytes().take(60));
    place.put("bad.log", log)?;
    let answer = place.ringwall.run(&["detect", "audit", "bad.log", "-r", "audit.yaml"])?;
    answer.exits(3)?.talks_of(&["bad.log:1", "7 lost (not an audit event)", "1 alert"])?;
    demand!(answer.stdout.lines().count() == 1, "{}", answer.stdout);
    let raw = |c: char| c.is_control() && c != '\n';
    demand!(!answer.stdout.contains(raw) && !answer.stderr.contains(raw), "a control character got through");
    let long = format!("{{\"kind\":\"{}\"}}\n{}", "x".repeat(20 << 20), line("ann", "get", "db"));
    place.put("long.log", long)?;
    let answer = place.ringwall.run(&["detect", "audit", "long.log", "-r", "audit.yaml"])?;
    answer.exits(3)?.names(&["user=ann"])?.costs_less(10, 200)?;
    Ok(())
}

/// A run that goes on, with the lines it prints.
struct Running {
    child: Child,
    lines: Receiver<String>,
    said: Receiver<String>,
}

fn lines(from: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    lines
}

impl Running {
    fn start(place: &Place, words: &[&str]) -> Result<Self, String> {
        let mut child = Command::new(place.ringwall.path())
            .args(words)
            .current_dir(place.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| e.to_string())?;
        let stdout = child.stdout.take().ok_or("no stdout")?;
        let stderr = child.stderr.take().ok_or("no stderr")?;
        Ok(Self { child, lines: lines(stdout), said: lines(stderr) })
    }

    fn wait(from: &Receiver<String>, text: &str) -> Result<String, String> {
        let (deadline, mut seen) = (Instant::now() + PATIENCE, Vec::new());
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match from.recv_timeout(left) {
                Ok(line) if line.contains(text) => return Ok(line),
                Ok(line) => seen.push(line),
                Err(_) => return Err(format!("nothing with `{text}` came, only {seen:?}")),
            }
        }
    }

    fn prints(&self, text: &str) -> Result<String, String> {
        Self::wait(&self.lines, text)
    }

    fn says(&self, text: &str) -> Result<String, String> {
        Self::wait(&self.said, text)
    }

    fn signal(&self, name: &str) -> Result<(), String> {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        sent.map(drop).map_err(|e| e.to_string())
    }

    /// Ends it politely; its exit code.
    fn end(mut self) -> Result<Option<i32>, String> {
        self.signal("TERM")?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.child.try_wait().map_err(|e| e.to_string())? {
                Some(status) => return Ok(status.code()),
                None if Instant::now() > deadline => return Err("it did not end".into()),
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn append(place: &Place, name: &str, text: &str) -> Result<(), String> {
    let file = std::fs::OpenOptions::new().append(true).create(true).open(place.path(name));
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|e| format!("{name}: {e}"))
}

fn grows(place: &Place) -> Result<(), String> {
    let run = Running::start(
        place,
        &["detect", "audit", "audit.log", "--follow", "-r", "audit.yaml", "--metrics", "m.prom"],
    )?;
    run.prints("user=ann")?;
    let next = line("bob", "get", "db");
    append(place, "audit.log", &next[..30])?;
    append(place, "audit.log", &next[30..])?;
    run.prints("user=bob")?;
    std::fs::rename(place.path("audit.log"), place.path("audit.log.1")).map_err(|e| e.to_string())?;
    append(place, "audit.log", &line("carol", "get", "db"))?;
    run.prints("user=carol")?;
    demand!(run.end()? == Some(0), "it did not end well");
    let page = place.read("m.prom")?;
    demand!(page.contains("outcome=\"matched\"} 3"), "{page}");
    Ok(())
}

fn reload(place: &Place) -> Result<(), String> {
    let run = Running::start(
        place,
        &["detect", "audit", "audit.log", "--follow", "-r", "audit.yaml", "--fold", "0"],
    )?;
    run.prints("secret (user=ann")?;
    place.put("audit.yaml", AUDIT_RULES.replace("\"secret (", "\"changed rule ("))?;
    run.says("rules loaded again: 1")?;
    append(place, "audit.log", &line("bob", "get", "db"))?;
    run.prints("changed rule (user=bob")?;
    // A set that does not load changes nothing.
    place.put("audit.yaml", "- rule: [")?;
    run.says("stay in force")?;
    append(place, "audit.log", &line("carol", "get", "db"))?;
    run.prints("changed rule (user=carol")?;
    place.put("audit.yaml", AUDIT_RULES)?;
    run.signal("HUP")?;
    run.says("rules loaded again")?;
    append(place, "audit.log", &line("dave", "get", "db"))?;
    run.prints("secret (user=dave")?;
    demand!(run.end()? == Some(0), "it did not end well");
    Ok(())
}

fn webhook(place: &Place) -> Result<(), String> {
    let words = [
        "detect",
        "audit",
        "--listen",
        "127.0.0.1:0",
        "-r",
        "audit.yaml",
        "-o",
        "json",
        "--metrics",
        "127.0.0.1:0",
    ];
    let run = Running::start(place, &words)?;
    let address = |line: String| {
        let rest = line.split("http://").nth(1)?.split('/').next()?.to_owned();
        Some(rest)
    };
    let metrics = address(run.says("metrics: http://")?).ok_or("no address of the metrics")?;
    let at = address(run.says("listening for audit events")?).ok_or("no address")?;
    let list = format!(
        "{{\"kind\":\"EventList\",\"apiVersion\":\"audit.k8s.io/v1\",\"metadata\":{{}},\"items\":[{},{}]}}",
        line("ann", "get", "db").trim(),
        line("bob", "get", "db").trim()
    );
    let ask = |at: &str, request: String| -> Result<String, String> {
        let mut stream = TcpStream::connect(at).map_err(|e| e.to_string())?;
        stream.write_all(request.as_bytes()).map_err(|e| e.to_string())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map_err(|e| e.to_string())?;
        Ok(answer)
    };
    let post = |path: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{list}",
            list.len()
        )
    };
    demand!(ask(&at, post("/k8s-audit?timeout=30s"))?.starts_with("HTTP/1.1 200"), "not taken");
    run.prints("user=ann")?;
    run.prints("user=bob")?;
    demand!(ask(&at, post("/elsewhere"))?.starts_with("HTTP/1.1 404"), "taken elsewhere");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let page = ask(&metrics, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".to_owned())?;
        if page.contains("rule=\"Secret read\",priority=\"Error\"} 2") {
            break;
        }
        demand!(Instant::now() < deadline, "{page}");
        std::thread::sleep(Duration::from_millis(100));
    }
    demand!(run.end()? == Some(0), "it did not end well");
    Ok(())
}
