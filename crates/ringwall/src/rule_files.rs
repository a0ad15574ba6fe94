//! Files of detection rules: read in order, and read again when they change.

use crate::exit;
use crate::output;
use detect::RuleSet;
use detect::falco::{Limits, LoadResult, Loader};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Which files, as they were given: a folder stands for the files in it.
#[derive(Clone, Debug)]
pub(crate) struct RuleFiles {
    given: Vec<String>,
    limits: Limits,
}

/// What was read.
pub(crate) struct Loaded {
    pub(crate) rules: RuleSet,
    pub(crate) macros: Vec<String>,
    pub(crate) results: Vec<LoadResult>,
    /// Plugins that rules require and nothing here stands for.
    pub(crate) missing: Vec<String>,
}

/// When the files were last written, and how long they are.
pub(crate) type Stamp = Vec<(PathBuf, Option<(SystemTime, u64)>)>;

/// Most that is read of one file.
const LARGEST: u64 = 64 << 20;

impl RuleFiles {
    pub(crate) fn new(given: &[String], limits: Limits) -> Self {
        Self { given: given.to_vec(), limits }
    }

    /// The files, folders put in: in order of their names, without hidden ones.
    fn files(&self) -> Vec<PathBuf> {
        let mut all = Vec::new();
        for given in &self.given {
            let path = Path::new(given);
            match std::fs::read_dir(path) {
                Ok(entries) if path.is_dir() => {
                    let mut inside: Vec<PathBuf> = entries
                        .flatten()
                        .map(|entry| entry.path())
                        .filter(|path| path.is_file() && !hidden(path))
                        .collect();
                    inside.sort();
                    all.extend(inside);
                }
                _ => all.push(path.to_owned()),
            }
        }
        all
    }

    /// Reads every file in order.
    pub(crate) fn load(&self) -> anyhow::Result<Loaded> {
        let mut loader = Loader::new(self.limits);
        let mut results = Vec::new();
        for path in self.files() {
            let shown = path.display().to_string();
            let text = read(&path).map_err(|error| {
                exit::unreadable(format!("{shown}: {error}; rules are files or folders of them"))
            })?;
            results.push(loader.file(&shown, &text));
        }
        let missing = loader.missing_plugins();
        let macros = loader.macros().map(str::to_owned).collect();
        Ok(Loaded { rules: loader.into_rules(), macros, results, missing })
    }

    /// What tells a change.
    pub(crate) fn stamp(&self) -> Stamp {
        let stamp = |path: &Path| {
            let meta = std::fs::metadata(path).ok()?;
            Some((meta.modified().ok()?, meta.len()))
        };
        self.files().into_iter().map(|path| (path.clone(), stamp(&path))).collect()
    }
}

fn hidden(path: &Path) -> bool {
    path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'))
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut text = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().take(LARGEST + 1).read_to_end(&mut text)?;
    } else {
        std::fs::File::open(path)?.take(LARGEST + 1).read_to_end(&mut text)?;
    }
    if text.len() as u64 > LARGEST {
        return Err(std::io::Error::other(format!("it is larger than {} MiB", LARGEST >> 20)));
    }
    Ok(text)
}

impl Loaded {
    /// Whether every file is without error.
    pub(crate) fn successful(&self) -> bool {
        self.results.iter().all(LoadResult::successful)
    }

    /// The rules, when all files load; says otherwise what is wrong.
    pub(crate) fn demand(self) -> anyhow::Result<Self> {
        for result in self.results.iter().filter(|result| !result.successful()) {
            output::say(result.text(false).trim_end());
        }
        if self.successful() {
            Ok(self)
        } else {
            Err(exit::unreadable("the rules do not load; `ringwall detect rules validate` shows where"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_read_in_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
        put("b.yaml", "- rule: r\n  desc: d\n  condition: m\n  output: o\n  priority: INFO\n");
        put("a.yaml", "- macro: m\n  condition: evt.type=open\n");
        put(".hidden", "{");
        let files = RuleFiles::new(&[folder.path().display().to_string()], Limits::default());
        let loaded = files.load().and_then(Loaded::demand).expect("loads");
        assert_eq!((loaded.rules.rules.len(), loaded.macros, loaded.results.len()), (1, vec!["m".into()], 2));
        let before = files.stamp();
        put("c.yaml", "[]");
        assert_ne!(before, files.stamp());
        put("c.yaml", "- {");
        assert!(files.load().and_then(Loaded::demand).is_err());
        assert!(RuleFiles::new(&["none".into()], Limits::default()).load().is_err());
    }
}
