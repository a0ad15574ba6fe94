//! This machine as a node: its processes, files and journals, looked at when something asks for them.

#[cfg(test)]
mod sandbox;

use posture::cis::{File, FileKind, Need, NodeReport, Task};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Most that is read of a file, entries of all folders, folders within each other, and time of `journalctl`.
const MAX_BYTES: u64 = 4 << 20;
const MAX_FILES: usize = 50_000;
const MAX_DEPTH: u8 = 12;
const PATIENCE: Duration = Duration::from_secs(10);
/// Rounds of looking: what a file says may name another.
const ROUNDS: usize = 16;

/// Folders that every report holds whole, where they are there.
const FOLDERS: &[&str] = &["/etc/kubernetes", "/etc/cni/net.d", "/var/lib/kubelet/pki"];

/// Looks at this machine until nothing is asked that it can answer.
pub(crate) fn look(wanted: impl Fn(&NodeReport) -> Vec<Need>) -> NodeReport {
    let mut looker = Looker::new();
    looker.node.processes = Some(looker.processes());
    looker.node.name =
        std::fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|name| name.trim().to_owned());
    FOLDERS.iter().filter(|folder| Path::new(folder).is_dir()).for_each(|folder| looker.folder(folder));
    let mut asked: BTreeSet<Need> = BTreeSet::new();
    for _ in 0..ROUNDS {
        let new: Vec<Need> =
            wanted(&looker.node).into_iter().filter(|need| asked.insert(need.clone())).collect();
        if new.is_empty() {
            break;
        }
        new.iter().for_each(|need| looker.answer(need));
    }
    looker.node
}

struct Looker {
    node: NodeReport,
    users: BTreeMap<u32, String>,
    groups: BTreeMap<u32, String>,
}

/// Numbers with their names.
fn names(path: &str) -> BTreeMap<u32, String> {
    let text = whole(Path::new(path)).unwrap_or_default();
    let row = |line: &str| {
        let mut parts = line.split(':');
        let name = parts.next()?.to_owned();
        Some((parts.nth(1)?.parse().ok()?, name))
    };
    // The first name of a number is the one that is shown.
    text.lines().rev().filter_map(row).collect()
}

impl Looker {
    fn new() -> Self {
        Self { node: NodeReport::default(), users: names("/etc/passwd"), groups: names("/etc/group") }
    }

    fn answer(&mut self, need: &Need) {
        match need {
            Need::Processes => {}
            Need::File(path) => self.file(path, false),
            Need::Content(path) => self.file(path, true),
            Need::Folder(path) => self.folder(path),
            Need::Journal(units) => {
                if let Some(lines) = journal(units) {
                    self.node.journal.insert(units.clone(), lines);
                }
            }
        }
    }

    /// Processes in the order of their numbers.
    fn processes(&self) -> Vec<Task> {
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let mut all: Vec<Task> = numbers.filter_map(|pid| self.process(pid)).collect();
        all.sort_by_key(|task| task.pid);
        all
    }

    fn process(&self, pid: u32) -> Option<Task> {
        let folder = Path::new("/proc").join(pid.to_string());
        let owner = std::fs::metadata(&folder).ok()?.uid();
        let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
        // The name stands in brackets and may hold some.
        let (name, rest) = stat.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')'))?;
        let parent = rest.split_whitespace().nth(1)?.parse().ok()?;
        let line = std::fs::read(folder.join("cmdline")).ok()?;
        let text = String::from_utf8_lossy(&line);
        let words: Vec<&str> = text.trim_end_matches('\0').split('\0').collect();
        let command = if text.is_empty() { format!("[{name}]") } else { words.join(" ") };
        let user = self.users.get(&owner).cloned().unwrap_or_else(|| owner.to_string());
        Some(Task { user, pid, parent, name: name.to_owned(), command })
    }

    fn file(&mut self, path: &str, content: bool) {
        let meta = match std::fs::symlink_metadata(path) {
            Ok(meta) => meta,
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                ) =>
            {
                self.node.files.insert(path.to_owned(), None);
                return;
            }
            // What may not be seen was not looked at.
            Err(_) => return,
        };
        let mut file = self.of(Path::new(path), &meta, content);
        if meta.is_symlink() {
            let target = std::fs::metadata(path).ok();
            file.target = target.map(|meta| Box::new(self.of(Path::new(path), &meta, content)));
        }
        self.node.files.insert(path.to_owned(), Some(file));
    }

    fn of(&self, path: &Path, meta: &Metadata, content: bool) -> File {
        let kind = match meta {
            meta if meta.is_symlink() => FileKind::Link,
            meta if meta.is_dir() => FileKind::Folder,
            meta if meta.is_file() => FileKind::File,
            _ => FileKind::Other,
        };
        let name =
            |names: &BTreeMap<u32, String>, id: u32| names.get(&id).cloned().unwrap_or("UNKNOWN".to_owned());
        File {
            kind,
            mode: meta.mode() & 0o7777,
            owner: name(&self.users, meta.uid()),
            group: name(&self.groups, meta.gid()),
            content: (content && kind == FileKind::File).then(|| whole(path)).flatten(),
            target: None,
        }
    }

    fn folder(&mut self, path: &str) {
        let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
        self.file(path, false);
        if self.below(Path::new(path), 0) {
            self.node.folders.insert(path.to_owned());
        }
    }

    /// Everything below; false when some of it could not be seen.
    fn below(&mut self, path: &Path, depth: u8) -> bool {
        let Ok(entries) = std::fs::read_dir(path) else { return false };
        if depth > MAX_DEPTH {
            return false;
        }
        let mut seen = true;
        for entry in entries {
            let Ok(entry) = entry else { return false };
            if self.node.files.len() >= MAX_FILES {
                return false;
            }
            let inner = entry.path();
            let Some(name) = inner.to_str() else { return false };
            self.file(name, false);
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                seen &= self.below(&inner, depth.saturating_add(1));
            }
        }
        seen
    }
}

