//! Advisories of every source, in one shape, by where they hold and which package they are about.

use model::Severity;
use std::collections::BTreeMap;

use crate::Status;

/// Which versions are affected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Affected {
    /// Every version before this one.
    Before(String),
    /// Every version: there is no fix.
    All,
    /// Half-open ranges, any of which will do.
    Ranges(Vec<Range>),
}

/// One range: from `introduced` (from the start, when empty) to before `fixed` or up to `last`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// First affected version, empty for the first of all.
    pub introduced: String,
    /// First version that is not affected any more.
    pub fixed: Option<String>,
    /// Last affected version.
    pub last: Option<String>,
}

/// A database entry about one package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advisory {
    /// CVE id, or the source's own where there is none.
    pub id: String,
    /// Which versions are affected.
    pub affected: Affected,
    /// What its maintainers say of it.
    pub status: Status,
    /// Severity this source gives it, where it gives one.
    pub severity: Option<Severity>,
    /// CVSS vector, where one is given.
    pub vector: Option<String>,
    /// One line about it, where the source has one.
    pub title: Option<String>,
    /// Id of the source in [`crate::SOURCES`].
    pub source: &'static str,
}

/// Advisories by bucket (`alpine 3.10`, `pip::Open Source Vulnerability`) and package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advisories {
    buckets: BTreeMap<String, BTreeMap<String, Vec<Advisory>>>,
}

impl Advisories {
    /// Notes that a bucket exists, though nothing may be in it.
    pub fn bucket(&mut self, bucket: &str) {
        self.buckets.entry(bucket.to_owned()).or_default();
    }

    /// Adds an advisory, once.
    pub fn add(&mut self, bucket: &str, package: &str, advisory: Advisory) {
        let of = self.buckets.entry(bucket.to_owned()).or_default().entry(package.to_owned()).or_default();
        if !of.contains(&advisory) {
            of.push(advisory);
        }
    }

    /// Buckets whose name starts so; a language's packages are looked up in all of its sources.
    fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a BTreeMap<String, Vec<Advisory>>> {
        let from = self.buckets.range(prefix.to_owned()..);
        from.take_while(move |(name, _)| name.starts_with(prefix)).map(|(_, packages)| packages)
    }

    /// Whether anything is known about a bucket.
    pub fn knows(&self, key: Key<'_>) -> bool {
        match key {
            Key::Bucket(name) => self.buckets.contains_key(name),
            Key::Prefix(prefix) => self.under(prefix).next().is_some(),
        }
    }

    /// The advisories about a package.
    pub fn of<'a>(&'a self, key: Key<'a>, package: &'a str) -> Vec<&'a Advisory> {
        let from =
            |packages: &'a BTreeMap<String, Vec<Advisory>>| packages.get(package).into_iter().flatten();
        match key {
            Key::Bucket(name) => self.buckets.get(name).into_iter().flat_map(from).collect(),
            Key::Prefix(prefix) => self.under(prefix).flat_map(from).collect(),
        }
    }

    /// Every advisory, with its bucket and package.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str, &Advisory)> {
        self.buckets.iter().flat_map(|(bucket, packages)| {
            packages.iter().flat_map(move |(package, list)| {
                list.iter().map(move |advisory| (bucket.as_str(), package.as_str(), advisory))
            })
        })
    }

    /// How many advisories there are.
    pub fn len(&self) -> usize {
        self.buckets.values().flat_map(BTreeMap::values).map(Vec::len).sum()
    }

    /// Whether there are none. An empty database is no reason to call anything clean.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Where to look a package up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key<'a> {
    /// A distribution's release, by its exact name.
    Bucket(&'a str),
    /// Every source of a language, by their common prefix.
    Prefix(&'a str),
}
