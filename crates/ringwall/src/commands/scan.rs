//! `ringwall scan`: what is in an image, and which of it matters.

use crate::exit::{self, Exit};
use crate::output;
use crate::scan::database;
use crate::scan::options::{DbArgs, ImageArgs, Options};
use crate::scan::{self, Outcome, Target, java};
use clap::{Args, Subcommand};
use model::Timestamp;
use std::path::PathBuf;

/// What to scan.
#[derive(Subcommand, Debug)]
pub(crate) enum ScanCommand {
    /// An image: from a registry, this machine's Docker, Podman or containerd, or an archive
    #[command(visible_alias = "i")]
    Image(Box<Named>),
    /// A folder: its lock files, and a system's packages if there is one
    #[command(visible_alias = "filesystem")]
    Fs(Box<Place>),
    /// A root file system: what is installed
    Rootfs(Box<Place>),
    /// A repository of sources on this machine: its lock files
    #[command(visible_alias = "repository")]
    Repo(Box<Place>),
    /// A bill of materials: CycloneDX or SPDX, in JSON
    Sbom(Box<Place>),
    /// Write a report in another format
    Convert(Box<Place>),
    /// The vulnerability database
    #[command(subcommand)]
    Db(DbCommand),
}

/// A target by name.
#[derive(Args, Debug)]
pub(crate) struct Named {
    /// The image
    image: Option<String>,
    #[command(flatten)]
    pub(crate) options: Options,
}

/// A target by path.
#[derive(Args, Debug)]
pub(crate) struct Place {
    /// Where it is
    path: PathBuf,
    #[command(flatten)]
    pub(crate) options: Options,
}

/// The vulnerability database.
#[derive(Subcommand, Debug)]
pub(crate) enum DbCommand {
    /// Fetch it
    Pull(Box<DbPlace>),
    /// Take it from a file: db.tar.gz as the repositories have it, or make it of dumps of advisories
    Import(Box<DbFile>),
    /// Where it is, how old, and what is in it
    Status(Box<DbPlace>),
}

/// Where the database is.
#[derive(Args, Debug)]
pub(crate) struct DbPlace {
    #[command(flatten)]
    db: DbArgs,
    #[command(flatten)]
    image: ImageArgs,
}

/// A database in a file, or what it is made of.
#[derive(Args, Debug)]
pub(crate) struct DbFile {
    /// The archive; or OSV's dumps (all.zip, records) and Alpine's security databases, as many as there are
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    db: DbArgs,
}

impl ScanCommand {
    /// Runs the verb.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        match self {
            Self::Db(command) => command.run(),
            Self::Convert(place) => end(&scan::convert(&place.path, &place.options)?, &place.options),
            other => {
                let (target, options) = other.target();
                if options.db.download_db_only {
                    database::pull(&options.db, &options.image, Timestamp::now())?;
                    return Ok(Exit::Done);
                }
                if options.db.download_java_db_only {
                    java::pull(&options.db, &options.image, Timestamp::now())?;
                    return Ok(Exit::Done);
                }
                end(&scan::run(&target, &options)?, &options)
            }
        }
    }

    /// Target and options of what is no report and no database.
    pub(crate) fn target(self) -> (Target, Options) {
        match self {
            Self::Image(named) => (Target::Image(named.image), named.options),
            Self::Fs(place) => (Target::Folder(place.path), place.options),
            Self::Rootfs(place) => (Target::Root(place.path), place.options),
            Self::Repo(place) => (Target::Repository(place.path), place.options),
            Self::Sbom(place) | Self::Convert(place) => (Target::Sbom(place.path), place.options),
            Self::Db(_) => (Target::Image(None), Options::none()),
        }
    }
}

/// Findings win over gaps; both are in the report.
fn end(outcome: &Outcome, options: &Options) -> anyhow::Result<Exit> {
    Ok(match outcome.code {
        0 if options.report.strict && !outcome.gaps.is_empty() => Exit::Incomplete,
        0 => Exit::Done,
        code => Exit::Code(code),
    })
}

impl DbCommand {
    fn run(self) -> anyhow::Result<Exit> {
        let now = Timestamp::now();
        match self {
            Self::Pull(place) => drop(database::pull(&place.db, &place.image, now)?),
            Self::Status(place) => output::write(&database::status(&place.db, now)?, None)?,
            Self::Import(given) => {
                let disk = match given.files.as_slice() {
                    [one] if database::is_archive(one)? => {
                        let mut input = std::fs::File::open(one)
                            .map_err(|error| exit::unreadable(format!("{}: {error}", one.display())))?;
                        database::import(&mut input, &given.db, now)?
                    }
                    dumps => database::from_dumps(dumps, &given.db, now)?,
                };
                output::say(&format!("{} is in place, {}", disk.path.display(), disk.age_in_words(now)));
            }
        }
        Ok(Exit::Done)
    }
}
