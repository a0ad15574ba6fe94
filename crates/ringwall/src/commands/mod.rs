//! The verbs: one file each, one line here.

mod check;
mod check_cis;
mod check_fix;
mod check_suppress;
mod completion;
mod conformance;
pub(crate) mod detect;
mod explain;
mod rbac;
mod risk;
pub(crate) mod scan;
pub(crate) mod sign;
mod snapshot;
pub(crate) mod verify;

use crate::exit::Exit;
use clap::Subcommand;

/// The verbs, in the order of the help.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// What to fix first: attack paths, ranked, each with the cheapest fix
    Risk(Box<risk::RiskArgs>),
    /// How nodes, workloads, network and control plane are set, judged by what holds
    Check(Box<check::CheckArgs>),
    /// Who can do what, through which binding; and restrictions that do not restrict
    #[command(subcommand)]
    Rbac(rbac::RbacCommand),
    /// What is in an image, a folder or a bill of materials, and which of it matters
    #[command(subcommand)]
    Scan(scan::ScanCommand),
    /// Is it signed by whom it must be? Verified, not verified, or could not look
    Verify(Box<verify::VerifyArgs>),
    /// Sign images and files so that Cosign and admission controllers accept it
    Sign(Box<sign::SignArgs>),
    /// Sign a statement about an image
    #[command(hide = true)]
    Attest(Box<sign::AttestArgs>),
    /// Falco's rules over captures and Kubernetes audit events
    #[command(subcommand)]
    Detect(detect::DetectCommand),
    /// Sigstore's conformance protocol
    #[command(hide = true)]
    Conformance(conformance::ConformanceArgs),
    /// Save a cluster or manifests as one small file, and look at it
    #[command(subcommand)]
    Snapshot(snapshot::SnapshotCommand),
    /// What a check, an attack step, a fix or a diagnostic means
    Explain(explain::ExplainArgs),
    /// Completion script for a shell
    Completion(completion::CompletionArgs),
}

impl Command {
    /// Runs the verb.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        match self {
            Self::Risk(args) => args.run(),
            Self::Check(args) => args.run(),
            Self::Rbac(command) => command.run(),
            Self::Scan(command) => command.run(),
            Self::Verify(args) => args.run(),
            Self::Sign(args) => args.run(),
            Self::Attest(args) => args.run(),
            Self::Detect(command) => command.run(),
            Self::Conformance(args) => args.run(),
            Self::Snapshot(command) => command.run(),
            Self::Explain(args) => args.run(),
            Self::Completion(args) => args.run(),
        }
    }
}
