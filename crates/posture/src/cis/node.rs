//! What was looked at on a node: processes, files, folders, journals.

use std::collections::{BTreeMap, BTreeSet};

/// What was looked at on a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeReport {
    /// The node, where somebody said which it is.
    pub name: Option<String>,
    /// Processes; `None` when nobody looked.
    pub processes: Option<Vec<Task>>,
    /// Files by path; `None` for one that is not there. One that is not named was not looked at.
    pub files: BTreeMap<String, Option<File>>,
    /// Folders of which everything below is in `files`; without a slash at the end.
    pub folders: BTreeSet<String>,
    /// Files whose content is known and whose mode and owner are not.
    pub by_api: BTreeSet<String>,
    /// Programs of which the configuration is known and the command line is not.
    pub half_seen: BTreeSet<String>,
    /// Lines of the journal by unit (`k3s`), oldest first.
    pub journal: BTreeMap<String, Vec<String>>,
}

/// A process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Task {
    /// Whose it is.
    pub user: String,
    /// Its number; 0 where it is known by its pod only.
    pub pid: u32,
    /// Its parent's number.
    pub parent: u32,
    /// Its name as the kernel has it: the program's, at most 15 bytes.
    pub name: String,
    /// Its command line, words separated by single spaces; `[name]` for one without.
    pub command: String,
}

impl Task {
    /// As `ps -ef` writes it; when it began and how long it ran is left out.
    pub(super) fn line(&self) -> String {
        let Self { user, pid, parent, command, .. } = self;
        format!("{user:<8} {pid:>7} {parent:>7}  0 00:00 ?        00:00:00 {command}")
    }

    /// From its pod or by a test: the name is that of the program.
    pub fn of_command(command: &str) -> Self {
        let first = command.split_whitespace().next().unwrap_or_default();
        let name = first.rsplit('/').next().unwrap_or_default().chars().take(NAME).collect();
        Self { user: "root".to_owned(), name, command: command.to_owned(), ..Self::default() }
    }
}

/// Longest name that the kernel keeps of a process.
pub(super) const NAME: usize = 15;

/// What a path names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FileKind {
    /// An ordinary file.
    #[default]
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A socket, a device, a pipe.
    Other,
}

/// A file of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    /// What it is.
    pub kind: FileKind,
    /// Permission bits, with those of set-user-id, set-group-id and sticky.
    pub mode: u32,
    /// Owner's name; `UNKNOWN` for a number without.
    pub owner: String,
    /// Group's name.
    pub group: String,
    /// Content, where it was read.
    pub content: Option<String>,
    /// What a link leads to; `None` for one that leads nowhere.
    pub target: Option<Box<Self>>,
}

impl File {
    /// The file itself, or what the link leads to.
    pub(super) fn followed(&self) -> Option<&Self> {
        if self.kind == FileKind::Link { self.target.as_deref() } else { Some(self) }
    }
}

/// Something that must be looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Every process.
    Processes,
    /// A file's mode and owner.
    File(String),
    /// Its content.
    Content(String),
    /// Everything below a folder.
    Folder(String),
    /// The journal of a unit.
    Journal(String),
}

impl std::fmt::Display for Need {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Processes => write!(f, "processes were not looked at"),
            Self::File(path) => write!(f, "{path} was not looked at"),
            Self::Content(path) => write!(f, "{path} was not read"),
            Self::Folder(path) => write!(f, "{path} was not looked at"),
            Self::Journal(unit) => write!(f, "the journal of {unit} was not read"),
        }
    }
}

impl NodeReport {
    /// A file, `None` when it is not there; what to look at when nobody did.
    pub fn file(&self, path: &str) -> Result<Option<&File>, Need> {
        let name = tidy(path);
        match self.files.get(name) {
            // With a slash at its end only a folder has the name.
            Some(found) => Ok(found.as_ref().filter(|file| {
                name == path || file.followed().is_some_and(|file| file.kind == FileKind::Folder)
            })),
            // Nothing else is below a folder that was looked at.
            None if self.walked(name) => Ok(None),
            None => Err(Need::File(name.to_owned())),
        }
    }

