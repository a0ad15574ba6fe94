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
            None => page(&entries),
            Some(id) => match entries.iter().find(|entry| entry.id == id) {
                Some(entry) => entry.markdown("#"),
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
    /// As Markdown, under a heading of the given level.
    fn markdown(&self, heading: &str) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "{heading} {}\n\n{}. {}\n\n{}", self.id, self.title, self.facts, self.text);
        out
    }
}

/// The whole catalogue as one page.
fn page(entries: &[Entry]) -> String {
    let mut out = "# What ringwall knows\n\nAttack steps, findings and diagnostics, as `ringwall explain ID` tells them.\n".to_owned();
    for entry in entries {
        out.push('\n');
        out.push_str(&entry.markdown("##"));
    }
    out
}

/// Everything that can be explained, by family.
pub(crate) fn entries() -> Vec<Entry> {
    let steps = risk::STEPS.iter().map(|step| Entry {
        id: step.id,
        title: step.title,
        facts: format!("Attack step, {}.", step.attack),
        text: step.explain,
    });
    let rules = posture::checks().map(|check| &check.rule);
    let rules = rules
        .chain(vuln::RULES.iter().copied())
        .chain(policy::RULES.iter().copied())
        .chain(signing::RULES.iter().copied());
    let rules = rules.chain([&detect::alert::ALERTED]).map(|rule| Entry {
        id: rule.id,
        title: rule.title,
        facts: match rule.controls {
            [] => format!("Finding, {}.", rule.severity),
            controls => format!("Finding, {} ({}).", rule.severity, controls.join(", ")),
        },
        text: rule.explain,
    });
    let codes = yaml::CODES.iter().map(|code| Entry {
        id: code.code,
        title: code.title,
        facts: "Diagnostic of a document.".to_owned(),
        text: "What was read before and after it in the same input is still in the answer.",
    });
    let remarks = detect::lint::KINDS.iter().map(|kind| Entry {
        id: kind.id,
        title: kind.title,
        facts: "Remark on a detection rule.".to_owned(),
        text: kind.explain,
    });
    steps.chain(rules).chain(remarks).chain(codes).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_id_is_there_once_and_says_something() {
        let entries = entries();
        let ids: BTreeSet<&str> = entries.iter().map(|entry| entry.id).collect();
        assert_eq!(ids.len(), entries.len());
        let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'/');
        assert!(
            entries
                .iter()
                .all(|entry| entry.id.bytes().all(word) && entry.text.len() > 20 && !entry.title.is_empty())
        );
    }
}
