//! `snapshot`: save what a cluster or manifests are, and look at what was saved.

use crate::exit::Exit;
use crate::inputs::InputArgs;
use crate::output;
use anyhow::Context as _;
use clap::{Args, Subcommand};
use snapshot::Snapshot;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

#[derive(Subcommand)]
pub(crate) enum SnapshotCommand {
    /// Save as one small file; values of Secrets are never in it
    Save(SaveArgs),
    /// What is in a snapshot, a cluster or manifests, counted by kind
    Show(ShowArgs),
}

#[derive(Args)]
pub(crate) struct SaveArgs {
    #[command(flatten)]
    input: InputArgs,

    /// The file to write
    #[arg(short, long, value_name = "FILE", default_value = "cluster.rwsnap")]
    output_file: PathBuf,
}

#[derive(Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    input: InputArgs,
}

impl SnapshotCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        match self {
            Self::Save(args) => {
                let snapshot = args.input.read()?.snapshot;
                sources::snapshot_file::save(&snapshot, &args.output_file)?;
                let size =
                    std::fs::metadata(&args.output_file).context("the file just written is gone")?.len();
                let path = args.output_file.display();
                output::say(&format!(
                    "{path}: {} resources, {} pods, {size} bytes",
                    snapshot.resources().len(),
                    snapshot.pods().len()
                ));
                gaps(&snapshot);
                Ok(end(&snapshot))
            }
            Self::Show(args) => {
                let snapshot = args.input.read()?.snapshot;
                output::write(&show(&snapshot), None)?;
                gaps(&snapshot);
                Ok(end(&snapshot))
            }
        }
    }
}

fn end(snapshot: &Snapshot) -> Exit {
    if snapshot.coverage.incomplete() { Exit::Incomplete } else { Exit::Done }
}

fn show(snapshot: &Snapshot) -> String {
    let mut kinds: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for resource in snapshot.resources() {
        *kinds.entry((&resource.reference.kind, &resource.reference.group)).or_default() += 1;
    }
    let mut out = String::new();
    if let Some(at) = snapshot.taken_at {
        let version = snapshot.server_version.as_deref().unwrap_or("unknown version");
        let _ = writeln!(out, "taken {at} from a server of {version}");
    }
    for ((kind, group), count) in kinds {
        let group = if group.is_empty() { "core" } else { group };
        let _ = writeln!(out, "{count:>8}  {} ({})", model::escape(kind), model::escape(group));
    }
    let _ = writeln!(out, "{:>8}  pods as rows", snapshot.pods().len());
    out
}

fn gaps(snapshot: &Snapshot) {
    for diagnostic in &snapshot.diagnostics {
        let line = diagnostic.position.map(|at| format!(":{}:{}", at.line, at.column)).unwrap_or_default();
        output::say(&model::escape(&format!("{}{line}: {}", diagnostic.document, diagnostic.message)));
    }
    for gap in &snapshot.coverage.gaps {
        output::say(&model::escape(&format!("not seen: {}: {}", gap.what, gap.why)));
    }
    // One command often closes many gaps.
    let helps: BTreeSet<&str> = snapshot.coverage.gaps.iter().filter_map(|gap| gap.help.as_deref()).collect();
    for help in helps {
        output::say(&model::escape(&format!("would help: {help}")));
    }
}
