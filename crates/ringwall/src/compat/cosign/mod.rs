//! Cosign's command line: sign, attest, verify and keys, with Cosign's flags, defaults and exit codes.
//!
//! Semantics: cosign 3.1's own help and answers. Bare `--flag` and `--flag=true|false` as Go's flags take them.

mod flags;
mod keys;
mod sign;
mod verify;

use crate::output;
use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::process::ExitCode;

/// Cosign's words, answered by ringwall.
#[derive(Parser)]
#[command(name = "cosign", disable_version_flag = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Ignored: logs are ringwall's own
    #[arg(short = 'd', long, global = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    verbose: Option<bool>,
    /// How long to wait
    #[arg(short = 't', long, global = true, hide = true)]
    timeout: Option<String>,
    /// Write there what would go to stdout
    #[arg(long, global = true)]
    output_file: Option<std::path::PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Sign images
    Sign(Box<sign::Sign>),
    /// Sign a statement about an image
    Attest(Box<sign::Attest>),
    /// Sign a file
    #[command(name = "sign-blob")]
    SignBlob(Box<sign::SignBlob>),
    /// Verify signatures of images
    Verify(Box<verify::Verify>),
    /// Verify statements about images
    #[command(name = "verify-attestation")]
    VerifyAttestation(Box<verify::VerifyAttestation>),
    /// Verify the signature of a file
    #[command(name = "verify-blob")]
    VerifyBlob(Box<verify::VerifyBlob>),
    /// Make a key pair
    #[command(name = "generate-key-pair")]
    Generate(keys::Generate),
    /// Put an existing key under a password
    #[command(name = "import-key-pair")]
    Import(keys::Import),
    /// Print the public half of a key
    #[command(name = "public-key")]
    Public(keys::Public),
    /// What is attached to an image
    Tree(verify::Tree),
    /// The tag that Cosign derives from an image's digest
    Triangulate(verify::Triangulate),
    /// The version
    Version,
}

/// An error with the exit code Cosign gives it.
#[derive(Debug)]
pub(super) struct Failed {
    code: u8,
    message: String,
}

/// Cosign's exit codes for images (`cmd/cosign/errors/exit_codes.go`).
pub(super) const NO_SIGNATURE: u8 = 10;
pub(super) const NO_IMAGE: u8 = 11;
pub(super) const NO_MATCH: u8 = 12;
pub(super) const NO_CERTIFICATE: u8 = 13;

impl Failed {
    pub(super) fn with(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl From<anyhow::Error> for Failed {
    fn from(error: anyhow::Error) -> Self {
        Self::with(1, format!("{error:#}"))
    }
}

/// Runs Cosign's command line.
pub(crate) fn run(words: &[OsString]) -> ExitCode {
    crate::logging(0);
    let words = std::iter::once("cosign".into()).chain(words.iter().cloned());
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::from(error.use_stderr()));
        }
    };
    let to = cli.output_file.as_deref();
    let result = match cli.command {
        Command::Sign(args) => args.run(),
        Command::Attest(args) => args.run(),
        Command::SignBlob(args) => args.run(),
        Command::Verify(args) => args.run(to),
        Command::VerifyAttestation(args) => args.run(to),
        Command::VerifyBlob(args) => args.run(),
        Command::Generate(args) => args.run(),
        Command::Import(args) => args.run(),
        Command::Public(args) => args.run(),
        Command::Tree(args) => args.run(to),
        Command::Triangulate(args) => args.run(to),
        Command::Version => output::write(VERSION, to).map_err(Failed::from),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed { code, message }) => {
            let message = model::escape(&message);
            output::say(&format!("Error: {message}\nerror during command execution: {message}"));
            ExitCode::from(code)
        }
    }
}

const VERSION: &str =
    concat!("ringwall ", env!("CARGO_PKG_VERSION"), ", with the command line of cosign v3.1\n");
