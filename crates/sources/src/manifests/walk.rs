//! From paths as they were written to the files behind them, in an order that is always the same.

use super::{Error, ManifestCaps};
use crate::input::{InputKind, classify, log_name, manifest_name};
use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Path as the user would write it; `-` is standard input.
    pub(super) path: String,
    /// Whether the user named this file, so that it is read whatever its name is.
    pub(super) named: bool,
}

/// What the paths lead to.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) files: Vec<Found>,
    /// Folders that are images.
    pub(super) layouts: Vec<String>,
    /// What could not be entered, with the reason.
    pub(super) problems: Vec<(String, String)>,
    /// Folders that were given and hold nothing to read.
    pub(super) empty: Vec<String>,
    /// Whether the cap on files cut the walk.
    pub(super) cut: bool,
    seen_files: HashSet<PathBuf>,
    seen_folders: HashSet<PathBuf>,
}

/// Standard input.
pub(super) const STDIN: &str = "-";

/// Finds the files behind `paths`. A path that leads nowhere is an error; what cannot be read below one is not.
pub(super) fn walk(paths: &[String], caps: &ManifestCaps) -> Result<Walk, Error> {
    let mut walk = Walk::default();
    for path in paths {
        if path == STDIN {
            let stdin = Found { path: STDIN.into(), named: true };
            if walk.files.contains(&stdin) {
                return Err(Error::StdinTwice);
            }
            walk.files.push(stdin);
            continue;
        }
        match fs::metadata(path) {
            Ok(_) => walk.given(path, caps),
            Err(error) if error.kind() == io::ErrorKind::NotFound && is_pattern(path) => {
                walk.pattern(path, caps)?;
            }
            Err(source) => return Err(missing(path, source)),
        }
    }
    Ok(walk)
}

fn missing(path: &str, source: io::Error) -> Error {
    let shown = model::escape(path).into_owned();
    if source.kind() != io::ErrorKind::NotFound {
        return Error::Unreadable { path: shown, source };
    }
    let advice = if fs::symlink_metadata(path).is_ok() {
        "it is a link that leads nowhere".to_owned()
    } else {
        beside(path).unwrap_or_else(|| "check the spelling, or pass `-` to read standard input".to_owned())
    };
    Error::Missing { path: shown, advice }
}

/// The folder that is still there, and what it holds.
fn beside(path: &str) -> Option<String> {
    let folder = Path::new(path).ancestors().skip(1).find(|folder| folder.is_dir())?;
    let mut names: Vec<String> = fs::read_dir(folder)
        .ok()?
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort_unstable();
    let more = if names.len() > 8 { ", …" } else { "" };
    names.truncate(8);
    if names.is_empty() {
        return None;
    }
    let list = names.join(", ");
    Some(format!("{} holds {}{more}", model::escape(&folder.display().to_string()), model::escape(&list)))
}

fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

impl Walk {
    /// A path the user wrote.
    fn given(&mut self, path: &str, caps: &ManifestCaps) {
        if !Path::new(path).is_dir() {
            self.file(path.to_owned(), true, caps);
            return;
        }
        if fs::canonicalize(path).is_ok_and(|real| self.seen_folders.contains(&real)) {
            return;
        }
        let before = (self.files.len(), self.layouts.len(), self.problems.len());
        let shown = path.trim_end_matches('/');
        self.folder(if shown.is_empty() { "/" } else { shown }, 0, caps);
        if before == (self.files.len(), self.layouts.len(), self.problems.len()) && !self.cut {
            self.empty.push(path.to_owned());
        }
    }

    fn pattern(&mut self, pattern: &str, caps: &ManifestCaps) -> Result<(), Error> {
        let shown = || model::escape(pattern).into_owned();
        let options = glob::MatchOptions {
            case_sensitive: true,
            require_literal_separator: true,
            require_literal_leading_dot: true,
        };
        let matches = glob::glob_with(pattern, options)
            .map_err(|error| Error::Pattern { pattern: shown(), why: error.msg.to_owned() })?;
        let mut any = false;
        for found in matches {
            any = true;
            match found {
                // `dir/*` stands for a folder's content: names decide, as in a folder.
                Ok(path) if path.is_dir() || !pattern.ends_with('*') => {
                    self.given(&path.to_string_lossy(), caps);
                }
                Ok(path) => self.entry(&path, path.to_string_lossy().into_owned(), caps),
                Err(error) => self.problem(&error.path().to_string_lossy(), error.error()),
            }
        }
        if any { Ok(()) } else { Err(Error::NoMatch { pattern: shown() }) }
    }

