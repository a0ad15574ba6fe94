//! The verbs: one file each, one line here.

mod check;
mod check_cis;
mod check_fix;
mod check_suppress;
mod completion;
mod explain;
mod rbac;
mod risk;
mod snapshot;

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
            Self::Snapshot(command) => command.run(),
            Self::Explain(args) => args.run(),
            Self::Completion(args) => args.run(),
        }
    }
}
