//! `cosign generate-key-pair`, `import-key-pair` and `public-key`.

use super::Failed;
use crate::commands::sign::{generated, sealed};
use crate::output;
use crate::signatures::keys;
use clap::Args;
use signing::PrivateKey;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(super) struct Generate {
    #[arg(long, default_value = "cosign")]
    output_key_prefix: String,
    #[arg(long)]
    kms: Option<String>,
}

#[derive(Args)]
pub(super) struct Import {
    #[arg(short, long)]
    key: String,
    #[arg(short, long, default_value = "import-cosign")]
    output_key_prefix: String,
    #[arg(short, long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    yes: Option<bool>,
}

#[derive(Args)]
pub(super) struct Public {
    #[arg(long)]
    key: String,
    #[arg(long)]
    outfile: Option<PathBuf>,
}

impl Generate {
    pub(super) fn run(self) -> Result<(), Failed> {
        if self.kms.is_some() {
            return Err(Failed::with(1, "--kms is not supported"));
        }
        write(&generated()?, &self.output_key_prefix)
    }
}

impl Import {
    pub(super) fn run(self) -> Result<(), Failed> {
        let key = PrivateKey::import(&keys::text(&self.key)?);
        write(&key.map_err(|error| Failed::with(1, error.to_string()))?, &self.output_key_prefix)
    }
}

impl Public {
    pub(super) fn run(self) -> Result<(), Failed> {
        let key = keys::private(&self.key)?;
        Ok(output::write(&key.public().to_pem(), self.outfile.as_deref())?)
    }
}

/// The two files. Cosign asks before it overwrites; where nobody can answer, they are replaced.
fn write(key: &PrivateKey, prefix: &str) -> Result<(), Failed> {
    use std::io::IsTerminal as _;
    let (private, public) = (format!("{prefix}.key"), format!("{prefix}.pub"));
    let replace = !std::io::stdin().is_terminal() || std::env::var_os("COSIGN_PASSWORD").is_some();
    let password = keys::password("Enter password for private key: ", true)?;
    keys::write_new(Path::new(&private), sealed(key, &password)?.as_bytes(), true, replace)?;
    keys::write_new(Path::new(&public), key.public().to_pem().as_bytes(), false, replace)?;
    output::say(&format!("Private key written to {private}\nPublic key written to {public}"));
    Ok(())
}
