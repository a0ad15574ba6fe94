//! `rbac`: the API server's own answers, on manifests, snapshots and live clusters.

mod can;
mod can_each;
mod diff;
pub(super) mod lint;
mod paths;
mod resource;
mod what_can;
mod who_can;

use crate::exit::{self, Exit};
use crate::inputs::{InputArgs, Inputs};
use crate::output;
use crate::place::Places;
use ::rbac::{Rbac, Request, ServerVersion};
use clap::{Args, Subcommand, ValueEnum};
use model::{Identity, Origin};
use posture::rbac::{AccessEntries, People};
use snapshot::{Builder, Snapshot};
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Subcommand)]
pub(crate) enum RbacCommand {
    /// Whether someone may do something: yes or no first, then through which binding
    Can(can::CanArgs),
    /// Many requests at once: one JSON line each, in and out
    CanEach(can_each::CanEachArgs),
    /// Everyone who may do something
    WhoCan(who_can::WhoCanArgs),
    /// Everything someone may do
    WhatCan(what_can::WhatCanArgs),
    /// What someone can become: chains of rights up to cluster-admin
    Paths(paths::PathsArgs),
    /// Too much, too wide, and restrictions that do not restrict, with corrected manifests
    Lint(lint::LintArgs),
    /// Who can newly do what, between two states
    Diff(diff::DiffArgs),
}

impl RbacCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        match self {
            Self::Can(args) => args.run(),
            Self::CanEach(args) => args.run(),
            Self::WhoCan(args) => args.run(),
            Self::WhatCan(args) => args.run(),
            Self::Paths(args) => args.run(),
            Self::Lint(args) => args.run(),
            Self::Diff(args) => args.run(),
        }
    }
}

/// Where rights are read, for verbs whose words are a request.
#[derive(Args, Clone, Debug)]
pub(crate) struct SourceArgs {
    /// Manifests: files, folders, patterns, saved snapshots, `-`; without any, the live cluster
    #[arg(short, long = "filename", value_name = "PATH")]
    files: Vec<String>,
    /// Context of the kubeconfig
    #[arg(long)]
    context: Option<String>,
    /// The kubeconfig
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    #[command(flatten)]
    judge: JudgeArgs,
}

/// By what rights are judged.
#[derive(Args, Clone, Debug)]
pub(crate) struct JudgeArgs {
    /// Version of the server, where the input does not say it
    #[arg(long, value_name = "1.N")]
    server_version: Option<String>,
    /// EKS access entries: `aws eks describe-access-entry` as JSON
    #[arg(long, value_name = "FILE")]
    access_entries: Option<PathBuf>,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// Someone who asks.
#[derive(Args, Clone, Debug)]
pub(crate) struct AskerArgs {
    /// Who: a user, system:serviceaccount:NAMESPACE:NAME, or a principal of the cloud
    #[arg(long = "as", value_name = "USER")]
    user: Option<String>,
    /// A group they are in, beside those they are in anyway
    #[arg(long = "as-group", value_name = "GROUP")]
    groups: Vec<String>,
}

/// Rights and everything around them.
pub(crate) struct Rights {
    snapshot: Snapshot,
    rbac: Rbac,
    people: People,
    places: Places,
}

impl SourceArgs {
    fn read(&self) -> anyhow::Result<Rights> {
        let inputs = InputArgs::of(&self.files, self.context.clone(), self.kubeconfig.clone()).read()?;
        self.judge.rights(inputs, &self.files)
    }
}

impl JudgeArgs {
    /// Rights out of what was read; `paths` are looked at once more for bare rules.
    fn rights(&self, inputs: Inputs, paths: &[String]) -> anyhow::Result<Rights> {
        let snapshot = with_fragments(inputs.snapshot, paths, inputs.stdin.as_deref());
        let given = self.server_version.as_deref().map(|text| {
            ServerVersion::parse(text)
                .ok_or_else(|| exit::usage(format!("`{text}` is no version; write it as 1.36")))
        });
        let said = snapshot.server_version.as_deref().and_then(ServerVersion::parse);
        let version = given.transpose()?.or(said).unwrap_or_default();
        let rbac = Rbac::new(&snapshot, version);
        let entries = self.access_entries.as_ref().map(read_json).transpose()?;
        let name = self.access_entries.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        let entries = entries.as_ref().map(|document| AccessEntries { document, name: &name });
        let people = posture::rbac::people(&snapshot, entries);
        for diagnostic in rbac.diagnostics() {
            output::say(&model::escape(&format!("{}: {}", diagnostic.document, diagnostic.message)));
        }
        Ok(Rights { snapshot, rbac, people, places: Places::new(inputs.stdin) })
    }
}

impl Rights {
    /// How a verb ends that has answered: what could not be read and was asked for counts.
    fn end(&self, answer: Exit) -> Exit {
        for gap in &self.snapshot.coverage.gaps {
            output::say(&model::escape(&format!("not seen: {}: {}", gap.what, gap.why)));
        }
        match answer {
            Exit::Done if self.snapshot.coverage.incomplete() => Exit::Incomplete,
            answer => answer,
        }
    }
}

fn read_json(path: &PathBuf) -> anyhow::Result<serde_json::Value> {
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| exit::unreadable(format!("{shown}: {error}")))?;
    serde_json::from_slice(&bytes).map_err(|error| exit::unreadable(format!("{shown}: {error}")))
}

