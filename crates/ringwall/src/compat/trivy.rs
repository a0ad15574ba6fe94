//! Under the name `trivy`: its commands, flags, variables, settings file and exit codes.

use crate::commands::scan::ScanCommand;
use crate::output;
use crate::scan::options::Options;
use crate::scan::{self, Target, database, java, settings};
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use model::Timestamp;
use std::ffi::OsString;
use std::process::ExitCode;

/// The version of Trivy whose command line this is.
const VERSION: &str = "0.74.0";

/// Unified security scanner, as far as `ringwall scan` goes
#[derive(Parser)]
#[command(name = "trivy", disable_version_flag = true)]
struct Cli {
    /// Show the version
    #[arg(short, long, global = true)]
    version: bool,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    #[command(flatten)]
    Scan(Box<ScanCommand>),
    /// Remove what is kept
    Clean(Box<Clean>),
    /// Print the version
    Version(Version),
    /// Scan a cluster (not there: `ringwall risk` and `ringwall check` look at clusters)
    #[command(visible_alias = "k8s")]
    Kubernetes(Rest),
    /// Scan configuration (not there: `ringwall check` judges manifests)
    #[command(visible_alias = "conf")]
    Config(Rest),
    #[command(hide = true)]
    Server(Rest),
    #[command(hide = true)]
    Client(Rest),
    #[command(hide = true)]
    Plugin(Rest),
    #[command(hide = true)]
    Module(Rest),
    #[command(hide = true)]
    Vm(Rest),
}

#[derive(clap::Args)]
struct Clean {
    /// Everything
    #[arg(short, long)]
    all: bool,
    /// The vulnerability database
    #[arg(long)]
    vuln_db: bool,
    /// The layers
    #[arg(long)]
    scan_cache: bool,
    #[arg(long, hide = true)]
    java_db: bool,
    #[arg(long, hide = true)]
    checks_bundle: bool,
    #[arg(long, hide = true)]
    vex_repo: bool,
    #[command(flatten)]
    options: Options,
}

#[derive(clap::Args)]
struct Version {
    #[arg(short, long, default_value = "")]
    format: String,
    #[arg(long, env = "TRIVY_CACHE_DIR", hide_env = true)]
    cache_dir: Option<std::path::PathBuf>,
}

#[derive(clap::Args)]
struct Rest {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _words: Vec<OsString>,
}

/// Runs a command line; `words` begins with the name of the program.
pub(crate) fn run(words: &[OsString]) -> ExitCode {
    crate::logging(0);
    let words: Vec<OsString> = std::iter::once("trivy".into()).chain(commands_first(words)).collect();
    match answer(&words) {
        Ok(code) => ExitCode::from(code),
        Err(Failure::Usage(error)) => {
            let _ = error.print();
            if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
        }
        Err(Failure::Other(error)) => {
            output::say(&format!("FATAL\tFatal error\t{}", model::escape(&format!("{error:#}"))));
            ExitCode::FAILURE
        }
    }
}

/// Flags that stand before the command stand behind it: both are right, and only there they are looked for.
fn commands_first(words: &[OsString]) -> Vec<OsString> {
    let valued = ["--cache-dir", "--config", "-c", "--timeout", "--cacert"];
    let mut at = 0;
    while let Some(word) = words.get(at).and_then(|word| word.to_str()).filter(|word| word.starts_with('-')) {
        at += if valued.contains(&word) { 2 } else { 1 };
    }
    match words.split_at_checked(at) {
        Some((flags, [command, rest @ ..])) if !flags.is_empty() => {
            std::iter::once(command).chain(flags).chain(rest).cloned().collect()
        }
        _ => words.to_vec(),
    }
}

