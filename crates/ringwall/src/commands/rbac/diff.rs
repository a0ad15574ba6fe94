//! `rbac diff`: who can newly do what.

use super::paths::what;
use super::{Format, JudgeArgs, Rights, name, scope};
use crate::exit::Exit;
use crate::inputs::InputArgs;
use crate::output;
use ::rbac::{Gain, gains};
use clap::Args;
use serde_json::json;
use std::fmt::Write as _;

/// What identities can do in AFTER that they could not do in BEFORE. Ends with 1 when somebody gains something.
#[derive(Args)]
pub(crate) struct DiffArgs {
    /// Manifests or a saved snapshot
    #[arg(value_name = "BEFORE")]
    before: String,
    /// Manifests or a saved snapshot
    #[arg(value_name = "AFTER")]
    after: String,
    #[command(flatten)]
    judge: JudgeArgs,
    /// Format of the answer
    #[arg(short, long, default_value = "text")]
    output: Format,
}

impl DiffArgs {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let (before, after) = (self.read(&self.before)?, self.read(&self.after)?);
        let gained = gains(&before.rbac, &after.rbac);
        let lost = gains(&after.rbac, &before.rbac);
        let text = match self.output {
            Format::Json => format!("{:#}\n", json!({"gained": gained, "lost": lost})),
            Format::Text => {
                let mut out = String::new();
                gained.iter().for_each(|gain| entry(&mut out, "can newly", gain));
                lost.iter().for_each(|gain| entry(&mut out, "can no longer", gain));
                if out.is_empty() {
                    out.push_str("nobody can do anything they could not do before\n");
                }
                out
            }
        };
        output::write(&text, None)?;
        let end = if gained.is_empty() { Exit::Done } else { Exit::Findings };
        before.end(Exit::Done);
        Ok(after.end(end))
    }

    fn read(&self, path: &str) -> anyhow::Result<Rights> {
        let paths = [path.to_owned()];
        self.judge.rights(InputArgs::of(&paths, None, None).read()?, &paths)
    }
}

fn entry(out: &mut String, how: &str, gain: &Gain) {
    let place = scope(&gain.scope);
    let _ = writeln!(
        out,
        "{} {how}, in {place}, through {} to {}",
        name(&gain.identity),
        gain.binding,
        gain.role
    );
    for rule in &gain.rules {
        let _ = writeln!(out, "    {}", model::escape(rule));
    }
    if !gain.capabilities.is_empty() && how == "can newly" {
        let all: Vec<String> = gain.capabilities.iter().map(what).collect();
        let _ = writeln!(out, "  which is enough to {}", all.join("; "));
    }
}
