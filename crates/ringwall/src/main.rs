//! The `ringwall` command: Kubernetes security in depth, in one binary.

mod alerts;
mod commands;
mod compat;
mod detection;
mod exit;
mod inputs;
mod knowledge;
mod node;
mod output;
mod page_server;
mod phase;
mod pipeline;
mod place;
mod rule_files;
mod scan;
mod signatures;
mod state;

use clap::{CommandFactory as _, FromArgMatches as _, Parser};
use exit::Exit;
use std::process::ExitCode;

/// Kubernetes security in depth: find what an attacker could do, and what to fix first.
///
/// Exit codes: 0 done; 1 findings at or above --fail-on, or the answer is no; 2 usage; 3 something asked for could
/// not be read; 4 internal error.
#[derive(Parser)]
#[command(
    name = "ringwall",
    version,
    propagate_version = false,
    disable_help_subcommand = true,
    max_term_width = 100
)]
struct Cli {
    #[command(subcommand)]
    command: commands::Command,

    /// Say more on stderr; twice for details
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,
}

fn main() -> ExitCode {
    // One TLS provider for everything; a second call would be refused, which is fine.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let given: Vec<std::ffi::OsString> = std::env::args_os().collect();
    if let Some(end) = compat::run(&given) {
        return end;
    }
    let words = match settled(words()) {
        Ok(words) => words,
        Err(error) => {
            output::complain(&format!("{error:#}"));
            return Exit::Usage.into();
        }
    };
    let parsed = words.0.try_get_matches_from(words.1).and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    logging(cli.verbose);
    match cli.command.run() {
        Ok(exit) => exit.into(),
        Err(error) => {
            // A reader that went away is no failure of ours.
            if error
                .downcast_ref::<std::io::Error>()
                .is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
            {
                return Exit::Done.into();
            }
            output::complain(&format!("{error:#}"));
            exit::of(&error).into()
        }
    }
}

/// The grammar with the defaults of a trivy.yaml, where the words are for `scan`.
fn settled(words: Vec<std::ffi::OsString>) -> anyhow::Result<(clap::Command, Vec<std::ffi::OsString>)> {
    let command = Cli::command();
    if words
        .iter()
        .skip(1)
        .find(|word| !word.to_string_lossy().starts_with('-'))
        .is_none_or(|word| word != "scan")
    {
        return Ok((command, words));
    }
    let (path, asked) = scan::settings::file(&words);
    match std::fs::read(&path) {
        Ok(text) => {
            let bad = |why| anyhow::anyhow!("{}: {why}", path.display());
            Ok((scan::settings::defaults(command, &text).map_err(bad)?, words))
        }
        Err(error) if asked => Err(anyhow::anyhow!("{}: {error}", path.display())),
        Err(_) => Ok((command, words)),
    }
}

/// Words of the command line; as `kubectl-ringwall` the usage says `kubectl ringwall`.
fn words() -> Vec<std::ffi::OsString> {
    let mut words = std::env::args_os();
    let plugin = words.next().is_some_and(|first| {
        std::path::Path::new(&first).file_stem().is_some_and(|name| name == "kubectl-ringwall")
    });
    let name = if plugin { "kubectl ringwall" } else { "ringwall" };
    std::iter::once(name.into()).chain(words).collect()
}

fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() }
}

fn logging(verbose: u8) {
    let level = match verbose {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("RINGWALL_LOG").unwrap_or_else(|_| level.into());
    let color = std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(color)
        .without_time()
        .init();
}
