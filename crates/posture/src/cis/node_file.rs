//! A node report as a file: JSON of our own, written on the node and read anywhere.
//!
//! `{"kind": "NodeReport", "version": 1, "node": …, "processes": […], "files": {PATH: {…} | null}, "folders": […],
//! "journal": {UNITS: […]}}`; docs/guide/node-report.md says what each holds. Secrets are blotted out when it is written.
//! What cannot be read in it was not looked at: a bad entry is a diagnostic and an unknown, never a pass.

use super::node::{File, FileKind, NodeReport, Task, tidy};
use model::Diagnostic;
use regex::Regex;
use serde_json::{Map, Value, json};

/// What a report may weigh, in bytes.
pub const MAX_BYTES: usize = 16 << 20;
/// Processes, files and lines of a journal that it may hold.
const MAX_ENTRIES: usize = 200_000;
/// The version that is written.
const VERSION: u64 = 1;

/// A report as text.
pub fn write(node: &NodeReport) -> String {
    let blot = Blot::new();
    let task = |task: &Task| {
        json!({
            "user": task.user, "pid": task.pid, "parent": task.parent, "name": task.name,
            "command": blot.out(&task.command),
        })
    };
    let files: Map<String, Value> = node
        .files
        .iter()
        .map(|(path, found)| (path.clone(), found.as_ref().map_or(Value::Null, |found| file(found, &blot))))
        .collect();
    let journal: Map<String, Value> = node
        .journal
        .iter()
        .map(|(unit, lines)| (unit.clone(), lines.iter().map(|line| json!(blot.out(line))).collect()))
        .collect();
    let document = json!({
        "kind": "NodeReport",
        "version": VERSION,
        "node": node.name,
        "processes": node.processes.as_ref().map(|all| all.iter().map(task).collect::<Vec<_>>()),
        "files": files,
        "folders": node.folders,
        "journal": journal,
    });
    format!("{document:#}\n")
}

fn file(file_: &File, blot: &Blot) -> Value {
    let kind = match file_.kind {
        FileKind::File => "file",
        FileKind::Folder => "folder",
        FileKind::Link => "link",
        FileKind::Other => "other",
    };
    let mut out = json!({
        "kind": kind, "mode": format!("{:04o}", file_.mode), "owner": file_.owner, "group": file_.group,
    });
    if let Some(object) = out.as_object_mut() {
        if let Some(text) = file_.content.as_ref().filter(|text| !text.contains("PRIVATE KEY")) {
            object.insert("content".to_owned(), json!(blot.out(text)));
        }
        if let Some(target) = &file_.target {
            object.insert("target".to_owned(), file(target, blot));
        }
    }
    out
}

/// Takes values of secrets out of text.
struct Blot(Option<Regex>);

impl Blot {
    fn new() -> Self {
        let names = "secret|token|password|passphrase|client-key-data|client-certificate-data|client-secret";
        // Names of files that hold one are no secrets: only whole names, and no file's path.
        let pattern = format!(
            r#"(?i)((?:^|[\s"'{{,-])(?:{names})"?\s*[:=]\s*)("[^"]*"|'[^']*'|[^\s,}}\]"'/\[{{][^\s,}}\]]*)"#
        );
        Self(Regex::new(&pattern).ok())
    }

    fn out(&self, text: &str) -> String {
        match &self.0 {
            Some(pattern) => pattern.replace_all(text, "${1}REDACTED").into_owned(),
            None => String::new(),
        }
    }
}

/// Reads a report; `None` for what is none.
pub fn read(text: &[u8], name: &str) -> (Option<NodeReport>, Vec<Diagnostic>) {
    let refused = |why: String| (None, vec![Diagnostic::error("cis/node-report", why).in_document(name)]);
    if text.len() > MAX_BYTES {
        return refused(format!("more than {MAX_BYTES} bytes"));
    }
    let document: Value = match serde_json::from_slice(text) {
        Ok(document) => document,
        Err(error) => return refused(format!("no JSON: {error}")),
    };
    if document.get("kind").and_then(Value::as_str) != Some("NodeReport") {
        return refused("no NodeReport: write one on the node with `ringwall check node-report`".to_owned());
    }
    if document.get("version").and_then(Value::as_u64) != Some(VERSION) {
        return refused(format!("its version is not {VERSION}"));
    }
    let mut reader = Reader { name, diagnostics: Vec::new(), left: MAX_ENTRIES };
    let report = reader.report(&document);
    (Some(report), reader.diagnostics)
}

