//! `verify`: is it signed by whom it must be? Three answers, each with its exit code.

mod blob;
mod show;
mod tree;

pub(crate) use show::signed_by;
pub(crate) use tree::attached;

use crate::exit::{self, Exit};
use crate::inputs::InputArgs;
use crate::output;
use crate::signatures::folder::Folder;
use crate::signatures::look::{Looked, Looker};
use crate::signatures::places::Images;
use crate::signatures::registry_args::RegistryArgs;
use crate::signatures::store::Store;
use crate::signatures::who::{Required, WhoArgs, pairs};
use crate::signatures::{block_on, keys};
use clap::{Args, Subcommand, ValueEnum};
use model::Reference;
use signing::Wanted;
use sources::registry::Repository;
use std::path::PathBuf;

/// Signatures and attestations of images, in every place Cosign ever kept them; by tag or digest.
///
/// Exit codes: 0 all are verified; 1 one is not; 3 one could not be looked at, which is never the same as unsigned.
/// With --key the transparency log is not asked unless --require-tlog says so, and nothing but the registry is
/// contacted.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct VerifyArgs {
    #[command(subcommand)]
    other: Option<Other>,
    /// Images, by tag or digest
    #[arg(value_name = "IMAGE")]
    images: Vec<String>,
    /// Every image of these manifests: files, folders, patterns, saved snapshots, `-`
    #[arg(short = 'f', long = "filename", value_name = "PATH")]
    manifests: Vec<String>,
    #[command(flatten)]
    who: WhoArgs,
    /// An attestation of this type is wanted, not a signature: vuln, spdxjson, cyclonedx, slsaprovenance1, openvex, custom, or a URI
    #[arg(long, value_name = "TYPE")]
    attestation: Option<String>,
    /// Annotation the same signature must carry
    #[arg(short = 'a', long, value_name = "KEY=VALUE")]
    annotation: Vec<String>,
    /// Look into this folder, an OCI image layout (of umoci, `skopeo copy`, `cosign save`), and ask no registry
    #[arg(long, value_name = "FOLDER", alias = "local-image", conflicts_with_all = ["repository", "manifests"])]
    layout: Option<PathBuf>,
    /// Where the signatures are kept, if not beside the images
    #[arg(long, value_name = "REPOSITORY", env = "COSIGN_REPOSITORY")]
    repository: Option<String>,
    /// Images looked at at once
    #[arg(long, value_name = "N", default_value_t = 8)]
    parallel: usize,
    /// Neither use nor keep remembered answers
    #[arg(long)]
    no_cache: bool,
    /// Format of the answer
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    output: Format,
    /// Write the answer there instead of to stdout
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,
    #[command(flatten)]
    registry: RegistryArgs,
}

#[derive(Subcommand)]
enum Other {
    /// The signature of a file
    Blob(Box<blob::BlobArgs>),
    /// What is attached to an image: signatures, attestations, anything else
    Tree(tree::TreeArgs),
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// What there is to say.
pub(crate) struct Answers {
    /// Images with where they are used.
    pub(crate) images: Vec<(Looked, Vec<String>)>,
    /// What was to be looked at and could not even be named or read.
    pub(crate) unreadable: Vec<String>,
    pub(crate) required: Required,
}

impl VerifyArgs {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        match self.other {
            Some(Other::Blob(args)) => return args.run(),
            Some(Other::Tree(args)) => return args.run(),
            None => {}
        }
        let answers = self.ask()?;
        let text = match self.output {
            Format::Text => show::text(&answers),
            Format::Json => show::json(&answers)?,
        };
        output::write(&text, self.output_file.as_deref())?;
        Ok(answers.exit())
    }

