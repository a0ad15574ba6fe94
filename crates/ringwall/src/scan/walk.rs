//! A folder's files, handed to the analyzers that want them. Links are not followed: what they lead to is met anyway,
//! or lies outside.

use inventory::{Directory, Inventory, Limits, Rules, Scope, Want};
use std::io::{Read, Seek as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

/// Folders that hold no files of their own.
const NEVER: [&str; 3] = ["proc", "sys", "dev"];

/// What is left out of a folder.
pub(crate) struct Skip<'a> {
    pub(crate) folders: &'a [String],
    pub(crate) files: &'a [String],
}

impl Skip<'_> {
    /// Whether a file of an image is left out: itself, or a folder above it.
    pub(crate) fn covers(&self, path: &str) -> bool {
        let root = Path::new("/");
        let above = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        matches(self.files, path, root) || above.into_iter().any(|folder| matches(self.folders, folder, root))
    }
}

/// Reads a folder, or one file; with rules its files are searched for secrets.
pub(crate) fn folder(
    root: &Path,
    scope: Scope,
    skip: &Skip<'_>,
    limits: &Limits,
    rules: Option<&Arc<Rules>>,
) -> Inventory {
    let mut directory = Directory::new(scope, limits);
    if let Some(rules) = rules {
        directory = directory.searching(rules);
    }
    if root.is_file() {
        let name = root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        file(root, &name, &mut directory);
        return directory.finish();
    }
    let mut left = limits.entries;
    let mut open = vec![String::new()];
    while let Some(at) = open.pop() {
        let entries = match std::fs::read_dir(root.join(&at)) {
            Ok(entries) => entries,
            Err(error) => {
                directory.unreadable(if at.is_empty() { "." } else { &at }, &error.to_string());
                continue;
            }
        };
        let mut names: Vec<(String, std::fs::FileType)> = entries
            .flatten()
            .filter_map(|entry| {
                Some((entry.file_name().to_string_lossy().into_owned(), entry.file_type().ok()?))
            })
            .collect();
        names.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, kind) in names {
            let path = if at.is_empty() { name.clone() } else { format!("{at}/{name}") };
            left = left.saturating_sub(1);
            if left == 0 {
                directory.unreadable(&path, "the folder holds more files than the limit");
                return directory.finish();
            }
            if kind.is_dir() {
                let never = at.is_empty() && scope == Scope::Installed && NEVER.contains(&name.as_str());
                if !never && name != ".git" && !matches(skip.folders, &path, root) {
                    open.push(path);
                }
            } else if kind.is_file() && !matches(skip.files, &path, root) {
                file(&root.join(&path), &path, &mut directory);
            }
        }
    }
    directory.finish()
}

/// Whether a path is one of those to leave out: as written, below the folder that is read, or by a pattern.
fn matches(patterns: &[String], path: &str, root: &Path) -> bool {
    patterns.iter().any(|pattern| {
        let bare = pattern.trim_start_matches("./").trim_end_matches('/');
        let whole = root.join(path);
        let fits = |p: &glob::Pattern| {
            let options = glob::MatchOptions { require_literal_separator: true, ..Default::default() };
            p.matches_with(path, options) || p.matches_path_with(&whole, options)
        };
        bare.trim_start_matches('/') == path
            || Path::new(bare) == whole
            || glob::Pattern::new(bare).as_ref().is_ok_and(fits)
    })
}

/// Whether a path is below one of the folders that hold no files of their own.
fn never(path: &str) -> bool {
    path.split_once('/').is_some_and(|(top, _)| NEVER.contains(&top))
}

fn file(path: &Path, name: &str, directory: &mut Directory) {
    let meta = std::fs::metadata(path).ok();
    let executable = meta.as_ref().is_some_and(|meta| meta.permissions().mode() & 0o111 != 0);
    let want = directory.wants(name, executable);
    if !never(name) && directory.searches(name, meta.map_or(0, |meta| meta.len())) {
        match std::fs::File::open(path) {
            Ok(mut file) => directory.search(name, &mut file),
            Err(error) => directory.unsearchable(&error),
        }
    }
    if want == Want::No {
        return;
    }
    let read = || -> std::io::Result<Option<Vec<u8>>> {
        let mut file = std::fs::File::open(path)?;
        if want == Want::Program {
            let mut head = Vec::new();
            (&mut file).take(4).read_to_end(&mut head)?;
            if !Directory::program(&head) {
                return Ok(None);
            }
            file.rewind()?;
        }
        let mut bytes = Vec::new();
        let cap = directory.file_bytes();
        file.take(cap.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > cap { Err(std::io::Error::other("it is too large")) } else { Ok(Some(bytes)) }
    };
    match read() {
        Ok(Some(bytes)) => directory.file(name, &bytes),
        Ok(None) => drop(directory.unwanted()),
        Err(error) => directory.unreadable(name, &error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out() {
        let root = Path::new("/srv/app");
        let list = |patterns: &[&str]| patterns.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>();
        for (pattern, path, want) in [
            ("sub/go.mod", "sub/go.mod", true),
            ("./sub", "sub", true),
            ("/srv/app/sub", "sub", true),
            ("**/go.mod", "a/b/go.mod", true),
            ("*", "a/b", false),
            ("other", "sub", false),
        ] {
            assert_eq!(matches(&list(&[pattern]), path, root), want, "{pattern} {path}");
        }
    }

    #[test]
    fn what_is_left_out_of_an_image() {
        let list = |patterns: &[&str]| patterns.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>();
        let (folders, files) = (list(&["/opt/app", "**/cache"]), list(&["etc/*.env"]));
        let skip = Skip { folders: &folders, files: &files };
        for (path, want) in [
            ("opt/app/a", true),
            ("var/cache/x/y", true),
            ("etc/a.env", true),
            ("opt/apple", false),
            ("cache", false),
        ] {
            assert_eq!(skip.covers(path), want, "{path}");
        }
    }

    #[test]
    fn folders_and_files() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["a", "b", "proc"] {
            std::fs::create_dir(at(name)).unwrap();
            std::fs::write(at(&format!("{name}/requirements.txt")), "flask==1.0\n").unwrap();
        }
        let run = |path: &Path, folders: &[String]| {
            let skip = Skip { folders, files: &[] };
            super::folder(path, Scope::Folder, &skip, &Limits::default(), None)
        };
        let all = run(folder.path(), &[]);
        assert_eq!((all.packages.len(), all.unknown.len()), (3, 0));
        assert_eq!(run(folder.path(), &["b".to_owned()]).packages.len(), 2);
        assert_eq!(run(&at("a/requirements.txt"), &[]).packages.len(), 1);
        assert_eq!(run(&at("none"), &[]).unknown.len(), 1);
        for name in ["a/.env", "proc/.env", "dev.env"] {
            std::fs::write(at(name), "token: ghp_0123456789abcdefghijABCDEFGHIJ012345\n").unwrap();
        }
        let skip = Skip { folders: &[], files: &[] };
        let found =
            super::folder(folder.path(), Scope::Folder, &skip, &Limits::default(), Some(&Arc::default()));
        let secrets = found.secrets.unwrap();
        let paths: Vec<&str> = secrets.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["a/.env", "dev.env"]);
    }
}
