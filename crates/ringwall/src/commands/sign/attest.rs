//! `sign attest`: signed statements about images.

use super::{HowArgs, Layout, failed, give, reference};
use crate::exit::{self, Exit};
use crate::signatures::by::By;
use crate::signatures::registry_args::RegistryArgs;
use crate::signatures::send::{self, SendError, Sent};
use crate::signatures::{block_on, created};
use clap::Args;
use model::Reference;
use serde_json::Value;
use signing::Draft;
use sources::registry::Registry;
use std::io::Read as _;

/// A signed statement about an image, as Cosign makes it.
#[derive(Args)]
pub(crate) struct AttestArgs {
    /// The image, by tag or digest
    image: String,
    /// What the statement is: vuln, spdxjson, cyclonedx, slsaprovenance1, openvex, custom, or a URI
    #[arg(long = "type", value_name = "TYPE", default_value = "custom")]
    kind: String,
    /// The document; `-` for standard input
    #[arg(long, value_name = "FILE")]
    predicate: String,
    #[command(flatten)]
    how: HowArgs,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// Longest document that is attested, in bytes: in an envelope it is the longest attestation that is read.
const CAP: u64 = 11 << 20;

impl AttestArgs {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let reference = reference(&self.image)?;
        let signing::Wanted::Attestation { predicate_type, .. } =
            crate::commands::verify::attestation(&self.kind)?
        else {
            return Err(exit::usage("which type?"));
        };
        let document = document(&self.predicate)?;
        let predicate = signing::predicate(&self.kind, &document, &created()).map_err(|why| {
            exit::unreadable(format!(
                "{}: not what {} wants: {why}",
                model::escape(&self.predicate),
                self.kind
            ))
        })?;
        let (by, client) = (self.how.open()?, self.registry.client()?);
        let made = block_on(attest(&client, &self.how, &by, &reference, &predicate_type, predicate))?;
        self.how.tell("attested", &by, &[(reference, vec![made.map_err(failed)?])])?;
        Ok(Exit::Done)
    }
}

/// A document that may come through a pipe.
pub(crate) fn document(path: &str) -> anyhow::Result<Vec<u8>> {
    let bad = |error: std::io::Error| exit::unreadable(format!("{}: {error}", model::escape(path)));
    let mut bytes = Vec::new();
    match path {
        "-" => std::io::stdin().lock().take(CAP + 1).read_to_end(&mut bytes).map_err(bad)?,
        _ => std::fs::File::open(path).map_err(bad)?.take(CAP + 1).read_to_end(&mut bytes).map_err(bad)?,
    };
    if bytes.len() as u64 > CAP {
        return Err(exit::unreadable(format!("{}: more than {CAP} bytes", model::escape(path))));
    }
    Ok(bytes)
}

pub(crate) async fn attest(
    registry: &impl Registry,
    how: &HowArgs,
    by: &By,
    reference: &Reference,
    predicate_type: &str,
    predicate: Value,
) -> Result<Sent, SendError> {
    let (subject, _) = send::subject(registry, reference).await?;
    let legacy = how.format == Layout::Legacy;
    let draft = Draft::attest(&subject, by.credential(), predicate_type, predicate, legacy)?;
    give(registry, how, by, reference, &subject, draft).await
}
