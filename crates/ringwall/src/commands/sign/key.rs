//! `sign key`: keys in Cosign's files.

use crate::exit::{self, Exit};
use crate::output;
use crate::signatures::{keys, random};
use clap::{Args, Subcommand};
use signing::PrivateKey;
use std::path::PathBuf;

/// Keys in the files Cosign reads and writes.
#[derive(Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key pair (ECDSA P-256): PREFIX.key under a password, and PREFIX.pub
    Generate(GenerateArgs),
    /// Put an existing private key (PEM: EC, RSA, PKCS #8) under a password, as PREFIX.key and PREFIX.pub
    Import(ImportArgs),
    /// Print the public half of a private key
    Public(PublicArgs),
}

#[derive(Args)]
pub(crate) struct GenerateArgs {
    #[command(flatten)]
    to: ToArgs,
}

#[derive(Args)]
pub(crate) struct ImportArgs {
    /// The private key
    #[arg(long, value_name = "FILE")]
    key: String,
    #[command(flatten)]
    to: ToArgs,
}

#[derive(Args)]
struct ToArgs {
    /// Files to write: PREFIX.key and PREFIX.pub
    #[arg(long, value_name = "PREFIX", default_value = "cosign")]
    output_key_prefix: String,
    /// Replace files that are there
    #[arg(long)]
    force: bool,
}

#[derive(Args)]
pub(crate) struct PublicArgs {
    /// The private key
    #[arg(long, value_name = "KEY")]
    key: String,
    /// Write it there instead of to stdout
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,
}

impl KeyCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        match self {
            Self::Generate(args) => {
                args.to.check()?;
                args.to.write(&generated()?)
            }
            Self::Import(args) => {
                args.to.check()?;
                let text = keys::text(&args.key)?;
                let key = PrivateKey::import(&text)
                    .map_err(|error| exit::unreadable(format!("{}: {error}", model::escape(&args.key))))?;
                args.to.write(&key)
            }
            Self::Public(args) => {
                let key = keys::private(&args.key)?;
                output::write(&key.public().to_pem(), args.output_file.as_deref())?;
                Ok(Exit::Done)
            }
        }
    }
}

/// A new key, from the kernel's randomness.
pub(crate) fn generated() -> anyhow::Result<PrivateKey> {
    let mut failed = None;
    let key = PrivateKey::generate(&mut |bytes| failed = failed.take().or(random(bytes).err()));
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(key?),
    }
}

/// A key under a password, as Cosign's file.
pub(crate) fn sealed(key: &PrivateKey, password: &[u8]) -> anyhow::Result<String> {
    let mut failed = None;
    let sealed = key.seal(password, &mut |bytes| failed = failed.take().or(random(bytes).err()));
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(sealed?),
    }
}

impl ToArgs {
    fn paths(&self) -> (PathBuf, PathBuf) {
        (format!("{}.key", self.output_key_prefix).into(), format!("{}.pub", self.output_key_prefix).into())
    }

    /// Before a password is asked for.
    fn check(&self) -> anyhow::Result<()> {
        let (key, public) = self.paths();
        for path in [key, public] {
            if path.exists() && !self.force {
                let path = path.display().to_string();
                return Err(exit::usage(format!(
                    "{} is there already; --force replaces it",
                    model::escape(&path)
                )));
            }
        }
        Ok(())
    }

    fn write(&self, key: &PrivateKey) -> anyhow::Result<Exit> {
        let password = keys::password("Password of the new key: ", true)?;
        if password.is_empty() {
            output::say("warning: the password is empty; whoever reads the file can sign");
        }
        let (private, public) = self.paths();
        keys::write_new(&private, sealed(key, &password)?.as_bytes(), true, self.force)?;
        keys::write_new(&public, key.public().to_pem().as_bytes(), false, self.force)?;
        output::say(&format!(
            "wrote {} (keep it) and {} (give it to whoever verifies)",
            model::escape(&private.display().to_string()),
            model::escape(&public.display().to_string())
        ));
        Ok(Exit::Done)
    }
}
