//! `cosign verify`, `verify-attestation`, `verify-blob`, `tree` and `triangulate`.

use super::flags::{CertificateFlags, RegistryFlags, flag};
use super::{Failed, NO_CERTIFICATE, NO_IMAGE, NO_MATCH, NO_SIGNATURE};
use crate::commands::verify::{attached, attestation, repository};
use crate::output;
use crate::signatures::block_on;
use crate::signatures::folder::Folder;
use crate::signatures::look::{Looked, Looker};
use crate::signatures::send;
use crate::signatures::store::Store;
use crate::signatures::who::{Required, pairs};
use clap::Args;
use model::{Digest, Reference};
use serde_json::{Value, json};
use signing::{Artifact, BlobSignature, Log, Outcome, Reason, SignedBy, Wanted};
use sources::registry::Repository;
use std::fmt::Write as _;
use std::path::Path;

/// How the payloads are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    Json,
    Text,
}

#[derive(Args)]
pub(super) struct Verify {
    #[arg(required = true)]
    images: Vec<String>,
    #[command(flatten)]
    who: CertificateFlags,
    #[arg(short = 'a', long)]
    annotations: Vec<String>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    check_claims: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    local_image: Option<bool>,
    #[arg(short, long, value_enum, default_value_t = Output::Json)]
    output: Output,
    #[command(flatten)]
    registry: RegistryFlags,
}

#[derive(Args)]
pub(super) struct VerifyAttestation {
    #[arg(required = true)]
    images: Vec<String>,
    #[command(flatten)]
    who: CertificateFlags,
    #[arg(long = "type", default_value = "custom")]
    kind: String,
    #[arg(long)]
    policy: Vec<String>,
    #[arg(short, long, value_enum, default_value_t = Output::Json)]
    output: Output,
    #[command(flatten)]
    registry: RegistryFlags,
}

#[derive(Args)]
pub(super) struct VerifyBlob {
    file: String,
    #[command(flatten)]
    who: CertificateFlags,
    #[arg(long)]
    bundle: Option<String>,
    #[arg(long, hide = true)]
    signature: Option<String>,
}

#[derive(Args)]
pub(super) struct Tree {
    image: String,
    #[command(flatten)]
    registry: RegistryFlags,
}

#[derive(Args)]
pub(super) struct Triangulate {
    image: String,
    #[arg(long = "type", default_value = "signature")]
    kind: String,
    #[command(flatten)]
    registry: RegistryFlags,
}

fn reference(text: &str) -> Result<Reference, Failed> {
    text.parse().map_err(|error| Failed::with(1, format!("parsing reference: {text}: {error}")))
}

/// Looks at one image as Cosign does: every time anew.
fn look(image: &str, required: &Required, registry: &RegistryFlags) -> Result<Looked, Failed> {
    let reference = reference(image)?;
    let client = registry.client()?;
    let mut looker = Looker::new(&client, &required.requirement, Store::none());
    if let Ok(name) = std::env::var("COSIGN_REPOSITORY") {
        looker.signatures = Some(repository(&name)?);
    }
    Ok(block_on(looker.one(&reference))?)
}

/// Looks at the image of a folder that `cosign save` wrote.
fn saved(folder: &str, required: &Required) -> Result<Looked, Failed> {
    let folder = Folder::open(Path::new(folder))?;
    let image = folder.only().ok_or_else(|| Failed::with(1, "the folder holds not one image"))?;
    Ok(folder.look(&image, &required.requirement))
}

fn warn(who: &CertificateFlags, what: &str) {
    if flag!(who.insecure_ignore_tlog) {
        output::say(&format!(
            "WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability \
             verification for the {what}."
        ));
    }
}

