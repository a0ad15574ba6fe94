//! Trivy's database, read as it lies.
//!
//! Semantics: trivy-db's `pkg/db` (schema version 2): buckets by distribution and release or by `ecosystem::source`,
//! packages in them, advisories by id in those; `vulnerability` and `data-source` beside them.

use super::report::{Cvss, DataSource};
use crate::Status;
use crate::bolt::{Bolt, BoltError, Bucket};
use model::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Why a database cannot be used. None of these reads as "nothing found".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseError {
    /// The file.
    #[error("the database cannot be read: {0}")]
    Bolt(#[from] BoltError),
    /// A bucket every database has is missing or empty.
    #[error("the database has no {0}: it is empty, half-written or of another kind")]
    Empty(&'static str),
    /// The metadata.
    #[error("the database's metadata.json cannot be read: {0}")]
    Metadata(String),
    /// Another schema.
    #[error("the database has schema version {0}, 2 is read")]
    Schema(u64),
    /// An entry.
    #[error("the entry {id} of {bucket} cannot be read: {why}")]
    Entry {
        /// Bucket.
        bucket: String,
        /// Advisory or vulnerability.
        id: String,
        /// Why.
        why: String,
    },
}

/// `metadata.json` beside the database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DatabaseMetadata {
    /// Schema version.
    pub version: u64,
    /// When the next one is expected.
    pub next_update: String,
    /// When it was built.
    pub updated_at: String,
    /// When it was fetched; without it Trivy fetches again.
    pub downloaded_at: String,
}

impl DatabaseMetadata {
    /// Reads the document.
    ///
    /// # Errors
    /// When it is not what it should be, or of another schema.
    pub fn read(text: &[u8]) -> Result<Self, DatabaseError> {
        Self::of_schema(text, 2)
    }

    /// Reads the document that stands beside the database of Java archives.
    ///
    /// # Errors
    /// When it is not what it should be, or of another schema.
    pub fn read_java(text: &[u8]) -> Result<Self, DatabaseError> {
        Self::of_schema(text, 1)
    }

    fn of_schema(text: &[u8], schema: u64) -> Result<Self, DatabaseError> {
        let read: Self =
            serde_json::from_slice(text).map_err(|error| DatabaseError::Metadata(error.to_string()))?;
        if read.version == schema { Ok(read) } else { Err(DatabaseError::Schema(read.version)) }
    }

    /// When the database was built.
    pub fn built(&self) -> Option<Timestamp> {
        self.updated_at.parse().ok()
    }

    /// Whether a newer one is to be expected.
    pub fn stale(&self, now: Timestamp) -> bool {
        let next: Option<Timestamp> = self.next_update.parse().ok();
        next.is_none_or(|next| next <= now)
    }
}

/// One advisory about a package.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DatabaseAdvisory {
    /// Its id, which is its key.
    #[serde(skip)]
    pub id: String,
    /// Where it is from.
    #[serde(skip)]
    pub source: Option<DataSource>,
    /// Ids of the vendor.
    #[serde(rename = "VendorIDs", deserialize_with = "or_empty")]
    pub vendor_ids: Vec<String>,
    /// Architectures it is about; all when empty.
    #[serde(deserialize_with = "or_empty")]
    pub arches: Vec<String>,
    /// 0 (nothing said) to 7.
    pub status: u64,
    /// Severity for this package, 0 to 4.
    pub severity: f64,
    /// First version without it.
    pub fixed_version: String,
    /// First version with it.
    pub affected_version: String,
    /// Constraints; any of them will do.
    #[serde(deserialize_with = "or_empty")]
    pub vulnerable_versions: Vec<String>,
    /// Constraints for versions with the fix.
    #[serde(deserialize_with = "or_empty")]
    pub patched_versions: Vec<String>,
    /// Constraints for versions that never had it.
    #[serde(deserialize_with = "or_empty")]
    pub unaffected_versions: Vec<String>,
    /// The same by architecture (Rocky, Oracle) or by repository (Red Hat).
    #[serde(deserialize_with = "or_empty")]
    pub entries: Vec<AdvisoryEntry>,
}

