//! `detect`: Falco's rules over captures and Kubernetes audit events.

mod audit;
mod events;
mod fields;
mod options;
mod replay;
mod rules;

use crate::exit::Exit;
use clap::Subcommand;

pub(crate) use audit::{Input, run as run_audit};
pub(crate) use events::page as events_page;
pub(crate) use fields::page as fields_page;
pub(crate) use replay::{Run, run_capture};
pub(crate) use rules::{explained, validation};

#[derive(Subcommand)]
pub(crate) enum DetectCommand {
    /// Rules: validate, list, explain or lint them
    #[command(subcommand)]
    Rules(rules::RulesCommand),
    /// Fields that conditions and outputs may ask for
    Fields(fields::FieldsArgs),
    /// Types of events that conditions may name
    Events(events::EventsArgs),
    /// Ask rules about the system calls of a capture (.scap)
    Replay(replay::ReplayArgs),
    /// Ask rules about Kubernetes audit events: a log, a stream, or as the API server sends them
    Audit(audit::AuditArgs),
}

impl DetectCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        match self {
            Self::Rules(command) => command.run(),
            Self::Fields(args) => args.run(),
            Self::Events(args) => args.run(),
            Self::Replay(args) => args.run(),
            Self::Audit(args) => args.run(),
        }
    }
}
