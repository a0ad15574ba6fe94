//! `rbac paths`: what someone can become.

use super::{AskerArgs, Format, SourceArgs, name, scope};
use crate::exit::Exit;
use crate::output;
use ::rbac::paths::{End, Paths, paths};
use ::rbac::primitives::PRIMITIVES;
use clap::Args;
use model::Capability;
use std::fmt::Write as _;

/// Chains of rights from someone to cluster-admin, every Secret and code in every pod; the shortest of each.
#[derive(Args)]
pub(crate) struct PathsArgs {
    /// Who: a user, system:serviceaccount:NAMESPACE:NAME, or a principal of the cloud
    #[arg(value_name = "IDENTITY")]
    identity: String,
    /// A group they are in, beside those they are in anyway
    #[arg(long = "as-group", value_name = "GROUP")]
    groups: Vec<String>,
    #[command(flatten)]
    source: SourceArgs,
    /// Format of the answer
    #[arg(short, long, default_value = "text")]
    output: Format,
}

impl PathsArgs {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let rights = self.source.read()?;
        let asker = AskerArgs { user: Some(self.identity.clone()), groups: self.groups.clone() };
        let mut out = String::new();
        let mut all = Vec::new();
        for (who, groups) in asker.askers(&rights.people)? {
            let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
            if groups.contains(&model::Identity::MASTERS) {
                let _ = writeln!(out, "{} is in system:masters: it may do everything", name(&who));
            }
            let found = paths(&rights.rbac, &rights.snapshot, &who, &groups);
            text(&mut out, &name(&who), &found);
            all.push(found);
        }
        let text = if self.output == Format::Json {
            format!("{}\n", serde_json::to_string_pretty(&all)?)
        } else {
            out
        };
        output::write(&text, None)?;
        Ok(rights.end(Exit::Done))
    }
}

fn text(out: &mut String, who: &str, found: &Paths) {
    if found.chains.is_empty() {
        let _ = writeln!(out, "{who} reaches no end: {} other identities, and no more", found.becomes);
        return;
    }
    // A chain that ends in everything ends in the rest too: said once.
    let everything = found.chains.iter().find(|chain| chain.end == End::ClusterAdmin);
    let chains = everything.map_or(found.chains.as_slice(), std::slice::from_ref);
    for chain in chains {
        let _ = writeln!(out, "{who} -> {}", chain.end.as_str());
        for (number, step) in (1..).zip(&chain.steps) {
            let to = step.to.as_ref().map(|to| format!(", becomes {}", name(to))).unwrap_or_default();
            let _ = writeln!(
                out,
                "  {number} {} can {} in {}{to}\n    through {} to {}",
                name(&step.from),
                what(&step.grant.capability),
                scope(&step.grant.scope),
                step.grant.binding,
                step.grant.role,
            );
        }
    }
    let _ = writeln!(out, "it can become {} other identities", found.becomes);
}

/// A capability in the words of its primitive.
pub(super) fn what(capability: &Capability) -> String {
    let id = match capability {
        Capability::ClusterAdmin => "cluster-admin",
        Capability::ListSecrets => "list-secrets",
        Capability::GetSecrets { names } if !names.is_empty() => {
            return format!("read Secrets {}", model::escape(&names.join(", ")));
        }
        Capability::GetSecrets { .. } => "get-secrets",
        Capability::CreateTokens => "create-tokens",
        Capability::CreatePods => "create-pods",
        Capability::PatchWorkloads => "patch-workloads",
        Capability::ExecPods => "exec-pods",
        Capability::Escalate => "bind-roles",
        Capability::Impersonate => "impersonate",
        Capability::NodesProxy => "nodes-proxy",
        Capability::WriteAdmission => "write-admission",
        Capability::ApproveCertificates => "approve-certificates",
        Capability::MovePods => "move-pods",
        Capability::Other(id) => id,
    };
    let known = PRIMITIVES.iter().find(|primitive| primitive.id == id);
    known.map_or_else(|| id.replace('-', " "), |primitive| primitive.title.to_owned())
}
