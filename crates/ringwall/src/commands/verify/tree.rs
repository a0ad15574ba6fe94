//! `verify tree`: what is attached to an image, verified or not.

use super::Format;
use crate::exit::{self, Exit};
use crate::output;
use crate::signatures::block_on;
use crate::signatures::registry_args::RegistryArgs;
use crate::signatures::send::subject;
use clap::Args;
use model::{Digest, Reference};
use serde_json::{Value, json};
use sources::registry::{Error, Registry, Repository, Which};
use std::fmt::Write as _;

/// Every signature, attestation and other thing that refers to an image, and the tags Cosign derives from its digest.
#[derive(Args)]
pub(crate) struct TreeArgs {
    /// The image
    pub(crate) image: String,
    /// Format of the answer
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
    #[command(flatten)]
    pub(crate) registry: RegistryArgs,
}

/// One thing that is attached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attached {
    /// Where: `referrers`, `fallback-index` or a tag.
    pub(crate) place: String,
    pub(crate) digest: Digest,
    /// Media types of its layers, or its artefact type.
    pub(crate) kinds: Vec<String>,
    /// What it claims to be about, if it says so.
    pub(crate) claims: Option<String>,
}

/// Things that are listed at most.
const MOST: usize = 256;
const CAP: u64 = 4 << 20;

impl TreeArgs {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let reference: Reference = self
            .image
            .parse()
            .map_err(|error| exit::usage(format!("{}: {error}", model::escape(&self.image))))?;
        let client = self.registry.client()?;
        let (digest, attached, failed) = block_on(async {
            let (subject, _) = subject(&client, &reference).await?;
            let (attached, failed) = attached(&client, &Repository::from(&reference), &subject.digest).await;
            Ok::<_, crate::signatures::send::SendError>((subject.digest, attached, failed))
        })?
        .map_err(|error| exit::unreadable(error.to_string()))?;
        let text = match self.output {
            Format::Text => text(&reference, &digest, &attached, &failed),
            Format::Json => {
                let entries: Vec<Value> = attached
                    .iter()
                    .map(|one| json!({"place": one.place, "digest": one.digest.as_str(), "kinds": one.kinds, "claims": one.claims}))
                    .collect();
                let document = json!({"image": reference.to_string(), "digest": digest.as_str(), "attached": entries,
                    "couldNotLook": failed});
                serde_json::to_string_pretty(&document)? + "\n"
            }
        };
        output::write(&text, None)?;
        Ok(if failed.is_empty() { Exit::Done } else { Exit::Incomplete })
    }
}

/// What is attached, and which places could not be asked.
pub(crate) async fn attached(
    registry: &impl Registry,
    at: &Repository,
    digest: &Digest,
) -> (Vec<Attached>, Vec<String>) {
    let (mut found, mut failed) = (Vec::new(), Vec::new());
    let base = digest.as_str().replacen(':', "-", 1);
    let lists = [
        ("referrers", registry.referrers(at, digest, CAP).await.map(|found| found.map(|found| found.index))),
        ("fallback-index", tagged(registry, at, &base).await.map(|found| found.map(|(_, bytes)| bytes))),
    ];
    for (place, list) in lists {
        match list {
            Ok(Some(index)) => listed(registry, at, place, &index, &mut found, &mut failed).await,
            Ok(None) => {}
            Err(error) => failed.push(format!("{place}: {error}")),
        }
    }
    for suffix in ["sig", "att", "sbom"] {
        let tag = format!("{base}.{suffix}");
        match tagged(registry, at, &tag).await {
            Ok(Some((digest, bytes))) => {
                let (kinds, claims) = described(&bytes);
                found.push(Attached { place: tag, digest, kinds, claims });
            }
            Ok(None) => {}
            Err(error) => failed.push(format!("{tag}: {error}")),
        }
    }
    (found, failed)
}

async fn tagged(
    registry: &impl Registry,
    at: &Repository,
    tag: &str,
) -> Result<Option<(Digest, bytes::Bytes)>, Error> {
    let found = registry.manifest(at, &Which::Tag(tag.to_owned()), CAP).await?;
    Ok(found.map(|manifest| (manifest.digest, manifest.bytes)))
}

async fn listed(
    registry: &impl Registry,
    at: &Repository,
    place: &str,
    index: &[u8],
    found: &mut Vec<Attached>,
    failed: &mut Vec<String>,
) {
    let index: Value = serde_json::from_slice(index).unwrap_or_default();
    let entries = index.get("manifests").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if entries.len() > MOST {
        failed.push(format!("{place}: {} entries, {MOST} are listed", entries.len()));
    }
    for entry in entries.iter().take(MOST) {
        let digest = entry.get("digest").and_then(Value::as_str).and_then(Digest::parse);
        let Some(digest) = digest.filter(|digest| found.iter().all(|known| known.digest != *digest)) else {
            continue;
        };
        match registry.manifest(at, &Which::Digest(digest.clone()), CAP).await {
            Ok(Some(manifest)) => {
                let (kinds, claims) = described(&manifest.bytes);
                found.push(Attached { place: place.to_owned(), digest, kinds, claims });
            }
            Ok(None) => failed.push(format!("{place}: {digest} is named, but not there")),
            Err(error) => failed.push(format!("{place}: {error}")),
        }
    }
}

/// Media types of the layers, and the claim, of a manifest.
fn described(bytes: &[u8]) -> (Vec<String>, Option<String>) {
    let manifest: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let layers = manifest.get("layers").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut kinds: Vec<_> =
        layers.iter().filter_map(|layer| layer.get("mediaType")?.as_str()).map(str::to_owned).collect();
    kinds.dedup();
    if kinds.is_empty() {
        kinds.extend(manifest.get("artifactType").and_then(Value::as_str).map(str::to_owned));
    }
    let claim = manifest.pointer("/annotations/dev.sigstore.bundle.predicateType").and_then(Value::as_str);
    (kinds, claim.map(str::to_owned))
}

fn text(reference: &Reference, digest: &Digest, attached: &[Attached], failed: &[String]) -> String {
    let mut out = format!("{reference}\n{digest}\n");
    for one in attached {
        let _ = writeln!(out, "  {:<16}{}", model::escape(&one.place), one.digest);
        for kind in &one.kinds {
            let _ = writeln!(out, "{}", output::line(&" ".repeat(18), kind));
        }
        if let Some(claim) = &one.claims {
            let _ = writeln!(out, "{}", output::line(&" ".repeat(18), claim));
        }
    }
    for why in failed {
        let _ = writeln!(out, "{}", output::line("  could not look  ", why));
    }
    if attached.is_empty() && failed.is_empty() {
        out.push_str("  nothing is attached\n");
    }
    out.push_str("\nNothing of this was verified.\n");
    out
}
