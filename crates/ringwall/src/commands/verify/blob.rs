//! `verify blob`: the signature of a file, in any of Cosign's three dialects.

use super::{Format, artifact, show, signature_file};
use crate::exit::Exit;
use crate::output;
use crate::signatures::who::{Required, WhoArgs};
use clap::Args;
use serde_json::json;
use signing::{Artifact, BlobSignature, Log, Reason, SignedBy, Wanted};
use std::collections::BTreeMap;

/// A file against its signature: a bundle, the JSON Cosign 2 wrote, or a bare signature in base64.
#[derive(Args)]
pub(crate) struct BlobArgs {
    /// The file; `-` for standard input
    file: String,
    /// The signature [default: FILE.sigstore.json]
    #[arg(short, long, value_name = "FILE", alias = "bundle")]
    signature: Option<String>,
    #[command(flatten)]
    who: WhoArgs,
    /// Format of the answer
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

impl BlobArgs {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let path = self.signature.clone().unwrap_or_else(|| format!("{}.sigstore.json", self.file));
        let required = self.who.requirement(Wanted::Signature, BTreeMap::new())?;
        let (bytes, signature) = (artifact(&self.file)?, signature_file(&path)?);
        let answer = BlobSignature::read(&signature).and_then(|signature| {
            signing::verify_blob(Artifact::Bytes(&bytes), &signature, &required.requirement)
        });
        self.show(&answer, &required)?;
        Ok(if answer.is_ok() { Exit::Done } else { Exit::Findings })
    }

    fn show(&self, answer: &Result<(SignedBy, Log), Reason>, required: &Required) -> anyhow::Result<()> {
        let file = model::escape(&self.file);
        let text = match (self.output, answer) {
            (Format::Text, Ok((signer, log))) => {
                let by = model::escape(&signer.to_string()).into_owned();
                let root =
                    required.root.as_ref().map(|root| format!("{}\n", root.line())).unwrap_or_default();
                format!("verified        {file}\n                by {by}\n                {log}\n{root}")
            }
            (Format::Text, Err(reason)) => {
                let why = output::line("                ", &format!("{reason} [{}]", reason.code()));
                format!("not verified    {file}\n{why}\n")
            }
            (Format::Json, Ok((signer, log))) => {
                let log = if *log == Log::Checked { "checked" } else { "not checked" };
                let document = json!({"file": self.file, "answer": "verified", "signer": show::signed_by(signer),
                    "transparencyLog": log});
                serde_json::to_string_pretty(&document)? + "\n"
            }
            (Format::Json, Err(reason)) => {
                let why = json!({"code": reason.code(), "text": reason.to_string()});
                let document = json!({"file": self.file, "answer": "not-verified", "reason": why});
                serde_json::to_string_pretty(&document)? + "\n"
            }
        };
        output::write(&text, None)
    }
}