/// The exit code of what was not verified, by where the nearest signature was.
fn refusal(looked: &Looked) -> Failed {
    let of_bundle = |layout: &str| matches!(layout, "referrers" | "fallback-index");
    match &looked.outcome {
        Outcome::Verified { .. } => Failed::with(1, "verified"),
        Outcome::CouldNotLook { why } if why.iter().any(|why| why == "there is no such image") => {
            Failed::with(NO_IMAGE, format!("image tag not found: {}", looked.reference))
        }
        Outcome::CouldNotLook { why } => Failed::with(1, why.join("; ")),
        Outcome::NotVerified { reason: Reason::NoSignature | Reason::NotAnImageSignature(_) } => {
            Failed::with(NO_SIGNATURE, "no signatures found")
        }
        Outcome::NotVerified { reason } => {
            let nearest = looked.refused.iter().find(|refusal| refusal.reason == *reason);
            let message = format!("no matching signatures: {reason}");
            match (nearest.is_some_and(|refusal| of_bundle(refusal.layout)), reason) {
                (true, _) => Failed::with(1, message),
                (false, Reason::OtherKind(_)) => Failed::with(NO_CERTIFICATE, message),
                (false, _) => Failed::with(NO_MATCH, message),
            }
        }
    }
}

fn talk(image: &str, checks: &[&str]) {
    let checks: String = checks.iter().map(|check| format!("\n  - {check}")).collect();
    let image = model::escape(image);
    output::say(&format!(
        "\nVerification for {image} --\nThe following checks were performed on each of these signatures:{checks}"
    ));
}

impl Verify {
    pub(super) fn run(self, to: Option<&Path>) -> Result<(), Failed> {
        let annotations = pairs("--annotations", &self.annotations)?;
        if self.check_claims == Some(false) {
            return Err(Failed::with(
                1,
                "--check-claims=false is not supported: a signature of something else proves nothing",
            ));
        }
        warn(&self.who, "signature");
        let required = self.who.required(Wanted::Signature, annotations)?;
        let mut out = String::new();
        for image in &self.images {
            let looked = match flag!(self.local_image) {
                true => saved(image, &required)?,
                false => look(image, &required, &self.registry)?,
            };
            let Outcome::Verified { signer, layout, .. } = &looked.outcome else {
                let refused = refusal(&looked);
                // Cosign has no code of its own for what it saved.
                return Err(if flag!(self.local_image) { Failed::with(1, refused.message) } else { refused });
            };
            let is_bundle = matches!(*layout, "referrers" | "fallback-index");
            talk(image, &self.who.checks(&required, is_bundle));
            let payload = payload(image, &looked, signer, is_bundle);
            let _ = match self.output {
                Output::Json => writeln!(out, "\n{}", json!([payload])),
                Output::Text => writeln!(out, "\n{payload}"),
            };
        }
        Ok(output::write(&out, to)?)
    }
}

/// The payload in Cosign's shape.
fn payload(image: &str, looked: &Looked, signer: &SignedBy, bundle: bool) -> Value {
    let digest = looked.digest.as_ref().map(Digest::as_str).unwrap_or_default();
    let name = Repository::from(&looked.reference).to_string().replacen("docker.io/", "index.docker.io/", 1);
    let mut optional: serde_json::Map<String, Value> =
        looked.annotations.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect();
    if let SignedBy::Identity { identity, issuer } = signer {
        optional.insert("Issuer".to_owned(), issuer.clone().into());
        optional.insert("Subject".to_owned(), identity.clone().into());
    }
    let (reference, kind) = match bundle {
        true => (image.to_owned(), "https://sigstore.dev/cosign/sign/v1"),
        false => (name, "cosign container image signature"),
    };
    let optional = if optional.is_empty() && !bundle { Value::Null } else { Value::Object(optional) };
    json!({
        "critical": {
            "identity": {"docker-reference": reference},
            "image": {"docker-manifest-digest": digest},
            "type": kind,
        },
        "optional": optional,
    })
}

impl VerifyAttestation {
    pub(super) fn run(self, to: Option<&Path>) -> Result<(), Failed> {
        if !self.policy.is_empty() {
            return Err(Failed::with(1, "--policy (CUE, Rego) is not supported"));
        }
        warn(&self.who, "attestation");
        let Wanted::Attestation { predicate_type, .. } = attestation(&self.kind)? else {
            return Err(Failed::with(1, "no type"));
        };
        let wanted = Wanted::Attestation { predicate_type, every: true };
        let required = self.who.required(wanted, Default::default())?;
        let mut out = String::new();
        for image in &self.images {
            let looked = look(image, &required, &self.registry)?;
            match &looked.outcome {
                Outcome::Verified { layout, .. } => {
                    let is_bundle = matches!(*layout, "referrers" | "fallback-index");
                    talk(image, &self.who.checks(&required, is_bundle));
                }
                Outcome::NotVerified { reason } => {
                    return Err(Failed::with(1, format!("no matching attestations: {reason}")));
                }
                Outcome::CouldNotLook { .. } => return Err(refusal(&looked)),
            }
            for attestation in &looked.attestations {
                let _ = writeln!(out, "{}", attestation.envelope);
            }
        }
        Ok(output::write(&out, to)?)
    }
}

