//! `cosign sign`, `attest` and `sign-blob`, by key and keyless.

use super::Failed;
use super::flags::{RegistryFlags, flag};
use crate::commands::sign::{HowArgs, Layout, Work, attest, reference};
use crate::commands::verify::{Format, attestation};
use crate::output;
use crate::signatures::by::ByArgs;
use crate::signatures::who::pairs;
use crate::signatures::{block_on, created};
use clap::Args;
use signing::{Draft, Wanted};
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
    #[arg(long, hide = true)]
    fulcio_url: Option<String>,
    #[arg(long, hide = true)]
    timestamp_server_url: Option<String>,
    #[arg(long)]
    identity_token: Option<String>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    insecure_skip_verify: Option<bool>,
}

impl SignFlags {
    fn how(&self) -> Result<HowArgs, Failed> {
        let legacy = self.new_bundle_format == Some(false);
        if self.key.is_none() && self.fulcio_url.is_none() && self.signing_config.is_none() {
            return Err(Failed::with(
                1,
                "signing without --key needs --signing-config, or --fulcio-url: no public service is asked that is not named",
            ));
        }
        let (tlog, first) = self.log()?;
        let by = ByArgs {
            key: self.key.clone(),
            fulcio_url: self.fulcio_url.clone(),
            identity_token: self.identity_token.clone(),
            tlog,
            tlog_version: first.then_some(1),
            tsa_url: self.timestamp_server_url.clone(),
            signing_config: self.signing_config.clone(),
            trusted_root: self.trusted_root.clone(),
            ignore_sct: flag!(self.insecure_skip_verify),
        };
        let format = if legacy { Layout::Legacy } else { Layout::Bundle };
        let repository = std::env::var("COSIGN_REPOSITORY").ok();
        Ok(HowArgs { by, format, repository, output: Format::Text })
    }

    /// The log, and whether it is known to be a first version: the one that is named (as Cosign's flag names it, a first),
    /// none, or that of the signing configuration.
    fn log(&self) -> Result<(Option<String>, bool), Failed> {
        match (self.tlog_upload, &self.rekor_url, &self.signing_config) {
            (Some(false), ..) => Ok((Some("none".to_owned()), false)),
            (_, Some(url), _) => Ok((Some(url.clone()), true)),
            (_, None, Some(_)) => Ok((None, false)),
            (_, None, None) => {
                Err(Failed::with(1, "which log? pass --signing-config, --rekor-url, or --tlog-upload=false"))
            }
        }
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
        let work = Work { by: how.open()?, how, client: self.registry.client()? };
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
        let (reference, by, client) = (reference(&self.image)?, how.open()?, self.registry.client()?);
        let made = block_on(attest(&client, &how, &by, &reference, &predicate_type, predicate))?;
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
        let wrong = |error: signing::SignError| Failed::with(1, error.to_string());
        let how = self.how.how()?;
        let bytes = crate::commands::verify::artifact(&self.file)?;
        let by = how.by.open(false)?;
        let mut draft = Draft::blob(&bytes, by.credential()).map_err(wrong)?;
        block_on(by.prove(&mut draft))?.map_err(|error| Failed::with(1, error.to_string()))?;
        match (&self.bundle, &self.output_signature) {
            (Some(path), _) => {
                let text = String::from_utf8_lossy(&draft.bundle().map_err(wrong)?).into_owned();
                output::write(&text, Some(Path::new(path)))?;
            }
            (None, to) => {
                use base64::Engine as _;
                let signature = base64::engine::general_purpose::STANDARD.encode(draft.signature());
                output::write(&signature, to.as_deref().map(Path::new))?;
            }
        }
        Ok(())
    }
}
