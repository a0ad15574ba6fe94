//! `conformance`, hidden: the command line of Sigstore's conformance suite (its `docs/cli_protocol.md`).

use super::verify::artifact;
use crate::exit::{self, Exit};
use crate::output;
use crate::signatures::by::ByArgs;
use crate::signatures::{block_on, keys};
use clap::{Args, Subcommand};
use signing::{
    Artifact, BlobSignature, Draft, IdentityRule, Proofs, PublicKey, Reason, Requirement, Signer, TrustRoot,
};
use std::path::PathBuf;
use std::sync::Arc;

/// Speaks the protocol of Sigstore's conformance suite.
#[derive(Args)]
pub(crate) struct ConformanceArgs {
    #[command(subcommand)]
    command: Word,
}

#[derive(Subcommand)]
enum Word {
    /// Verify a bundle
    #[command(name = "verify-bundle")]
    Verify(Box<VerifyBundle>),
    /// Sign a file, or a statement, into a bundle
    #[command(name = "sign-bundle")]
    Sign(Box<SignBundle>),
}

#[derive(Args)]
struct SignBundle {
    #[arg(long)]
    staging: bool,
    /// The file is a statement
    #[arg(long)]
    in_toto: bool,
    #[arg(long)]
    identity_token: String,
    #[arg(long)]
    bundle: PathBuf,
    #[arg(long)]
    trusted_root: Option<String>,
    #[arg(long)]
    signing_config: Option<String>,
    file: String,
}

#[derive(Args)]
struct VerifyBundle {
    #[arg(long)]
    staging: bool,
    #[arg(long)]
    bundle: String,
    #[arg(long, requires = "certificate_oidc_issuer")]
    certificate_identity: Option<String>,
    #[arg(long)]
    certificate_oidc_issuer: Option<String>,
    #[arg(long, conflicts_with = "certificate_identity")]
    key: Option<String>,
    #[arg(long)]
    trusted_root: Option<String>,
    file_or_digest: String,
}

impl ConformanceArgs {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let args = match self.command {
            Word::Verify(args) => args,
            Word::Sign(args) => return args.run(),
        };
        match args.judge()? {
            Ok(()) => {
                output::say("verified");
                Ok(Exit::Done)
            }
            Err(reason) => {
                output::complain(&format!("{reason} [{}]", reason.code()));
                Ok(Exit::Findings)
            }
        }
    }
}

impl SignBundle {
    fn run(self) -> anyhow::Result<Exit> {
        if self.staging || self.signing_config.is_none() {
            return Err(exit::usage("no instance's services are built in: pass --signing-config"));
        }
        let by = ByArgs {
            identity_token: Some(self.identity_token),
            trusted_root: self.trusted_root,
            signing_config: self.signing_config,
            ..ByArgs::default()
        };
        let (by, bytes) = (by.open(false)?, artifact(&self.file)?);
        let mut draft = match self.in_toto {
            true => Draft::statement(&bytes, by.credential())?,
            false => Draft::blob(&bytes, by.credential())?,
        };
        block_on(by.prove(&mut draft))?.map_err(super::sign::failed)?;
        output::write(&String::from_utf8(draft.bundle()?)?, Some(&self.bundle))?;
        Ok(Exit::Done)
    }
}

impl VerifyBundle {
    fn judge(&self) -> anyhow::Result<Result<(), Reason>> {
        if self.staging && self.trusted_root.is_none() {
            return Err(exit::usage(
                "the trust root of the staging instance is not built in: pass --trusted-root",
            ));
        }
        let signature = match BlobSignature::read(&artifact(&self.bundle)?) {
            Ok(signature) => signature,
            Err(reason) => return Ok(Err(reason)),
        };
        let trust = match &self.trusted_root {
            Some(path) => TrustRoot::from_json(&String::from_utf8_lossy(&artifact(path)?)),
            None => TrustRoot::built_in(),
        };
        let trust = trust.map_err(|error| exit::unreadable(error.to_string()))?;
        let signer = match (&self.key, &self.certificate_identity, &self.certificate_oidc_issuer) {
            (Some(path), ..) => {
                let key = PublicKey::from_pem(&keys::text(path)?);
                let key = key.map_err(|error| exit::unreadable(format!("{path}: {error}")))?;
                Signer::Key { key, log: signature.is_logged() }
            }
            (None, Some(identity), Some(issuer)) => {
                Signer::Identity { rule: IdentityRule::exact(identity, issuer), proofs: Proofs::ALL }
            }
            _ => return Err(exit::usage("--key, or --certificate-identity and --certificate-oidc-issuer")),
        };
        let requirement =
            Requirement { signers: vec![signer], trust: Some(Arc::new(trust)), ..Requirement::default() };
        let answer = match digest(&self.file_or_digest) {
            Some(digest) => signing::verify_blob(Artifact::Sha256(digest), &signature, &requirement),
            None => {
                let bytes = artifact(&self.file_or_digest)?;
                signing::verify_blob(Artifact::Bytes(&bytes), &signature, &requirement)
            }
        };
        Ok(answer.map(drop))
    }
}

/// A digest as the protocol writes it, unless a file has that name.
fn digest(text: &str) -> Option<[u8; 32]> {
    let hex = model::Digest::parse(text)?;
    let hex =
        hex.as_str().strip_prefix("sha256:").filter(|_| !std::path::Path::new(text).exists())?.to_owned();
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests() {
        let text = format!("sha256:{}", "0f".repeat(32));
        assert_eq!(digest(&text), Some([15; 32]));
        assert_eq!(digest("sha256:0f"), None);
        assert_eq!(digest("a.txt"), None);
    }
}