struct Reader<'n> {
    name: &'n str,
    diagnostics: Vec<Diagnostic>,
    left: usize,
}

/// Diagnostics that are kept; a million bad entries say no more.
const MAX_DIAGNOSTICS: usize = 100;

impl Reader<'_> {
    fn odd(&mut self, what: &str) {
        if self.diagnostics.len() < MAX_DIAGNOSTICS {
            let message = model::escape(what).into_owned();
            self.diagnostics.push(Diagnostic::error("cis/node-report", message).in_document(self.name));
        }
    }

    /// Whether one entry more may be read.
    fn one_more(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left > 0
    }

    fn report(&mut self, document: &Value) -> NodeReport {
        let mut report = NodeReport {
            name: document.get("node").and_then(Value::as_str).map(str::to_owned),
            processes: self.processes(document.get("processes")),
            ..NodeReport::default()
        };
        self.files(document.get("files"), &mut report);
        match document.get("folders") {
            None | Some(Value::Null) => {}
            Some(Value::Array(all)) => {
                for folder in all {
                    match folder.as_str() {
                        Some(folder) => drop(report.folders.insert(tidy(folder).to_owned())),
                        None => self.odd("folders: an entry is no text"),
                    }
                }
            }
            Some(_) => self.odd("folders: no list"),
        }
        // Where a file could not be read, its folder was not seen whole.
        let unread: Vec<String> = report.by_api.iter().cloned().collect();
        report.by_api.clear();
        report.folders.retain(|folder| !unread.iter().any(|path| path.starts_with(&format!("{folder}/"))));
        self.journal(document.get("journal"), &mut report);
        report
    }

    fn processes(&mut self, all: Option<&Value>) -> Option<Vec<Task>> {
        let all = match all {
            None | Some(Value::Null) => return None,
            Some(Value::Array(all)) => all,
            Some(_) => {
                self.odd("processes: no list");
                return None;
            }
        };
        let mut tasks = Vec::new();
        for (index, one) in all.iter().enumerate() {
            let text = |field: &str| one.get(field).and_then(Value::as_str).map(str::to_owned);
            let number =
                |field: &str| one.get(field).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
            let (Some(name), Some(command), true) = (text("name"), text("command"), self.one_more()) else {
                // One that is not known may be the one that is looked for.
                self.odd(&format!("processes: entry {index} cannot be read, so none of them counts"));
                return None;
            };
            tasks.push(Task {
                user: text("user").unwrap_or_default(),
                pid: number("pid").unwrap_or_default(),
                parent: number("parent").unwrap_or_default(),
                name,
                command,
            });
        }
        Some(tasks)
    }

    /// Files; those that cannot be read are left in `by_api`, for the caller to take out.
    fn files(&mut self, all: Option<&Value>, report: &mut NodeReport) {
        let all = match all {
            None | Some(Value::Null) => return,
            Some(Value::Object(all)) => all,
            Some(_) => return self.odd("files: no object"),
        };
        for (path, value) in all {
            let read = if value.is_null() { Some(None) } else { self.file(value, 0).map(Some) };
            match read.filter(|_| self.one_more()) {
                Some(file) => drop(report.files.insert(tidy(path).to_owned(), file)),
                None => {
                    self.odd(&format!("files: {path} cannot be read"));
                    report.by_api.insert(tidy(path).to_owned());
                }
            }
        }
    }

    fn file(&self, value: &Value, depth: u8) -> Option<File> {
        let text = |field: &str| value.get(field).and_then(Value::as_str);
        let kind = match text("kind")? {
            "file" => FileKind::File,
            "folder" => FileKind::Folder,
            "link" => FileKind::Link,
            "other" => FileKind::Other,
            _ => return None,
        };
        let target = match value.get("target") {
            None | Some(Value::Null) => None,
            Some(_) if depth > 0 => return None,
            Some(target) => Some(Box::new(self.file(target, 1)?)),
        };
        let content = match value.get("content") {
            None | Some(Value::Null) => None,
            // One that is too big was not read.
            Some(content) => Some(content.as_str()?)
                .filter(|text| text.len() as u64 <= super::MAX_CONTENT)
                .map(str::to_owned),
        };
        Some(File {
            kind,
            mode: u32::from_str_radix(text("mode")?, 8).ok().filter(|mode| *mode <= 0o7777)?,
            owner: text("owner")?.to_owned(),
            group: text("group")?.to_owned(),
            content,
            target,
        })
    }

    fn journal(&mut self, all: Option<&Value>, report: &mut NodeReport) {
        let all = match all {
            None | Some(Value::Null) => return,
            Some(Value::Object(all)) => all,
            Some(_) => return self.odd("journal: no object"),
        };
        for (unit, lines) in all {
            let lines = lines.as_array().and_then(|lines| {
                lines.iter().map(|line| line.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
            });
            match lines.filter(|lines| lines.len() < self.left) {
                Some(lines) => drop(report.journal.insert(unit.clone(), lines)),
                None => self.odd(&format!("journal: that of {unit} cannot be read")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node() -> NodeReport {
        let file = File { mode: 0o600, owner: "root".into(), group: "root".into(), ..File::default() };
        let link =
            File { kind: FileKind::Link, target: Some(Box::new(file.clone())), mode: 0o777, ..file.clone() };
        let with = |content: &str| Some(File { content: Some(content.into()), ..file.clone() });
        NodeReport {
            name: Some("n1".into()),
            processes: Some(vec![Task { pid: 3, ..Task::of_command("kubelet --v=2") }]),
            files: [
                ("/a".to_owned(), with("x: 1\n")),
                ("/gone".to_owned(), None),
                ("/pki/l".to_owned(), Some(link)),
            ]
            .into(),
            folders: ["/pki".to_owned()].into(),
            journal: [("k3s".to_owned(), vec!["Running".to_owned()])].into(),
            ..NodeReport::default()
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let (read, odd) = read(write(&node()).as_bytes(), "r");
        assert_eq!((read, odd), (Some(node()), vec![]));
    }

    #[test]
    fn secrets_are_blotted_out() {
        let mut node = node();
        let content = "keys:\n  - name: k\n    secret: c2VjcmV0\nclient-key-data: QUJD\ntoken: abc\ntokenFile: /t\nsecretName: s\n\
                       x: {\"secret\":\"c2VjcmV0\"}\n";
        node.files.insert("/enc".into(), Some(File { content: Some(content.into()), ..File::default() }));
        node.files.insert(
            "/key".into(),
            Some(File { content: Some("-----BEGIN RSA PRIVATE KEY-----".into()), ..File::default() }),
        );
        node.processes = Some(vec![Task::of_command("kubelet --token=abc --token-auth-file=/f")]);
        let text = write(&node);
        for secret in ["c2VjcmV0", "QUJD", "=abc", ": abc", "PRIVATE KEY"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        for kept in ["tokenFile: /t", "secretName: s", "--token-auth-file=/f", "name: k"] {
            assert!(text.contains(kept), "{kept}: {text}");
        }
    }

    #[test]
    fn what_cannot_be_read_was_not_looked_at() {
        let with = |rest: &str| {
            let text = format!("{{\"kind\":\"NodeReport\",\"version\":1,{rest}}}");
            let (report, odd) = read(text.as_bytes(), "r");
            (report.unwrap(), odd.len())
        };
        let (report, odd) = with(r#""processes":[{"name":"kubelet","command":7}]"#);
        assert_eq!((report.processes, odd), (None, 1));
        let (report, odd) =
            with(r#""files":{"/pki/a":{"kind":"file","mode":600}},"folders":["/pki","/etc"]"#);
        assert_eq!((report.file("/pki/a").is_err(), report.file("/etc/x"), odd), (true, Ok(None), 1));
        let (_, odd) = with(r#""files":[],"folders":{},"journal":{"k3s":[1]}"#);
        assert_eq!(odd, 3);
    }

    #[test]
    fn what_is_no_report() {
        for text in ["", "[]", "{}", r#"{"kind":"NodeReport","version":2}"#, "{\"kind\":"] {
            let (report, odd) = read(text.as_bytes(), "r");
            assert!(report.is_none() && odd.len() == 1, "{text}");
        }
        assert!(read(&vec![b' '; MAX_BYTES + 1], "r").0.is_none());
    }
}