    /// The same, with mode and owner known.
    pub fn owned(&self, path: &str) -> Result<Option<&File>, Need> {
        if self.by_api.contains(tidy(path)) {
            Err(Need::File(tidy(path).to_owned()))
        } else {
            self.file(path)
        }
    }

    /// A file's content, `None` when it is not there.
    pub fn content(&self, path: &str) -> Result<Option<&str>, Need> {
        let Some(file) = self.file(path)?.and_then(File::followed) else { return Ok(None) };
        match &file.content {
            Some(text) => Ok(Some(text)),
            None => Err(Need::Content(tidy(path).to_owned())),
        }
    }

    /// Whether something is there, links followed.
    pub(super) fn exists(&self, path: &str) -> Result<bool, Need> {
        Ok(self.file(path)?.and_then(File::followed).is_some())
    }

    /// Paths below a folder, itself not among them.
    pub(super) fn below(&self, path: &str) -> Result<Vec<(&str, &File)>, Need> {
        let folder = tidy(path);
        if !(self.folders.contains(folder) || self.walked(folder)) {
            return Err(Need::Folder(folder.to_owned()));
        }
        let start = format!("{folder}/");
        let from = self.files.range(start.clone()..);
        let inside = from.take_while(|(name, _)| name.starts_with(&start));
        Ok(inside.filter_map(|(name, file)| Some((name.as_str(), file.as_ref()?))).collect())
    }

    /// The same with what another saw of what nobody looked at here.
    pub fn or(mut self, other: Self) -> Self {
        if self.processes.is_none() {
            self.processes = other.processes;
            self.half_seen = other.half_seen;
        }
        for (path, file) in other.files {
            if self.file(&path).is_err() {
                if other.by_api.contains(&path) {
                    self.by_api.insert(path.clone());
                }
                self.files.insert(path, file);
            }
        }
        self
    }

    /// Whether it lies below a folder of which everything was looked at.
    fn walked(&self, path: &str) -> bool {
        let mut at = path;
        while let Some((folder, _)) = at.rsplit_once('/') {
            if self.folders.contains(folder) {
                return true;
            }
            at = folder;
        }
        false
    }
}

/// A path without slashes at its end.
pub(super) fn tidy(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" => path,
        tidy => tidy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn not_there_and_not_looked_at_are_two_things() {
        let mut node = NodeReport::default();
        node.folders.insert("/pki".to_owned());
        node.files.insert("/pki/a".to_owned(), Some(File::default()));
        node.files.insert("/gone".to_owned(), None);
        assert_eq!(node.file("/pki/b/c"), Ok(None));
        assert_eq!(node.file("/gone"), Ok(None));
        assert_eq!(node.file("/else"), Err(Need::File("/else".into())));
        assert_eq!(node.content("/pki/a"), Err(Need::Content("/pki/a".into())));
        assert_eq!(node.file("/pki/a/"), Ok(None));
        assert_eq!(node.below("/pki/").unwrap().len(), 1);
        assert!(node.below("/pkix").is_err());
    }

    #[test]
    fn links_are_followed() {
        let to = |target: Option<File>| File {
            kind: FileKind::Link,
            target: target.map(Box::new),
            ..File::default()
        };
        let mut node = NodeReport::default();
        node.files
            .insert("/a".to_owned(), Some(to(Some(File { content: Some("x".into()), ..File::default() }))));
        node.files.insert("/b".to_owned(), Some(to(None)));
        assert_eq!(node.content("/a"), Ok(Some("x")));
        assert_eq!((node.exists("/a"), node.exists("/b")), (Ok(true), Ok(false)));
    }

    #[test]
    fn names_of_processes_are_cut_as_the_kernel_cuts_them() {
        let task = Task::of_command("/usr/bin/kube-controller-manager --v=2");
        assert_eq!(task.name, "kube-controller");
        assert!(task.line().ends_with("/usr/bin/kube-controller-manager --v=2"));
    }
}