/// A part of an advisory, for some architectures or repositories.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AdvisoryEntry {
    /// First version without it.
    pub fixed_version: String,
    /// Architectures.
    #[serde(deserialize_with = "or_empty")]
    pub arches: Vec<String>,
    /// Ids of the vendor.
    #[serde(rename = "VendorIDs", deserialize_with = "or_empty")]
    pub vendor_ids: Vec<String>,
    /// 0 to 7.
    pub status: u64,
    /// Products, by their number (Red Hat).
    #[serde(deserialize_with = "or_empty")]
    pub affected: Vec<u64>,
    /// Vulnerabilities of an erratum (Red Hat).
    #[serde(deserialize_with = "or_empty")]
    pub cves: Vec<Cve>,
}

/// A vulnerability of an erratum.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Cve {
    /// Its id; empty when the advisory's own id is one.
    #[serde(rename = "ID")]
    pub id: String,
    /// 0 to 4.
    pub severity: f64,
}

/// What is known of a vulnerability, whatever the package.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Detail {
    /// One line.
    pub title: String,
    /// Many lines.
    pub description: String,
    /// Of no known source.
    pub severity: String,
    /// Weaknesses.
    #[serde(rename = "CweIDs", deserialize_with = "or_empty")]
    pub cwe_ids: Vec<String>,
    /// By source.
    #[serde(deserialize_with = "or_empty")]
    pub vendor_severity: BTreeMap<String, f64>,
    /// By source.
    #[serde(rename = "CVSS", deserialize_with = "or_empty")]
    pub cvss: BTreeMap<String, Cvss>,
    /// Links.
    #[serde(deserialize_with = "or_empty")]
    pub references: Vec<String>,
    /// When it was published.
    pub published_date: Option<String>,
    /// When its text last changed.
    pub last_modified_date: Option<String>,
}

fn or_empty<'de, D: serde::Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// The status of its number.
pub(crate) fn status(number: u64) -> Status {
    let at = usize::try_from(number).unwrap_or(usize::MAX);
    Status::NAMES.get(at).map_or(Status::Unknown, |(status, _)| *status)
}

/// The name of a severity's number. Test data writes numbers as floats.
pub(crate) fn severity_name(number: f64) -> &'static str {
    match number as i64 {
        1 => "LOW",
        2 => "MEDIUM",
        3 => "HIGH",
        4 => "CRITICAL",
        _ => "UNKNOWN",
    }
}

/// An open database.
pub struct Database {
    bolt: Bolt,
    buckets: BTreeMap<String, Bucket>,
}

impl Database {
    /// Opens a database and makes sure that it is one: that there are vulnerabilities and advisories in it.
    ///
    /// # Errors
    /// When it cannot be read, or what every database has is not there.
    pub fn open(bolt: Bolt) -> Result<Self, DatabaseError> {
        let root = bolt.root();
        let mut names = Vec::new();
        bolt.each(&root, b"", &mut |name, value| {
            if value.is_none() {
                names.push(name.to_vec());
            }
            true
        })?;
        let mut buckets = BTreeMap::new();
        for name in names {
            if let Some(bucket) = bolt.bucket(&root, &name)? {
                buckets.insert(String::from_utf8_lossy(&name).into_owned(), bucket);
            }
        }
        let database = Self { bolt, buckets };
        database.filled("vulnerability")?;
        let others = ["vulnerability", "data-source"];
        if database.buckets.keys().all(|name| others.contains(&name.as_str())) {
            return Err(DatabaseError::Empty("advisories"));
        }
        Ok(database)
    }

    fn filled(&self, name: &'static str) -> Result<(), DatabaseError> {
        let bucket = self.buckets.get(name).ok_or(DatabaseError::Empty(name))?;
        let mut any = false;
        self.bolt.each(bucket, b"", &mut |_, _| {
            any = true;
            false
        })?;
        if any { Ok(()) } else { Err(DatabaseError::Empty(name)) }
    }