impl VerifyBlob {
    pub(super) fn run(self) -> Result<(), Failed> {
        warn(&self.who, "blob");
        let required = self.who.required(Wanted::Signature, Default::default())?;
        let path = self.bundle.or(self.signature).ok_or_else(|| Failed::with(1, "--bundle is required"))?;
        let read = |path: &str| {
            std::fs::read(path).map_err(|error| Failed::with(1, format!("reading {path}: {error}")))
        };
        let bytes = match self.file.as_str() {
            "-" => {
                let mut bytes = Vec::new();
                std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes)
                    .map_err(|error| Failed::with(1, error.to_string()))?;
                bytes
            }
            file => read(file)?,
        };
        let signature =
            BlobSignature::read(&read(&path)?).map_err(|reason| Failed::with(1, reason.to_string()))?;
        match signing::verify_blob(Artifact::Bytes(&bytes), &signature, &required.requirement) {
            Ok((_, Log::Checked | Log::NotChecked)) => {
                output::say("Verified OK");
                Ok(())
            }
            Err(reason) => Err(Failed::with(1, format!("failed to verify signature: {reason}"))),
        }
    }
}

impl Tree {
    pub(super) fn run(self, to: Option<&Path>) -> Result<(), Failed> {
        let reference = reference(&self.image)?;
        let (client, at) = (self.registry.client()?, Repository::from(&reference));
        let work = async {
            let (subject, _) = send::subject(&client, &reference).await?;
            Ok::<_, send::SendError>(attached(&client, &at, &subject.digest).await)
        };
        let (found, failed) = block_on(work)?.map_err(|error| Failed::with(1, error.to_string()))?;
        if let Some(why) = failed.first() {
            return Err(Failed::with(1, why.clone()));
        }
        let mut out = format!("📦 Supply Chain Security Related artifacts for an image: {}\n", self.image);
        if found.is_empty() {
            out = format!("{out}No Supply Chain Security Related Artifacts found for image {}\n", self.image);
        }
        for one in &found {
            let what = match one.place.rsplit_once('.').map(|(_, suffix)| suffix) {
                Some("sig") => format!("🔐 Signatures for an image tag: {at}:{}", one.place),
                Some("att") => format!("💾 Attestations for an image tag: {at}:{}", one.place),
                Some("sbom") => format!("📦 SBOMs for an image tag: {at}:{}", one.place),
                _ => {
                    let kind = one.claims.clone().or_else(|| one.kinds.first().cloned()).unwrap_or_default();
                    format!("🔗 {kind} artifacts via OCI referrer: {at}@{}", one.digest)
                }
            };
            let _ = writeln!(out, "└── {}\n   └── 🍒 {}", model::escape(&what), one.digest);
        }
        Ok(output::write(&out, to)?)
    }
}

impl Triangulate {
    pub(super) fn run(self, to: Option<&Path>) -> Result<(), Failed> {
        let suffix = match self.kind.as_str() {
            "signature" => ".sig",
            "attestation" => ".att",
            "sbom" => ".sbom",
            "digest" => "",
            other => return Err(Failed::with(1, format!("unknown attachment type {other}"))),
        };
        let reference = reference(&self.image)?;
        let client = self.registry.client()?;
        let subject = block_on(send::subject(&client, &reference))?;
        let (subject, _) = subject.map_err(|error| Failed::with(1, error.to_string()))?;
        let name = subject.name.replacen("docker.io/", "index.docker.io/", 1);
        let text = match suffix {
            "" => format!("{name}@{}\n", subject.digest),
            _ => format!("{name}:{}{suffix}\n", subject.digest.as_str().replacen(':', "-", 1)),
        };
        Ok(output::write(&text, to)?)
    }
}
