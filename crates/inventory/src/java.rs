//! Java archives that do not say what they are, and the database that knows them by checksum.
//!
//! Semantics: Trivy's jar parser (`pkg/dependency/parser/java/jar`) and trivy-java-db: an archive's manifest counts when
//! the artefact it names is known, else its SHA-1, else its file name when a version of that name is known.

use crate::sqlite::{SqliteError, Value};
use crate::sqlite_index::Indexed;
use crate::stack::unknown;
use crate::{Ecosystem, Inventory, Package, ReadAt};
use model::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What names an artefact.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Artifact {
    /// Group.
    pub group: String,
    /// Name within the group.
    pub name: String,
    /// Version.
    pub version: String,
}

impl Artifact {
    pub(crate) fn complete(&self) -> bool {
        !(self.group.is_empty() || self.name.is_empty() || self.version.is_empty())
    }
}

/// An archive without a pom.properties of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JavaArchive {
    /// Where it is; what is nested in an archive follows the archive's path.
    pub path: String,
    /// SHA-1 of its bytes, lower-case hex.
    pub sha1: String,
    /// What its manifest says, to be held against the database.
    pub manifest: Artifact,
    /// What its manifest says so clearly that it counts without one.
    pub clear: Artifact,
    /// Name and version by its file name.
    pub file: Option<(String, String)>,
    /// Whether nothing in it says what it is, though its name has a version.
    pub silent: bool,
    /// Whether an artefact in it is called as it is: without a database it is taken for that one.
    pub named: bool,
    /// Uncompressed digest of the layer it is in.
    pub layer: Option<Digest>,
}

impl JavaArchive {
    /// Whether the database could tell what is otherwise not known.
    pub fn matters(&self) -> bool {
        self.silent || (!self.named && self.clear.complete())
    }

    fn package(&self, artifact: &Artifact) -> Package {
        let name = format!("{}:{}", artifact.group, artifact.name);
        Package {
            path: self.path.clone(),
            layer: self.layer.clone(),
            found_by: "jar".to_owned(),
            ..Package::new(Ecosystem::Maven, name, artifact.version.clone())
        }
    }

    /// What is taken of it when there is no database.
    fn alone(&self) -> Option<Package> {
        (!self.named && self.clear.complete()).then(|| self.package(&self.clear))
    }
}

const SILENT: &str = "it does not tell what it is; its checksum was not looked up";

/// Says what the archives of an inventory are, as far as they themselves do.
pub(crate) fn alone(out: &mut Inventory) {
    for archive in std::mem::take(&mut out.archives) {
        out.packages.extend(archive.alone());
        if archive.silent {
            unknown(out, &archive.path, SILENT, None);
        }
        out.archives.push(archive);
    }
}

/// Says what the archives of an inventory are by a database; what was taken without one is let go.
pub fn identify(out: &mut Inventory, database: &JavaDatabase) {
    for archive in std::mem::take(&mut out.archives) {
        let found = match database.artifact(&archive) {
            Ok(found) => found,
            Err(error) => {
                unknown(
                    out,
                    &archive.path,
                    &format!("the database of Java archives cannot be read: {error}"),
                    None,
                );
                continue;
            }
        };
        let alone = archive.alone();
        out.packages.retain(|package| Some(package) != alone.as_ref());
        out.unknown.retain(|gap| !(gap.what == archive.path && gap.why == SILENT));
        match found {
            Some(artifact) => {
                let package = archive.package(&artifact);
                let same = |p: &Package| {
                    (&p.name, &p.version, &p.path) == (&package.name, &package.version, &package.path)
                };
                if !out.packages.iter().any(same) {
                    out.packages.push(package);
                }
            }
            None if archive.silent => {
                unknown(
                    out,
                    &archive.path,
                    "it does not tell what it is, and its checksum is not known",
                    None,
                );
            }
            None => {}
        }
    }
    out.packages.sort();
    out.unknown.sort();
    out.unknown.dedup();
}

/// Trivy's database of Java archives.
pub struct JavaDatabase {
    file: Indexed,
}

/// Why the database cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct JavaDatabaseError(#[from] SqliteError);

impl JavaDatabase {
    /// Opens the database (SQLite, schema version 1).
    ///
    /// # Errors
    /// When it is no such file, or lacks one of its tables.
    pub fn open(source: Box<dyn ReadAt>) -> Result<Self, JavaDatabaseError> {
        let out = Self { file: Indexed::open(source)? };
        // A database that lacks a table would know nothing of anything.
        out.file.row("artifacts", 1)?;
        out.file.row("indices", 1)?;
        out.file.find("artifacts_idx", &[Value::Bytes(Vec::new())])?;
        out.file.find("indices_sha1_idx", &[Value::Bytes(Vec::new())])?;
        out.file.find("indices_artifact_idx", &[Value::Integer(0)])?;
        Ok(out)
    }

    fn artifact(&self, archive: &JavaArchive) -> Result<Option<Artifact>, SqliteError> {
        let manifest = &archive.manifest;
        if manifest.complete() && self.exists(&manifest.group, &manifest.name)? {
            return Ok(Some(manifest.clone()));
        }
        if let Some(found) = self.by_sha1(&archive.sha1)? {
            return Ok(Some(found));
        }
        let Some((name, version)) = &archive.file else { return Ok(None) };
        let group = self.group(name, version)?;
        Ok(group.map(|group| Artifact { group, name: name.clone(), version: version.clone() }))
    }

