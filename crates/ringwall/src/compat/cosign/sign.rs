//! `cosign sign`, `attest` and `sign-blob`, by key.

use super::Failed;
use super::flags::{RegistryFlags, flag};
use crate::commands::sign::{HowArgs, Layout, Work, attest, reference};
use crate::commands::verify::{Format, attestation};
use crate::output;
use crate::signatures::who::pairs;
use crate::signatures::{block_on, created, keys};
use clap::Args;
use signing::Wanted;
use std::path::Path;

/// Flags about how it is signed.
#[derive(Args, Clone, Debug)]
pub(super) struct SignFlags {
    #[arg(long)]
    key: Option<String>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    tlog_upload: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    new_bundle_format: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    use_signing_config: Option<bool>,
    #[arg(long)]
    signing_config: Option<String>,
    #[arg(long)]
    trusted_root: Option<String>,
    #[arg(short, long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    yes: Option<bool>,
    #[arg(long, hide = true)]
    rekor_url: Option<String>,
}

impl SignFlags {
    fn how(&self) -> Result<HowArgs, Failed> {
        if self.key.is_none() {
            return Err(Failed::with(1, "signing without --key is not supported under this name"));
        }
        let tlog = match (self.tlog_upload, self.log()?) {
            (Some(false), _) => "none".to_owned(),
            (_, Some(log)) => log,
            (_, None) => {
                return Err(Failed::with(
                    1,
                    "which log? pass --signing-config with a Rekor 2 or without a log, or --tlog-upload=false",
                ));
            }
        };
        let format = if self.new_bundle_format == Some(false) { Layout::Legacy } else { Layout::Bundle };
        let repository = std::env::var("COSIGN_REPOSITORY").ok();
        let (key, output) = (self.key.clone(), Format::Text);
        Ok(HowArgs { key, format, tlog, repository, output })
    }

    /// The log a signing configuration names: the first Rekor 2, or `none` where it names none at all.
    fn log(&self) -> Result<Option<String>, Failed> {
        let Some(path) = &self.signing_config else { return Ok(None) };
        let config: serde_json::Value = serde_json::from_slice(&keys::small_file(path)?)
            .map_err(|error| Failed::with(1, format!("{path}: {error}")))?;
        let logs = config.get("rekorTlogUrls").and_then(|logs| logs.as_array());
        let Some(logs) = logs.filter(|logs| !logs.is_empty()) else { return Ok(Some("none".to_owned())) };
        let second = logs.iter().find(|log| log.get("majorApiVersion").and_then(|v| v.as_u64()) == Some(2));
        Ok(second.and_then(|log| log.get("url")?.as_str()).map(str::to_owned))
    }
}

#[derive(Args)]
pub(super) struct Sign {
    #[arg(required = true)]
    images: Vec<String>,
    #[command(flatten)]
    how: SignFlags,
    #[arg(short = 'a', long)]
    annotations: Vec<String>,
    #[arg(short, long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    recursive: Option<bool>,
    #[command(flatten)]
    registry: RegistryFlags,
}

impl Sign {
    pub(super) fn run(self) -> Result<(), Failed> {
        let (how, annotations) = (self.how.how()?, pairs("--annotations", &self.annotations)?);
        let work = Work { key: how.private()?, how, client: self.registry.client()? };
        for image in &self.images {
            let reference = reference(image)?;
            if reference.digest.is_none() {
                output::say(&format!(
                    "WARNING: Image reference {image} uses a tag, not a digest, to identify the image to sign."
                ));
            }
            output::say(&format!("Pushing signature to: {}/{}", reference.registry, reference.repository));
            let sent = block_on(work.sign(&reference, &annotations, flag!(self.recursive)))?;
            sent.map_err(|error| Failed::with(1, format!("signing {image}: {error}")))?;
        }
        Ok(())
    }
}

#[derive(Args)]
pub(super) struct Attest {
    image: String,
    #[command(flatten)]
    how: SignFlags,
    #[arg(long)]
    predicate: String,
    #[arg(long = "type", default_value = "custom")]
    kind: String,
    #[command(flatten)]
    registry: RegistryFlags,
}

impl Attest {
    pub(super) fn run(self) -> Result<(), Failed> {
        let how = self.how.how()?;
        let Wanted::Attestation { predicate_type, .. } = attestation(&self.kind)? else {
            return Err(Failed::with(1, "no type"));
        };
        let document = crate::commands::sign::document(&self.predicate)?;
        let predicate = signing::predicate(&self.kind, &document, &created())
            .map_err(|why| Failed::with(1, format!("{}: {why}", self.predicate)))?;
        let (reference, key, client) = (reference(&self.image)?, how.private()?, self.registry.client()?);
        let made = block_on(attest(&client, &how, &key, &reference, &predicate_type, predicate))?;
        made.map(drop).map_err(|error| Failed::with(1, format!("signing {}: {error}", self.image)))
    }
}

#[derive(Args)]
pub(super) struct SignBlob {
    file: String,
    #[command(flatten)]
    how: SignFlags,
    #[arg(long)]
    bundle: Option<String>,
    #[arg(long, hide = true)]
    output_signature: Option<String>,
}

impl SignBlob {
    pub(super) fn run(self) -> Result<(), Failed> {
        let how = self.how.how()?;
        let bytes = crate::commands::verify::artifact(&self.file)?;
        let key = how.private()?;
        let made = signing::sign_blob(&bytes, &key).map_err(|error| Failed::with(1, error.to_string()))?;
        let text = String::from_utf8_lossy(&made).into_owned();
        match (&self.bundle, &self.output_signature) {
            (Some(path), _) => output::write(&text, Some(Path::new(path)))?,
            (None, to) => {
                let signature = key.sign(&bytes).map_err(|error| Failed::with(1, error.to_string()))?;
                let signature = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, signature);
                output::write(&signature, to.as_deref().map(Path::new))?;
            }
        }
        Ok(())
    }
}
