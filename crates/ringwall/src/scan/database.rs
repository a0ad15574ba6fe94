//! Trivy's database on disk: where it lies, how old it is, how it gets there.

use super::file::{Positioned, cache};
use super::options::{DbArgs, ImageArgs};
use super::remote::Remote;
use crate::{exit, output};
use anyhow::Context as _;
use inventory::Limits;
use model::{Digest, Reference, Timestamp};
use sources::registry::{Document, Which};
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use vuln::bolt::Bolt;
use vuln::trivy::{Database, DatabaseMetadata};

/// The folder of the database.
pub(crate) fn folder(options: &DbArgs) -> PathBuf {
    cache(options.cache_dir.as_deref()).join("db")
}

/// What is there.
pub(crate) struct OnDisk {
    pub(crate) path: PathBuf,
    pub(crate) metadata: DatabaseMetadata,
}

impl OnDisk {
    /// Looks; `None` when there is no database. One without metadata, or of another schema, is an error.
    pub(crate) fn look(options: &DbArgs) -> anyhow::Result<Option<Self>> {
        let path = folder(options).join("trivy.db");
        if !path.exists() {
            return Ok(None);
        }
        let beside = folder(options).join("metadata.json");
        let text = std::fs::read(&beside)
            .map_err(|error| exit::unreadable(format!("{}: {error}", beside.display())))?;
        let metadata = DatabaseMetadata::read(&text)
            .map_err(|error| exit::unreadable(format!("{}: {error}", beside.display())))?;
        Ok(Some(Self { path, metadata }))
    }

    /// How old it is.
    pub(crate) fn age(&self, now: Timestamp) -> Option<Duration> {
        let seconds = now.as_second() - self.metadata.built()?.as_second();
        u64::try_from(seconds).ok().map(Duration::from_secs)
    }

    /// `built 2 days ago`.
    pub(crate) fn age_in_words(&self, now: Timestamp) -> String {
        match self.age(now).map(|age| age.as_secs()) {
            None => "of unknown age".to_owned(),
            Some(seconds) if seconds < 7200 => format!("built {} minutes ago", seconds / 60),
            Some(seconds) if seconds < 172_800 => format!("built {} hours ago", seconds / 3600),
            Some(seconds) => format!("built {} days ago", seconds / 86_400),
        }
    }

    /// Opens it.
    pub(crate) fn open(&self) -> anyhow::Result<Database> {
        let file = Positioned::open(&self.path)?;
        let say = |why: String| exit::unreadable(format!("{}: {why}", self.path.display()));
        let bolt = Bolt::open(Box::new(file)).map_err(|error| say(error.to_string()))?;
        Database::open(bolt).map_err(|error| say(error.to_string()))
    }
}

