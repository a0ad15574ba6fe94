//! Files that are understood together: a lock file and the manifests beside it.
//!
//! What an analyzer keeps of a file is there for the packages of other files of the same folder or layer, once all of
//! it was read, and is let go then. Trivy's "post-analyzers" see the same.

use crate::analyzers::ANALYZERS;
use crate::{Packages, path};
use std::collections::BTreeMap;

/// Bytes that are kept of all files of a layer or folder.
const BYTES: usize = 128 << 20;

/// What was kept, by path.
#[derive(Debug, Default)]
pub struct Beside {
    texts: BTreeMap<String, String>,
}

impl Beside {
    /// What was kept of the file of a path.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// What was kept of the file of a name in the directory of another file.
    pub(crate) fn sibling(&self, of: &str, name: &str) -> Option<&str> {
        self.text(&sibling(of, name))
    }

    /// What was kept of everything in a directory and below it, by path.
    pub(crate) fn below<'a>(&'a self, directory: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        let start = self.texts.range(prefix.clone()..);
        start
            .take_while(move |(path, _)| path.starts_with(&prefix))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// For tests: these texts at these paths.
    #[cfg(test)]
    pub(crate) fn of(texts: &[(&str, &str)]) -> Self {
        Self { texts: texts.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect() }
    }
}

/// The path of a name in the directory of a file.
pub(crate) fn sibling(of: &str, name: &str) -> String {
    match path::parent(of) {
        "" => name.to_owned(),
        parent => format!("{parent}/{name}"),
    }
}

/// Counts what is kept of a file; what is over the limit is let go at once, and said to be.
pub(crate) fn admit(found: &mut Packages, used: &mut usize) {
    let Some(text) = &found.kept else { return };
    *used = used.saturating_add(text.len());
    if *used > BYTES {
        found.kept = None;
        found.problem(
            "manifests are larger in all than the limit; packages are complete, how they relate is not",
        );
    }
}

/// Joins the files with what stands beside them.
pub(crate) fn join<'a>(files: impl Iterator<Item = (&'a str, &'a mut Packages)>) {
    let mut files: Vec<(&str, &mut Packages)> = files.collect();
    let mut beside = Beside::default();
    for (path, found) in &mut files {
        if let Some(text) = found.kept.take() {
            beside.texts.insert((*path).to_owned(), text);
        }
    }
    for (path, found) in files {
        let Some(by) = found.packages.first().map(|p| p.found_by.clone()) else { continue };
        let Some(join) = ANALYZERS.iter().find(|a| a.id == by).and_then(|a| a.join) else { continue };
        join(path, found, &beside);
        for package in found.packages.iter_mut().filter(|p| p.found_by.is_empty()) {
            package.found_by.clone_from(&by);
            path.clone_into(&mut package.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let beside = Beside::of(&[("a/x", "1"), ("a/b/x", "2"), ("ab", "3")]);
        assert_eq!(beside.sibling("a/lock", "x"), Some("1"));
        assert_eq!(beside.sibling("lock", "x"), None);
        assert_eq!(beside.below("a").map(|(_, text)| text).collect::<Vec<_>>(), ["2", "1"]);
        assert_eq!(beside.below("").count(), 3);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut used = BYTES - 3;
        let mut of = |text: &str| {
            let mut found = Packages { kept: Some(text.into()), ..Packages::default() };
            admit(&mut found, &mut used);
            (found.kept.is_some(), found.problems.len())
        };
        assert_eq!((of("abc"), of("d")), ((true, 0), (false, 1)));
    }
}
