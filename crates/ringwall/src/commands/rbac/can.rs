//! `rbac can`: yes or no first, then why.

use super::{AskerArgs, Format, SourceArgs, name, request, resource};
use crate::exit::Exit;
use crate::output;
use ::rbac::{Decision, NotRbac, Reason};
use clap::Args;
use serde_json::json;
use std::fmt::Write as _;

/// Whether someone may do something. Ends with 0 for yes, 1 for no, 3 where not everything could be read.
#[derive(Args)]
pub(crate) struct CanArgs {
    #[command(flatten)]
    request: resource::RequestArgs,
    #[command(flatten)]
    asker: AskerArgs,
    #[command(flatten)]
    source: SourceArgs,
    /// Format of the answer
    #[arg(short, long, default_value = "text")]
    output: Format,
}

impl CanArgs {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let rights = self.source.read()?;
        let attributes = self.request.attributes(&rights.snapshot)?;
        let askers = self.asker.askers(&rights.people)?;
        // Mapped more than once, the widest answer counts: any of them gets in.
        let mut answers: Vec<_> = askers
            .iter()
            .map(|(who, groups)| {
                let request = request(who, groups, attributes.clone());
                (who, rights.rbac.authorize(&request), rights.rbac.reasons(&request))
            })
            .collect();
        answers.sort_by_key(|(_, decision, _)| !decision.allowed());
        let Some((who, decision, reasons)) = answers.into_iter().next() else { return Ok(Exit::Findings) };
        let yes = decision.allowed();
        let text = match self.output {
            Format::Json => {
                let answer = json!({"allowed": yes, "decision": decision, "reasons": reasons});
                format!("{answer:#}\n")
            }
            Format::Text => {
                let mut out = format!("{}\n", if yes { "yes" } else { "no" });
                let asked = resource::words(&attributes);
                let _ = writeln!(out, "{}: {asked}", name(who));
                explain(&mut out, &decision, &reasons, &|reason| rights.places.of(&reason.evidence));
                out
            }
        };
        output::write(&text, None)?;
        Ok(match decision {
            _ if yes => Exit::Done,
            Decision::Unknown(_) | Decision::NotRbac(NotRbac::Node) => Exit::Incomplete,
            _ => rights.end(Exit::Findings),
        })
    }
}

fn explain(out: &mut String, decision: &Decision, reasons: &[Reason], place: &dyn Fn(&Reason) -> String) {
    match decision {
        Decision::Allowed(_) => {
            for reason in reasons {
                let from = if reason.written_in == reason.role {
                    String::new()
                } else {
                    format!(", from {}", reason.written_in)
                };
                let _ = writeln!(
                    out,
                    "  through {} to {}{from} (rules[{}], {}), as {}",
                    reason.binding,
                    reason.role,
                    reason.rule,
                    place(reason),
                    name(&reason.through)
                );
            }
        }
        Decision::NotRbac(NotRbac::Masters) => {
            out.push_str(
                "  not RBAC: group system:masters passes every check, and no binding takes it away\n",
            );
        }
        Decision::NotRbac(NotRbac::Node) => {
            out.push_str("  not RBAC: the Node authorizer decides by what is scheduled on that node\n");
        }
        Decision::NoOpinion => out.push_str("  no binding allows it\n"),
        Decision::Unknown(gaps) => {
            out.push_str("  no binding that could be read allows it; not read:\n");
            for gap in gaps {
                let _ = writeln!(out, "    {}: {}", model::escape(&gap.what), model::escape(&gap.why));
            }
        }
    }
}