/// A file's text; nothing of one that is too big, for half of it could say the opposite.
fn whole(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(MAX_BYTES + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= MAX_BYTES).then(|| String::from_utf8_lossy(&bytes).into_owned())
}

/// Lines of the journal of units, oldest first.
fn journal(units: &str) -> Option<Vec<String>> {
    let mut command = Command::new("journalctl");
    command.arg("-m");
    units.split(' ').for_each(|unit| {
        command.args(["-u", unit]);
    });
    let (text, status) = bounded(&mut command, b"", PATIENCE)?;
    (status == 0).then(|| text.lines().map(str::to_owned).collect())
}

/// Runs a program with an input: what it printed on both outputs and its status; nothing when it took too long or
/// printed too much. Its children end with it.
pub(crate) fn bounded(command: &mut Command, input: &[u8], patience: Duration) -> Option<(String, i32)> {
    use std::os::unix::process::CommandExt as _;
    let (mut out, merged) = std::io::pipe().ok()?;
    command.stdin(Stdio::piped()).stderr(merged.try_clone().ok()?).stdout(merged).process_group(0);
    let mut child = command.spawn().ok()?;
    // The ends that the command value keeps would hold the pipe open.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let (send, printed) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = out.by_ref().take(MAX_BYTES + 1).read_to_end(&mut bytes);
        let _ = send.send(read.ok().filter(|_| bytes.len() as u64 <= MAX_BYTES).map(|_| bytes));
    });
    if let Some(mut stdin) = child.stdin.take() {
        let _ = std::io::Write::write_all(&mut stdin, input);
    }
    let bytes = printed.recv_timeout(patience).ok().flatten();
    if bytes.is_none() {
        let group = format!("-{}", child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = child.kill();
    }
    let status = child.wait().ok()?;
    Some((String::from_utf8_lossy(&bytes?).into_owned(), status.code().unwrap_or(-1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_and_what_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(path("a"), "x: 1\n").unwrap();
        std::os::unix::fs::symlink(path("a"), path("l")).unwrap();
        let (a, l, gone) = (path("a"), path("l"), path("gone"));
        let wanted = |_: &NodeReport| {
            let mut all: Vec<Need> = [&a, &l, &gone].map(|path| Need::Content(path.clone())).to_vec();
            all.push(Need::Folder(folder.path().to_str().unwrap().to_owned()));
            all
        };
        let node = look(wanted);
        assert!(node.processes.iter().flatten().any(|task| task.pid == std::process::id()));
        assert_eq!(node.file(&gone), Ok(None));
        assert_eq!(node.file(&l).unwrap().unwrap().kind, FileKind::Link);
        assert!(node.folders.contains(folder.path().to_str().unwrap()));
    }

    #[test]
    fn a_file_that_is_too_big_is_not_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(MAX_BYTES + 1).unwrap();
        assert_eq!(whole(file.path()), None);
    }

    #[test]
    fn programs_end_in_time() {
        let run = |script: &str| {
            bounded(Command::new("sh").args(["-c", script]), b"in", Duration::from_millis(500))
        };
        assert_eq!(run("cat; echo err >&2; exit 3"), Some(("inerr\n".to_owned(), 3)));
        assert_eq!(run("sleep 60 & sleep 60"), None);
        assert_eq!(run("yes | head -c 9000000"), None);
    }
}
