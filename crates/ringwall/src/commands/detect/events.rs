//! `detect events`: the types of events that conditions may name.

use super::fields::Format;
use crate::exit::Exit;
use crate::output;
use clap::Args;
use event::syscall::EventTable;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

#[derive(Args)]
pub(crate) struct EventsArgs {
    /// Only types whose name contains this
    #[arg(value_name = "TEXT")]
    text: Option<String>,
    /// Format of the list
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    output: Format,
}

impl EventsArgs {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let text = match self.output {
            Format::Json => {
                let one = |(name, params): (&str, Vec<&str>)| json!({"name": name, "parameters": params});
                format!("{:#}\n", Value::Array(types(self.text.as_deref()).into_iter().map(one).collect()))
            }
            Format::Text => page(self.text.as_deref()),
        };
        output::write(&text, None)?;
        Ok(Exit::Done)
    }
}

/// The types by name, each with the parameters of its newest form.
fn types(text: Option<&str>) -> BTreeMap<&'static str, Vec<&'static str>> {
    let table = EventTable::builtin();
    let mut all = BTreeMap::new();
    // Exits carry everything; they are the odd ones, and the newest form comes last.
    for (_, known) in table.types().iter().enumerate().filter(|(code, t)| code % 2 == 1 && t.name != "NA") {
        if text.is_none_or(|text| known.name.contains(text)) {
            all.insert(known.name, known.params.iter().map(|param| param.name).collect());
        }
    }
    for name in table.names().iter().filter(|name| text.is_none_or(|text| name.contains(text))) {
        if *name != "NA" {
            all.entry(name).or_default();
        }
    }
    all
}

/// The types, to read.
pub(crate) fn page(text: Option<&str>) -> String {
    let mut out = String::new();
    for (name, params) in types(text) {
        let _ = writeln!(out, "{name}({})", params.join(", "));
    }
    if out.is_empty() {
        out.push_str("no type has such a name\n");
    }
    out
}
