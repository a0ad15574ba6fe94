//! `rbac can-each`: many requests at once, for tables and for tests.

use super::SourceArgs;
use crate::exit::{self, Exit};
use crate::output;
use ::rbac::Request;
use clap::Args;
use serde_json::json;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Answers to many requests. Each line of REQUESTS is one, with the fields of a SubjectAccessReview:
/// {"user": "jane", "groups": ["devs"], "attributes": {"resource": {"verb": "get", "group": "", "resource": "pods",
/// "namespace": "shop"}}}, or {"nonResource": {"verb": "get", "path": "/healthz"}}. Groups are taken as they are given.
#[derive(Args)]
pub(crate) struct CanEachArgs {
    /// Requests, one JSON object a line
    #[arg(value_name = "REQUESTS")]
    requests: PathBuf,
    #[command(flatten)]
    source: SourceArgs,
}

impl CanEachArgs {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let rights = self.source.read()?;
        let shown = self.requests.display();
        let text = std::fs::read_to_string(&self.requests)
            .map_err(|error| exit::unreadable(format!("{shown}: {error}")))?;
        let mut out = String::new();
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
            let request: Request = serde_json::from_str(line)
                .map_err(|error| exit::usage(format!("{shown}:{number}: {error}")))?;
            let decision = rights.rbac.authorize(&request);
            let _ = writeln!(out, "{}", json!({"allowed": decision.allowed(), "decision": decision}));
        }
        output::write(&out, None)?;
        Ok(rights.end(Exit::Done))
    }
}