    /// Names of its buckets of advisories.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.buckets
            .keys()
            .map(String::as_str)
            .filter(|name| !matches!(*name, "vulnerability" | "data-source"))
    }

    /// Whether it has a bucket of the name, or one that begins so when the name ends in `::`.
    pub fn knows(&self, name: &str) -> bool {
        self.of(name).next().is_some()
    }

    fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a String, &'a Bucket)> {
        let prefix = name.ends_with("::");
        self.buckets.range(name.to_owned()..).take_while(move |(found, _)| match prefix {
            true => found.starts_with(name),
            false => *found == name,
        })
    }

    /// The advisories about a package in a bucket, or in all that begin with the name when it ends in `::`: the later
    /// source wins where two have the same id.
    ///
    /// # Errors
    /// When a page or an advisory cannot be read.
    pub fn advisories(&self, name: &str, package: &str) -> Result<Vec<DatabaseAdvisory>, DatabaseError> {
        let mut out: BTreeMap<String, DatabaseAdvisory> = BTreeMap::new();
        for (bucket, inside) in self.of(name) {
            let Some(advisories) = self.bolt.bucket(inside, package.as_bytes())? else { continue };
            let source = self.source(bucket)?;
            let mut failed = None;
            self.bolt.each(&advisories, b"", &mut |id, value| {
                let Some(value) = value.filter(|value| !value.is_empty()) else { return true };
                let id = String::from_utf8_lossy(id).into_owned();
                match serde_json::from_slice::<DatabaseAdvisory>(value) {
                    Ok(advisory) => {
                        let advisory =
                            DatabaseAdvisory { id: id.clone(), source: source.clone(), ..advisory };
                        out.insert(id, advisory);
                        true
                    }
                    Err(error) => {
                        let bucket = bucket.clone();
                        failed = Some(DatabaseError::Entry { bucket, id, why: error.to_string() });
                        false
                    }
                }
            })?;
            failed.map_or(Ok(()), Err)?;
        }
        Ok(out.into_values().collect())
    }

    /// Where a bucket's advisories are from.
    fn source(&self, bucket: &str) -> Result<Option<DataSource>, DatabaseError> {
        let Some(sources) = self.buckets.get("data-source") else { return Ok(None) };
        let Some(value) = self.bolt.value(sources, bucket.as_bytes())? else { return Ok(None) };
        let why = |error: serde_json::Error| DatabaseError::Entry {
            bucket: "data-source".into(),
            id: bucket.to_owned(),
            why: error.to_string(),
        };
        serde_json::from_slice(&value).map(Some).map_err(why)
    }

    /// What is known of a vulnerability.
    ///
    /// # Errors
    /// When a page or the entry cannot be read.
    pub fn detail(&self, id: &str) -> Result<Option<Detail>, DatabaseError> {
        let Some(bucket) = self.buckets.get("vulnerability") else { return Ok(None) };
        let Some(value) = self.bolt.value(bucket, id.as_bytes())? else { return Ok(None) };
        let why = |error: serde_json::Error| DatabaseError::Entry {
            bucket: "vulnerability".into(),
            id: id.to_owned(),
            why: error.to_string(),
        };
        serde_json::from_slice(&value).map(Some).map_err(why)
    }

    /// The numbers of the products behind repositories and builds of Red Hat's images.
    ///
    /// # Errors
    /// When a page cannot be read.
    pub fn products(&self, repositories: &[&str], builds: &[&str]) -> Result<Vec<u64>, DatabaseError> {
        let Some(cpe) = self.buckets.get("Red Hat CPE") else { return Ok(Vec::new()) };
        let mut out = Vec::new();
        for (kind, names) in [("repository", repositories), ("nvr", builds)] {
            let Some(bucket) = self.bolt.bucket(cpe, kind.as_bytes())? else { continue };
            for name in names {
                if let Some(value) = self.bolt.value(&bucket, name.as_bytes())? {
                    out.extend(serde_json::from_slice::<Vec<u64>>(&value).unwrap_or_default());
                }
            }
        }
        out.sort_unstable();
        out.dedup();
        Ok(out)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::bolt::{Entry, write};

    /// A database from `bucket/package/id = json` lines.
    pub(crate) fn database(lines: &[(&str, &str)]) -> Database {
        Database::open(Bolt::open(Box::new(bytes(lines))).unwrap()).unwrap()
    }

    pub(crate) fn bytes(lines: &[(&str, &str)]) -> Vec<u8> {
        fn put(at: &mut BTreeMap<Vec<u8>, Entry>, path: &[&str], value: &str) {
            match path {
                [] => {}
                [key] => drop(at.insert(key.as_bytes().to_vec(), Entry::Value(value.as_bytes().to_vec()))),
                [key, rest @ ..] => {
                    let inner =
                        at.entry(key.as_bytes().to_vec()).or_insert_with(|| Entry::Bucket(BTreeMap::new()));
                    if let Entry::Bucket(inner) = inner {
                        put(inner, rest, value);
                    }
                }
            }
        }
        let mut root = BTreeMap::new();
        for (path, value) in lines {
            put(&mut root, &path.split('|').collect::<Vec<_>>(), value);
        }
        write(&root)
    }

    const LINES: &[(&str, &str)] = &[
        ("npm::a|left-pad|CVE-1", r#"{"VulnerableVersions":["<1.0"]}"#),
        ("npm::b|left-pad|CVE-1", r#"{"VulnerableVersions":["<2.0"]}"#),
        ("npm::b|left-pad|CVE-2", r#"{"VulnerableVersions":null}"#),
        ("npn::c|left-pad|CVE-3", "{}"),
        ("data-source|npm::b", r#"{"ID":"ghsa","Name":"B","URL":"https://registry.test"}"#),
        ("vulnerability|CVE-1", r#"{"Title":"it breaks","VendorSeverity":{"nvd":3.0}}"#),
        ("Red Hat CPE|repository|r", "[1,2]"),
        ("Red Hat CPE|nvr|n", "[2,3]"),
    ];

    #[test]
    fn lookups() {
        let all = database(LINES);
        let found = all.advisories("npm::", "left-pad").unwrap();
        let short: Vec<_> = found.iter().map(|a| (a.id.as_str(), a.vulnerable_versions.join(","))).collect();
        assert_eq!(short, [("CVE-1", "<2.0".into()), ("CVE-2", String::new())], "the later source wins");
        assert_eq!(found[0].source.as_ref().unwrap().id, "ghsa");
        assert_eq!(all.detail("CVE-1").unwrap().unwrap().title, "it breaks");
        assert!(all.detail("CVE-9").unwrap().is_none() && all.advisories("npm::", "x").unwrap().is_empty());
        assert!(
            all.knows("npm::")
                && !all.knows("pip::")
                && all.knows("npm::a")
                && !all.knows("npm::"[..3].as_ref())
        );
        assert_eq!(all.products(&["r", "x"], &["n"]).unwrap(), [1, 2, 3]);
    }

    #[test]
    fn an_empty_or_broken_one_is_an_error() {
        let open = |lines: &[(&str, &str)]| Database::open(Bolt::open(Box::new(bytes(lines))).unwrap()).err();
        assert_eq!(open(&[]), Some(DatabaseError::Empty("vulnerability")));
        assert_eq!(open(&LINES[..4]), Some(DatabaseError::Empty("vulnerability")));
        assert_eq!(open(&LINES[5..6]), Some(DatabaseError::Empty("advisories")));
        let bad = database(&[("npm::a|p|CVE-1", "{"), ("vulnerability|CVE-1", "7")]);
        assert!(matches!(bad.advisories("npm::", "p"), Err(DatabaseError::Entry { .. })));
        assert!(matches!(bad.detail("CVE-1"), Err(DatabaseError::Entry { .. })));
    }

    #[test]
    fn metadata() {
        let text =
            br#"{"Version":2,"NextUpdate":"2026-11-24T02:36:19Z","UpdatedAt":"2026-11-23T02:36:19.5Z"}"#;
        let read = DatabaseMetadata::read(text).unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert!(!read.stale(at("2026-11-23T03:00:00Z")) && read.stale(at("2026-11-25T03:00:00Z")));
        assert!(read.built().is_some() && read.downloaded_at.is_empty());
        assert_eq!(DatabaseMetadata::read(br#"{"Version":1}"#), Err(DatabaseError::Schema(1)));
        assert!(DatabaseMetadata::read_java(br#"{"Version":1}"#).is_ok());
        assert!(DatabaseMetadata::read(b"").is_err());
    }
}