/// Adds roles made of bare `rules:` documents, which are no Kubernetes objects and so were passed over.
fn with_fragments(snapshot: Snapshot, paths: &[String], stdin: Option<&[u8]>) -> Snapshot {
    let mut found = Vec::new();
    for path in paths {
        let text = match path.as_str() {
            "-" => stdin.map(<[u8]>::to_vec),
            path => std::fs::metadata(path)
                .is_ok_and(|meta| meta.is_file() && meta.len() < 1 << 20)
                .then(|| std::fs::read(path).ok())
                .flatten(),
        };
        let Some(text) = text else { continue };
        let (documents, _) = yaml::read(&text, &yaml::Caps::default());
        for document in documents {
            if let Some(role) = ::rbac::fragment::role(&document.value) {
                let path: Arc<str> = path.as_str().into();
                found
                    .push((role, Origin::File { path, offset: document.offset, item: None, template: None }));
            }
        }
    }
    if found.is_empty() {
        return snapshot;
    }
    let mut snapshot = snapshot;
    if snapshot.is_empty() {
        // That there is no object in it is what a fragment is.
        snapshot.coverage.gaps.retain(|gap| gap.what != "Kubernetes objects");
    }
    let mut builder = Builder::new("default");
    builder.merge(snapshot);
    for (role, origin) in found {
        builder.add(role, origin);
    }
    builder.build()
}

impl AskerArgs {
    /// Everyone that is meant: a principal of the cloud may be mapped more than once.
    fn askers(&self, people: &People) -> anyhow::Result<Vec<(Identity, Vec<String>)>> {
        let Some(name) = self.user.as_deref() else {
            let Some(group) = self.groups.first() else {
                return Err(exit::usage(
                    "who asks? give --as USER, --as system:serviceaccount:NAMESPACE:NAME or --as-group GROUP",
                ));
            };
            return Ok(vec![(Identity::group(group), self.groups.clone())]);
        };
        let mapped: Vec<_> = people
            .named(name)
            .map(|person| {
                let groups = person.groups.iter().chain(&self.groups).cloned().collect();
                (Identity::user(&person.user), groups)
            })
            .collect();
        Ok(if mapped.is_empty() { vec![(Identity::user(name), self.groups.clone())] } else { mapped })
    }
}

/// A request by someone in further groups.
fn request(who: &Identity, groups: &[String], attributes: ::rbac::Attributes) -> Request {
    Request::by(who, attributes).in_groups(groups.iter().map(String::as_str))
}

/// An identity by the name requests carry.
fn name(identity: &Identity) -> String {
    match identity {
        Identity::Group(group) => format!("group {}", model::escape(group)),
        Identity::Cloud { principal, .. } => model::escape(principal).into_owned(),
        other => other.username().map_or_else(|| other.to_string(), |name| model::escape(&name).into_owned()),
    }
}

/// Where a scope is.
fn scope(scope: &model::Scope) -> String {
    match scope {
        model::Scope::Cluster => "every namespace".to_owned(),
        model::Scope::Namespace(namespace) => format!("namespace {}", model::escape(namespace)),
    }
}