    fn folder(&mut self, path: &str, depth: u32, caps: &ManifestCaps) {
        if classify(Path::new(path), b"") == InputKind::OciLayout {
            self.layouts.push(path.to_owned());
            return;
        }
        if depth >= caps.depth {
            self.problems.push((path.to_owned(), format!("it lies more than {} folders deep", caps.depth)));
            return;
        }
        // Links may lead back up: a folder is entered once, under the first name it is met by.
        match fs::canonicalize(path) {
            Ok(real) => {
                if !self.seen_folders.insert(real) {
                    return;
                }
            }
            Err(error) => return self.problem(path, &error),
        }
        let mut entries = match fs::read_dir(path) {
            Ok(entries) => entries.flatten().collect::<Vec<_>>(),
            Err(error) => return self.problem(path, &error),
        };
        entries.sort_unstable_by_key(fs::DirEntry::file_name);
        for entry in entries {
            if self.cut {
                return;
            }
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') {
                continue;
            }
            let shown = if path == "/" { format!("/{name}") } else { format!("{path}/{name}") };
            if entry.path().is_dir() {
                self.folder(&shown, depth.saturating_add(1), caps);
            } else {
                self.entry(&entry.path(), shown, caps);
            }
        }
    }

    /// A file met in a folder: its name decides whether it is looked into.
    fn entry(&mut self, path: &Path, shown: String, caps: &ManifestCaps) {
        if !(manifest_name(path) || log_name(path)) {
            return;
        }
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => self.file(shown, false, caps),
            Ok(_) => {}
            Err(error) => self.problem(&shown, &error),
        }
    }

    fn file(&mut self, path: String, named: bool, caps: &ManifestCaps) {
        if self.files.len() >= caps.files {
            self.cut = true;
            return;
        }
        let real = fs::canonicalize(&path).unwrap_or_else(|_| PathBuf::from(&path));
        if self.seen_files.insert(real) {
            self.files.push(Found { path, named });
        }
    }

    fn problem(&mut self, path: &str, error: &io::Error) {
        self.problems.push((path.to_owned(), error.to_string()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "a: b\n").unwrap();
        }
        folder
    }

    fn names(folder: &tempfile::TempDir, paths: &[&str]) -> Vec<String> {
        let root = folder.path().display().to_string();
        let paths: Vec<String> = paths.iter().map(|path| format!("{root}/{path}")).collect();
        let walk = walk(&paths, &ManifestCaps::default()).unwrap();
        walk.files.iter().map(|f| f.path[root.len() + 1..].to_owned()).collect()
    }

    #[test]
    fn a_folder_is_read_in_order_without_the_hidden_and_the_foreign() {
        let folder = tree(&[
            "b.yaml",
            "a/z.yml",
            "a/.git/x.yaml",
            ".hidden.yaml",
            "a/c.json",
            "README.md",
            "audit.log",
        ]);
        assert_eq!(names(&folder, &[""]), ["a/c.json", "a/z.yml", "audit.log", "b.yaml"]);
        assert_eq!(names(&folder, &["README.md"]), ["README.md"], "a named file is read whatever its name");
    }

    #[test]
    fn links_are_followed_once() {
        let folder = tree(&["a/one.yaml"]);
        symlink("..", folder.path().join("a/up")).unwrap();
        symlink("a/one.yaml", folder.path().join("two.yaml")).unwrap();
        symlink("nowhere.yaml", folder.path().join("broken.yaml")).unwrap();
        assert_eq!(names(&folder, &[""]), ["a/one.yaml"]);
        let walk = walk(&[folder.path().display().to_string()], &ManifestCaps::default()).unwrap();
        assert_eq!(walk.problems.len(), 1);
        assert!(walk.problems[0].0.ends_with("/broken.yaml"));
    }

    #[test]
    fn patterns_are_expanded() {
        let folder = tree(&["x/b.yaml", "x/a.yaml", "x/n.txt", "x/.h.yaml", "y/deep/c.yaml"]);
        assert_eq!(names(&folder, &["x/*.yaml"]), ["x/a.yaml", "x/b.yaml"]);
        assert_eq!(names(&folder, &["x/*"]), ["x/a.yaml", "x/b.yaml"]);
        assert_eq!(names(&folder, &["**/c.y?ml"]), ["y/deep/c.yaml"]);
        assert_eq!(names(&folder, &["x/n.*"]), [] as [&str; 0]);
        assert_eq!(names(&folder, &["x/[n].txt"]), ["x/n.txt"]);
    }

    #[test]
    fn what_is_not_there_is_an_error_with_advice() {
        let folder = tree(&["shop/web.yaml"]);
        let told = |path: &str| {
            let path = format!("{}/{path}", folder.path().display());
            walk(&[path], &ManifestCaps::default()).unwrap_err().to_string()
        };
        assert!(told("shop/wbe.yaml").ends_with("shop holds web.yaml"), "{}", told("shop/wbe.yaml"));
        assert!(told("*.yaml").contains("matches no file"));
        assert!(told("shop/[.yaml").contains("is no pattern"));
        let twice = walk(&["-".into(), "-".into()], &ManifestCaps::default());
        assert!(matches!(twice, Err(Error::StdinTwice)));
    }

    #[test]
    fn an_image_layout_is_not_entered_and_an_empty_folder_is_told() {
        let folder = tree(&["image/oci-layout", "image/index.json", "empty/x.txt"]);
        let path = |name: &str| format!("{}/{name}", folder.path().display());
        let walk = walk(&[path("image"), path("empty")], &ManifestCaps::default()).unwrap();
        assert_eq!(walk.layouts, [path("image")]);
        assert_eq!(walk.empty, [path("empty")]);
        assert!(walk.files.is_empty());
    }

    #[test]
    fn caps_hold() {
        let folder = tree(&["1.yaml", "2.yaml", "3.yaml", "d/e/f.yaml"]);
        let path = [folder.path().display().to_string()];
        let few = walk(&path, &ManifestCaps { files: 2, ..ManifestCaps::default() }).unwrap();
        assert_eq!((few.files.len(), few.cut), (2, true));
        let flat = walk(&path, &ManifestCaps { depth: 2, ..ManifestCaps::default() }).unwrap();
        assert_eq!((flat.files.len(), flat.problems.len()), (3, 1));
    }
}