/// `24h`, `7d`, `90m`, `3600s`.
pub(crate) fn duration(text: &str) -> anyhow::Result<Duration> {
    let wrong = || exit::usage(format!("{text} is no age; write it as 24h or 7d"));
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let unit = match unit {
        "d" => 86_400,
        "h" => 3600,
        "m" => 60,
        "s" => 1,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    Ok(Duration::from_secs(number.saturating_mul(unit)))
}

/// The database to scan with: fetched first where it is missing or a newer one is to be expected, unless the options
/// say otherwise.
pub(crate) fn ready(
    options: &DbArgs,
    image: &ImageArgs,
    offline: bool,
    now: Timestamp,
) -> anyhow::Result<OnDisk> {
    let found = OnDisk::look(options)?;
    let wanted = match &found {
        None => true,
        Some(disk) => disk.metadata.downloaded_at.is_empty() || disk.metadata.stale(now),
    };
    let allowed = !options.skip_db_update && !offline;
    let disk = match (found, wanted && allowed) {
        (Some(disk), false) => disk,
        (None, false) => {
            return Err(exit::unreadable(format!(
                "there is no vulnerability database in {}; `ringwall scan db pull` fetches one, `ringwall scan db import FILE` takes one from a file",
                folder(options).display()
            )));
        }
        (found, true) => match (pull(options, image, now), found) {
            (Ok(disk), _) => disk,
            // An older database is better than none, as long as its age is said.
            (Err(error), Some(disk)) => {
                output::say(&format!("warning: {error:#}; the database {} is used", disk.age_in_words(now)));
                disk
            }
            (Err(error), None) => return Err(error),
        },
    };
    if let Some(limit) = &options.max_db_age {
        let limit = duration(limit)?;
        if disk.age(now).is_none_or(|age| age > limit) {
            return Err(exit::unreadable(format!(
                "the vulnerability database is {}, older than --max-db-age allows",
                disk.age_in_words(now)
            )));
        }
    }
    Ok(disk)
}

/// Media type of the only layer.
const LAYER: &str = "application/vnd.aquasec.trivy.db.layer.v1.tar+gzip";

/// Fetches the database from the first repository that has it.
pub(crate) fn pull(options: &DbArgs, image: &ImageArgs, now: Timestamp) -> anyhow::Result<OnDisk> {
    let mut failed = Vec::new();
    for name in &options.db_repository {
        match pull_from(name, options, image, now) {
            Ok(disk) => return Ok(disk),
            Err(error) => failed.push(format!("{name}: {error:#}")),
        }
    }
    Err(exit::unreadable(format!("the vulnerability database cannot be fetched: {}", failed.join("; "))))
}

fn pull_from(name: &str, options: &DbArgs, image: &ImageArgs, now: Timestamp) -> anyhow::Result<OnDisk> {
    let artifact =
        Artifact { what: "vulnerability database", tag: "2", layer: LAYER, quiet: options.no_progress };
    let disk = artifact.fetch(name, image, &mut |stream| import(stream, options, now))?;
    if !options.no_progress {
        output::say(&format!("the vulnerability database is there, {}", disk.age_in_words(now)));
    }
    Ok(disk)
}

/// A database as registries keep it: a manifest with one layer.
pub(super) struct Artifact {
    /// What it is, in words.
    pub(super) what: &'static str,
    /// The tag when none is given: its schema version.
    pub(super) tag: &'static str,
    /// Media type of the only layer.
    pub(super) layer: &'static str,
    /// Whether nothing is said of it.
    pub(super) quiet: bool,
}

impl Artifact {
    /// Hands the layer, as a stream that is held against its digest, to whoever takes it.
    pub(super) fn fetch<T>(
        &self,
        name: &str,
        image: &ImageArgs,
        take: &mut dyn FnMut(&mut dyn Read) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let mut reference: Reference =
            name.parse().map_err(|error| exit::usage(format!("{name}: {error}")))?;
        if !name.rsplit('/').next().unwrap_or_default().contains([':', '@']) {
            reference.tag = Some(self.tag.into());
        }
        let remote = Remote::new(&reference, image)?;
        let manifest = remote.manifest(&Which::of(&reference))?;
        let Document::Image(manifest) = manifest.document().map_err(exit::unreadable)? else {
            return Err(exit::unreadable("it is an index, not a database"));
        };
        let [layer] = manifest.layers().as_slice() else {
            return Err(exit::unreadable(format!(
                "it has {} layers; a database has one",
                manifest.layers().len()
            )));
        };
        if layer.media_type().to_string() != self.layer {
            return Err(exit::unreadable(format!("its layer is {}, not a database", layer.media_type())));
        }
        let digest = Digest::parse(layer.digest().as_ref()).context("the layer's digest is malformed")?;
        if !self.quiet {
            output::say(&format!("fetching the {} from {name} ({} MiB)", self.what, layer.size() >> 20));
        }
        let mut stream = remote.stream(&digest, Some(layer.size()))?;
        take(&mut stream)
    }
}

/// Takes a database from an archive (`db.tar.gz`: trivy.db and metadata.json), holds it against everything a database
/// must be, and puts it in place whole.
pub(crate) fn import(input: &mut dyn Read, options: &DbArgs, now: Timestamp) -> anyhow::Result<OnDisk> {
    unpack(input, &folder(options), "trivy.db", now, &|path, text| {
        let metadata = DatabaseMetadata::read(text).map_err(|error| exit::unreadable(error.to_string()))?;
        OnDisk { path: path.to_owned(), metadata }.open().map(drop)
    })?;
    OnDisk::look(options)?.context("the database is gone again")
}

/// Makes a database out of dumps of advisories: OSV's zip archives or records, Alpine's own documents.
pub(crate) fn from_dumps(files: &[PathBuf], options: &DbArgs, now: Timestamp) -> anyhow::Result<OnDisk> {
    let mut advisories = vuln::Advisories::default();
    let mut odd = 0_usize;
    for path in files {
        let said = |why: String| exit::unreadable(format!("{}: {why}", path.display()));
        let bytes = std::fs::read(path).map_err(|error| said(error.to_string()))?;
        let before = advisories.len();
        let mut read = |id: &str, text: &[u8]| {
            let source = vuln::source(id).into_iter();
            odd +=
                source.map(|s| (s.read)(text, &yaml::Caps::default(), &mut advisories).len()).sum::<usize>();
        };
        let first = bytes.trim_ascii_start().first().copied();
        if bytes.starts_with(b"PK") {
            inventory::unzip(&bytes, &Limits::default(), &mut |_, text| read("osv", text))
                .map_err(|error| said(error.to_string()))?;
        } else if first == Some(b'{') && !bytes.windows(12).any(|w| w == b"\"secfixes\":") {
            read("osv", &bytes);
        } else {
            read("alpine-secdb", &bytes);
        }
        if advisories.len() == before {
            return Err(said("no advisories: neither a database, nor a dump of OSV's or Alpine's".into()));
        }
    }
    let folder = folder(options);
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let fresh = folder.join("trivy.db");
    let bytes = vuln::trivy::dump::database(&advisories);
    output::whole(&fresh, |file| file.write_all(&bytes)).with_context(|| fresh.display().to_string())?;
    // A newer one is to be expected as soon as from a registry.
    let next = Timestamp::from_second(now.as_second().saturating_add(86_400)).unwrap_or(now).to_string();
    let now = now.to_string();
    let metadata =
        serde_json::json!({"Version": 2, "NextUpdate": next, "UpdatedAt": now, "DownloadedAt": now});
    let path = folder.join("metadata.json");
    output::whole(&path, |file| file.write_all(metadata.to_string().as_bytes()))
        .with_context(|| path.display().to_string())?;
    output::say(&format!(
        "{} advisories of {} files; {odd} parts of them could not be read. Scan with --skip-db-update, or a newer \
         database is fetched in a day",
        advisories.len(),
        files.len()
    ));
    let disk = OnDisk::look(options)?.context("the database is gone again")?;
    disk.open()?;
    Ok(disk)
}

/// Whether a file is an archive, plain or compressed, as repositories keep databases.
pub(crate) fn is_archive(path: &Path) -> anyhow::Result<bool> {
    let head = Positioned::open(path).map_err(|error| exit::unreadable(format!("{error:#}")))?.head(512);
    let compressed = head.starts_with(&[0x1f, 0x8b]) || head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
    Ok(compressed || head.get(257..262) == Some(b"ustar"))
}

/// Unpacks a database and its metadata.json, lets both be judged, and puts them in place whole.
pub(super) fn unpack(
    input: &mut dyn Read,
    folder: &Path,
    name: &str,
    now: Timestamp,
    judge: &dyn Fn(&Path, &[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let fresh = tempfile::TempDir::new_in(folder).with_context(|| folder.display().to_string())?;
    let limits = Limits { layer_bytes: 8 << 30, ratio_free: 1 << 30, ..Limits::default() };
    inventory::untar(input, &limits, &mut |member, _, body| {
        if member == name || member == "metadata.json" {
            let mut file = std::fs::File::create(fresh.path().join(member))?;
            std::io::copy(body, &mut file)?;
            file.flush()?;
        }
        Ok(())
    })
    .map_err(|error| exit::unreadable(format!("the archive of the database: {error}")))?;
    let text = std::fs::read(fresh.path().join("metadata.json"))
        .map_err(|_| exit::unreadable("the archive holds no metadata.json"))?;
    judge(&fresh.path().join(name), &text)?;
    let mut value: serde_json::Value = serde_json::from_slice(&text)?;
    if let Some(fields) = value.as_object_mut() {
        fields.insert("DownloadedAt".into(), now.to_string().into());
    }
    // The database first: metadata tells of what is there.
    place(&fresh.path().join(name), &folder.join(name))?;
    let path = folder.join("metadata.json");
    output::whole(&path, |file| file.write_all(value.to_string().as_bytes()))
        .with_context(|| path.display().to_string())
}

fn place(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::rename(from, to).with_context(|| to.display().to_string())
}

/// What is there, for a person.
pub(crate) fn status(options: &DbArgs, now: Timestamp) -> anyhow::Result<String> {
    let Some(disk) = OnDisk::look(options)? else {
        return Err(exit::unreadable(format!(
            "there is no vulnerability database in {}",
            folder(options).display()
        )));
    };
    let database = disk.open()?;
    let names: Vec<&str> = database.names().collect();
    let metadata = &disk.metadata;
    let next = if metadata.stale(now) { "a newer one is to be expected" } else { "current" };
    Ok(format!(
        "{}\n  {}, {next}\n  updated {}, next {}\n  {} sources: {}\n",
        disk.path.display(),
        disk.age_in_words(now),
        metadata.updated_at,
        metadata.next_update,
        names.len(),
        model::escape(&names.join(", "))
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages() {
        for (text, want) in [("24h", 86_400), ("7d", 604_800), ("90m", 5400), ("5s", 5)] {
            assert_eq!(duration(text).unwrap().as_secs(), want, "{text}");
        }
        for text in ["", "7", "d", "-1d", "7w"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
