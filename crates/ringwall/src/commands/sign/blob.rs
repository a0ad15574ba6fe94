//! `sign blob`: the signature of a file, as a bundle.

use crate::exit::{self, Exit};
use crate::output;
use crate::signatures::block_on;
use crate::signatures::by::ByArgs;
use clap::Args;
use signing::{Draft, SignedBy};
use std::io::Read as _;
use std::path::Path;

/// The signature of a file, as the bundle Cosign 3 writes.
#[derive(Args)]
pub(crate) struct BlobArgs {
    /// The file; `-` for standard input
    file: String,
    #[command(flatten)]
    by: ByArgs,
    /// Where to write the bundle; `-` for standard output [default: FILE.sigstore.json]
    #[arg(long, value_name = "FILE")]
    bundle: Option<String>,
}

impl BlobArgs {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let bad = |error: std::io::Error| exit::unreadable(format!("{}: {error}", model::escape(&self.file)));
        let mut bytes = Vec::new();
        let bundle = match (self.file.as_str(), &self.bundle) {
            ("-", None) => "-".to_owned(),
            (file, None) => format!("{file}.sigstore.json"),
            (_, Some(bundle)) => bundle.clone(),
        };
        // A pipe may hold the file or the password; where the file is asked for from it, it is the file.
        match self.file.as_str() {
            "-" => std::io::stdin().lock().read_to_end(&mut bytes).map_err(bad)?,
            path => std::fs::File::open(path).map_err(bad)?.read_to_end(&mut bytes).map_err(bad)?,
        };
        let by = self.by.open(false)?;
        let mut draft = Draft::blob(&bytes, by.credential())?;
        let (signer, _) = block_on(by.prove(&mut draft))?.map_err(super::failed)?;
        let text = String::from_utf8(draft.bundle()?)? + "\n";
        match bundle.as_str() {
            "-" => output::write(&text, None)?,
            path => {
                output::write(&text, Some(Path::new(path)))?;
                output::say(&format!("signed {}: {}", model::escape(&self.file), model::escape(path)));
                if let SignedBy::Identity { .. } = signer {
                    output::say(&format!("signed by: {}", model::escape(&signer.to_string())));
                }
            }
        }
        Ok(Exit::Done)
    }
}
