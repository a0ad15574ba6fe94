//! Trivy's database of Java archives: where it lies, how it gets there, and what it is asked for.

use super::database::{Artifact, unpack};
use super::file::{Positioned, cache};
use super::options::{DbArgs, ImageArgs, Options};
use crate::{exit, output};
use anyhow::Context as _;
use inventory::{Inventory, JavaDatabase};
use model::{Gap, Ring, Timestamp};
use std::path::PathBuf;
use vuln::trivy::DatabaseMetadata;

/// Name of the database.
const FILE: &str = "trivy-java.db";
/// Seconds after a download in which no newer one is asked for.
const FRESH: i64 = 86_400;

fn folder(options: &DbArgs) -> PathBuf {
    cache(options.cache_dir.as_deref()).join("java-db")
}

/// What is there; `None` when there is no database.
fn look(options: &DbArgs) -> anyhow::Result<Option<DatabaseMetadata>> {
    let folder = folder(options);
    if !folder.join(FILE).exists() {
        return Ok(None);
    }
    let beside = folder.join("metadata.json");
    let text = std::fs::read(&beside).with_context(|| beside.display().to_string())?;
    let metadata = DatabaseMetadata::read_java(&text).with_context(|| beside.display().to_string())?;
    Ok(Some(metadata))
}

/// Whether a newer one is to be asked for.
fn stale(metadata: &DatabaseMetadata, now: Timestamp) -> bool {
    let fetched: Option<Timestamp> = metadata.downloaded_at.parse().ok();
    metadata.stale(now) && fetched.is_none_or(|at| now.as_second().saturating_sub(at.as_second()) >= FRESH)
}

fn open(options: &DbArgs) -> anyhow::Result<JavaDatabase> {
    let path = folder(options).join(FILE);
    let file = Positioned::open(&path)?;
    JavaDatabase::open(Box::new(file)).with_context(|| path.display().to_string())
}

/// Fetches the database from the first repository that has it.
pub(crate) fn pull(options: &DbArgs, image: &ImageArgs, now: Timestamp) -> anyhow::Result<()> {
    let artifact = Artifact {
        what: "database of Java archives",
        tag: "1",
        layer: "application/vnd.aquasec.trivy.javadb.layer.v1.tar+gzip",
        quiet: options.no_progress,
    };
    let mut failed = Vec::new();
    for name in &options.java_db_repository {
        let fetched = artifact.fetch(name, image, &mut |stream| {
            unpack(stream, &folder(options), FILE, now, &|path, text| {
                DatabaseMetadata::read_java(text).map_err(|error| exit::unreadable(error.to_string()))?;
                JavaDatabase::open(Box::new(Positioned::open(path)?)).context("the database")?;
                Ok(())
            })
        });
        match fetched {
            Ok(()) => return Ok(()),
            Err(error) => failed.push(format!("{name}: {error:#}")),
        }
    }
    Err(exit::unreadable(format!("the database of Java archives cannot be fetched: {}", failed.join("; "))))
}

/// Says what the archives are that do not say it themselves. Without the database they stay what they are: taken by
/// their manifest, or unknown. It is fetched when one of them would be unknown otherwise.
pub(crate) fn identify(inventory: &mut Inventory, options: &Options, now: Timestamp) {
    if inventory.archives.is_empty() {
        return;
    }
    if let Err(error) = ask(inventory, options, now) {
        let what = "Java archives that do not say what they are".to_owned();
        let gap = Gap { ring: Ring::Images, what, why: format!("{error:#}"), asked: true, help: None };
        inventory.unknown.push(gap);
    }
}

fn ask(inventory: &mut Inventory, options: &Options, now: Timestamp) -> anyhow::Result<()> {
    let db = &options.db;
    let found = look(db)?;
    let allowed = !(db.skip_java_db_update || options.scan.offline_scan)
        && inventory.archives.iter().any(inventory::JavaArchive::matters);
    if allowed && found.as_ref().is_none_or(|metadata| stale(metadata, now)) {
        match pull(db, &options.image, now) {
            Err(error) if found.is_some() => {
                output::say(&format!("warning: {error:#}; the older one is used"));
            }
            other => other?,
        }
    } else if found.is_none() {
        return Ok(());
    }
    inventory::identify(inventory, &open(db)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn staleness() {
        let now: Timestamp = "2026-01-10T00:00:00Z".parse().unwrap();
        for (next, fetched, want) in [
            ("2026-01-11T00:00:00Z", "2026-01-01T00:00:00Z", false),
            ("2026-01-09T00:00:00Z", "2026-01-01T00:00:00Z", true),
            ("2026-01-09T00:00:00Z", "2026-01-09T12:00:00Z", false),
            ("2026-01-09T00:00:00Z", "", true),
        ] {
            let metadata = DatabaseMetadata {
                next_update: next.into(),
                downloaded_at: fetched.into(),
                ..DatabaseMetadata::default()
            };
            assert_eq!(stale(&metadata, now), want, "{next} {fetched}");
        }
    }
}