    fn ask(&self) -> anyhow::Result<Answers> {
        if self.images.is_empty() && self.manifests.is_empty() {
            return Err(exit::usage("which image? name one, or pass -f PATH for all of some manifests"));
        }
        let wanted = match &self.attestation {
            None => Wanted::Signature,
            Some(name) => attestation(name)?,
        };
        let required = self.who.requirement(wanted, pairs("--annotation", &self.annotation)?)?;
        let mut images = match self.manifests.as_slice() {
            [] => Images::default(),
            paths => Images::of(&InputArgs::of(paths, None, None))?,
        };
        let mut order = Vec::new();
        for text in &self.images {
            let reference: Reference =
                text.parse().map_err(|error| exit::usage(format!("{}: {error}", model::escape(text))))?;
            images.named.entry(reference.clone()).or_default();
            order.push(reference);
        }
        order.extend(images.named.keys().filter(|known| !order.contains(known)).cloned().collect::<Vec<_>>());
        if let Some(folder) = &self.layout {
            let folder = Folder::open(folder)?;
            let looked = order.iter().map(|image| (folder.look(image, &required.requirement), Vec::new()));
            return Ok(Answers { images: looked.collect(), unreadable: Vec::new(), required });
        }
        let client = self.registry.client()?;
        let store =
            if self.no_cache || self.attestation.is_some() { Store::none() } else { Store::of_user() };
        let mut looker = Looker::new(&client, &required.requirement, store);
        looker.signatures = self.repository.as_deref().map(repository).transpose()?;
        let looked = block_on(looker.each(&order, self.parallel))?;
        drop(looker);
        let malformed =
            images.malformed.iter().map(|(text, place)| format!("{text}: not an image reference ({place})"));
        let unreadable = malformed.chain(images.gaps.iter().cloned()).collect();
        let images = looked.into_iter().map(|looked| {
            let places = images.named.remove(&looked.reference).unwrap_or_default();
            (looked, places)
        });
        Ok(Answers { images: images.collect(), unreadable, required })
    }
}

/// What is wanted, by the name of an attestation's type.
pub(crate) fn attestation(name: &str) -> anyhow::Result<Wanted> {
    let names = || signing::PREDICATES.iter().map(|known| known.name).collect::<Vec<_>>().join(", ");
    let predicate_type = signing::predicate_type(name).ok_or_else(|| {
        exit::usage(format!(
            "{} is no type of attestation; known are {} and any URI",
            model::escape(name),
            names()
        ))
    })?;
    Ok(Wanted::Attestation { predicate_type, every: false })
}

/// A repository by its name.
pub(crate) fn repository(name: &str) -> anyhow::Result<Repository> {
    let reference: Reference =
        name.parse().map_err(|error| exit::usage(format!("{}: {error}", model::escape(name))))?;
    Ok(Repository::from(&reference))
}

impl Answers {
    /// No wins over "could not look": both are in the answer.
    fn exit(&self) -> Exit {
        use signing::Outcome;
        let any = |is: fn(&Outcome) -> bool| self.images.iter().any(|(looked, _)| is(&looked.outcome));
        if any(|outcome| matches!(outcome, Outcome::NotVerified { .. })) {
            Exit::Findings
        } else if !self.unreadable.is_empty()
            || any(|outcome| matches!(outcome, Outcome::CouldNotLook { .. }))
        {
            Exit::Incomplete
        } else {
            Exit::Done
        }
    }
}

/// A file of any size that is signed, up to what fits in memory sensibly.
pub(crate) fn artifact(path: &str) -> anyhow::Result<Vec<u8>> {
    if path == "-" {
        use std::io::Read as _;
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    std::fs::read(path).map_err(|error| exit::unreadable(format!("{}: {error}", model::escape(path))))
}

/// A signature file.
fn signature_file(path: &str) -> anyhow::Result<Vec<u8>> {
    let meta = std::fs::metadata(path)
        .map_err(|error| exit::unreadable(format!("{}: {error}", model::escape(path))))?;
    if meta.len() > 32 << 20 {
        return Err(exit::unreadable(format!("{}: too large for a signature", model::escape(path))));
    }
    match meta.len() > 1 << 20 {
        true => artifact(path),
        false => keys::small_file(path),
    }
}
