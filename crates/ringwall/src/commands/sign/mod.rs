//! `sign`: Cosign's signatures and attestations, made.

mod attest;
mod blob;
mod key;

pub(crate) use attest::{AttestArgs, attest, document};
pub(crate) use key::{generated, sealed};

use crate::commands::verify::signed_by;
use crate::exit::{self, Exit};
use crate::output;
use crate::signatures::by::{By, ByArgs};
use crate::signatures::registry_args::RegistryArgs;
use crate::signatures::send::{self, SendError, Sent};
use crate::signatures::who::pairs;
use crate::signatures::{block_on, created};
use clap::{Args, Subcommand, ValueEnum};
use model::Reference;
use serde_json::json;
use signing::{Draft, SignedBy, Subject};
use sources::registry::{Registry, Repository};
use std::collections::BTreeMap;

/// Signatures of images, as Cosign 3 makes them (and reads them), or as Cosign 2 did.
///
/// Says which digest was signed. With a key of one's own (--key), or keylessly: with an identity token and an authority
/// that certifies it (--fulcio-url). Nothing but the registry is contacted that is not named; without --tlog the signature
/// is in no transparency log, and whoever asks for an entry will refuse it. What does not verify is not pushed.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct SignArgs {
    #[command(subcommand)]
    other: Option<Other>,
    /// Images, by tag or digest
    #[arg(value_name = "IMAGE")]
    images: Vec<String>,
    #[command(flatten)]
    how: HowArgs,
    /// Annotation to be signed along
    #[arg(short = 'a', long, value_name = "KEY=VALUE")]
    annotation: Vec<String>,
    /// Sign each image of an index, too: a pod pulls one of them
    #[arg(short, long)]
    recursive: bool,
    #[command(flatten)]
    registry: RegistryArgs,
}

#[derive(Subcommand)]
enum Other {
    /// Make, import and show keys
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Sign a file
    Blob(Box<blob::BlobArgs>),
    /// Sign a statement about an image: what is inside, what a scanner found, how it was built
    Attest(Box<AttestArgs>),
}

/// By whom, and in which form.
#[derive(Args, Clone, Debug)]
pub(crate) struct HowArgs {
    #[command(flatten)]
    pub(crate) by: ByArgs,
    /// Where the signature is kept
    #[arg(long, value_enum, default_value_t = Layout::Bundle)]
    pub(crate) format: Layout,
    /// Repository to keep the signature in, if not the image's own
    #[arg(long, value_name = "REPOSITORY", env = "COSIGN_REPOSITORY")]
    pub(crate) repository: Option<String>,
    /// Format of the answer
    #[arg(short, long, value_enum, default_value_t = super::verify::Format::Text)]
    pub(crate) output: super::verify::Format,
}

/// Where a signature is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Layout {
    /// Cosign 3: a bundle that refers to the image
    Bundle,
    /// Cosign 2: the tags `.sig` and `.att`
    Legacy,
}

impl SignArgs {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        match self.other {
            Some(Other::Key(command)) => return command.run(),
            Some(Other::Blob(args)) => return args.run(),
            Some(Other::Attest(args)) => return args.run(),
            None => {}
        }
        if self.images.is_empty() {
            return Err(exit::usage("which image? name one, by digest if you can"));
        }
        let annotations = pairs("--annotation", &self.annotation)?;
        let work = Work { by: self.how.open()?, how: self.how.clone(), client: self.registry.client()? };
        let mut sent = Vec::new();
        for image in &self.images {
            let reference = reference(image)?;
            let made = block_on(work.sign(&reference, &annotations, self.recursive))?;
            sent.push((reference, made.map_err(failed)?));
        }
        self.how.tell("signed", &work.by, &sent)?;
        Ok(Exit::Done)
    }
}

/// An image by its name.
pub(crate) fn reference(image: &str) -> anyhow::Result<Reference> {
    image.parse().map_err(|error| exit::usage(format!("{}: {error}", model::escape(image))))
}

/// Nothing, or not everything, was pushed.
pub(crate) fn failed(error: SendError) -> anyhow::Error {
    exit::unreadable(error.to_string())
}

/// What signing needs.
pub(crate) struct Work<R> {
    pub(crate) by: By,
    pub(crate) how: HowArgs,
    pub(crate) client: R,
}

