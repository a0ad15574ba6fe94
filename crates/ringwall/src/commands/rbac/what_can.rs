//! `rbac what-can`: everything someone may do.

use super::{AskerArgs, Format, SourceArgs, name, scope};
use crate::exit::Exit;
use crate::output;
use ::rbac::{Attributes, Words};
use clap::Args;
use serde_json::json;
use std::fmt::Write as _;

/// Every rule that holds for someone, by scope, with the binding it comes through.
#[derive(Args)]
pub(crate) struct WhatCanArgs {
    /// Who: a user, system:serviceaccount:NAMESPACE:NAME, or a principal of the cloud
    #[arg(value_name = "IDENTITY")]
    identity: String,
    /// A group they are in, beside those they are in anyway
    #[arg(long = "as-group", value_name = "GROUP")]
    groups: Vec<String>,
    /// What everyone gets from the server's own bindings too
    #[arg(long)]
    defaults: bool,
    #[command(flatten)]
    source: SourceArgs,
    /// Format of the answer
    #[arg(short, long, default_value = "text")]
    output: Format,
}

impl WhatCanArgs {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let rights = self.source.read()?;
        let asker = AskerArgs { user: Some(self.identity.clone()), groups: self.groups.clone() };
        let mut out = String::new();
        let mut all = Vec::new();
        for (who, groups) in asker.askers(&rights.people)? {
            // The groups of a request are those of whoever asks it.
            let request = super::request(&who, &groups, Attributes::path("get", "/"));
            if request.groups.iter().any(|group| group == model::Identity::MASTERS) {
                let _ = writeln!(out, "everything: group system:masters passes every check");
            }
            let held = rights.rbac.what_can(&request.user, &request.groups);
            let hidden = held.iter().filter(|p| p.binding.default && !self.defaults).count();
            for permission in held.iter().filter(|p| self.defaults || !p.binding.default) {
                let _ = writeln!(
                    out,
                    "{}: {}  through {} to {}",
                    scope(&permission.scope),
                    rule(&permission.rule),
                    permission.binding.reference,
                    permission.role.reference,
                );
                all.push(json!({
                    "identity": who, "scope": permission.scope, "rule": permission.rule, "through": permission.through,
                    "binding": permission.binding.reference, "role": permission.role.reference,
                }));
            }
            if out.is_empty() {
                let _ = writeln!(out, "nothing is bound to {}", name(&who));
            }
            if hidden > 0 {
                let _ = writeln!(
                    out,
                    "and {hidden} rules that everyone has from the server's defaults (--defaults)"
                );
            }
        }
        let text = if self.output == Format::Json { format!("{:#}\n", json!({"rules": all})) } else { out };
        output::write(&text, None)?;
        Ok(rights.end(Exit::Done))
    }
}

fn rule(words: &Words<'_>) -> String {
    let list = |words: &[&str]| words.join(",");
    let verbs = list(&words.verbs);
    if !words.non_resource_urls.is_empty() {
        return model::escape(&format!("{verbs} {}", list(&words.non_resource_urls))).into_owned();
    }
    let groups: Vec<&str> = words.api_groups.iter().copied().filter(|group| !group.is_empty()).collect();
    let groups = if groups.is_empty() { String::new() } else { format!(" ({})", groups.join(",")) };
    let names = match words.resource_names.as_slice() {
        [] => String::new(),
        names => format!(" named {}", list(names)),
    };
    model::escape(&format!("{verbs} {}{groups}{names}", list(&words.resources))).into_owned()
}
