//! A folder, file by file: whoever walks it asks which files are wanted and hands over their bytes.

use crate::layer::{Content, Layer};
use crate::stack::stack;
use crate::{Inventory, Limits, Packages, Rules, Scope, Search, analyzers, path, secrets};
use std::io::{self, Read};
use std::sync::Arc;

/// Whether a file is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// No analyzer wants it.
    No,
    /// It is wanted.
    Yes,
    /// It is wanted when its first four bytes are a program's ([`Directory::program`]).
    Program,
}

/// A folder being read.
#[derive(Debug)]
pub struct Directory {
    scope: Scope,
    limits: Limits,
    content: Layer,
    search: Option<Search>,
}

impl Directory {
    /// A folder of which nothing was read yet.
    pub fn new(scope: Scope, limits: &Limits) -> Self {
        Self { scope, limits: limits.clone(), content: Layer::default(), search: None }
    }

    /// The same, its files searched for secrets.
    #[must_use]
    pub fn searching(self, rules: &Arc<Rules>) -> Self {
        let search = Some(Search::new(rules, false, &self.limits));
        Self { search, ..self }
    }

    /// Whether a file is to be searched for secrets; its path is relative to the folder.
    pub fn searches(&mut self, path: &str, size: u64) -> bool {
        self.search.as_mut().is_some_and(|search| search.wants(path, size))
    }

    /// Searches a file for secrets.
    pub fn search(&mut self, path: &str, input: &mut dyn Read) {
        let Some(search) = &mut self.search else { return };
        if let Err(error) = search.file(path, input) {
            search.unreadable(&reason(&error));
        }
    }

    /// A file that was to be searched for secrets could not be read.
    pub fn unsearchable(&mut self, error: &io::Error) {
        if let Some(search) = &mut self.search {
            search.unreadable(&reason(error));
        }
    }

    /// Whether a file is wanted; its path is relative to the folder.
    pub fn wants(&mut self, path: &str, executable: bool) -> Want {
        self.content.account.members = self.content.account.members.saturating_add(1);
        if !analyzers::of(path, self.scope).is_empty() {
            return Want::Yes;
        }
        let program = executable && analyzers::of_programs(self.scope).next().is_some();
        if program { Want::Program } else { self.unwanted() }
    }

    /// Whether the first bytes are a program's.
    pub fn program(head: &[u8]) -> bool {
        analyzers::program(head)
    }

    /// A file turned out not to be wanted.
    pub fn unwanted(&mut self) -> Want {
        self.content.account.unmatched = self.content.account.unmatched.saturating_add(1);
        Want::No
    }

    /// Bytes of one file that are read at most.
    pub fn file_bytes(&self) -> u64 {
        self.limits.file_bytes
    }

    /// Reads a file.
    pub fn file(&mut self, path: &str, bytes: &[u8]) {
        let wanted = analyzers::of(path, self.scope);
        let found = match wanted.is_empty() {
            true => analyzers::run(analyzers::of_programs(self.scope), path, bytes),
            false => analyzers::run(wanted, path, bytes),
        };
        self.content.account.matched = self.content.account.matched.saturating_add(1);
        if found != Packages::default() {
            self.content.found(path.to_owned(), found);
        }
    }

    /// A wanted file could not be read.
    pub fn unreadable(&mut self, path: &str, why: &str) {
        self.content.account.drop(why);
        self.content.files.insert(path.to_owned(), Content::Unreadable(why.to_owned()));
    }

    /// What was found.
    pub fn finish(mut self) -> Inventory {
        self.content.finish();
        // What was there only for the files beside it found nothing itself.
        let nothing = Content::Found(Packages::default());
        self.content.files.retain(|_, content| *content != nothing);
        // pom.xml of modules and lock files are many; each is a file of its own.
        debug_assert!(self.content.files.keys().all(|path| path::normal(path, usize::MAX).is_ok()));
        let mut out = Inventory { secrets: self.search.map(Search::finish), ..Inventory::default() };
        secrets::note(&mut out);
        stack(out, vec![Some(self.content)], Vec::new(), &self.limits)
    }
}

/// An error in words that many files share.
fn reason(error: &io::Error) -> String {
    error.kind().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes() {
        let lock = br#"{"lockfileVersion":3,"packages":{"node_modules/a":{"version":"1.0.0"}}}"#;
        let module = br#"{"name":"b","version":"2.0.0"}"#;
        for (scope, want) in
            [(Scope::Installed, vec!["b"]), (Scope::Folder, vec!["a"]), (Scope::Repository, vec!["a"])]
        {
            let mut folder = Directory::new(scope, &Limits::default());
            for (path, bytes) in
                [("x/package-lock.json", &lock[..]), ("x/node_modules/b/package.json", module)]
            {
                if folder.wants(path, false) == Want::Yes {
                    folder.file(path, bytes);
                }
            }
            let out = folder.finish();
            let names: Vec<&str> = out.packages.iter().map(|p| p.name.as_str()).collect();
            assert_eq!(names, want, "{scope:?}");
            assert!(out.account.balanced() && out.unknown.is_empty(), "{:?}", out.unknown);
        }
    }

    #[test]
    fn sums_complete_old_modules_only() {
        let names = |go: &str| {
            let mut folder = Directory::new(Scope::Folder, &Limits::default());
            let module = format!("module m\n{go}\nrequire example.com/a v1.0.0\n");
            folder.file("x/go.mod", module.as_bytes());
            folder.file("x/go.sum", b"example.com/a v0.9.0 h1:x=\nexample.com/b v2.0.0 h1:y=\n");
            folder.file("y/go.sum", b"example.com/c v1.0.0 h1:x=\n");
            let found = folder.finish().packages;
            found.iter().map(|p| format!("{} {}", p.name, p.version)).collect::<Vec<_>>()
        };
        assert_eq!(names("go 1.15"), ["example.com/a v1.0.0", "example.com/b v2.0.0", "m "]);
        assert_eq!(names("go 1.22"), ["example.com/a v1.0.0", "m "]);
    }

    #[test]
    fn programs_and_what_is_not_readable() {
        let mut folder = Directory::new(Scope::Installed, &Limits::default());
        assert_eq!(folder.wants("bin/app", true), Want::Program);
        folder.unwanted();
        assert_eq!(folder.wants("bin/app", false), Want::No);
        assert_eq!(folder.wants("opt/a.jar", false), Want::Yes);
        folder.unreadable("opt/a.jar", "permission denied");
        let out = folder.finish();
        assert_eq!((out.unknown.len(), out.account.balanced()), (1, true));
        let mut sources = Directory::new(Scope::Repository, &Limits::default());
        assert_eq!(sources.wants("bin/app", true), Want::No);
    }
}
