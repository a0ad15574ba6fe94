//! `explain`: what an id means, derived from the descriptors.

use crate::exit::{self, Exit};
use crate::output;
use clap::Args;
use std::fmt::Write as _;

#[derive(Args)]
pub(crate) struct ExplainArgs {
    /// Id of a check, an attack step or a fix
    #[arg(value_name = "ID", required_unless_present = "all")]
    id: Option<String>,

    /// Everything there is
    #[arg(long)]
    all: bool,
}

impl ExplainArgs {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let entries = entries();
        let text = match self.id.filter(|_| !self.all) {
            None => entries.iter().map(Entry::markdown).collect::<Vec<_>>().join("\n"),
            Some(id) => match entries.iter().find(|entry| entry.id == id) {
                Some(entry) => entry.markdown(),
                None => return Err(exit::usage(unknown(&id, &entries))),
            },
        };
        output::write(&text, None)?;
        Ok(Exit::Done)
    }
}

/// Something with an id.
pub(crate) struct Entry {
    pub(crate) id: &'static str,
    title: &'static str,
    facts: String,
    text: &'static str,
}

impl Entry {
    fn markdown(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "# {}\n\n{}. {}\n\n{}", self.id, self.title, self.facts, self.text);
        out
    }
}

/// Everything that can be explained.
pub(crate) fn entries() -> Vec<Entry> {
    let steps = risk::STEPS.iter().map(|step| Entry {
        id: step.id,
        title: step.title,
        facts: format!("Attack step, {}.", step.attack),
        text: step.explain,
    });
    steps.collect()
}

/// What a step means.
pub(crate) fn step(id: &str) -> Option<&'static str> {
    risk::STEPS.iter().find(|step| step.id == id).map(|step| step.explain)
}

fn unknown(id: &str, entries: &[Entry]) -> String {
    let near: Vec<&str> = entries
        .iter()
        .map(|entry| entry.id)
        .filter(|known| known.contains(id) || id.contains(known))
        .collect();
    let near = if near.is_empty() {
        "see `ringwall explain --all`".to_owned()
    } else {
        format!("did you mean {}?", near.join(", "))
    };
    format!("nothing has the id `{}`; {near}", model::escape(id))
}