enum Failure {
    Usage(clap::Error),
    Other(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

fn answer(words: &[OsString]) -> Result<u8, Failure> {
    let mut command = Cli::command();
    let (path, asked) = settings::file(words);
    match std::fs::read(&path) {
        Ok(text) => {
            let bad = |why| anyhow::anyhow!("{}: {why}", path.display());
            command = settings::defaults(command, &text).map_err(bad)?;
        }
        Err(error) if asked => return Err(anyhow::anyhow!("{}: {error}", path.display()).into()),
        Err(_) => {}
    }
    let matches = command.try_get_matches_from(words).map_err(Failure::Usage)?;
    let cli = Cli::from_arg_matches(&matches).map_err(Failure::Usage)?;
    if cli.version {
        version("", None)?;
        return Ok(0);
    }
    match cli.command {
        None => {
            let _ = Cli::command().print_help();
            Ok(0)
        }
        Some(Command::Scan(command)) => scan(*command).map_err(Failure::Other),
        Some(Command::Clean(args)) => clean(&args).map_err(Failure::Other),
        Some(Command::Version(args)) => {
            version(&args.format, args.cache_dir)?;
            Ok(0)
        }
        Some(_) => Err(anyhow::anyhow!("this command of Trivy is not there").into()),
    }
}

fn scan(command: ScanCommand) -> anyhow::Result<u8> {
    match command {
        ScanCommand::Db(_) => anyhow::bail!("`db` is a word of `ringwall scan`"),
        ScanCommand::Convert(place) => {
            let (target, options) = ScanCommand::Convert(place).target();
            let Target::Sbom(path) = target else { anyhow::bail!("a report is a file") };
            Ok(scan::convert(&path, &options)?.code)
        }
        command => {
            let (target, options) = command.target();
            if options.db.download_db_only {
                database::pull(&options.db, &options.image, Timestamp::now())?;
                return Ok(0);
            }
            if options.db.download_java_db_only {
                java::pull(&options.db, &options.image, Timestamp::now())?;
                return Ok(0);
            }
            Ok(scan::run(&target, &options)?.code)
        }
    }
}

/// Removes what is kept: with `--all` everything, else what is named.
fn clean(args: &Clean) -> anyhow::Result<u8> {
    let folder = database::folder(&args.options.db);
    let cache = folder.parent().unwrap_or(&folder);
    let named = args.vuln_db || args.scan_cache || args.java_db || args.checks_bundle || args.vex_repo;
    anyhow::ensure!(args.all || named, "say what to remove: --all, --vuln-db, --scan-cache");
    let parts = [
        (args.vuln_db, cache.join("db")),
        (args.scan_cache, cache.join("ringwall")),
        (args.java_db, cache.join("java-db")),
    ];
    for (wanted, path) in parts {
        if (args.all || wanted) && path.exists() {
            std::fs::remove_dir_all(&path)?;
        }
    }
    Ok(0)
}

/// The version of the tool whose words these are, and the database's.
fn version(format: &str, cache: Option<std::path::PathBuf>) -> anyhow::Result<()> {
    let mut options = Options::none();
    options.db.cache_dir = cache.or(options.db.cache_dir);
    let found = database::OnDisk::look(&options.db).ok().flatten();
    if format == "json" {
        let mut value = serde_json::json!({ "Version": VERSION });
        if let Some(disk) = &found {
            let m = &disk.metadata;
            value["VulnerabilityDB"] = serde_json::json!({
                "Version": m.version, "NextUpdate": m.next_update, "UpdatedAt": m.updated_at, "DownloadedAt": m.downloaded_at,
            });
        }
        return output::write(&format!("{value}\n"), None);
    }
    let mut text = format!("Version: {VERSION}\n");
    if let Some(disk) = &found {
        let m = &disk.metadata;
        text.push_str(&format!(
            "Vulnerability DB:\n  Version: {}\n  UpdatedAt: {}\n  NextUpdate: {}\n  DownloadedAt: {}\n",
            m.version, m.updated_at, m.next_update, m.downloaded_at
        ));
    }
    text.push_str(concat!("Provided by: ringwall ", env!("CARGO_PKG_VERSION"), "\n"));
    output::write(&text, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_before_the_command() {
        for (words, want) in [
            ("-q --cache-dir D repo --format json x", "repo -q --cache-dir D --format json x"),
            ("--cache-dir=D fs x", "fs --cache-dir=D x"),
            ("image x -q", "image x -q"),
            ("--version", "--version"),
            ("--config", "--config"),
        ] {
            let words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
            let got: Vec<String> =
                commands_first(&words).into_iter().map(|word| word.into_string().unwrap()).collect();
            assert_eq!(got.join(" "), want);
        }
    }
}
