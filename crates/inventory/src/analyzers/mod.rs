//! Every analyzer: which files it reads and what it finds in them. One file and one line each.

use crate::beside::Beside;
use crate::bounded::hex;
use crate::{Ecosystem, Packages, path};
use sha1::{Digest as _, Sha1};

/// Reads one kind of file.
#[derive(Debug)]
pub struct Analyzer {
    /// Stable id, kebab-case.
    pub id: &'static str,
    /// One line: what it reads.
    pub about: &'static str,
    /// Which files it reads.
    pub files: &'static [Pattern],
    /// What the packages it finds are.
    pub stage: Stage,
    /// Where the packages it finds come from; `None` when it finds none.
    pub ecosystem: Option<Ecosystem>,
    /// Reads one file, whose path is relative to the root. A bad part becomes a problem, the rest is read.
    pub parse: fn(path: &str, bytes: &[u8], out: &mut Packages),
    /// Completes the packages of one of its files with what the files beside it say.
    pub join: Option<Join>,
}

/// Completes the packages found in the file of a path.
pub type Join = fn(path: &str, found: &mut Packages, beside: &Beside);

/// Which files an analyzer reads. Paths are relative, without a leading slash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Exactly this path.
    Path(&'static str),
    /// Files directly in this directory.
    In(&'static str),
    /// Files directly in this directory whose name ends so.
    Below(&'static str, &'static str),
    /// Any file of this name.
    Name(&'static str),
    /// Any file whose name ends so.
    Suffix(&'static str),
    /// Any file whose path holds this part and, after it, ends so.
    Under(&'static str, &'static str),
    /// A file of this name in a directory whose name ends so.
    Inside(&'static str, &'static str),
    /// Any executable program, whatever its name.
    Program,
}

/// What the packages of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A system's, or what tells of the system.
    System,
    /// Installed beside the system: they count where programs run, not among sources.
    Installed,
    /// Declared by a lock file: they count in a folder of sources; in an image what is installed counts.
    Declared,
    /// Both: a lock file that is installed with its program.
    Always,
}

/// What is looked at, which says which packages count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// An image or a root file system: what is installed.
    #[default]
    Installed,
    /// A folder: what lock files declare, and a system's packages if there is one.
    Folder,
    /// A repository of sources: what lock files declare.
    Repository,
}

impl Scope {
    fn wants(self, analyzer: &Analyzer) -> bool {
        match (self, analyzer.stage) {
            (_, Stage::Always) => true,
            (Self::Installed, stage) => stage != Stage::Declared,
            (Self::Folder, stage) => matches!(stage, Stage::Declared | Stage::System),
            (Self::Repository, stage) => stage == Stage::Declared,
        }
    }
}

impl Pattern {
    /// Whether a path is meant.
    pub fn matches(self, path: &str) -> bool {
        match self {
            Self::Path(want) => path == want,
            Self::In(directory) => path::parent(path) == directory,
            Self::Below(directory, suffix) => path::parent(path) == directory && path.ends_with(suffix),
            Self::Name(name) => path::name(path) == name,
            Self::Suffix(suffix) => path::name(path).ends_with(suffix),
            Self::Inside(suffix, name) => {
                path::name(path) == name && path::name(path::parent(path)).ends_with(suffix)
            }
            Self::Under(part, suffix) => path
                .split_once(part)
                .is_some_and(|(_, rest)| rest.len() > suffix.len() && rest.ends_with(suffix)),
            Self::Program => false,
        }
    }
}

macro_rules! analyzers {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*
        /// Every analyzer.
        pub static ANALYZERS: &[&Analyzer] = &[$(&$name::ANALYZER),*];
    };
}

analyzers![
    os_release,
    debian_version,
    release_file,
    apk,
    apk_repositories,
    dpkg,
    rpm,
    python,
    node_module,
    package_json,
    npm_lock,
    yarn,
    pnpm,
    bun,
    go_binary,
    go_mod,
    pip,
    pipenv,
    pyproject,
    poetry,
    uv,
    pylock,
    conda_meta,
    conda_environment,
    cargo_lock,
    rust_binary,
    composer_lock,
    composer_installed,
    bundler,
    gemspec,
    nuget_lock,
    nuget_config,
    dotnet_deps,
    packages_props,
    gradle_lock,
    sbt_lock,
    pom,
    jar,
];

