//! `rbac who-can`: everyone who may, people of the cloud included.

use super::{Format, SourceArgs, name, resource};
use crate::exit::Exit;
use crate::output;
use clap::Args;
use model::Identity;
use serde_json::json;
use std::fmt::Write as _;

/// Everyone who may do something, and through which binding.
#[derive(Args)]
pub(crate) struct WhoCanArgs {
    #[command(flatten)]
    request: resource::RequestArgs,
    #[command(flatten)]
    source: SourceArgs,
    /// The server's own unchanged bindings too
    #[arg(long)]
    defaults: bool,
    /// Format of the answer
    #[arg(short, long, default_value = "text")]
    output: Format,
}

/// One who may.
struct Entry {
    identity: Identity,
    through: String,
    /// Principals of the cloud behind it.
    people: Vec<String>,
}

impl WhoCanArgs {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let rights = self.source.read()?;
        let attributes = self.request.attributes(&rights.snapshot)?;
        let holders = rights.rbac.who_can(&attributes);
        let hidden = holders.iter().filter(|holder| holder.default() && !self.defaults).count();
        let behind = |identity: &Identity| {
            let mut people: Vec<String> =
                rights.people.behind(identity).map(|person| name(&person.principal)).collect();
            people.sort();
            people.dedup();
            people
        };
        let masters = Identity::group(Identity::MASTERS);
        let mut entries = vec![Entry {
            people: behind(&masters),
            identity: masters,
            through: "no binding: it passes every check".to_owned(),
        }];
        for holder in holders.iter().filter(|holder| self.defaults || !holder.default()) {
            let through = format!("{} to {}", holder.binding.reference, holder.binding.role_ref);
            entries.extend(holder.identities().map(|identity| Entry {
                people: behind(&identity),
                identity,
                through: through.clone(),
            }));
        }
        let text = match self.output {
            Format::Json => {
                let who: Vec<_> = entries
                    .iter()
                    .map(|e| json!({"identity": e.identity, "through": e.through, "people": e.people}))
                    .collect();
                format!("{:#}\n", json!({"request": attributes, "who": who, "notSeen": rights.people.gaps}))
            }
            Format::Text => {
                let mut out = format!("who can {}\n", resource::words(&attributes));
                for entry in &entries {
                    let _ = writeln!(out, "  {}  through {}", name(&entry.identity), entry.through);
                    for person in &entry.people {
                        let _ = writeln!(out, "    {person}");
                    }
                }
                if hidden > 0 {
                    let _ = writeln!(out, "  and {hidden} default bindings of the server (--defaults)");
                }
                for gap in &rights.people.gaps {
                    let help = gap.help.as_deref().map(|help| format!("; {help}")).unwrap_or_default();
                    let _ = writeln!(out, "not seen: {}: {}{help}", model::escape(&gap.what), gap.why);
                }
                out
            }
        };
        output::write(&text, None)?;
        Ok(rights.end(Exit::Done))
    }
}