impl<R: Registry> Work<R> {
    pub(crate) async fn sign(
        &self,
        reference: &Reference,
        annotations: &BTreeMap<String, String>,
        recursive: bool,
    ) -> Result<Vec<Sent>, SendError> {
        let (subject, manifest) = send::subject(&self.client, reference).await?;
        let mut sent = vec![self.sign_one(reference, &subject, annotations).await?];
        let is_index =
            manifest.media_type.ends_with("index.v1+json") || manifest.media_type.ends_with("list.v2+json");
        if recursive && is_index {
            for child in signing::children(&manifest.bytes, &subject.name)? {
                sent.push(self.sign_one(reference, &child, annotations).await?);
            }
        }
        Ok(sent)
    }

    async fn sign_one(
        &self,
        reference: &Reference,
        subject: &Subject,
        annotations: &BTreeMap<String, String>,
    ) -> Result<Sent, SendError> {
        let by = self.by.credential();
        let draft = match self.how.format {
            Layout::Bundle => Draft::sign(subject, by, annotations)?,
            Layout::Legacy => Draft::sign_legacy(subject, by, annotations)?,
        };
        give(&self.client, &self.how, &self.by, reference, subject, draft).await
    }
}

/// Has a draft proven, and pushes what it becomes.
pub(crate) async fn give(
    registry: &impl Registry,
    how: &HowArgs,
    by: &By,
    reference: &Reference,
    subject: &Subject,
    mut draft: Draft,
) -> Result<Sent, SendError> {
    let (signer, _) = by.prove(&mut draft).await?;
    let at = how.place(reference)?;
    let current = match (how.format, draft.is_attestation()) {
        (Layout::Bundle, _) => None,
        (Layout::Legacy, attestation) => legacy(registry, &at, subject, attestation).await?,
    };
    let signed = draft.finish(current.as_deref(), &created())?;
    send::push_all(registry, &at, &signed.pushes).await?;
    Ok(Sent { digest: signed.digest, manifest: signed.manifest, signer })
}

/// The manifest a legacy signature or attestation is added to.
async fn legacy(
    registry: &impl Registry,
    at: &Repository,
    subject: &Subject,
    attestation: bool,
) -> Result<Option<Vec<u8>>, SendError> {
    let signing::Ask::Tag(tag) = signing::legacy_place(&subject.digest, attestation) else { return Ok(None) };
    send::current(registry, at, &tag).await
}

impl HowArgs {
    /// What signs.
    pub(crate) fn open(&self) -> anyhow::Result<By> {
        self.by.open(self.format == Layout::Legacy)
    }

    /// Where the signatures of an image go.
    fn place(&self, reference: &Reference) -> Result<Repository, SendError> {
        match &self.repository {
            None => Ok(Repository::from(reference)),
            Some(name) => name
                .parse()
                .map(|other| Repository::from(&other))
                .map_err(|_| SendError::NoImage(name.clone())),
        }
    }

    /// Says what was made.
    fn tell(&self, verb: &str, by: &By, sent: &[(Reference, Vec<Sent>)]) -> anyhow::Result<()> {
        let mut lines = String::new();
        let mut entries = Vec::new();
        let format = if self.format == Layout::Bundle { "bundle" } else { "legacy" };
        for (reference, made) in sent {
            for one in made {
                let name = format!("{}/{}", reference.registry, reference.repository);
                lines.push_str(&format!("{verb} {name}@{}\n", one.digest));
                entries.push(json!({"image": reference.to_string(), "digest": one.digest.as_str(),
                    "manifest": one.manifest.as_str(), "format": format, "transparencyLog": by.log(),
                    "timestampAuthority": by.stamps(), "signer": signed_by(&one.signer)}));
            }
        }
        if self.output == super::verify::Format::Json {
            let document = serde_json::to_string_pretty(&json!({ verb: entries }))?;
            return output::write(&(document + "\n"), None);
        }
        let signer = sent.iter().flat_map(|(_, made)| made).map(|made| &made.signer).next();
        if let Some(signer @ SignedBy::Identity { .. }) = signer {
            lines.push_str(&format!("signed by: {}\n", model::escape(&signer.to_string())));
        }
        lines.push_str(&by.lines());
        output::write(&lines, None)
    }
}