/// The analyzers that read a file by its path.
pub(crate) fn of(path: &str, scope: Scope) -> Vec<&'static Analyzer> {
    let reads = |a: &&Analyzer| scope.wants(a) && a.files.iter().any(|pattern| pattern.matches(path));
    ANALYZERS.iter().copied().filter(reads).collect()
}

/// The analyzers that read programs.
pub(crate) fn of_programs(scope: Scope) -> impl Iterator<Item = &'static Analyzer> {
    ANALYZERS.iter().copied().filter(move |a| scope.wants(a) && a.files.contains(&Pattern::Program))
}

/// Lets analyzers read one file; what they find is marked with who found it.
pub(crate) fn run(
    analyzers: impl IntoIterator<Item = &'static Analyzer>,
    path: &str,
    bytes: &[u8],
) -> Packages {
    let mut out = Packages::default();
    for analyzer in analyzers {
        let before = out.packages.len();
        (analyzer.parse)(path, bytes, &mut out);
        for package in out.packages.iter_mut().skip(before) {
            analyzer.id.clone_into(&mut package.found_by);
            if package.path.is_empty() {
                path.clone_into(&mut package.path);
            }
            // Bills of materials name the file that says that a package is installed.
            if INSTALLED.contains(&analyzer.id) {
                package.digest = Some(format!("sha1:{}", hex(&Sha1::digest(bytes))));
            }
        }
    }
    out
}

/// Analyzers that find one installed package in one file of its own.
const INSTALLED: [&str; 4] = ["conda-meta", "gemspec", "node-module", "python"];

/// Whether a file begins as a program does: ELF, PE or Mach-O.
pub(crate) fn program(head: &[u8]) -> bool {
    let magic: [&[u8]; 6] = [
        b"\x7fELF",
        b"MZ",
        b"\xfe\xed\xfa\xce",
        b"\xfe\xed\xfa\xcf",
        b"\xce\xfa\xed\xfe",
        b"\xcf\xfa\xed\xfe",
    ];
    magic.iter().any(|magic| head.starts_with(magic))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn registry_laws() {
        let ids: BTreeSet<_> = ANALYZERS.iter().map(|a| a.id).collect();
        assert_eq!(ids.len(), ANALYZERS.len(), "ids are unique");
        for analyzer in ANALYZERS {
            assert!(analyzer.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
            assert!(!analyzer.about.is_empty() && !analyzer.files.is_empty(), "{}", analyzer.id);
            // Whatever the bytes, an analyzer answers.
            for bytes in [&b""[..], b"\xff\xfe\0", b"{", b"\n\n:\n=", &[0; 64]] {
                let mut out = Packages::default();
                (analyzer.parse)("any/path", bytes, &mut out);
                assert!(out.packages.is_empty(), "{} finds nothing in noise", analyzer.id);
            }
        }
    }

    #[test]
    fn patterns() {
        for (pattern, hit, miss) in [
            (Pattern::Path("etc/os-release"), "etc/os-release", "x/etc/os-release"),
            (Pattern::In("var/lib/dpkg/status.d"), "var/lib/dpkg/status.d/base", "var/lib/dpkg/status.d/a/b"),
            (Pattern::Name("go.mod"), "src/go.mod", "src/ago.mod"),
            (Pattern::Suffix(".jar"), "opt/a.jar", "opt/a.jar/b"),
            (
                Pattern::Under("/specifications/", ".gemspec"),
                "gems/specifications/a.gemspec",
                "a/specifications/.gemspec",
            ),
            (Pattern::Inside(".dist-info", "METADATA"), "lib/a-1.dist-info/METADATA", "lib/a/METADATA"),
        ] {
            assert!(pattern.matches(hit) && !pattern.matches(miss), "{pattern:?}");
        }
    }
}
