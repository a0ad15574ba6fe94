//! Facts for `risk`: who signed the images that are named, or that run.

use super::block_on;
use super::look::Looker;
use super::registry_args::RegistryArgs;
use super::store::Store;
use super::who::WhoArgs;
use clap::Args;
use model::{
    Confidence, Coverage, Evidence, Fact, Finding, Gap, ImageId, Lifetime, Predicate, Reference, Ring,
    Source, Target, Timestamp,
};
use signing::{Outcome, Wanted};
use snapshot::Snapshot;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Signatures to look up. Registries are asked only when one of these is given.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct SignedArgs {
    /// Look the images' signatures up and verify them with this public key; of several any one will do
    #[arg(long, value_name = "KEY")]
    verify: Vec<String>,
    /// The same keyless: the name in the certificate
    #[arg(long, value_name = "NAME", requires = "verify_issuer")]
    verify_identity: Vec<String>,
    /// And who vouches for it
    #[arg(long, value_name = "URL", requires = "verify_identity")]
    verify_issuer: Option<String>,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// What is known of signatures.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) facts: Vec<Fact>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) coverage: Coverage,
}

impl SignedArgs {
    /// Looks every image up, once.
    pub(crate) fn read(&self, snapshot: &Snapshot) -> anyhow::Result<Known> {
        let mut known = Known::default();
        if self.verify.is_empty() && self.verify_identity.is_empty() {
            return Ok(known);
        }
        let who = WhoArgs {
            key: self.verify.clone(),
            identity: self.verify_identity.clone(),
            issuer: self.verify_issuer.clone(),
            ..WhoArgs::default()
        };
        let required = who.requirement(Wanted::Signature, BTreeMap::new())?;
        let images = images(snapshot);
        let references: Vec<Reference> = images.keys().cloned().collect();
        let client = self.registry.client()?;
        let looker = Looker::new(&client, &required.requirement, Store::of_user());
        let at = Timestamp::now();
        for looked in block_on(looker.each(&references, 8))? {
            let Some(image) = images.get(&looked.reference) else { continue };
            let name: Arc<str> = looked.reference.registry.clone();
            match looked.verdict() {
                Some(verdict) => {
                    known.facts.extend(verdict.facts(image, &name, Some(at)));
                    known.findings.extend(verdict.findings(image, &name, Some(at)));
                    verdict.gaps(image).into_iter().for_each(|gap| known.coverage.gap(gap));
                }
                None => known.unknown(image, &name, at, &looked.outcome),
            }
        }
        Ok(known)
    }
}

impl Known {
    /// An image that has not even a digest.
    fn unknown(&mut self, image: &ImageId, name: &Arc<str>, at: Timestamp, outcome: &Outcome) {
        let Outcome::CouldNotLook { why } = outcome else { return };
        let why = why.join("; ");
        self.coverage.gap(Gap {
            ring: Ring::Signatures,
            what: format!("signatures of {image}"),
            why: why.clone(),
            asked: true,
            help: None,
        });
        self.facts.push(Fact {
            target: Target::Image(image.clone()),
            predicate: Predicate::SignatureUnknown { why },
            source: Source::Signature,
            observed_at: Some(at),
            lifetime: Lifetime::Snapshot,
            confidence: Confidence::Confirmed,
            evidence: Evidence::Document {
                source: Source::Signature,
                name: name.clone(),
                line: None,
                at: Some(at),
            },
        });
    }
}

/// What is to be looked up, each once: by the digest that runs where one is known, else by what is written.
fn images(snapshot: &Snapshot) -> BTreeMap<Reference, ImageId> {
    let mut all = BTreeMap::new();
    for image in (0_u32..).map_while(|at| snapshot.image(at)) {
        let Some(reference) = &image.reference else { continue };
        let mut pinned = reference.clone();
        pinned.digest = pinned.digest.or_else(|| image.unknown.first().cloned());
        all.insert(pinned, image.clone());
    }
    for workload in snapshot.workloads() {
        let template = workload.parse();
        for container in template.spec().containers() {
            let Some(reference) = container.image() else { continue };
            all.entry(reference.clone()).or_insert_with(|| ImageId::from_reference(reference));
        }
    }
    all
}