    /// Whether there is an archive of an artefact.
    fn exists(&self, group: &str, name: &str) -> Result<bool, SqliteError> {
        for entry in self.file.find("artifacts_idx", &[text(name), text(group)])? {
            if let Some(Value::Integer(id)) = entry.last()
                && !self.file.find("indices_artifact_idx", &[Value::Integer(*id)])?.is_empty()
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn by_sha1(&self, sha1: &str) -> Result<Option<Artifact>, SqliteError> {
        let digit = |at: usize| u8::from_str_radix(sha1.get(at..at.checked_add(2)?)?, 16).ok();
        let bytes: Vec<u8> = (0..sha1.len()).step_by(2).filter_map(digit).collect();
        let found = self.file.find("indices_sha1_idx", &[Value::Bytes(bytes)])?;
        let Some(Value::Integer(row)) = found.first().and_then(|entry| entry.last()) else { return Ok(None) };
        let indexed = self.file.row("indices", *row)?.ok_or(SqliteError::Damaged)?;
        let [Value::Integer(id), version, ..] = indexed.as_slice() else { return Err(SqliteError::Damaged) };
        match self.file.row("artifacts", *id)?.as_deref() {
            Some([_, group, name, ..]) => {
                Ok(Some(Artifact { group: string(group), name: string(name), version: string(version) }))
            }
            _ => Err(SqliteError::Damaged),
        }
    }

    /// The group of which a version of a name is known; of several the one with the most archives.
    fn group(&self, name: &str, version: &str) -> Result<Option<String>, SqliteError> {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for entry in self.file.find("artifacts_idx", &[text(name)])? {
            let [_, group, Value::Integer(id)] = entry.as_slice() else { continue };
            let archives = self.file.find("indices_artifact_idx", &[Value::Integer(*id)])?;
            let mut fit = 0_usize;
            for archive in &archives {
                let Some(Value::Integer(row)) = archive.last() else { continue };
                if let Some([_, of, _, kind, ..]) = self.file.row("indices", *row)?.as_deref()
                    && string(of) == version
                    && string(kind) == "jar"
                {
                    fit = fit.saturating_add(1);
                }
            }
            if fit > 0 {
                counts.insert(string(group), fit.saturating_mul(archives.len()));
            }
        }
        let most = counts.values().max().copied();
        Ok(counts.into_iter().find(|(_, count)| Some(*count) == most).map(|(group, _)| group))
    }
}

fn text(text: &str) -> Value {
    Value::Bytes(text.as_bytes().to_vec())
}

fn string(value: &Value) -> String {
    match value {
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by SQLite with Trivy's own schema: `com.example:app` 1.0.0 and 1.1.0, `org.example:app` 2.0.0, and two
    /// hundred and fifty more so that tables and indexes have inner pages. Checksums are twenty times the number of the row.
    const FILE: &[u8] = include_bytes!("../testdata/java.sqlite");

    fn archive(path: &str) -> JavaArchive {
        JavaArchive { path: path.into(), sha1: "ff".repeat(20), ..JavaArchive::default() }
    }

    fn named(group: &str, name: &str, version: &str) -> Artifact {
        Artifact { group: group.into(), name: name.into(), version: version.into() }
    }

    #[test]
    fn three_ways() {
        let database = JavaDatabase::open(Box::new(FILE.to_vec())).unwrap();
        let of = |archive: JavaArchive| {
            database.artifact(&archive).unwrap().map(|a| format!("{}:{}:{}", a.group, a.name, a.version))
        };
        let by =
            |group: &str, name: &str| JavaArchive { manifest: named(group, name, "9"), ..archive("a.jar") };
        assert_eq!(of(by("com.example", "app")).as_deref(), Some("com.example:app:9"));
        assert_eq!(of(by("com.other", "app")), None);
        let sum = |byte: &str| JavaArchive { sha1: byte.repeat(20), ..archive("a.jar") };
        assert_eq!(of(sum("02")).as_deref(), Some("com.example:app:1.1.0"));
        assert_eq!(of(sum("fe")), None);
        let file = |name: &str, version: &str| JavaArchive {
            file: Some((name.into(), version.into())),
            ..archive("a.jar")
        };
        assert_eq!(of(file("app", "2.0.0")).as_deref(), Some("org.example:app:2.0.0"));
        assert_eq!(of(file("lib-123", "1.0")).as_deref(), Some("com.many:lib-123:1.0"));
        assert_eq!((of(file("app", "3.0.0")), of(file("none", "1"))), (None, None));
    }

    #[test]
    fn inventories() {
        let database = JavaDatabase::open(Box::new(FILE.to_vec())).unwrap();
        let clear = named("com.clear", "lib", "1");
        let mut out = Inventory {
            archives: vec![
                JavaArchive { silent: true, sha1: "02".repeat(20), ..archive("known-1.jar") },
                JavaArchive { silent: true, ..archive("strange-1.jar") },
                JavaArchive { clear: clear.clone(), manifest: clear, ..archive("clear.jar") },
            ],
            ..Inventory::default()
        };
        alone(&mut out);
        assert_eq!((out.packages.len(), out.unknown.len(), out.archives.len()), (1, 2, 3));
        identify(&mut out, &database);
        let names: Vec<&str> = out.packages.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["com.example:app"], "a manifest that names nothing anybody knows does not count");
        assert_eq!(out.unknown.len(), 1);
        assert!(out.unknown[0].what == "strange-1.jar", "{:?}", out.unknown);
    }

    #[test]
    fn what_is_no_database() {
        assert!(JavaDatabase::open(Box::new(b"noise".to_vec())).is_err());
        assert!(JavaDatabase::open(Box::new(FILE[..8192].to_vec())).is_err());
        assert!(JavaDatabase::open(Box::new(include_bytes!("../testdata/rows.sqlite").to_vec())).is_err());
    }
}
